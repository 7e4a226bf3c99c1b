"""Changes of members as an operator makes them at the desk. Real networks change in membership_test.py."""
import json
import unittest

import cli_test


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


if __name__ == "__main__":
    unittest.main()
