"""Changes of members as an operator makes them at the desk: administrators' keys, and what is looked at before a change is handed in. A
stand-in plays the node; real networks change in membership_test.py."""
import hashlib
import json
import os
import pty
import unittest

import cli_test

TIP = 1000


class Door(cli_test.StandIn):
    """Knows peers, and takes in any change."""
    peers = ()

    def get(self, request):
        if request.path == "/v1/status":
            return request.answer(200, {"facility": "alpha", "height": TIP, "peers": list(self.peers)})
        return super().get(request)

    def post(self, request, body):
        self.posts += 1
        return request.answer(201, {"id": "0" * 64, "state": "committed", "epoch": 1, "height": TIP + 1})


class Members(cli_test.Cli):
    def key(self, role, label, out):
        self.ok("key", "generate", "--role", role, "--label", label, "--out", out, "--passphrase-file", "pass")
        return json.loads(self.ok("key", "show", f"{out}.pub", "--json").stdout)["public_key"]

    def genesis_new(self, *more, code=0):
        return self.ok("genesis", "new", "--name", "test", "--member", f"alpha={self.top}/alpha.pub@tcp://127.0.0.1:7101", "--coordinator",
                       f"{self.top}/chief.pub@alpha:scheduler", *more, "--out", "draft.json", code=code)

    def approve(self, key, out, code=0):
        return self.ok("membership", "approve", "--current", "genesis.json", "--document", "next.json", "--key", key, "--out", out, "--yes",
                       "--passphrase-file", "pass", code=code)

    # FORMATS §4: a member's admin key, with its proof of possession
    def test_an_admin_key_of_the_genesis_approves_and_the_facility_s_own_does_not(self):
        admin = self.key("admin", "alpha", "boss")
        self.key("admin", "bravo", "stranger")
        self.assertIn("no --member", self.genesis_new("--admin", "bravo=stranger.pub", code=2).stderr)
        self.assertIn('of "bravo"', self.genesis_new("--admin", "alpha=stranger.pub", code=2).stderr)
        self.assertIn("is a facility key", self.genesis_new("--admin", f"alpha={self.top}/alpha.pub", code=2).stderr)
        self.assertIn("two admin keys", self.genesis_new("--admin", "alpha=boss.pub", "--admin", "alpha=boss.pub", code=2).stderr)
        self.genesis_new("--admin", "alpha=boss.pub")
        draft = json.loads((self.dir / "draft.json").read_text())
        self.assertEqual(draft["members"][0]["admin"], admin)
        draft["members"][0]["admin_possession"] = draft["members"][0]["possession"]
        (self.dir / "bad.json").write_text(json.dumps(draft))
        self.ok("genesis", "seal", "bad.json", "--out", "genesis.json", code=5)
        self.ok("genesis", "seal", "draft.json", "--out", "genesis.json")
        self.key("facility", "bravo", "bravo")
        self.ok("membership", "draft", "--current", "genesis.json", "--out", "next.json", "--add", "bravo=bravo.pub@tcp://127.0.0.1:7102",
                "--accept", "two-members")
        self.assertIn("of no present member", self.approve(self.top / "alpha.key", "no.approval", code=7).stderr)
        self.approve("boss.key", "alpha.approval")

    # FORMATS §4, §16.1: an hour unless somebody says otherwise, and the next epoch goes on with what this one has
    def test_the_period_of_ticks_is_an_hour_or_what_was_said_and_goes_on(self):
        self.key("facility", "bravo", "bravo")
        for more, period in (((), 3600000), (("--timer", "tick_ms=60000"), 60000), (("--timer", "tick_ms=0"), 0)):
            for name in ("draft.json", "genesis.json", "next.json"):
                (self.dir / name).unlink(missing_ok=True)
            self.genesis_new(*more)
            self.assertEqual(json.loads((self.dir / "draft.json").read_text())["timers"]["tick_ms"], period)
            self.ok("genesis", "seal", "draft.json", "--out", "genesis.json")
            self.ok("membership", "draft", "--current", "genesis.json", "--out", "next.json", "--add",
                    "bravo=bravo.pub@tcp://127.0.0.1:7102", "--accept", "two-members")
            self.assertEqual(json.loads((self.dir / "next.json").read_text())["timers"]["tick_ms"], period)
        (self.dir / "draft.json").unlink()
        self.genesis_new("--timer", "tick_ms=999", code=2)

    def test_a_joiner_that_is_far_behind_holds_a_change_up(self):
        (self.dir / "genesis.json").write_bytes((self.top / "genesis.json").read_bytes())
        keys, changes = {}, []
        for number, name in enumerate(("bravo", "charlie", "delta")):
            keys[name] = self.key("facility", name, name)
            changes += ["--add", f"{name}={name}.pub@tcp://127.0.0.1:{7102 + number}"]
        self.ok("membership", "draft", "--current", "genesis.json", "--out", "next.json", *changes)
        self.approve(self.top / "alpha.key", "alpha.approval")
        door = Door((self.dir / "genesis.json").read_bytes())
        self.doors.append(door)

        def submit(delta, *more, code=0):
            near = [{"key": keys[name], "up": True, "height": TIP - 256} for name in ("bravo", "charlie")]
            door.peers, door.posts = near + [dict(one, key=keys["delta"]) for one in delta], 0
            done = self.ok("membership", "submit", "--node", door.url, "--current", "genesis.json", "--document", "next.json", *more,
                           "alpha.approval", code=code)
            self.assertEqual(door.posts, 0 if code else 1)
            return done.stderr

        self.assertIn("delta is 257 blocks behind", submit([{"up": True, "height": TIP - 257}], code=1))
        submit([{"up": True, "height": TIP - 257}], "--although-absent")
        self.assertEqual(submit([{"up": True, "height": TIP - 256}]), "")
        self.assertEqual(submit([{"up": True, "height": TIP + 7}]), "", "the node that is asked may be behind itself")
        for delta, why in (([], "does not know its key"), ([{"up": False, "height": 1}], "does not reach it"),
                           ([{"up": True}], "heard nothing of its ledger")):
            told = submit(delta)
            self.assertIn("delta cannot be asked yet", told)
            self.assertIn(why, told)


class Shown(cli_test.Cli):
    """What an administrator is shown before signing: everything in which the document differs, whatever the drafter says of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {}
        for role, label, name in (("admin", "alpha", "boss"), ("admin", "alpha", "mallory"), ("facility", "bravo", "bravo"),
                                  ("facility", "bravo", "newbravo"), ("facility", "charlie", "charlie"), ("facility", "delta", "delta")):
            made = cli_test.run("key", "generate", "--role", role, "--label", label, "--out", cls.top / name, "--passphrase-file", cls.top / "pass")
            assert made.returncode == 0, made.stderr
            cls.keys[name] = cls.public(name)
        cls.keys["alpha"] = cls.public("alpha")
        members = [w for i, name in enumerate(("alpha", "bravo", "charlie"))
                   for w in ("--member", f"{name}={cls.top}/{name}.pub@tcp://127.0.0.1:{7101 + i}")]
        for words in (["new", "--name", "three", *members, "--admin", f"alpha={cls.top}/boss.pub", "--coordinator",
                       f"{cls.top}/chief.pub@alpha:scheduler", "--out", cls.top / "three-draft.json"],
                      ["seal", cls.top / "three-draft.json", "--out", cls.top / "three.json"]):
            made = cli_test.run("genesis", *words)
            assert made.returncode == 0, made.stderr

    @classmethod
    def public(cls, name):
        return json.loads(cli_test.run("key", "show", cls.top / f"{name}.pub", "--json").stdout)["public_key"]

    def draft(self, *changes, code=0):
        (self.dir / "next.json").unlink(missing_ok=True)
        return self.ok("membership", "draft", "--current", self.top / "three.json", "--out", "next.json", *changes, code=code)

    def edit(self, change):
        document = json.loads((self.dir / "next.json").read_text())
        change(document)
        (self.dir / "next.json").write_text(json.dumps(document))

    def approve(self, *more, code=0):
        (self.dir / "an.approval").unlink(missing_ok=True)
        return self.ok("membership", "approve", "--current", self.top / "three.json", "--document", "next.json", "--key", self.top / "boss.key",
                       "--out", "an.approval", "--passphrase-file", "pass", *more, code=code)

    def lines(self):
        return [line.strip() for line in self.approve("--yes").stdout.splitlines()]

    def assert_warned(self, lines, *words):
        self.assertTrue(any(line.startswith("WARNING") and all(word in line for word in words) for line in lines), (words, lines))

    # a pipe gets the file and nothing else; what there is to say about it goes to the standard error
    def test_a_file_on_the_standard_output_is_alone_there(self):
        three, changes = self.top / "three.json", ("--move", "charlie=tcp://127.0.0.1:7999")
        self.draft(*changes)
        for json_too in ((), ("--json",)):
            drafted = self.ok("membership", "draft", "--current", three, "--out", "-", *changes, *json_too)
            self.assertEqual(drafted.stdout, (self.dir / "next.json").read_text())
            sealed = self.ok("genesis", "seal", self.top / "three-draft.json", "--out", "-", *json_too)
            self.assertEqual(sealed.stdout, three.read_text())
            for said in (drafted.stderr, sealed.stderr):
                self.assertIn('"schema"' if json_too else "next  ", said)

    def test_an_admin_key_that_the_drafter_swapped_is_shown_and_warned_of(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        proof = self.admin_possession("mallory")
        self.edit(lambda d: d["members"][0].update(admin=self.keys["mallory"], admin_possession=proof))
        lines = self.lines()
        self.assertIn("moves       charlie from tcp://127.0.0.1:7103 to tcp://127.0.0.1:7999", lines)
        self.assertIn(f"admin key   alpha: {self.keys['boss']} -> {self.keys['mallory']}", lines)
        self.assert_warned(lines, "alpha", "approves")
        self.edit(lambda d: [d["members"][0].pop(name) for name in ("admin", "admin_possession")])
        lines = self.lines()
        self.assertIn(f"admin key   alpha: {self.keys['boss']} -> {self.keys['alpha']}", lines)
        self.assert_warned(lines, "alpha", "approves")

    def admin_possession(self, name):
        self.ok("genesis", "new", "--name", "x", "--member", f"alpha={self.top}/alpha.pub@tcp://127.0.0.1:7101", "--admin",
                       f"alpha={self.top}/{name}.pub", "--coordinator", f"{self.top}/chief.pub@alpha:scheduler", "--out", "x.json")
        return json.loads((self.dir / "x.json").read_text())["members"][0]["admin_possession"]

    # three members: neither f nor Q changes
    def test_a_change_to_the_crash_profile_is_shown_when_no_number_changes(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        self.edit(lambda d: d.update(profile="crash", accepts=["crash-profile"]))
        lines = self.lines()
        self.assertIn("profile     byzantine -> crash", lines)
        self.assertIn("accepts     crash-profile", lines)
        self.assert_warned(lines, "crash profile")

    def test_limits_and_timers_are_shown_one_by_one(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        self.assertFalse([line for line in self.lines() if line.startswith(("limit ", "timer "))])
        self.edit(lambda d: (d["limits"].update(window=1), d["timers"].update(suspect_ms=501, tick_ms=0)))
        lines = self.lines()
        self.assertEqual([line for line in lines if line.startswith(("limit ", "timer "))],
                         ["limit       window: 16 -> 1", "timer       suspect_ms: 500 -> 501", "timer       tick_ms: 3600000 -> 0"])
        self.assert_warned(lines, "TICK")

    def test_who_joins_comes_with_keys_and_who_leaves_or_has_a_new_key_with_a_warning(self):
        self.draft("--remove", "charlie", "--add", f"delta={self.top}/delta.pub@tcp://127.0.0.1:7104", "--rotate", f"bravo={self.top}/newbravo.pub",
                   "--move", "bravo=tcp://127.0.0.1:7888")
        lines = self.lines()
        for line in ("joins       delta at tcp://127.0.0.1:7104", f"key         delta: {self.keys['delta']}", "admin key   delta: its own key",
                     f"key         bravo: {self.keys['bravo']} -> {self.keys['newbravo']}",
                     f"admin key   bravo: {self.keys['bravo']} -> {self.keys['newbravo']}",
                     "moves       bravo from tcp://127.0.0.1:7102 to tcp://127.0.0.1:7888", "leaves      charlie"):
            self.assertIn(line, lines)
        self.assert_warned(lines, "charlie", "votes")
        self.assert_warned(lines, "bravo", "votes")
        self.assert_warned(lines, "bravo", "approves")
        self.assert_warned(lines, "2 ", "alone")

    def test_another_order_is_shown(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        self.assertFalse([line for line in self.lines() if line.startswith("order")])
        self.edit(lambda d: d["members"].reverse())
        self.assertIn("order       charlie, bravo, alpha", self.lines())

    def test_the_document_is_named_by_its_hash_and_draft_says_the_same(self):
        drafted = self.draft("--move", "charlie=tcp://127.0.0.1:7999").stdout.splitlines()
        digest = hashlib.sha256(b"rotaledger/v1/epoch\n" + (self.dir / "next.json").read_bytes()).hexdigest()
        self.assertIn(f"document    {digest}", self.lines())
        self.assertIn(f"document    {digest}", drafted)

    # rota(1): one object for every command
    def test_with_json_one_object_says_what_was_signed(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        self.edit(lambda d: d.update(profile="crash", accepts=["crash-profile"]))
        done = self.approve("--yes", "--json")
        said = json.loads(done.stdout)
        self.assertEqual((said["schema"], said["member"], said["epoch"], said["file"]),
                         ("rotaledger.membership-approve/1", "alpha", 1, "an.approval"))
        self.assertEqual(said["document"], json.loads((self.dir / "an.approval").read_text())["document"])
        self.assertIn({"what": "profile", "text": "byzantine -> crash"}, said["changes"])
        self.assertIn("profile     byzantine -> crash", done.stderr, "shown to whoever signs")
        done = self.approve("--json", code=1)
        self.assertEqual(json.loads(done.stdout)["schema"], "rotaledger.error/1")
        self.assertIn("profile     byzantine -> crash", done.stderr)
        self.assertIn("next: answer y on a terminal, or give --yes", done.stderr)

    def on_a_terminal(self, *words):
        """What rota shows to somebody at a terminal who answers n."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.dir)
            os.execv(cli_test.ROTA, ["rota", *map(str, words)])
        shown = b""
        try:
            while piece := os.read(terminal, 4096):
                if b"[y/N]" not in shown and b"[y/N]" in shown + piece:
                    os.write(terminal, b"n\n")
                shown += piece
        except OSError:  # so Linux says that the other end is closed
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), shown.decode()

    def test_a_question_says_once_what_may_be_answered(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        code, shown = self.on_a_terminal("membership", "approve", "--current", self.top / "three.json", "--document", "next.json", "--key",
                                         self.top / "boss.key", "--out", "an.approval", "--passphrase-file", "pass")
        self.assertEqual(code, 1, shown)
        self.assertEqual(shown.count("[y/N]"), 1, shown)
        self.assertFalse((self.dir / "an.approval").exists())

    # PROTOCOL M12: the operator sees what the manifest does, whoever reads the standard output
    def test_recovering_with_json_shows_what_it_asks_about(self):
        self.draft("--move", "charlie=tcp://127.0.0.1:7999")
        self.edit(lambda d: d.update(discontinuity={"height": 7, "block": "ab" * 32}))
        self.approve("--yes")
        self.ok("membership", "approve", "--current", self.top / "three.json", "--document", "next.json", "--key", self.top / "bravo.key", "--out",
                "bravo.approval", "--passphrase-file", "pass", "--yes")
        self.ok("membership", "assemble", "--current", self.top / "three.json", "--document", "next.json", "--out", "the.manifest", "an.approval",
                "bravo.approval")
        self.ok("node", "init", "--dir", "n", "--genesis", self.top / "three.json", "--key", self.top / "alpha.key")
        done = self.ok("node", "recover", "n", "the.manifest", "--json", code=1)
        self.assertEqual(json.loads(done.stdout)["schema"], "rotaledger.error/1")
        for line in ("DISCONTINUITY", "moves       charlie", "here        the ledger ends with block 0", "next: answer y on a terminal, or give --yes"):
            self.assertIn(line, done.stderr)
        done = self.ok("node", "recover", "n", "the.manifest", "--json", "--yes")
        self.assertEqual(json.loads(done.stdout)["kept_height"], 7)
        code, shown = self.on_a_terminal("node", "recover", "n", "the.manifest")
        self.assertEqual((code, shown.count("[y/N]")), (1, 1), shown)

    def test_what_is_wrong_with_a_draft_is_answered_by_what_is_wrong(self):
        done = self.draft("--move", "charlie=udp://127.0.0.1", code=5)
        self.assertIn("tcp://host:port", done.stderr)
        self.assertNotIn("--accept", done.stderr)
        done = self.draft("--remove", "charlie", code=1)
        self.assertIn("next: if it is meant, say so: --accept two-members", done.stderr)

    # FORMATS §16.1: the profile is a part of the document
    def test_a_profile_can_be_drafted(self):
        done = self.draft("--profile", "crash", code=1)
        self.assertIn("--accept crash-profile", done.stderr)
        self.draft("--profile", "crash", "--accept", "crash-profile")
        self.assertEqual(json.loads((self.dir / "next.json").read_text())["profile"], "crash")
        self.draft("--profile", "lenient", code=2)


if __name__ == "__main__":
    unittest.main()
