"""A facility that has forgotten what it said: its disk is an older copy, or empty. It must never vote a second time on what it voted on before,
it comes back, and in the end it is a full member again: with another one stopped, nothing commits without it."""
import contextlib
import os
import shutil
import sqlite3
import time
import unittest

import schedule


class Memory(unittest.TestCase):
    def run_one(self):
        seed = schedule.seeded(os.environ)
        print(f"memory: ROTA_SEED={seed}", flush=True)
        return schedule.Run("memory", seed)

    def is_needed_and_votes(self, one, victim):
        """Another one is stopped, so three of four are left with the one that forgot among them."""
        other = one.draw.choice([name for name in one.net.names if name != victim])
        one.net.ready()
        one.net.kill(other)
        begun = time.monotonic()
        one.progress(20, seconds=60)
        print(f"memory: with {other} stopped, 20 commits after {time.monotonic() - begun:.1f} s", flush=True)
        one.net.start(other)

    def some_views_later(self, one, victim):
        """The lead changes hands while the victim is away, and more is committed than it will find on its disk."""
        others = [name for name in one.net.names if name != victim]
        for name in one.draw.sample(others, 2):
            one.progress(10)
            one.net.kill(name)
            one.net.start(name)
            one.net.ready(*others)
        one.progress(10)

    def put_back(self, home, backup, files):
        for name in files:
            for path in home.glob(name + "*"):
                path.unlink()
            for path in backup.glob(name + "*"):
                shutil.copy2(path, home)

    # PROTOCOL R4: a journal that is ahead of its ledger
    def is_refused_until_the_ledger_is_new(self, net, victim):
        net.start(victim)
        self.assertEqual(net.ended(victim), 5)
        self.assertIn("older than what the journal says", net.log(victim).splitlines()[-1])
        donor = next(name for name in net.names if name != victim)
        with contextlib.closing(sqlite3.connect(net.dir / f"node-{donor}/ledger.db")) as source:
            (net.dir / f"node-{victim}/ledger.db").unlink()
            with contextlib.closing(sqlite3.connect(net.dir / f"node-{victim}/ledger.db")) as target:
                source.backup(target)

    def test_an_older_copy_is_put_back(self):
        with self.run_one() as one:
            net, victim = one.net, one.draw.choice(one.net.names)
            home, backup = net.dir / f"node-{victim}", net.dir / "backup"
            for files in (["ledger.db"], ["ledger.db", "private.db"], ["private.db"]):
                one.progress(10)
                net.kill(victim)
                shutil.copytree(home, backup)
                net.start(victim)
                net.ready()
                one.progress(10)
                net.kill(victim)
                self.some_views_later(one, victim)
                self.put_back(home, backup, files)
                shutil.rmtree(backup)
                one.wiped.append((time.monotonic_ns(), victim))
                if files == ["ledger.db"]:
                    self.is_refused_until_the_ledger_is_new(net, victim)
                net.start(victim)
                self.is_needed_and_votes(one, victim)
            one.finish()
            one.judge()

    def test_an_empty_disk(self):
        with self.run_one() as one:
            net, victim = one.net, one.draw.choice(one.net.names)
            one.progress(20)
            net.kill(victim)
            self.some_views_later(one, victim)
            shutil.rmtree(net.dir / f"node-{victim}")
            net.init(victim)
            one.wiped.append((time.monotonic_ns(), victim))
            net.start(victim)
            self.is_needed_and_votes(one, victim)
            one.finish()
            one.judge()


if __name__ == "__main__":
    unittest.main()
