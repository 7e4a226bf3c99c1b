"""Members that change while real nodes run: one joins, one leaves, a key is rotated, two documents race, nodes die in the middle."""
import json
import os
import signal
import unittest

import schedule
from facilities import NAMES, Network, free_ports


class Members(unittest.TestCase):
    def setUp(self):
        self.net = None

    def tearDown(self):
        if self.net:
            self.net.close()

    def network(self, names=NAMES):
        self.net = net = Network(names)
        self.epoch = 0
        self.seqs = {}
        return net

    # ---- what an operator does -------------------------------------------------------------------------------------

    def public_hex(self, key):
        return json.loads(self.net.rota("key", "show", f"{key}.pub", "--json").stdout)["public_key"]

    def joiner(self, name, *hosts):
        """A facility that is not in the genesis: its key, its node, and the present members who let it read."""
        net = self.net
        net.key("facility", name)
        net.peer[name], net.http[name] = free_ports(2)
        net.rota("node", "init", "--join", "--dir", net.dir / f"node-{name}", "--genesis", "genesis.json", "--key", f"{name}.key",
                 "--listen", f"tcp://127.0.0.1:{net.peer[name]}", "--http", f"127.0.0.1:{net.http[name]}")
        return self.public_hex(name)

    def listen_where_the_members_say(self, name):
        """As in a rotad.conf that was written by hand and says nothing of it."""
        path = self.net.dir / f"node-{name}" / "rotad.conf"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith("listen")))
        self.assertLess(len(path.read_text().splitlines()), len(lines))

    def shown(self, key, by):
        """The height that this node says the peer with this key has."""
        return next(peer for peer in self.net.status(by)["peers"] if peer["key"] == key)["height"]

    def let_read(self, host, *keys):
        with open(self.net.dir / f"node-{host}" / "rotad.conf", "a") as file:
            file.write("readers = {" + ", ".join(f'"{key}"' for key in keys) + "}\n")

    def draft(self, via, tag, *changes):
        net = self.net
        net.rota("membership", "show", "--node", net.url(via), "--out", f"current-{tag}.json")
        return net.rota("membership", "draft", "--current", f"current-{tag}.json", "--out", f"next-{tag}.json", *changes).stdout

    def approve(self, tag, *members, keys={}):
        for member in members:
            self.net.rota("membership", "approve", "--current", f"current-{tag}.json", "--document", f"next-{tag}.json", "--key",
                          f"{keys.get(member, member)}.key", "--out", f"{tag}-{member}.approval", "--yes", "--passphrase-file",
                          self.net.passphrase)

    def submit(self, via, tag, *members, ok=True, more=()):
        return self.net.rota("membership", "submit", "--node", self.net.url(via), "--current", f"current-{tag}.json", "--document",
                             f"next-{tag}.json", *more, *[f"{tag}-{member}.approval" for member in members], ok=ok)

    def in_epoch(self, epoch, *names):
        for name in names:
            self.net.until(lambda n=name: self.net.status(n)["epoch"] == epoch, 30, f"{name} in epoch {epoch}")

    def work(self, name, count=3):
        """Signed proposals of this facility's chief, each committed."""
        net = self.net
        ids, first = [], self.seqs.get(name, 1)
        for jws in net.signed(name, count, person=NAMES.index(name), first_seq=first, day=20000 + first):
            answer = net.post(name, jws, wait=20)
            self.assertIn(answer.status, (200, 201), answer.body)
            ids.append(answer.json()["id"])
        self.seqs[name] = first + count
        return ids

    def verified(self, name, *receipts):
        """A copy of this node's file holds by itself, and so does each receipt with nothing but the genesis."""
        net = self.net
        for receipt in receipts:
            net.rota("receipt", "verify", receipt, "--genesis", "genesis.json")
        net.kill(name, how=signal.SIGTERM)
        report = net.audit(name)
        self.assertIn(report["verdict"], ("VALID", "VALID_UNANCHORED"), report["failures"])
        net.start(name)
        return report

    # ---- stories ---------------------------------------------------------------------------------------------------

    def test_four_become_five_one_leaves_a_key_changes_and_everything_still_verifies(self):
        net = self.network()
        key = self.joiner("echo")
        for name in NAMES:
            self.let_read(name, key)
        self.listen_where_the_members_say("bravo")
        net.start()
        net.ready()
        self.work("alpha")
        signed = net.get("alpha", "/v1/blocks/1").json()["certificate"]["signers"]
        net.start("echo")
        net.until(lambda: net.same_head("alpha", "echo"), 30, "the joiner has caught up")
        self.assertFalse(net.status("echo")["member"])
        net.until(lambda: self.shown(key, "alpha") == net.status("alpha")["height"], 20, "alpha knows how far the joiner is")
        words = self.draft("alpha", "grow", "--add", f"echo=echo.pub@tcp://127.0.0.1:{net.peer['echo']}")
        self.assertIn("decide      3 -> 4", words)
        self.approve("grow", "alpha", "bravo")
        few = self.submit("alpha", "grow", "alpha", "bravo", ok=False)
        self.assertIn("fewer than a quorum", few.stderr)
        self.approve("grow", "charlie")
        self.submit("alpha", "grow", "alpha", "bravo", "charlie")
        everybody = [*NAMES, "echo"]
        self.in_epoch(1, *everybody)
        net.ready(*everybody)
        self.assertTrue(net.status("echo")["member"])
        first = self.work("bravo")[0]
        again = self.submit("bravo", "grow", "alpha", "bravo", "charlie")
        self.assertIn("in block 4;", again.stdout, "the same bytes are ordered once")
        # bravo leaves and goes on as a reader
        words = self.draft("alpha", "shrink", "--remove", "bravo")
        self.assertIn("leaves      bravo", words)
        self.approve("shrink", "alpha", "charlie", "delta", "echo")
        self.submit("alpha", "shrink", "alpha", "charlie", "delta", "echo")
        rest = ["alpha", "charlie", "delta", "echo"]
        self.in_epoch(2, *everybody)
        net.ready(*rest)
        self.assertFalse(net.status("bravo")["member"])
        self.assertIn("votes no more", net.log("bravo"))
        self.work("charlie")
        self.assertEqual(net.get("alpha", "/v1/blocks/1").json()["certificate"]["signers"], signed, "of the members of its epoch")
        net.until(lambda: net.same_head("alpha", "bravo"), 30, "the one who left still follows")
        # delta goes on with another key
        (net.dir / "new").mkdir()
        net.rota("key", "generate", "--role", "facility", "--label", "delta", "--out", "new/delta", "--passphrase-file", net.passphrase)
        self.draft("alpha", "rotate", "--rotate", "delta=new/delta.pub")
        self.approve("rotate", "alpha", "charlie", "echo")
        self.submit("alpha", "rotate", "alpha", "charlie", "echo", more=["--although-absent"])
        self.in_epoch(3, *rest)
        self.restart_with_key("delta", net.dir / "new" / "delta.key")
        net.ready(*rest)
        self.assertTrue(net.status("delta")["member"])
        last = self.work("alpha")[0]
        net.settle(*rest)
        receipts = []
        for proposal in (first, last):
            path = net.dir / f"{proposal}.receipt"
            path.write_bytes(net.get("charlie", f"/v1/proposals/{proposal}/receipt").body)
            receipts.append(path)
        report = self.verified("charlie", *receipts)
        self.assertEqual([one["members"] for one in report["epochs"]], [4, 5, 4, 4])
        net.ready(*rest)
        self.judged(receipts, "alpha", "charlie")

    # PROTOCOL E11: receipts lead to their epochs by themselves, and so do ledger files
    def judged(self, receipts, *names):
        net = self.net
        net.kill(*names, how=signal.SIGTERM)
        ledgers = [f"node-{name}/ledger.db" for name in names]
        for files, code, verdict in ((ledgers, 0, "one-history"), ([receipts[1], receipts[1]], 0, "one-history"),
                                     (receipts, 3, "undecided")):
            run = net.rota("forensics", *files, "--witness", ledgers[0], "--genesis", "genesis.json", "--json", ok=False)
            self.assertEqual((run.returncode, json.loads(run.stdout)["verdict"]), (code, verdict), run.stderr)
        (net.dir / "last.certificate").write_bytes(bytes.fromhex(json.loads(receipts[1].read_text())["certificate"]))
        run = net.rota("forensics", "last.certificate", "last.certificate", "--genesis", "genesis.json", ok=False)
        self.assertEqual(run.returncode, 3, "nobody says who the members of epoch 3 are")
        net.rota("forensics", "last.certificate", receipts[1], "--genesis", "genesis.json")
        net.rota("evidence", "list", "--ledger", ledgers[0], "--genesis", "genesis.json")

    def test_two_documents_race_and_one_is_told_so(self):
        net = self.network()
        net.start()
        net.ready()
        self.work("alpha", 1)
        self.draft("alpha", "a", "--remove", "delta", "--accept", "fewer-liars")
        self.draft("alpha", "b", "--remove", "charlie", "--accept", "fewer-liars")
        for tag in "ab":
            self.approve(tag, "alpha", "bravo", "charlie")
        self.submit("alpha", "a", "alpha", "bravo", "charlie")
        second = self.submit("bravo", "b", "alpha", "bravo", "charlie", ok=False)
        self.assertIn("draft it anew", second.stderr)
        self.in_epoch(1, "alpha", "bravo", "charlie")
        net.ready("alpha", "bravo", "charlie")
        self.work("bravo", 1)

    def test_one_becomes_four_with_a_joiner_that_dies(self):
        net = self.network(["alpha"])
        keys = [self.joiner(name) for name in NAMES[1:]]
        self.let_read("alpha", *keys)
        net.start("alpha")
        net.ready("alpha")
        self.work("alpha")
        net.start(*NAMES[1:])
        net.until(lambda: net.same_head(*NAMES), 30, "the joiners have caught up")
        changes = []
        for name in NAMES[1:]:
            changes += ["--add", f"{name}={name}.pub@tcp://127.0.0.1:{net.peer[name]}"]
        self.draft("alpha", "grow", *changes)
        self.approve("grow", "alpha")
        net.kill("delta")
        self.submit("alpha", "grow", "alpha", more=["--although-absent"])
        self.in_epoch(1, "alpha", "bravo", "charlie")
        net.ready("alpha", "bravo", "charlie")
        self.work("alpha")
        net.start("delta")
        self.in_epoch(1, "delta")
        # who begins late in an epoch that has blocks cannot show that it never voted in it: silent until a later view commits (H5)

        def delta_is_ready():
            self.work("alpha", 1)
            return net.is_ready("delta")
        net.until(delta_is_ready, 60, "delta ready")
        net.kill("alpha")
        net.ready("bravo", "charlie", "delta")
        net.start("alpha")
        net.ready(*NAMES)
        net.until(lambda: net.same_head(*NAMES), 30, "one head")

    def restart_with_key(self, name, key):
        net = self.net
        net.kill(name)
        (net.dir / f"node-{name}" / "node.key").unlink()
        (net.dir / f"node-{name}" / "node.key").write_bytes(key.read_bytes())
        (net.dir / f"node-{name}" / "node.key").chmod(0o600)
        net.start(name)

    # PROTOCOL M6, M7, M9: what was acknowledged in one epoch is in the ledger of the next ones
    def test_one_is_replaced_and_a_key_changes_while_clients_submit(self):
        one = schedule.Run("members", schedule.seeded(os.environ))
        net = self.net = one.net
        key = self.joiner("echo")
        for name in NAMES:
            self.let_read(name, key)
        clients, stay = one.writers + one.readers, ["alpha", "bravo", "charlie"]
        for client in clients:
            client.through = stay
        try:
            with one:
                one.progress(20)
                net.start("echo")
                self.draft("alpha", "replace", "--remove", "delta", "--add", f"echo=echo.pub@tcp://127.0.0.1:{net.peer['echo']}")
                self.approve("replace", "alpha", "bravo", "delta")
                height = net.status("alpha")["height"]
                net.until(lambda: net.status("echo")["height"] >= height, 30, "the joiner has caught up")
                self.submit("alpha", "replace", "alpha", "bravo", "delta")
                self.in_epoch(1, *NAMES, "echo")
                net.kill("delta", how=signal.SIGTERM)
                net.names = [*stay, "echo"]
                net.ready()
                for client in clients:
                    client.through = net.names
                one.progress(50)
                (net.dir / "new").mkdir()
                net.rota("key", "generate", "--role", "facility", "--label", "charlie", "--out", "new/charlie", "--passphrase-file",
                         net.passphrase)
                self.draft("echo", "rotate", "--rotate", "charlie=new/charlie.pub")
                self.approve("rotate", "alpha", "bravo", "echo")
                self.submit("echo", "rotate", "alpha", "bravo", "echo")
                self.in_epoch(2, *net.names)
                one.progress(20)
                self.restart_with_key("charlie", net.dir / "new" / "charlie.key")
                net.until(lambda: net.is_ready("charlie"), 60, "charlie ready")
                one.progress(20)
                one.finish()
                one.judge()
                self.assertEqual([epoch["members"] for epoch in net.audit("echo")["epochs"]], [4, 4, 4])
        finally:
            self.net = None  # the run has ended it

    def test_killed_in_the_middle_of_the_change(self):
        net = self.network()
        net.start()
        net.ready()
        self.work("alpha")
        self.draft("alpha", "a", "--remove", "delta", "--accept", "fewer-liars")
        self.approve("a", "alpha", "bravo", "charlie")
        self.submit("alpha", "a", "alpha", "bravo", "charlie")
        net.kill(*net.processes)
        rest = ["alpha", "bravo", "charlie"]
        net.start()
        self.in_epoch(1, *rest)
        net.ready(*rest)
        self.work("bravo")
        net.settle(*rest)
        self.in_epoch(1, "delta")


if __name__ == "__main__":
    unittest.main()
