"""Reads that see everything committed before them, from any facility, over HTTP and with rota (PROTOCOL L1)."""
import json
import unittest

from facilities import Network


class Reads(unittest.TestCase):
    def setUp(self):
        self.net = Network()
        self.addCleanup(self.net.close)
        self.net.start()
        self.net.ready()

    def test_a_read_at_another_facility_sees_what_was_just_committed(self):
        net = self.net
        for count, jws in enumerate(net.signed("alpha", 40), 1):
            self.assertIn(net.post("alpha", jws, wait=20).status, (200, 201))
            answer = net.get("delta", "/v1/schedule?read=linearizable&person=p-0")
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(len(answer.json()["assignments"]), count)
        self.assertLess(answer.json()["age_ms"], 60000)
        shown = net.rota("show", "--linearizable", "--node", net.url("bravo"), "--json").stdout
        self.assertEqual(len(json.loads(shown)["assignments"]), 40)

    def test_without_a_quorum_a_linearizable_read_is_refused_and_a_local_one_is_not(self):
        net = self.net
        net.post("alpha", net.signed("alpha", 1)[0], wait=20)
        self.assertEqual(net.get("alpha", "/v1/codes?read=sometimes").status, 400)
        net.kill("charlie", "delta")
        answer = net.until(lambda: (a := net.get("alpha", "/v1/codes?read=linearizable")).status == 503 and a, 20, "the read is refused")
        self.assertEqual(answer.json()["code"], "no-quorum")
        self.assertEqual(net.get("alpha", "/v1/codes?read=local").status, 200)
        self.assertEqual(net.get("alpha", "/v1/codes").status, 200)
        failed = net.rota("show", "--linearizable", "--node", net.url("alpha"), ok=False)
        self.assertNotEqual(failed.returncode, 0)
        net.start("charlie", "delta")
        net.ready()
        self.assertEqual(net.get("alpha", "/v1/codes?read=linearizable").status, 200)


if __name__ == "__main__":
    unittest.main()
