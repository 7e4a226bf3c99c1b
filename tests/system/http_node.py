"""One node and its HTTP door for the system tests, with coordinators' keys of our own."""
import base64
import contextlib
import http.client
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

import http_hostile
from coordinator import Coordinator
from facilities import BIN, free_ports

INTAKE = """
intake {
    queue = 64
    rate_per_second = %(rate)d
    burst = %(burst)d
    pool icu { capacity = 2 reserved = 1 borrow = 1 }
    pool clinic { capacity = 2 reserved = 1 borrow = 1 }
    pool default { capacity = 8 }
    pool flex { capacity = 1 }
}
"""


class Answer:
    def __init__(self, reply):
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The code of a problem document that is in form."""
        said = self.json()
        assert self.headers["Content-Type"] == "application/problem+json", self.headers
        assert said["type"] == f"urn:rotaledger:problem:{said['code']}" and said["status"] == self.status, said
        assert said["title"] and said["detail"], said
        return said["code"]


class Node:
    """One node of a ledger with this many members; the others never start."""

    def __init__(self, members=1, rate=100000, burst=4096):
        self.folder = tempfile.TemporaryDirectory(prefix="rota-door-")
        self.dir = pathlib.Path(self.folder.name)
        self.chief, self.clerk = Coordinator("chief"), Coordinator("clerk")
        self.seq = {self.chief: 0, self.clerk: 0}
        self.port, *ports = free_ports(members + 1)
        (self.dir / "pass").write_text("door\n")
        (self.dir / "pass").chmod(0o600)
        self.genesis([f"m{i}" for i in range(members)], ports)
        self.rota("node", "init", "--dir", "node", "--genesis", "genesis.json", "--key", "m0.key", "--http",
                  f"127.0.0.1:{self.port}")
        with open(self.dir / "node" / "rotad.conf", "a") as file:
            file.write(INTAKE % {"rate": rate, "burst": burst})
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen(
                [BIN / "rotad", "--dir", self.dir / "node", "--passphrase-file", self.dir / "pass"], stdout=log, stderr=log)
        self.until(lambda: self.get("/livez").status == 200, "alive")
        if members == 1:
            self.until(lambda: self.get("/readyz/write").status == 200, "ready to write")

    def rota(self, *words):
        run = subprocess.run([BIN / "rota", *map(str, words)], cwd=self.dir, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, f"rota {words}: {run.stdout}{run.stderr}"
        return run.stdout

    def genesis(self, members, ports):
        words = []
        for name, port in zip(members, ports):
            self.rota("key", "generate", "--role", "facility", "--label", name, "--out", name, "--passphrase-file", "pass")
            words += ["--member", f"{name}={name}.pub@tcp://127.0.0.1:{port}"]
        for one in (self.chief, self.clerk):
            (self.dir / f"{one.label}.pub").write_text(one.public_line())
            words += ["--coordinator", f"{one.label}.pub@m0:scheduler+director"]
        (self.dir / "people.csv").write_text("id,home\np-1,m0\np-2,m0\n")
        (self.dir / "codes.csv").write_text("id,pool\nDAY,\nICU,icu\nCLINIC,clinic\n")
        self.rota("genesis", "new", "--name", "door", *words, "--people", "people.csv", "--codes", "codes.csv",
                  "--out", "draft.json")
        self.rota("genesis", "seal", "draft.json", "--out", "genesis.json")
        self.ledger = json.loads(self.rota("genesis", "show", "genesis.json", "--json"))["ledger_id"]

    def close(self):
        self.process.terminate()
        code = self.process.wait(timeout=30)
        said = (self.dir / "log").read_text(errors="replace")
        self.folder.cleanup()
        assert code == 0, f"rotad ended with {code}: {said[-3000:]}"

    def until(self, fact, what, seconds=20):
        """Waits for a fact, never for a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                value = fact()
                if value:
                    return value
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s: {what}")

    # ---- asking ------------------------------------------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, jws, wait=None, query="", **headers):
        headers = {"Content-Type": "application/jose", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.request("POST", "/v1/proposals" + query, jws, headers)

    # ---- signing -----------------------------------------------------------------------------------------------------

    def payload(self, author, ops, **more):
        self.seq[author] += 1
        return {"ledger": self.ledger, "seq": self.seq[author], "exp": 1_000_000, "reason": "test", "ops": ops, **more}

    def proposal(self, *ops, author=None, high_s=False, **more):
        author = author or self.chief
        return author.sign(self.payload(author, list(ops), **more), high_s)

    def metric(self, name, label=""):
        return http_hostile.Door("127.0.0.1", self.port).counter(name, label)

    def pool(self, name):
        return next(pool for pool in self.get("/v1/status").json()["pools"] if pool["pool"] == name)


def assign(start, person="p-1", code="DAY", minutes=60):
    return {"op": "assign", "person": person, "code": code, "facility": "m0", "start": start, "minutes": minutes}


class Standing(unittest.TestCase):
    """Tests that share one node; each uses days of its own."""
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.node = Node(**cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.problem()), (status, code), answer.body)
        return answer.json()


def said_by(jws):
    """The payload of a signed proposal."""
    part = jws.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
