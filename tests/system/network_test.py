"""Four facilities as their users meet them: one missing, two missing, the same bytes twice, a real roster, hostile bytes."""
import csv
import os
import pathlib
import random
import re
import signal
import socket
import threading
import unittest

from facilities import NAMES, Network, metric

ROSTER = os.environ.get("ROTA_DATA")


class FourFacilities(unittest.TestCase):
    def setUp(self):
        self.net = Network()
        self.addCleanup(self.net.close)
        self.net.start()
        self.net.ready()

    def commit(self, name, jws):
        answer = self.net.post(name, jws, wait=20)
        self.assertIn(answer.status, (200, 201), answer.body)
        return answer.json()

    def test_with_one_stopped_commits_go_on_with_two_none_happens_and_clients_are_told(self):
        net = self.net
        work = iter(net.signed("alpha", 20))
        net.kill("delta")
        for _ in range(3):
            self.commit("alpha", next(work))
        net.kill("charlie")
        last = next(work)

        def told():
            answer = net.post("alpha", last)
            return answer.status == 503 and answer
        answer = net.until(told, 20, "a client is told that there is no quorum")
        self.assertEqual(answer.json()["code"], "no-quorum")
        self.assertIn("Retry-After", answer.headers)
        self.assertIn("Reading", answer.json()["next"])
        height = net.status("alpha")["height"]
        self.assertEqual(len(net.get("alpha", "/v1/schedule").json()["assignments"]), 3, "reading goes on")
        net.start("charlie", "delta")
        net.ready()
        self.commit("bravo", last)
        self.assertGreater(net.status("bravo")["height"], height)
        net.settle()

    def test_the_same_bytes_through_two_facilities_are_one_entry_with_one_receipt(self):
        net = self.net
        jws = net.signed("bravo", 1)[0]
        answers = [None, None]

        def hand_in(at, name):
            answers[at] = net.post(name, jws, wait=20)
        threads = [threading.Thread(target=hand_in, args=pair) for pair in ((0, "alpha"), (1, "charlie"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        again = net.post("delta", jws, wait=20)
        self.assertEqual(again.status, 200)
        documents = [answer.json() for answer in answers] + [again.json()]
        self.assertEqual(len({(d["id"], d["height"], d["leaf_index"]) for d in documents}), 1)
        net.settle()
        receipts = [net.get(name, f"/v1/proposals/{documents[0]['id']}/receipt").json() for name in NAMES]
        for receipt in receipts:
            for part in ("proposal", "leaf_index", "entry_index", "tree_path", "outcome", "outcome_path", "headers"):
                self.assertEqual(receipt[part], receipts[0][part], part)
        (net.dir / "receipt.json").write_bytes(net.get("bravo", f"/v1/proposals/{documents[0]['id']}/receipt").body)
        net.rota("receipt", "verify", "receipt.json", "--genesis", "genesis.json")

    def equivocate(self, facility, first, second, at_once):
        """Hands the two in at alpha and charlie; everybody then holds the same proof, and the key is suspended everywhere."""
        net = self.net
        if at_once:
            threads = [threading.Thread(target=net.post, args=(name, jws, 5)) for name, jws in (("alpha", first), ("charlie", second))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        else:
            self.commit("alpha", first)
            answer = net.post("charlie", second)
            self.assertEqual((answer.status, answer.json()["code"]), (409, "equivocation"))

        def proofs():
            found = [[(a["height"], a["evidence"]) for a in net.get(n, "/v1/anomalies").json()["anomalies"] if facility in a["text"]] for n in NAMES]
            return all(found) and all(one == found[0] for one in found) and found
        net.until(proofs, 20, "the same evidence at all four")
        later = net.signed(facility, 1, person=7, first_seq=50)[0]
        for name in NAMES:
            answer = net.post(name, later)
            self.assertEqual((answer.status, answer.json()["code"]), (422, "key-suspended"), name)

    # PROTOCOL E7
    def test_two_proposals_with_one_number_are_evidence_in_whatever_order_they_meet(self):
        net = self.net
        for at_once, facility in ((False, "bravo"), (True, "delta")):
            self.equivocate(facility, net.signed(facility, 1, person=1)[0], net.signed(facility, 1, person=2, day=21000)[0], at_once)
        net.settle()
        net.kill(*NAMES, how=signal.SIGTERM)
        for name in NAMES:
            report = net.audit(name)
            self.assertEqual(report["exit_code"], 0)
            self.assertEqual(len(report["anomalies"]), 2)

    @unittest.skipUnless(ROSTER, "ROTA_DATA names no folder with a roster")
    def test_a_real_roster_commits_whole(self):
        net, roster = self.net, pathlib.Path(ROSTER).resolve() / "assignments.csv"
        (net.dir / "roster.map").write_text('person = "employee"\ndate = "date"\nstart = "start"\nend = "end"\ncode = "shift"\nfacility = "alpha"\n')
        words = ("import", roster, "--map", "roster.map", "--key", "chief-alpha.key", "--passphrase-file", net.passphrase,
                 "--people", "who.csv", "--enrol", "--json", "--report", "report.csv")
        net.rota(*words, "--node", net.url("alpha"))
        with open(net.dir / "report.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["result"] for row in rows], ["committed"] * 424)
        net.settle()
        net.rota("export", "--format", "csv", "--node", net.url("charlie"), "--out", "export.csv")
        with open(net.dir / "export.csv") as file:
            self.assertEqual(len(list(csv.DictReader(file))), 424)
        tree = metric(net.get("alpha", "/metrics").body.decode(), "rota_tree_size")
        net.rota(*words, "--node", net.url("bravo"))
        self.assertEqual(metric(net.get("alpha", "/metrics").body.decode(), "rota_tree_size"), tree, "the second import changed something")

    def test_hostile_bytes_at_both_doors_get_an_error_and_a_counter(self):
        net = self.net
        good = net.signed("alpha", 30)
        other = net.signed("alpha", 1, first_seq=900)[0].split(".")
        draw = random.Random(5)

        def raw(port, data, seconds=5):
            with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
                answer = b""
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    while more := s.recv(65536):
                        answer += more
                except OSError:
                    pass
                return answer
        head = "POST /v1/proposals HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\n"
        http = net.http["alpha"]
        for data, status in (
                (head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b" 400 "),
                (head + "Content-Length: +5\r\n\r\nhello", b" 400 "),
                (head + "Content-Length: 99999999\r\n\r\n", b" 413 "),
                (head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b" 501 "),
                ("GET /v1/status HTTP/1.1\r\n\r\n", b" 400 "),
                ("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
                ("PUT /v1/proposals HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b" 405 "),
                (head.replace("application/jose", "text/html") + "Content-Length: 2\r\n\r\nhi", b" 415 ")):
            self.assertIn(status, raw(http, data.encode())[:40], data)
        for _ in range(100):
            raw(http, draw.randbytes(draw.randrange(1, 3000)))
        for jws, status in ((good[0][:-20], 400), ("." * 50, 400), (".".join([*good[0].split(".")[:2], other[2]]), 400),
                            ("a." + "W" * 80000 + ".b", 400)):
            self.assertEqual(net.post("alpha", jws).status, status, jws[:60])
        for _ in range(60):
            raw(net.peer["alpha"], draw.randbytes(draw.randrange(1, 5000)))
        raw(net.peer["alpha"], b"\xff" * 200)
        crowd = [socket.create_connection(("127.0.0.1", http)) for _ in range(40)]
        self.commit("alpha", good[1])
        for one in crowd:
            one.close()
        text = net.get("alpha", "/metrics").body.decode()
        self.assertGreaterEqual(int(re.search(r'rota_proposals_total\{result="malformed"\} (\d+)', text)[1]), 4)
        self.assertEqual(self.commit("alpha", good[2])["outcomes"][0]["name"], "ok")
        net.settle()


class OneFacility(unittest.TestCase):
    def test_one_facility_alone_commits_and_comes_back(self):
        net = Network(names=["alpha"])
        self.addCleanup(net.close)
        net.start()
        net.ready()
        work = net.signed("alpha", 4)
        self.assertEqual(net.post("alpha", work[0], wait=10).status, 201)
        net.kill("alpha")
        net.start("alpha")
        net.ready()
        self.assertEqual(net.post("alpha", work[0], wait=10).status, 200)
        self.assertEqual(net.post("alpha", work[1], wait=10).status, 201)


if __name__ == "__main__":
    unittest.main()
