"""A facility that has forgotten what it said: its disk is an older copy, or empty. It must never vote a second time on what it voted on before,
it comes back, and in the end it is a full member again: with another one stopped, nothing commits without it."""
import contextlib
import os
import shutil
import sqlite3
import time
import unittest

import schedule
from facilities import Network, metric

SIGNERS = 85  # where a certificate names its signers (FORMATS §7)


class Memory(unittest.TestCase):
    def run_one(self):
        seed = schedule.seeded(os.environ)
        print(f"memory: ROTA_SEED={seed}", flush=True)
        return schedule.Run("memory", seed)

    def signed_by(self, net, victim, height):
        """Another's ledger has a certificate above this height with the victim's signature."""
        for name in [name for name in net.names if name != victim]:
            with contextlib.closing(sqlite3.connect(f"file:{net.dir}/node-{name}/ledger.db?mode=ro", uri=True)) as db:
                for (certificate,) in db.execute("SELECT bytes FROM certificate WHERE height > ?", (height,)):
                    if int.from_bytes(certificate[SIGNERS:SIGNERS + 4], "big") >> net.names.index(victim) & 1:
                        return True
        return False

    def comes_back(self, one, victim):
        """It votes again, and then it is needed: another one is stopped, and three of four are left with it among them."""
        net = one.net
        height, begun = max(net.status(name)["height"] for name in net.names if name != victim), time.monotonic()
        net.start(victim)
        net.until(lambda: self.signed_by(net, victim, height), 60, f"{victim} votes again")
        print(f"memory: {victim} votes again after {time.monotonic() - begun:.1f} s", flush=True)
        self.is_needed(one, victim)

    def is_needed(self, one, victim):
        other = one.draw.choice([name for name in one.net.names if name != victim])
        one.net.kill(other)
        begun = time.monotonic()
        one.progress(20, seconds=60)
        print(f"memory: with {other} stopped, 20 commits after {time.monotonic() - begun:.1f} s", flush=True)
        one.net.start(other)

    def returns(self, net, name, member):
        """Where this facility's file says that the member lost its memory and came back: heights and run numbers."""
        with contextlib.closing(sqlite3.connect(f"file:{net.dir}/node-{name}/ledger.db?mode=ro", uri=True)) as db:
            return db.execute("SELECT height, floor FROM v_record WHERE kind = 'recovered' AND member = ? ORDER BY height", (member,)).fetchall()

    def a_view_later(self, one, victim):
        """The lead changes hands while the victim is away, and more is committed than it will find on its disk. Only one of the others
        begins a new run: of the two that answer first, one remembers what the victim said, or it may be trusted too early (PROTOCOL
        section 8, "What remains")."""
        net, others = one.net, [name for name in one.net.names if name != victim]
        one.progress(10)
        lead = net.until(lambda: {net.status(others[0])["primary"]}.intersection(others), 10, "one of them leads").pop()
        view = net.status(others[0])["view"]
        net.kill(lead)
        net.start(lead)
        net.ready(*others)
        one.progress(10)
        net.until(lambda: net.status(others[0])["view"] > view, 20, "the lead changes hands")

    def copied(self, one, victim):
        """A copy of its folder, and it says more afterwards, which everybody hears. It is left stopped."""
        net, backup = one.net, one.net.dir / "backup"
        one.progress(10)
        net.kill(victim)
        shutil.copytree(net.dir / f"node-{victim}", backup)
        net.start(victim)
        net.ready()
        one.progress(10)
        net.kill(victim)
        return backup

    def put_back(self, one, victim, backup, files):
        home = one.net.dir / f"node-{victim}"
        for name in files:
            for path in home.glob(name + "*"):
                path.unlink()
            for path in backup.glob(name + "*"):
                shutil.copy2(path, home)
        shutil.rmtree(backup)
        one.wiped.append((time.monotonic_ns(), victim))

    # PROTOCOL H3, H5: its journal does not know what others have heard of it, or reaches beyond its ledger
    def test_an_older_copy_is_put_back(self):
        with self.run_one() as one:
            copies = [["ledger.db"], ["ledger.db", "private.db"], ["private.db"]]
            for victim, files in zip(one.draw.sample(one.net.names, len(copies)), copies):  # H6: nobody is obliged twice in 30 s
                backup = self.copied(one, victim)
                self.a_view_later(one, victim)
                self.put_back(one, victim, backup, files)
                self.comes_back(one, victim)
            one.finish()
            one.judge()

    # PROTOCOL section 8, "What remains": two of three who answer have forgotten it too; the third is heard in any case, sooner or later
    def test_an_older_copy_that_one_alone_remembers(self):
        with self.run_one() as one:
            net, victim = one.net, one.draw.choice(one.net.names)
            others = [name for name in net.names if name != victim]
            backup = self.copied(one, victim)
            for name in one.draw.sample(others, 2):
                one.progress(10)
                net.kill(name)
                net.start(name)
                net.ready(*others)
            one.progress(10)
            self.put_back(one, victim, backup, ["ledger.db", "private.db"])
            net.start(victim)
            net.until(lambda: "others hold statements of this member" in net.log(victim), 20, f"{victim} finds out what it has lost")
            net.until(lambda: "ev=recovered" in net.log(victim), 60, f"{victim} votes again")
            self.is_needed(one, victim)
            one.finish()
            one.judge()

    # PROTOCOL H3, H5: a damaged journal is kept and replaced; a ledger that the operator moved away is fetched again
    def test_a_file_is_lost(self):
        with self.run_one() as one:
            net = one.net
            first, second = one.draw.sample(net.names, 2)
            one.progress(20)
            net.kill(first)
            with open(net.dir / f"node-{first}" / "private.db", "r+b") as journal:
                journal.write(b"not a journal any more")
            one.wiped.append((time.monotonic_ns(), first))
            self.comes_back(one, first)
            self.assertIn("journal-lost", net.log(first))
            self.assertTrue((net.dir / f"node-{first}" / "private.db.damaged-1").exists())
            net.ready()
            net.kill(second)
            for path in (net.dir / f"node-{second}").glob("ledger.db*"):
                path.unlink()
            one.wiped.append((time.monotonic_ns(), second))
            self.comes_back(one, second)
            self.assertIn("ledger-lost", net.log(second))
            one.finish()
            one.judge()

    # PROTOCOL R1, H3: one bit of a record's name is flipped, and a view was accepted with what can no longer be found
    def test_a_record_of_the_journal_is_lost(self):
        with self.run_one() as one:
            net = one.net
            lead = net.status("alpha")["primary"]
            victim = one.draw.choice([name for name in net.names if name != lead])
            net.kill(lead)
            one.progress(10)  # in a later view, and not without the victim
            net.start(lead)
            net.ready()
            net.kill(victim)
            with contextlib.closing(sqlite3.connect(net.dir / f"node-{victim}" / "private.db")) as db, db:
                self.assertEqual(db.execute("UPDATE record SET name = 'new vhew' WHERE name = 'new view'").rowcount, 1)
            one.wiped.append((time.monotonic_ns(), victim))
            self.comes_back(one, victim)
            self.assertIn("the journal does not hold the NEW-VIEW of the view that it says was accepted", net.log(victim))
            one.finish()
            one.judge()

    # PROTOCOL H5: a new disk where others prove a committed block; all ledgers say it, and it votes only above that
    def test_an_empty_disk(self):
        with self.run_one() as one:
            net, victim = one.net, one.draw.choice(one.net.names)
            one.progress(20)
            net.kill(victim)
            self.a_view_later(one, victim)
            before = max(net.status(name)["height"] for name in net.names if name != victim)
            shutil.rmtree(net.dir / f"node-{victim}")
            net.init(victim)
            one.wiped.append((time.monotonic_ns(), victim))
            net.start(victim)
            net.until(lambda: net.status(victim)["mode"] == "recovering", 20, f"{victim} finds out what it has lost")
            net.kill(victim)  # in the middle: the way back begins anew, with another number
            self.comes_back(one, victim)
            one.finish()
            one.judge()
            written = self.returns(net, victim, net.names.index(victim))
            self.assertTrue(written)
            for name in net.names:
                self.assertEqual(self.returns(net, name, net.names.index(victim)), written)
                told = net.audit(name)["recoveries"]
                self.assertEqual([each["height"] for each in told], [height for height, _ in written])
                self.assertIn(f"facility {victim} had lost its memory", told[0]["text"])
            with contextlib.closing(sqlite3.connect(f"file:{net.dir}/node-{victim}/ledger.db?mode=ro", uri=True)) as db:
                signed = [height for height, certificate in db.execute("SELECT height, bytes FROM certificate WHERE height > ?", (before,))
                          if int.from_bytes(certificate[SIGNERS:SIGNERS + 4], "big") >> net.names.index(victim) & 1]
            self.assertGreater(signed[0], written[-1][0], "it voted before the ledger said so")

    # PROTOCOL H2: its disk is whole, and it is silent until others have said so
    def test_one_that_starts_alone_says_whose_answers_it_waits_for(self):
        net = Network()
        try:
            net.start()
            net.ready()
            self.assertEqual(net.post("alpha", net.signed("alpha", 1)[0], wait=20).status, 201)
            net.settle()
            net.kill(*net.names)
            net.start("bravo")
            status = net.until(lambda: net.status("bravo"), 20, "bravo answers")
            self.assertEqual(status["mode"], "greeting")
            self.assertIn("0 of the 2 answers that it needs; not heard yet: alpha, charlie, delta", status["not_voting"])
            metrics = net.get("bravo", "/metrics").body.decode()
            self.assertIn('rota_mode{mode="greeting"} 1\n', metrics)
            self.assertEqual((metric(metrics, "rota_mode"), metric(metrics, "rota_greetings_missing")), (1, 2))
            net.start("alpha", "delta")
            net.until(lambda: net.status("bravo")["mode"] == "active", 20, "bravo takes part")
            self.assertNotIn("not_voting", net.status("bravo"))
            net.close()
        finally:
            net.abandon()


if __name__ == "__main__":
    unittest.main()
