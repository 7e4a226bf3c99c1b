"""Changes of members as an operator makes them at the desk: administrators' keys, and what is looked at before a change is handed in. A
stand-in plays the node; real networks change in membership_test.py."""
import json
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


if __name__ == "__main__":
    unittest.main()
