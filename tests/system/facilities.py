"""Facilities: a network of real nodes for the system tests: keys, genesis, processes, sockets, kill -9. Everything in a temporary folder,
traffic on loopback only, and only processes started here are ended."""
import csv
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import history
from bad_world import BadWorld
from relay import Relay

BIN = pathlib.Path(os.environ.get("ROTA_BIN", pathlib.Path(__file__).parents[2] / "build/dev/bin")).resolve()  # programs run elsewhere
NAMES = ["alpha", "bravo", "charlie", "delta"]
INTAKE = """
intake {
    queue = 2000
    rate_per_second = 5000
    burst = 2000
    pool default { capacity = 256 }
}
"""


def free_ports(count):
    """Ports that nobody uses, below those that the system gives to outgoing connections. Each is claimed for the life of this
    process by a datagram socket of that number, so that another test beside us takes none of them."""
    ports = []
    while len(ports) < count:
        port = random.randrange(15000, 32000)
        claim, one = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        try:
            claim.bind(("127.0.0.1", port))
            one.bind(("127.0.0.1", port))
            claim.detach()
            ports.append(port)
        except OSError:
            claim.close()
        one.close()
    return ports


class Answer:
    def __init__(self, status, body, headers):
        self.status, self.body, self.headers = status, body, headers

    def json(self):
        return json.loads(self.body)


class Network:
    def __init__(self, names=NAMES, people=8, intake=INTAKE, timers=(), relay=False, worlds=False, limits=(), liars=(),
                 admins=False, profile="byzantine"):
        """relay: facilities reach each other through net.relay only. worlds: each has a disk and a clock that net.world[name]
        can spoil. liars: these run a node that lies when net.lie says so. admins: each has an administrator's key, admin-NAME.key, that is not
        its node's."""
        self.names = list(names)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="rota-system-"))
        self.processes = {}
        ports = free_ports(3 * len(names))
        self.peer = dict(zip(names, ports))
        self.http = dict(zip(names, ports[len(names):]))
        self.behind = dict(zip(names, ports[2 * len(names):])) if relay else None
        self.relay = None
        self.world = {name: BadWorld(BIN / "librota-bad-world.so", self.dir / f"{name}.world") for name in names} if worlds else {}
        self.liars = set(liars)
        self.admins = admins
        self.passphrase = self.dir / "passphrase"
        self.passphrase.write_text("system-test\n")
        self.passphrase.chmod(0o600)
        self.profile = profile
        self.make(people, intake, timers, limits)

    # ---- making ----------------------------------------------------------------------------------------------------

    def rota(self, *words, ok=True, **more):
        run = subprocess.run([BIN / "rota", *map(str, words)], capture_output=True, text=True, timeout=300, cwd=self.dir, **more)
        if ok and run.returncode != 0:
            raise AssertionError(f"rota {' '.join(map(str, words))}: exit {run.returncode}\n{run.stdout}{run.stderr}")
        return run

    def key(self, role, label, out=None):
        path = self.dir / (out or label)
        self.rota("key", "generate", "--role", role, "--label", label, "--out", path, "--passphrase-file", self.passphrase)
        return pathlib.Path(f"{path}.key")

    def make(self, people, intake, timers, limits):
        words = []
        for name in self.names:
            self.key("facility", name)
            self.key("coordinator", f"chief-{name}")
            words += ["--member", f"{name}={self.dir}/{name}.pub@tcp://127.0.0.1:{self.peer[name]}"]
            words += ["--coordinator", f"{self.dir}/chief-{name}.pub@{name}:scheduler+director"]
            if self.admins:
                self.key("admin", name, f"admin-{name}")
                words += ["--admin", f"{name}={self.dir}/admin-{name}.pub"]
        for limit in limits:
            words += ["--limit", limit]
        for timer in timers:
            words += ["--timer", timer]
        with open(self.dir / "people.csv", "w", newline="") as file:
            csv.writer(file).writerows([["id", "home"], *([f"p-{i}", self.names[i % len(self.names)]] for i in range(people))])
        with open(self.dir / "codes.csv", "w", newline="") as file:
            csv.writer(file).writerows([["id", "pool"], ["DAY", ""], ["NIGHT", ""]])
        words += ["--profile", self.profile]
        self.rota("genesis", "new", "--name", "system", *words, "--people", "people.csv", "--codes", "codes.csv", "--out", "draft.json")
        self.rota("genesis", "seal", "draft.json", "--out", "genesis.json")
        self.ledger_id = json.loads(self.rota("genesis", "show", "genesis.json", "--json").stdout)["ledger_id"]
        for name in self.names:
            self.init(name, intake)

    def init(self, name, intake=INTAKE):
        """A node directory with an empty ledger and an empty journal."""
        self.rota("node", "init", "--dir", self.dir / f"node-{name}", "--genesis", "genesis.json", "--key", f"{name}.key",
                  "--http", f"127.0.0.1:{self.http[name]}")
        with open(self.dir / f"node-{name}" / "rotad.conf", "a") as file:
            file.write(intake)
            if self.behind:
                file.write(f'listen = "tcp://127.0.0.1:{self.behind[name]}"\n')

    # ---- running ---------------------------------------------------------------------------------------------------

    def start(self, *names):
        if self.behind and not self.relay:
            self.relay = Relay(BIN / "rota-relay", self.peer, self.behind)
        for name in names or self.names:
            log = open(self.dir / f"{name}.log", "ab")
            program = BIN / ("rotad-liar" if name in self.liars else "rotad")
            environment = self.world[name].environment if self.world else dict(os.environ, ROTA_LIES=str(self.dir / f"{name}.lie"))
            self.processes[name] = subprocess.Popen([program, "--dir", self.dir / f"node-{name}", "--passphrase-file", self.passphrase],
                                                    stdout=log, stderr=log, env=environment)
            log.close()

    def kill(self, *names, how=signal.SIGKILL):
        """Ends nodes that are expected to run: one that is gone already has ended for a reason of its own."""
        for name in names:
            code = self.processes[name].poll()
            if code is not None:
                raise AssertionError(f"{name} ended with {code} by itself; its log ends with {self.log(name)[-2000:]}")
            self.processes[name].send_signal(how)
        for name in names:
            self.processes.pop(name).wait(timeout=30)

    def ended(self, name, seconds=30):
        """The exit code of a node that ends by itself."""
        return self.processes.pop(name).wait(timeout=seconds)

    def lie(self, name, lie):
        """From now on; None ends it. liar/liar.c has the lies."""
        (self.dir / f"{name}.new").write_text(lie or "")
        (self.dir / f"{name}.new").rename(self.dir / f"{name}.lie")

    def freeze(self, *names):
        for name in names:
            self.processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, *names):
        for name in names:
            self.processes[name].send_signal(signal.SIGCONT)

    def abandon(self):
        """Ends everything at once and keeps the folder: something went wrong and is to be looked at."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes = {}
        if self.relay:
            self.relay.close()
            self.relay = None

    def close(self, keep=False):
        """Ends every process; a node that did not end well fails the test. The folder goes unless it is to be looked at."""
        for process in self.processes.values():
            process.terminate()
        trouble = []
        for name, process in self.processes.items():
            try:
                code = process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                trouble.append(f"{name} does not stop")
                continue
            if code != 0:
                trouble.append(f"{name} stopped with {code}; its log ends with {self.log(name)[-2000:]}")
        self.processes = {}
        if self.relay:
            self.relay.close()
            self.relay = None
        if trouble:
            raise AssertionError("; ".join(trouble) + f" (kept in {self.dir})")
        if not keep:
            shutil.rmtree(self.dir)

    def log(self, name):
        return (self.dir / f"{name}.log").read_text(errors="replace")

    def until(self, fact, seconds, what):
        """Waits for a fact, never for a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                value = fact()
                if value:
                    return value
            except (OSError, urllib.error.URLError, KeyError, ValueError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {what}")

    def is_ready(self, name):
        code = self.processes[name].poll()
        if code is not None:
            raise AssertionError(f"{name} ended with {code} by itself; its log ends with {self.log(name)[-2000:]}")
        return self.get(name, "/readyz/write").status == 200

    def ready(self, *names):
        for name in names or self.names:
            self.until(lambda n=name: self.is_ready(n), 30, f"{name} ready")

    # ---- asking ----------------------------------------------------------------------------------------------------

    def ask(self, name, path, data=None, headers=None, timeout=40):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http[name]}{path}", data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), dict(error.headers))

    def get(self, name, path):
        return self.ask(name, path, timeout=10)

    def status(self, name):
        return self.get(name, "/v1/status").json()

    def url(self, name):
        return f"http://127.0.0.1:{self.http[name]}"

    def post(self, name, jws, wait=None, timeout=40):
        headers = {"Content-Type": "application/jose"}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.ask(name, "/v1/proposals", data=jws.encode(), headers=headers, timeout=timeout)

    def same_head(self, *names):
        names = names or self.names
        heads = {(s["height"], s["head"]) for s in map(self.status, names)}
        return len(heads) == 1

    def settle(self, *names):
        self.until(lambda: self.same_head(*(names or self.names)), 40, "one head everywhere")

    # ---- signing ---------------------------------------------------------------------------------------------------

    def signed(self, facility, count, person=0, first_seq=1, day=20000):
        """Signed proposals of a facility's chief: one hour on each day for one person."""
        run = subprocess.run([BIN / "rota-bulk-sign", self.dir / f"chief-{facility}.key", "system-test", self.ledger_id, str(first_seq),
                              str(count), f"p-{person}", facility, str(day)], capture_output=True, text=True, timeout=60, check=True)
        return run.stdout.split()

    # ---- judging ---------------------------------------------------------------------------------------------------

    def audit(self, name, folder=None):
        """The offline verdict on a stopped node's file, or on a copy in another folder, as a dictionary."""
        path = (folder or self.dir / f"node-{name}") / "ledger.db"
        run = subprocess.run([BIN / "rota-verify", path, "--genesis", self.dir / "genesis.json", "--json"], capture_output=True, text=True,
                             timeout=300)
        return json.loads(run.stdout)

    def ledger(self, name, folder=None):
        """A stopped node's file as the judge of histories wants it: proposals in order, and the hash of each block."""
        db = sqlite3.connect(f"file:{folder or self.dir / f'node-{name}'}/ledger.db?mode=ro", uri=True)
        try:
            entries = db.execute("SELECT id, height, leaf_index FROM entry WHERE kind = 1 ORDER BY leaf_index").fetchall()
            heads = db.execute("SELECT height, header FROM block").fetchall()
        finally:
            db.close()
        return history.Ledger([(id_.hex(), height, leaf) for id_, height, leaf in entries],
                              {height: hashlib.sha256(b"rotaledger/v1/block\n" + header).hexdigest() for height, header in heads})


def metric(text, name):
    """Sum of all samples of a Prometheus metric."""
    return sum(float(m[1]) for m in re.finditer(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$", text, re.M))
