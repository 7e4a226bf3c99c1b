"""A quorum lost for good: two thirds of the administrators sign a recovery manifest, the operators put it in, and the ledger goes on."""
import json
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

from facilities import BIN, Network, free_ports


class Author(threading.Thread):
    """Hands in one facility's proposals, one after the other, through whoever of `through` answers; remembers what was committed."""

    def __init__(self, net, facility, person, through):
        super().__init__()
        self.net, self.through = net, list(through)
        self.work = net.signed(facility, 400, person=person)
        self.committed, self.ending = [], threading.Event()

    def run(self):
        for jws in self.work:
            while not self.ending.is_set() and not self.hand_in(jws):
                time.sleep(0.02)
            if self.ending.is_set():
                return

    def hand_in(self, jws):
        try:
            answer = self.net.ask(random.choice(self.through), "/v1/proposals", data=jws.encode(), timeout=5,
                                  headers={"Content-Type": "application/jose", "Prefer": "wait=2"})
        except OSError:
            return False
        if answer.status in (200, 201) and answer.json()["state"] == "committed":
            self.committed.append(answer.json()["id"])
            return True
        return False

    def finish(self):
        self.ending.set()
        self.join()


class Recovery(unittest.TestCase):
    def setUp(self):
        self.net = None

    def tearDown(self):
        if self.net:
            self.net.close()

    def network(self, **more):
        self.net = net = Network(admins=True, **more)
        net.start()
        net.ready()
        return net

    # ---- what people do --------------------------------------------------------------------------------------------

    def lose(self, *names):
        """The machine burns down; a copy of its disk as it was stays in old-NAME."""
        net = self.net
        net.kill(*names)
        for name in names:
            shutil.copytree(net.dir / f"node-{name}", net.dir / f"old-{name}")
            shutil.rmtree(net.dir / f"node-{name}")
        net.names = [name for name in net.names if name not in names]

    def reappear(self, name):
        shutil.rmtree(self.net.dir / f"node-{name}", ignore_errors=True)
        shutil.copytree(self.net.dir / f"old-{name}", self.net.dir / f"node-{name}")

    def stop(self, *names):
        self.net.kill(*names, how=signal.SIGTERM)

    def draft(self, survivor, *changes):
        net = self.net
        ledger = net.dir / f"node-{survivor}" / "ledger.db"
        net.rota("membership", "show", "--ledger", ledger, "--genesis", "genesis.json", "--out", "current.json")
        return net.rota("membership", "draft", "--discontinuity", "--ledger", ledger, "--genesis", "genesis.json", "--current",
                        "current.json", "--out", "next.json", *changes).stdout

    def approve(self, *members):
        shown = ""
        for member in members:
            shown = self.net.rota("membership", "approve", "--current", "current.json", "--document", "next.json", "--key",
                                  f"admin-{member}.key", "--out", f"{member}.approval", "--yes", "--passphrase-file",
                                  self.net.passphrase).stdout
        return shown

    def assemble(self, *members, ok=True):
        return self.net.rota("membership", "assemble", "--current", "current.json", "--document", "next.json", "--out", "manifest",
                             *[f"{member}.approval" for member in members], ok=ok)

    def recover(self, name, ok=True):
        return self.net.rota("node", "recover", self.net.dir / f"node-{name}", "manifest", "--yes", ok=ok)

    def refuses_a_forged_one(self, name):
        """With one bit of the last approval turned, copied there by hand: no start, and no word of a bug."""
        net, path = self.net, self.net.dir / f"node-{name}" / "recovery-1.manifest"
        forged = bytearray((net.dir / "manifest").read_bytes())
        forged[-1] ^= 1
        path.write_bytes(forged)
        net.start(name)
        self.assertEqual(net.ended(name), 5, net.log(name))
        self.assertIn("if the manifest was put in by mistake, move it out", net.log(name))
        path.unlink()

    def height(self, name):
        return json.loads(self.net.rota("show", "--ledger", self.net.dir / f"node-{name}" / "ledger.db", "--genesis", "genesis.json",
                                        "--json").stdout)["height"]

    def receipt(self, via, proposal):
        path = self.net.dir / f"{proposal}.receipt"
        path.write_bytes(self.net.get(via, f"/v1/proposals/{proposal}/receipt").body)
        return path

    def joiner(self, name):
        net = self.net
        net.key("facility", name)
        net.peer[name], net.http[name] = free_ports(2)
        net.rota("node", "init", "--join", "--dir", net.dir / f"node-{name}", "--genesis", "genesis.json", "--key", f"{name}.key",
                 "--listen", f"tcp://127.0.0.1:{net.peer[name]}", "--http", f"127.0.0.1:{net.http[name]}")
        return f"{name}={name}.pub@tcp://127.0.0.1:{net.peer[name]}"

    def shows_it(self, name, kept, epochs=(False, True)):
        report = self.net.audit(name)
        self.assertIn(report["verdict"], ("VALID", "VALID_UNANCHORED"), report["failures"])
        self.assertEqual([(one["epoch"], one["kept_height"]) for one in report["discontinuities"]], [(1, kept)])
        self.assertEqual([one["discontinuity"] for one in report["epochs"]], list(epochs))
        return report

    # ---- stories ---------------------------------------------------------------------------------------------------

    # PROTOCOL M11, M12: nothing that the survivors acknowledged is lost, and everybody sees what happened
    def test_two_survivors_go_on_alone(self):
        net = self.network()
        author = Author(net, "charlie", 2, ["charlie", "delta"])
        author.start()
        net.until(lambda: len(author.committed) > 5, 30, "work before the loss")
        before = self.receipt("charlie", author.committed[0])
        author.through = ["charlie"]
        self.stop("delta")
        done = len(author.committed)
        net.until(lambda: len(author.committed) > done + 5, 30, "work that delta does not have")
        self.lose("alpha", "bravo")
        self.stop("charlie")
        best = max(("charlie", "delta"), key=self.height)
        self.assertEqual(best, "charlie")
        words = self.draft(best, "--remove", "alpha", "--remove", "bravo", "--accept", "fewer-liars", "--accept", "two-members")
        kept = self.height(best)
        self.assertIn(f"kept        block {kept} and everything below it", words)
        self.assertIn("sign once", self.approve("alpha", "charlie"))
        self.assertIn("fewer than two thirds", self.assemble("alpha", "charlie", ok=False).stderr)
        self.approve("delta")
        self.assemble("alpha", "charlie", "delta")
        # nobody goes on without the operator's hand
        net.start("charlie")
        net.until(lambda: net.status("charlie")["height"] == kept, 30, "charlie is there")
        self.assertEqual(net.status("charlie")["epoch"], 0)
        self.assertIn("a node runs", self.recover("charlie", ok=False).stderr)
        self.stop("charlie")
        self.refuses_a_forged_one("charlie")
        for name in ("charlie", "delta"):
            self.assertIn("DISCONTINUITY", self.recover(name).stdout)
        net.start("charlie", "delta")
        net.ready("charlie", "delta")
        self.assertIn("fetches the ledger up to the kept block", net.log("delta"))
        author.through = ["charlie", "delta"]
        done = len(author.committed)
        net.until(lambda: len(author.committed) > done + 5, 30, "work after the loss")
        author.finish()
        net.settle("charlie", "delta")
        shown = net.rota("membership", "show", "--node", net.url("charlie")).stdout
        self.assertIn(f"DISCONTINUITY this epoch began with a recovery manifest: it keeps everything up to block {kept}", shown)
        after = self.receipt("delta", author.committed[-1])
        self.assertNotIn("DISCONTINUITY", net.rota("receipt", "verify", before, "--genesis", "genesis.json").stdout)
        self.assertIn(f"DISCONTINUITY above block {kept}",
                      net.rota("receipt", "verify", after, "--genesis", "genesis.json").stdout)
        # an old disk below: it stays where it is until the manifest is put in, and then follows
        self.reappear("alpha")
        net.start("alpha")
        net.until(lambda: net.status("alpha").get("recovery_manifest", {}).get("state") == "missing", 30, "alpha says what it needs")
        self.assertEqual(net.status("alpha")["epoch"], 0)
        self.assertLessEqual(net.status("alpha")["height"], kept)
        self.assertIn("rota node recover", net.log("alpha"))
        self.stop("alpha")
        self.recover("alpha")
        net.start("alpha")
        net.until(lambda: net.same_head("alpha", "charlie", "delta"), 30, "alpha follows")
        self.assertFalse(net.status("alpha")["member"])
        # and is taken in again, as anybody
        for file in ("current.json", "next.json", "charlie.approval", "delta.approval"):
            (net.dir / file).unlink()
        net.rota("membership", "show", "--node", net.url("charlie"), "--out", "current.json")
        net.rota("membership", "draft", "--current", "current.json", "--out", "next.json", "--add",
                 f"alpha=alpha.pub,admin-alpha.pub@tcp://127.0.0.1:{net.peer['alpha']}")
        self.approve("charlie", "delta")
        net.rota("membership", "submit", "--node", net.url("charlie"), "--current", "current.json", "--document", "next.json",
                 "charlie.approval", "delta.approval")
        for name in ("alpha", "charlie", "delta"):
            net.until(lambda n=name: net.status(n)["epoch"] == 2, 30, f"{name} in epoch 2")
        net.ready("alpha", "charlie", "delta")
        self.assertTrue(net.status("alpha")["member"])
        self.assertEqual(net.post("alpha", net.signed("alpha", 1, person=0)[0], wait=20).status, 201)
        net.settle("alpha", "charlie", "delta")
        self.stop("alpha", "charlie", "delta")
        for name in ("alpha", "charlie", "delta"):
            report = self.shows_it(name, kept, [False, True, False])
            self.assertEqual(report["discontinuities"][0]["approved_by"], "alpha, charlie and delta")
            self.assertLessEqual(set(author.committed), {entry[0] for entry in net.ledger(name).entries})
        epochs = net.rota("membership", "show", "--ledger", net.dir / "node-delta" / "ledger.db", "--genesis", "genesis.json").stdout
        self.assertIn(f"epoch 1     from block {kept + 1}: 2 facilities, 2 decide   DISCONTINUITY", epochs)

    # PROTOCOL M12: what others hold above the kept block is given up, and named; a lost disk comes in like a new one
    def test_one_survivor_and_three_new_facilities(self):
        net = self.network()
        for jws in net.signed("charlie", 3, person=2):
            self.assertEqual(net.post("charlie", jws, wait=20).status, 201)
        net.settle()
        self.stop("charlie")
        kept = self.height("charlie")
        given_up = net.post("alpha", net.signed("alpha", 1, person=0)[0], wait=20).json()
        self.assertGreater(given_up["height"], kept)
        lost = self.receipt("alpha", given_up["id"])
        net.settle("alpha", "bravo", "delta")
        self.lose("alpha", "bravo", "delta")
        new = ["echo", "foxtrot", "golf"]
        changes = [word for name in new for word in ("--add", self.joiner(name))]
        for name in ("alpha", "bravo", "delta"):
            changes += ["--remove", name]
        self.draft("charlie", *changes)
        self.approve("alpha", "bravo", "charlie", "delta")
        self.assemble("alpha", "bravo", "charlie", "delta")
        net.names = ["charlie", *new]
        for name in net.names:
            self.recover(name)
        # killed again and again while they recover
        for _ in range(6):
            net.start()
            time.sleep(random.uniform(0.05, 0.6))
            net.kill(*random.sample(net.names, 2))
            net.kill(*list(net.processes))
        net.start()
        net.ready()
        for jws in net.signed("charlie", 3, person=2, first_seq=10, day=20100):
            self.assertEqual(net.post("echo", jws, wait=20).status, 201)
        net.settle()
        # the old disk of alpha holds a block that was given up: left alone it stays where it is
        self.reappear("alpha")
        net.start("alpha")
        net.until(lambda: net.status("alpha").get("recovery_manifest", {}).get("state") == "missing", 40, "alpha says what it needs")
        self.assertEqual((net.status("alpha")["epoch"], net.status("alpha")["height"]), (0, given_up["height"]))
        self.assertIn("gave up what this ledger holds above it", net.log("alpha"))
        self.assertIn("STAYS HERE", net.rota("node", "status", "--node", net.url("alpha"), ok=False).stdout)
        self.stop("alpha")
        refused = self.recover("alpha", ok=False)
        self.assertIn("gives them up", refused.stderr)
        self.assertIn(f"block {kept + 1} of", refused.stderr)
        shutil.copy(net.dir / "manifest", net.dir / "node-alpha" / "recovery-1.manifest")
        net.start("alpha")
        self.assertEqual(net.ended("alpha"), 5)
        self.assertIn("keep it as evidence", net.log("alpha"))
        (net.dir / "evidence").mkdir()
        for file in (net.dir / "node-alpha").glob("ledger.db*"):
            file.rename(net.dir / "evidence" / file.name)
        self.recover("alpha")
        net.start("alpha")
        net.until(lambda: net.same_head("alpha", "charlie"), 40, "alpha follows from an empty ledger")
        self.stop("alpha", *net.names)
        for name in ("alpha", *net.names):
            self.shows_it(name, kept)
        judged = net.rota("receipt", "verify", lost, "--genesis", "genesis.json").stdout
        self.assertIn("VALID", judged, "it was true when it was given")
        told = self.verify_with(lost, "echo")
        self.assertEqual(told["verdict"], "INCOMPLETE")
        self.assertIn("given up", told["failures"][0]["text"])
        forensics = net.rota("forensics", net.dir / "evidence" / "ledger.db", net.dir / "node-echo" / "ledger.db", "--genesis",
                             "genesis.json", ok=False)
        self.assertEqual(forensics.returncode, 0, forensics.stdout + forensics.stderr)
        self.assertIn("GIVEN UP", forensics.stdout)

    # PROTOCOL M11, H4: everybody's journal is gone, so nobody may vote; the administrators say that the past is over
    def test_all_journals_are_lost_and_the_same_members_go_on(self):
        net = self.network()
        for jws in net.signed("alpha", 3, person=0):
            self.assertEqual(net.post("bravo", jws, wait=20).status, 201)
        net.settle()
        self.stop(*net.names)
        kept = self.height("alpha")
        for name in net.names:
            (net.dir / f"node-{name}" / "private.db").unlink()
        net.start()
        net.until(lambda: all(net.status(name)["mode"] == "recovering" for name in net.names), 30, "nobody may vote")
        self.stop(*net.names)
        self.draft("alpha")
        self.approve(*net.names)
        self.assemble(*net.names)
        for name in net.names:
            self.recover(name)
            (net.dir / f"node-{name}" / "private.db").unlink()
        net.start()
        net.ready()
        self.assertEqual(net.post("delta", net.signed("alpha", 1, person=0, first_seq=9)[0], wait=20).status, 201)
        net.settle()
        self.stop(*net.names)
        for name in net.names:
            self.shows_it(name, kept)

    # PROTOCOL M11 in the crash profile: a majority decides about blocks, two thirds of the administrators about this
    def test_the_last_of_five_in_the_crash_profile_goes_on_alone(self):
        five = ["alpha", "bravo", "charlie", "delta", "echo"]
        net = self.network(names=five, profile="crash")
        for jws in net.signed("alpha", 3, person=0):
            self.assertEqual(net.post("bravo", jws, wait=20).status, 201)
        net.settle()
        self.lose("bravo", "charlie", "delta", "echo")
        self.stop("alpha")
        kept = self.height("alpha")
        self.draft("alpha", *[word for name in five[1:] for word in ("--remove", name)], "--accept", "fewer-liars")
        self.approve(*five[:4])
        self.assertIn("fewer than two thirds", self.assemble(*five[:3], ok=False).stderr)
        self.assemble(*five[:4])
        words = self.recover("alpha").stdout
        for word in ("leaves      echo", "go on       alpha at", f"here        block {kept} of", "for ever"):
            self.assertIn(word, words)
        self.assertIn("put in", self.recover("alpha").stdout, "the same once more changes nothing")
        # whoever signs a second one has made a second ledger: no node takes both
        for file in ("current.json", "next.json", "manifest", *[f"{name}.approval" for name in five[:4]]):
            (net.dir / file).unlink()
        self.draft("alpha", *[word for name in five[2:] for word in ("--remove", name)], "--accept", "fewer-liars", "--accept",
                   "two-members")
        self.approve(*five[:4])
        self.assemble(*five[:4])
        self.assertIn("another recovery manifest for epoch 1", self.recover("alpha", ok=False).stderr)
        net.start("alpha")
        net.ready("alpha")
        self.assertEqual(net.post("alpha", net.signed("alpha", 1, person=0, first_seq=9)[0], wait=20).status, 201)
        # one that names a block that never was shows itself when the ledger is fetched
        false = json.loads((net.dir / "next.json").read_text())
        false["discontinuity"]["block"] = "ab" * 32
        for file in ("manifest", *[f"{name}.approval" for name in five[:4]]):
            (net.dir / file).unlink()
        (net.dir / "next.json").write_text(json.dumps(false))
        self.approve(*five[:4])
        self.assemble(*five[:4])
        net.init("echo")
        self.recover("echo")
        net.start("echo")
        net.until(lambda: "leads to another block than the one that the recovery manifest keeps" in net.log("echo"), 30, "echo says so")
        self.assertLess(net.status("echo")["height"], kept)
        self.stop("alpha", "echo")
        self.shows_it("alpha", kept)

    def verify_with(self, receipt, name):
        net = self.net
        run = subprocess.run([BIN / "rota-verify", net.dir / f"node-{name}" / "ledger.db", "--genesis", net.dir / "genesis.json",
                              "--receipt", receipt, "--json"], capture_output=True, text=True, timeout=120)
        return json.loads(run.stdout)


if __name__ == "__main__":
    unittest.main()
