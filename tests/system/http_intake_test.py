"""What is refused at the HTTP door before a body is read, and everything that http_hostile.py throws at it."""
import contextlib
import json
import socket
import time
import unittest

import http_hostile
from http_node import Standing, assign


class Places(Standing):
    """A place is taken before the body comes, and whoever finds none is told so at once."""

    def held(self, pool):
        """A proposal for this pool that never sends its body: it holds a place as long as it is open."""
        connection = socket.create_connection(("127.0.0.1", self.node.port), timeout=10)
        connection.sendall(http_hostile.post(b"", b"Rota-Pool: " + pool.encode(), length=100))
        return connection

    def header_only(self, pool):
        """The answer to a header alone: what comes back was decided without a body."""
        with self.held(pool) as connection:
            connection.settimeout(2)
            data = b""
            with contextlib.suppress(socket.timeout):
                while piece := connection.recv(65536):
                    data += piece
        replies = http_hostile.replies_of(data)
        return replies[0] if replies else None

    def test_a_full_pool_is_told_before_the_body_and_others_are_not_touched(self):
        refused = self.node.pool("icu")["refused"]
        with self.held("icu"), self.held("icu"):
            self.node.until(lambda: (lambda p: (p["in_use"], p["borrowed"]) == (2, 1))(self.node.pool("icu")), "icu full")
            reply = self.header_only("icu")
            self.assertIsNotNone(reply, "a body was awaited though there is no place")
            self.assertEqual((reply.status, json.loads(reply.body)["code"]), (429, "pool-full"))
            self.assertGreaterEqual(int(reply.headers["retry-after"]), 1)
            self.assertGreaterEqual(int(reply.headers["rota-retry-ms"]), 1)
            self.assertEqual(self.node.pool("icu")["refused"], refused + 1)
            self.assertGreaterEqual(self.node.metric("rota_pool_rejected_total", 'pool="icu"'), refused + 1)
            own = self.node.proposal(assign("2027-03-01T08:00Z", code="CLINIC"))
            self.assertEqual(self.node.post(own, wait=20, Rota_Pool="clinic").status, 201, "clinic keeps what is its own")
            with self.held("clinic"):
                self.node.until(lambda: self.node.pool("clinic")["in_use"] == 1, "clinic's own place taken")
                second = self.header_only("clinic")
                self.assertEqual(second and second.status, 429, "flex has one place, and icu has it")
        self.node.until(lambda: self.node.pool("icu")["in_use"] == 0, "every place given back")
        jws = self.node.proposal(assign("2027-03-02T08:00Z", code="ICU"))
        self.assertEqual(self.node.post(jws, wait=20, Rota_Pool="icu").status, 201)

    def test_naming_another_pool_gains_nothing(self):
        with self.held("icu"), self.held("icu"):
            self.node.until(lambda: self.node.pool("icu")["in_use"] == 2, "icu full")
            answer = self.node.post(self.node.proposal(assign("2027-03-03T08:00Z", code="ICU")), wait=20)
            self.assertEqual((answer.status, answer.problem()), (429, "pool-full"), "moved, and found no place")
        self.node.until(lambda: self.node.pool("icu")["in_use"] == 0, "every place given back")
        self.assertEqual(self.node.pool("default")["in_use"], 0)

    def test_a_place_comes_back_when_its_body_does_not_come(self):
        with self.held("icu"):
            self.node.until(lambda: self.node.pool("icu")["in_use"] == 1, "a place taken")
            self.node.until(lambda: self.node.pool("icu")["in_use"] == 0, "the place given back", http_hostile.BODY_S + 5)


class Shares(Standing):
    options = {"rate": 1, "burst": 3}

    def test_a_coordinator_has_a_share_and_nobody_elses(self):
        node = self.node
        jws = [node.proposal(assign(f"2027-04-0{day}T08:00Z")) for day in range(1, 6)]
        took = [node.post(one, Rota_Key=node.chief.kid) for one in jws]
        self.assertEqual([answer.status for answer in took[:3]], [202, 202, 202])
        late = took[-1]
        self.assertEqual((late.status, late.problem()), (429, "rate"))
        wait_ms = int(late.headers["Rota-Retry-Ms"])
        self.assertTrue(1 <= wait_ms <= 1000, wait_ms)
        self.assertEqual(int(late.headers["Retry-After"]), 1)
        other = node.proposal(assign("2027-04-08T08:00Z", person="p-2"), author=node.clerk)
        self.assertEqual(node.post(other, wait=20, Rota_Key=node.clerk.kid).status, 201, "another key has its own")
        time.sleep(wait_ms / 1000 + 0.05)
        self.assertIn(node.post(jws[-1], wait=20, Rota_Key=node.chief.kid).status, (200, 201), "as long as it said")
        self.assertGreaterEqual(node.metric("rota_shed_total", 'gate="rate"'), 1)

    def test_strangers_do_not_use_up_a_coordinators_share(self):
        node, door = self.node, http_hostile.Door("127.0.0.1", self.node.port)
        before = node.metric("rota_shares_returned_total")
        forged = node.clerk.sign(b"{}")[:-8] + b"AAAAAAAA"
        for i in range(12):
            name = b"Rota-Key: " + node.clerk.kid.encode()
            self.assertEqual(door.ask(http_hostile.post(forged if i % 2 else b"nonsense", name)).status, 400)
        with contextlib.suppress(ConnectionError):
            door.throw(http_hostile.post(b"half", name, length=400), end=True)
        node.until(lambda: node.metric("rota_shares_returned_total") >= before + 13, "the share is given back")
        jws = node.proposal(assign("2027-04-09T08:00Z", person="p-2"), author=node.clerk)
        self.assertEqual(node.post(jws, wait=20, Rota_Key=node.clerk.kid).status, 201)

    def test_names_that_are_made_up_do_not_make_shares(self):
        door, refusals = http_hostile.Door("127.0.0.1", self.node.port), 0
        for i in range(12):
            reply = door.ask(http_hostile.post(b"nonsense", b"Rota-Key: %032x" % (i + 1)))
            refusals += reply.status in (403, 429)
        self.assertGreaterEqual(refusals, 8, "every made-up name came with a full bucket")


class WithoutOthers(Standing):
    options = {"members": 4}

    def test_nothing_commits_and_what_still_works_works(self):
        node = self.node
        answer = node.post(node.proposal(assign("2027-05-01T08:00Z")), wait=20)
        said = self.refused(answer, 503, "no-quorum")
        self.assertIn("next", said)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(node.post(node.proposal(assign("2027-05-02T08:00Z")), query="?dry-run=1").status, 200)
        self.assertEqual((node.get("/livez").status, node.get("/readyz/write").status), (200, 503))
        checks = node.get("/readyz/write?verbose").body.decode()
        self.assertIn("ok loop", checks)
        self.assertIn("no quorum: 1 of 4", checks)
        self.assertIn("3 of 4 facilities decide, 1 may lie", node.get("/v1/status").json()["profile"])
        for path in ("/v1/schedule", "/v1/status", "/v1/genesis", "/metrics"):
            self.assertEqual(node.get(path).status, 200, path)
        quorum = node.get("/v1/status").json()["quorum"]
        self.assertEqual((quorum["needed"], quorum["heard"], quorum["members"]), (3, 1, 4))


class Hostile(Standing):
    def test_the_whole_list_is_turned_away_and_an_honest_client_served(self):
        lines = []
        failed = http_hostile.run_all(http_hostile.Door("127.0.0.1", self.node.port), say=lines.append)
        self.assertEqual(failed, [], "\n".join(lines))
        self.assertIsNone(self.node.process.poll(), "the node is gone")
        done = self.node.post(self.node.proposal(assign("2027-06-01T08:00Z")), wait=20)
        self.assertEqual(done.status, 201, done.body)


if __name__ == "__main__":
    unittest.main()
