"""A stand-in for a node that answers as FORMATS §15 says, and misbehaves on purpose: full, without quorum, slow."""
import base64
import hashlib
import http.server
import json
import threading
import time
import urllib.parse


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class StandIn:
    """One door that orders everything at once, each proposal a block. Several doors may share one ledger."""

    def __init__(self, genesis, ledger=None):
        self.genesis = genesis
        self.ledger = ledger if ledger is not None else {
            "blocks": [], "booked": [], "people": set(), "codes": set(), "lock": threading.Lock()}
        self.troubles = []  # (status, headers) to answer first
        self.trouble_every = 0
        self.delay = 0
        self.status = {}
        self.page = None  # so many assignments in one answer
        self.asked = []
        self.posts = 0
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, document, headers=(), kind="application/json"):
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def problem(self, status, code, detail, headers=()):
                self.answer(status, {"type": f"urn:rotaledger:problem:{code}", "status": status, "code": code,
                                     "detail": detail}, headers,
                            "application/problem+json")

            def do_GET(self):
                outer.get(self)

            def do_POST(self):
                outer.post(self, self.rfile.read(int(self.headers["Content-Length"])))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that was killed
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def get(self, request):
        coordinators = [{"kid": c["kid"], "label": "chief", "facility": "alpha", "roles": ["scheduler"],
                         "seq_highest": self.highest(c["kid"])}
                        for c in self.ledger.setdefault("coordinators", [])]
        path, _, query = request.path.partition("?")
        self.asked.append(request.path)
        assignments = [{"id": hashlib.sha256(repr(b).encode()).hexdigest()[:32], "person": b[0], "facility": "alpha",
                        "code": "DAY", "start": b[1],
                        "minutes": b[2], "from_height": b[3], "to_height": None, "proposal": b[4]}
                       for b in self.ledger["booked"]]
        answers = {"/v1/genesis": self.genesis, "/v1/status": {"height": len(self.ledger["blocks"]), "primary": "alpha", **self.status},
                   "/v1/coordinators": {"coordinators": coordinators},
                   "/v1/people": {"people": [{"id": p} for p in self.ledger["people"]]},
                   "/v1/codes": {"codes": [{"id": c} for c in self.ledger["codes"]]},
                   "/v1/schedule": self.schedule(assignments, dict(urllib.parse.parse_qsl(query))),
                   "/v1/anomalies": self.anomalies(dict(urllib.parse.parse_qsl(query)))}
        if path in answers:
            return request.answer(200, answers[path])
        return request.problem(404, "not-found", "there is no such thing")

    def schedule(self, assignments, query):
        height, offset = len(self.ledger["blocks"]), int(query.get("offset", 0))
        document = {"height": height, "at": int(query.get("at", height)), "assignments": assignments}
        if self.page is not None:
            document["assignments"] = assignments[offset:offset + self.page]
            if offset + self.page < len(assignments):
                document["next_offset"] = offset + self.page
        return document

    def anomalies(self, query):
        pieces, offset = self.ledger.get("anomalies", []), int(query.get("offset", 0))
        document = {"height": len(self.ledger["blocks"]), "count": len(pieces), "anomalies": pieces[offset:offset + 256]}
        if offset + 256 < len(pieces):
            document["next_offset"] = offset + 256
        return document

    def highest(self, kid):
        return max([b["seq"] for b in self.ledger["blocks"] if b["kid"] == kid], default=0)

    def post(self, request, body):
        with self.ledger["lock"]:
            self.posts += 1
            if self.troubles:
                return request.problem(*self.troubles.pop(0))
            if self.trouble_every and self.posts % self.trouble_every == 0:
                return request.problem(429, "rate-limited", "your share is full", [("Retry-After", "0")])
            self.seen.append(body)
            known = [b for b in self.ledger["blocks"] if b["bytes"] == body]
            if known:
                return request.answer(200, known[0]["document"])
            document = self.order(body)
        time.sleep(self.delay)
        return request.answer(201, document)

    def order(self, body):
        header, payload, _ = body.decode().split(".")
        kid, said = json.loads(decode(header))["kid"], json.loads(decode(payload))
        clash = [b for b in self.ledger["blocks"] if b["kid"] == kid and b["seq"] == said["seq"]]
        assert not clash, "one number, two proposals"
        identity = hashlib.sha256(body.rsplit(b".", 1)[0]).hexdigest()
        height = len(self.ledger["blocks"]) + 1
        outcomes = [self.decide(op, height, identity) for op in said["ops"]]
        document = {"id": identity, "state": "committed", "height": height, "leaf_index": 2 * height - 2,
                    "outcomes": outcomes}
        self.ledger["blocks"].append({"bytes": body, "kid": kid, "seq": said["seq"], "document": document,
                                      "ops": said["ops"]})
        return document

    def decide(self, op, height, identity):
        done = {"code": 0, "name": "ok", "text": "done"}
        if op["op"] == "person.enrol":
            self.ledger["people"].add(op["person"])
        elif op["op"] == "code.define":
            self.ledger["codes"].add(op["code"])
        elif op["op"] == "assign":
            if op["person"] not in self.ledger["people"]:
                return {"code": 110, "name": "unknown-person", "text": "nobody has enrolled this person"}
            if any(b[0] == op["person"] and b[1] == op["start"] for b in self.ledger["booked"]):
                return {"code": 120, "name": "overlap", "text": "the person is elsewhere then", "conflict": identity}
            self.ledger["booked"].append((op["person"], op["start"], op["minutes"], height, identity))
        return done
