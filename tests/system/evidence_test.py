"""What a ledger file says of view changes and of liars, in the hands of somebody who has nothing but the file and the genesis."""
import base64
import json
import signal
import sqlite3
import subprocess
import unittest

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


if __name__ == "__main__":
    unittest.main()
