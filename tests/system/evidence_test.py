"""What a ledger file says of view changes and of liars, in the hands of somebody who has nothing but the file and the genesis."""
import base64
import contextlib
import hashlib
import json
import random
import signal
import sqlite3
import struct
import subprocess
import unittest

import cli_test
from facilities import BIN, Network


class Evidence(unittest.TestCase):
    def commit(self, net, facility, jws, through):
        answer = net.post(through, jws, wait=30)
        self.assertIn(answer.status, (200, 201), answer.body)

    def rota(self, net, *words):
        return net.rota(*words, "--genesis", "genesis.json", ok=False)

    # PROTOCOL V12: the view change is in the file, its anchor in the chain
    def test_a_view_change_is_kept_and_anchored(self):
        net = Network()
        self.addCleanup(net.close)
        net.start()
        net.ready()
        first, second, third = net.signed("bravo", 3)
        self.commit(net, "bravo", first, "bravo")
        net.kill("alpha")
        self.commit(net, "bravo", second, "bravo")
        self.commit(net, "bravo", third, "charlie")
        net.settle("bravo", "charlie", "delta")
        net.kill("bravo", "charlie", "delta", how=signal.SIGTERM)
        for name in ("bravo", "charlie", "delta"):
            verdict = net.audit(name)
            self.assertEqual(verdict["exit_code"], 0, verdict["failures"])
            kept = next(check for check in verdict["checks"] if check["id"] == "X2")
            self.assertGreaterEqual(kept["passed"], 1)
            self.assertGreaterEqual(verdict["counts"]["records"], 1)
            with sqlite3.connect(f"file:{net.dir}/node-{name}/ledger.db?mode=ro", uri=True) as db:
                anchors = db.execute("SELECT kind, epoch, view FROM v_record ORDER BY leaf_index").fetchall()
                views = [view for (view,) in db.execute("SELECT view FROM new_view")]
            self.assertEqual(anchors[0][0], "new-view")
            self.assertIn(anchors[0][2], views)
        db.close()
        run = self.rota(net, "forensics", "node-bravo/ledger.db", "node-charlie/ledger.db", "--json")
        self.assertEqual((run.returncode, json.loads(run.stdout)["verdict"]), (0, "one-history"))
        run = self.rota(net, "forensics", "node-bravo/ledger.db", "node-charlie/ledger.db", "--out", "fork")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(list(net.dir.glob("fork*")), [], "there is no fork, so nothing to keep of it")

    # E2, E3: from a lie to a file that convicts by itself
    def test_evidence_leaves_the_ledger_as_a_file_that_convicts(self):
        net = Network(liars=["bravo"])
        self.addCleanup(net.close)
        net.start()
        net.ready()
        net.lie("bravo", "double-vote")
        for i, jws in enumerate(net.signed("charlie", 20)):
            self.commit(net, "charlie", jws, "charlie" if i % 2 else "delta")
        net.until(lambda: net.get("charlie", "/v1/anomalies").json()["count"] > 0, 30, "a proof is in the ledger")
        net.settle("charlie", "delta")
        net.kill(*net.names, how=signal.SIGTERM)
        ledger = "node-charlie/ledger.db"
        self.assertEqual(net.audit("charlie")["exit_code"], 0)
        run = self.rota(net, "evidence", "list", "--ledger", ledger, "--json")
        self.assertEqual(run.returncode, 4, run.stderr)
        evidence = json.loads(run.stdout)["evidence"]
        self.assertTrue(all("bravo" in piece["text"] for piece in evidence), evidence)
        for piece in evidence[:3]:
            run = self.rota(net, "evidence", "export", piece["id"], "--ledger", ledger, "--out", f"{piece['id'][:8]}.evidence")
            self.assertEqual(run.returncode, 0, run.stderr)
            run = self.rota(net, "evidence", "export", piece["id"][:12], "--ledger", ledger, "--json", "--out",
                            f"{piece['id'][:8]}.json")
            self.assertEqual(run.returncode, 0, run.stderr)
            for ending in ("evidence", "json"):
                run = self.rota(net, "evidence", "verify", f"{piece['id'][:8]}.{ending}")
                self.assertEqual(run.returncode, 4, run.stderr)
                self.assertIn("bravo", run.stdout)
        spoilt = bytearray((net.dir / f"{evidence[0]['id'][:8]}.evidence").read_bytes())
        spoilt[-20] ^= 1
        (net.dir / "spoilt.evidence").write_bytes(spoilt)
        run = self.rota(net, "evidence", "verify", "spoilt.evidence")
        self.assertIn(run.returncode, (1, 5), run.stdout)
        self.assertNotIn("PROVEN", run.stdout)

    # PROTOCOL E7: the genesis does not name the key; the ledger that granted it does
    def test_evidence_against_a_key_that_was_granted_later(self):
        net = Network()
        self.addCleanup(net.close)
        net.start()
        net.ready()
        net.key("coordinator", "guest")
        key = (net.dir / "guest.pub").read_text().split(":")[3]
        key = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)).hex()
        net.rota("proposal", "new", "--ledger-from", "genesis.json", "--exp", "99", "--reason", "r", "--op",
                 f"coordinator.grant label=guest key={key} facility=alpha roles=scheduler", "--out", "grant.json")
        net.rota("proposal", "sign", "grant.json", "--key", "chief-alpha.key", "--passphrase-file", net.passphrase, "--yes",
                 "--node", net.url("alpha"), "--out", "grant.jws")
        self.commit(net, "alpha", (net.dir / "grant.jws").read_text().strip(), "alpha")
        for day, codes in ((20000, (200, 201)), (20001, (409,))):
            signed = subprocess.run([BIN / "rota-bulk-sign", net.dir / "guest.key", "system-test", net.ledger_id, "1", "1", "p-0", "alpha",
                                     str(day)], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
            self.assertIn(net.post("alpha", signed, wait=30).status, codes)
        net.until(lambda: net.get("bravo", "/v1/anomalies").json()["count"] > 0, 30, "the proof is in the ledger")
        net.kill(*net.names, how=signal.SIGTERM)
        ledger = "node-bravo/ledger.db"
        evidence = json.loads(self.rota(net, "evidence", "list", "--ledger", ledger, "--json").stdout)["evidence"]
        self.assertEqual([(piece["kind"], piece["ordered"]) for piece in evidence], [("E7", True)])
        self.rota(net, "evidence", "export", evidence[0]["id"], "--ledger", ledger, "--out", "guest.evidence")
        run = self.rota(net, "evidence", "verify", "guest.evidence")
        self.assertEqual(run.returncode, 3, run.stdout)
        run = self.rota(net, "evidence", "verify", "guest.evidence", "--ledger", ledger)
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn("PROVEN (E7)", run.stdout)

    def test_usage(self):
        for words, code in ((["evidence", "verify", "x"], 2), (["evidence", "list"], 2), (["forensics", "one"], 2)):
            run = subprocess.run([BIN / "rota", *words], capture_output=True, text=True, timeout=30)
            self.assertEqual(run.returncode, code, run.stderr)


class Edited(cli_test.Cli):
    """A ledger file that somebody else gave away, and may have edited: nobody is named by what does not verify."""

    def ledger(self, *evidence):
        self.ok("node", "init", "--dir", "n", "--genesis", self.top / "genesis.json", "--key", self.top / "alpha.key")
        with contextlib.closing(sqlite3.connect(self.dir / "n/ledger.db")) as db:
            guards = db.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY rowid").fetchall()
            for kind, name, _ in guards:
                db.execute(f"DROP {kind} {name}")
            for i, piece in enumerate(evidence):
                db.execute("INSERT INTO entry VALUES (?, ?, 0, 3, ?, NULL, NULL, NULL, ?, NULL, NULL, ?)",
                           (i, i + 1, hashlib.sha256(piece).digest(), piece, bytes(5)))
            for _, _, sql in guards:
                db.execute(sql)
            db.commit()

    def evidence(self, *words, code):
        return self.ok("evidence", *words, "--ledger", "n/ledger.db", "--genesis", self.top / "genesis.json", code=code)

    def double_vote(self):
        """FORMATS §8.1, kind 1, against member 0, with signatures of nobody."""
        draw = random.Random(7)
        votes = [struct.pack(">BQ32sQ", 1, 0, bytes(32), 5) + bytes([block]) * 32 + draw.randbytes(64) for block in (1, 2)]
        return struct.pack(">BII", 1, 0, 0) + votes[0] + votes[1] + bytes(2)

    def double_proposal(self):
        """Kind 7: a key that forgot which numbers it had used."""
        signed = []
        for code in ("DAY", "NIGHT"):
            (self.dir / "chief.key.seq").write_bytes((self.top / "chief.key.seq").read_bytes())
            self.new(f"{code}.json", f"code.define code={code}")
            self.sign(f"{code}.json", f"{code}.jws")
            signed.append((self.dir / f"{code}.jws").read_bytes().strip())
        signed.sort(key=lambda jws: hashlib.sha256(jws.rsplit(b".", 1)[0]).digest())
        return b"\x07" + b"".join(struct.pack(">I", len(jws)) + jws for jws in signed)

    def test_what_does_not_verify_names_nobody(self):
        self.ledger(self.double_vote())
        done = self.evidence("list", code=1)
        self.assertNotIn("alpha", done.stdout + done.stderr)
        self.assertIn("does not verify, and names nobody", done.stdout)
        self.assertIn("rota-verify", done.stderr)
        done = self.evidence("list", "--json", code=1)
        (piece,) = json.loads(done.stdout)["evidence"]
        self.assertEqual((piece["kind"], piece["verified"]), ("E1", False))
        self.assertNotIn("alpha", done.stdout)
        done = self.evidence("export", piece["id"], "--json", code=0)
        self.assertNotIn("alpha", done.stdout)
        self.assertFalse(json.loads(done.stdout)["verified"])
        self.assertIn("does not verify", done.stderr)

    # the key's own signatures hold; beside them stands a false one
    def test_what_verifies_is_told_and_counted_beside_what_does_not(self):
        good = self.double_proposal()
        spoilt = bytearray(good)
        spoilt[-30] = ord("A") if spoilt[-30] != ord("A") else ord("B")
        self.ledger(good, bytes(spoilt), self.double_vote())
        done = self.evidence("list", code=4)
        self.assertEqual(done.stdout.count("signed two different proposals"), 1, done.stdout)
        self.assertEqual(done.stdout.count("does not verify, and names nobody"), 2, done.stdout)
        pieces = json.loads(self.evidence("list", "--json", code=4).stdout)["evidence"]
        self.assertEqual([piece["verified"] for piece in pieces], [True, False, False])
        self.assertNotIn("does not verify", self.evidence("export", pieces[0]["id"], "--out", "good.evidence", code=0).stderr)
        self.assertEqual((self.dir / "good.evidence").read_bytes(), good)
        self.ok("evidence", "verify", "good.evidence", "--genesis", self.top / "genesis.json", code=4)

    def test_a_file_that_cannot_be_read_does_not_say_that_there_is_none(self):
        self.ledger(b"\x63 no evidence", self.double_vote())
        done = self.evidence("list", code=5)
        self.assertEqual(done.stdout, "")
        self.assertIn("cannot read", done.stderr)
        self.assertEqual(json.loads(self.evidence("list", "--json", code=5).stdout)["schema"], "rotaledger.error/1")

    def test_none_is_none(self):
        self.ledger()
        self.assertIn("none", self.evidence("list", code=0).stdout)
        self.assertEqual(json.loads(self.evidence("list", "--json", code=0).stdout)["evidence"], [])


if __name__ == "__main__":
    unittest.main()
