"""The coordinators' HTTP door of a real node, from outside and with a coordinator's key of our own: handing in and reading
as FORMATS §15 says."""
import re
import unittest

from coordinator import Coordinator, proposal_id
from http_node import Standing, assign, said_by


class HandingIn(Standing):
    def test_what_waits_gets_201_the_same_bytes_200_and_a_receipt(self):
        jws = self.node.proposal(assign("2027-01-01T08:00Z"))
        first = self.node.post(jws, wait=20)
        self.assertEqual(first.status, 201, first.body)
        document = first.json()
        self.assertEqual((document["id"], document["state"]), (proposal_id(jws), "committed"))
        self.assertGreaterEqual(document["height"], 1)
        self.assertEqual([(o["op"], o["code"], o["name"]) for o in document["outcomes"]], [(0, 0, "ok")])
        again = self.node.post(jws, wait=20)
        self.assertEqual((again.status, again.json()), (200, document))
        self.assertEqual(self.node.get(f"/v1/proposals/{document['id']}").json(), document)
        receipt = self.node.get(f"/v1/proposals/{document['id']}/receipt")
        self.assertEqual(receipt.status, 200)
        self.assertIn("immutable", receipt.headers["Cache-Control"])
        (self.node.dir / "receipt.json").write_bytes(receipt.body)
        self.node.rota("receipt", "verify", "receipt.json", "--genesis", "genesis.json")

    def test_what_does_not_wait_gets_202_and_a_place_to_look(self):
        jws = self.node.proposal(assign("2027-01-02T08:00Z"))
        answer = self.node.post(jws)
        self.assertEqual((answer.status, answer.json()), (202, {"id": proposal_id(jws), "state": "pending"}))
        self.assertEqual(answer.headers["Location"], f"/v1/proposals/{proposal_id(jws)}")
        self.node.until(lambda: self.node.get(answer.headers["Location"]).json()["state"] == "committed", "committed")

    def test_a_high_s_is_brought_down_and_is_the_same_proposal(self):
        payload = self.node.payload(self.node.chief, [assign("2027-01-03T08:00Z")])
        high, low = self.node.chief.sign(payload, high_s=True), self.node.chief.sign(payload)
        self.assertEqual(self.node.post(high, wait=20).status, 201)
        self.assertEqual(self.node.post(low, wait=20).status, 200)
        self.assertEqual(self.node.post(high, wait=20).status, 200)

    def test_a_clash_is_ordered_and_named(self):
        first = self.node.proposal(assign("2027-01-04T08:00Z"))
        self.node.post(first, wait=20)
        second = self.node.post(self.node.proposal(assign("2027-01-04T08:30Z")), wait=20)
        self.assertEqual(second.status, 201)
        outcome = second.json()["outcomes"][0]
        self.assertEqual((outcome["code"], outcome["name"]), (120, "overlap"))
        self.assertRegex(outcome["conflict"], "^[0-9a-f]+$")

    def test_a_dry_run_tells_the_outcome_and_orders_nothing(self):
        height = self.node.get("/v1/status").json()["height"]
        jws = self.node.proposal(assign("2027-01-05T08:00Z", person="nobody"), assign("2027-01-05T08:00Z"))
        answer = self.node.post(jws, query="?dry-run=1")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual([o["name"] for o in answer.json()["outcomes"]], ["unknown-person", "ok"])
        self.assertEqual(self.node.get("/v1/status").json()["height"], height)
        self.assertEqual(self.node.get(f"/v1/proposals/{proposal_id(jws)}").status, 404)

    def test_refusals_have_their_status_and_their_words(self):
        node, stranger = self.node, Coordinator("stranger")
        node.seq[stranger] = 0
        ops = [assign("2027-01-06T08:00Z")]
        good = node.proposal(*ops)
        broken = good[:-6] + (b"AAAAAA" if not good.endswith(b"AAAAAA") else b"BBBBBB")
        self.refused(node.post(b"nonsense"), 400, "malformed")
        self.refused(node.post(broken), 400, "bad-signature")
        self.refused(node.post(node.proposal(*ops, author=stranger)), 403, "unknown-key")
        self.refused(node.post(node.proposal(*ops, ledger="00" * 32)), 422, "wrong-ledger")
        node.post(node.proposal(assign("2027-01-06T20:00Z")), wait=20)
        self.refused(node.post(node.proposal(*ops, exp=1)), 422, "expired")
        said = self.refused(node.post(good, Rota_Key=node.clerk.kid), 400, "wrong-key")
        self.assertEqual(said["expected"], node.chief.kid)
        said = self.refused(node.post(good, Rota_Pool="icu"), 400, "wrong-pool")
        self.assertEqual(said["expected"], "default")
        said = self.refused(node.post(node.proposal(ops[0], {"op": "dance"})), 400, "malformed")
        self.assertEqual(said["operation"], 1)
        self.assertEqual(node.get(f"/v1/proposals/{proposal_id(good)}").status, 404, "a refused one came in")

    def test_the_true_key_and_pool_are_taken(self):
        jws = self.node.proposal(assign("2027-01-07T08:00Z", code="ICU"))
        self.assertEqual(self.node.post(jws, wait=20, Rota_Key=self.node.chief.kid, Rota_Pool="icu").status, 201)
        jws = self.node.proposal(assign("2027-01-08T08:00Z", code="ICU"))
        self.assertEqual(self.node.post(jws, wait=20).status, 201, "no claim is no lie")

    def test_two_proposals_with_one_number_are_told_and_stop_the_key(self):
        node, clerk = self.node, self.node.clerk
        first = node.proposal(assign("2027-01-09T08:00Z"), author=clerk)
        second = clerk.sign({**said_by(first), "ops": [assign("2027-01-10T08:00Z")]})
        self.assertEqual(node.post(first, wait=20).status, 201)
        said = self.refused(node.post(second, wait=20), 409, "equivocation")
        self.assertEqual(said["conflict"], proposal_id(first))
        self.assertIn("next", said)
        node.until(lambda: node.get("/v1/anomalies").json()["anomalies"], "evidence in the ledger")
        self.assertIn(clerk.kid[:8], node.get("/v1/anomalies").json()["anomalies"][0]["text"])
        self.refused(node.post(node.proposal(assign("2027-01-11T08:00Z"), author=clerk)), 422, "key-suspended")
        self.assertEqual(node.post(first, wait=20).status, 200, "what is in the ledger stays what it is")
        row = next(c for c in node.get("/v1/coordinators").json()["coordinators"] if c["kid"] == clerk.kid)
        self.assertGreaterEqual(row["suspended_at"], 1)


class Reading(Standing):
    def test_the_schedule_is_told_as_of_any_height(self):
        before = self.node.get("/v1/schedule").json()
        done = self.node.post(self.node.proposal(assign("2027-02-01T08:00Z", person="p-2")), wait=20).json()
        row = self.node.get(f"/v1/schedule?person=p-2&at={done['height']}").json()["assignments"]
        self.assertEqual([(r["person"], r["start"], r["minutes"], r["proposal"]) for r in row],
                         [("p-2", "2027-02-01T08:00Z", 60, done["id"])])
        earlier = self.node.get(f"/v1/schedule?person=p-2&at={before['height']}").json()
        self.assertEqual(earlier["assignments"], [])
        self.assertEqual(self.node.get("/v1/schedule?facility=elsewhere").json()["assignments"], [])
        for query in ("at=x", "at=-1", "at=", "person=a%20b"):
            self.refused(self.node.get("/v1/schedule?" + query), 400, "bad-query")

    def test_people_codes_and_coordinators_are_those_of_the_genesis(self):
        self.assertEqual([p["id"] for p in self.node.get("/v1/people").json()["people"]], ["p-1", "p-2"])
        codes = {c["id"]: c["pool"] for c in self.node.get("/v1/codes").json()["codes"]}
        self.assertEqual(codes, {"DAY": "", "ICU": "icu", "CLINIC": "clinic"})
        kids = {c["kid"] for c in self.node.get("/v1/coordinators").json()["coordinators"]}
        self.assertEqual(kids, {self.node.chief.kid, self.node.clerk.kid})
        one = self.node.get(f"/v1/coordinators?kid={self.node.clerk.kid}").json()["coordinators"]
        self.assertEqual([c["label"] for c in one], ["clerk"])
        self.refused(self.node.get("/v1/coordinators?kid=zz"), 400, "bad-query")

    def test_the_genesis_comes_byte_for_byte(self):
        self.assertEqual(self.node.get("/v1/genesis").body, (self.node.dir / "genesis.json").read_bytes())

    def test_blocks_are_chained(self):
        done = self.node.post(self.node.proposal(assign("2027-02-03T08:00Z")), wait=20).json()
        block = self.node.get(f"/v1/blocks/{done['height']}")
        self.assertIn("immutable", block.headers["Cache-Control"])
        self.assertIn(done["id"], [entry["id"] for entry in block.json()["entries"]])
        if done["height"] > 1:
            self.assertEqual(self.node.get(f"/v1/blocks/{done['height'] - 1}").json()["hash"], block.json()["prev_hash"])
        self.assertEqual(self.node.get("/v1/blocks/1000000").status, 404)

    def test_every_document_is_a_get_and_a_head(self):
        for path in ("/v1/status", "/v1/schedule", "/v1/people", "/v1/codes", "/v1/coordinators", "/v1/anomalies",
                     "/v1/genesis", "/livez", "/readyz", "/readyz/write", "/metrics", "/version"):
            self.assertEqual(self.node.get(path).status, 200, path)
            head = self.node.request("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""), path)
            wrong = self.node.request("PUT", path, b"")
            self.assertEqual(wrong.status, 405, path)
            self.assertIn("GET", wrong.headers["Allow"])

    def test_metrics_are_well_formed_and_in_one_piece(self):
        text, seen, typed = self.node.get("/metrics").body.decode(), [], {}
        self.assertTrue(text.endswith("\n"))
        for line in text.splitlines():
            kind = re.fullmatch(r"# TYPE (rota_\w+) (counter|gauge|histogram)", line)
            sample = re.fullmatch(r'(rota_\w+)(\{\w+="[^"\\\n]*"(?:,\w+="[^"\\\n]*")*\})? [0-9.e+-]+', line)
            self.assertTrue(kind or sample or line.startswith("# HELP rota_"), line)
            if kind:
                self.assertNotIn(kind[1], typed, "one metric, two types")
                typed[kind[1]] = kind[2]
            elif sample:
                name = re.sub("_(bucket|sum|count)$", "", sample[1])
                name = name if typed.get(name) == "histogram" else sample[1]
                self.assertIn(name, typed, "a sample without a type")
                self.assertTrue(typed[name] != "counter" or name.endswith("_total"), name)
                if not seen or seen[-1] != name:
                    self.assertNotIn(name, seen, "the samples of a metric lie apart")
                    seen.append(name)
        self.assertIn("rota_commit_duration_seconds", typed)
        self.assertIn("rota_shed_total", typed)


if __name__ == "__main__":
    unittest.main()
