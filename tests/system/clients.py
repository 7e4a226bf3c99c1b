"""Clients that write down what they ask and what they are told, for the judge of histories."""
import collections
import random
import threading
import time
import urllib.error

from coordinator import proposal_id
from history import Recorder

WAIT_S, PATIENCE_S = 2, 3
NOT_TAKEN_IN = {"rate", "pool-full", "queue-full", "no-quorum"}


class Client(threading.Thread):
    def __init__(self, net, label, seed):
        super().__init__(name=label)
        self.net, self.draw = net, random.Random(f"{seed} {label}")
        self.through = list(net.names)  # facilities that are asked
        self.recorder = Recorder(net.dir / f"{label}.history", label)
        self.ending = threading.Event()
        self.abandon = threading.Event()  # end at once, whatever is in hand
        self.trouble = None

    def run(self):
        try:
            while self.step():
                pass
        except Exception as error:  # told by whoever joins
            self.trouble = error
        finally:
            self.recorder.close()

    def ask(self, *words, **more):
        """The answer, or None when there is none in time."""
        try:
            return self.net.ask(*words, timeout=PATIENCE_S, **more)
        except (OSError, urllib.error.URLError):
            return None


class Writer(Client):
    """Hands in one facility's proposals, each through whoever answers, until it is in the ledger. Asked to end, it first
    brings the one in hand to its end."""

    def __init__(self, net, facility, person, seed, count=4000, day=20000, first_seq=1, title="writer", work=None):
        """work: signed already; else it is signed here."""
        super().__init__(net, f"{title}-{facility}", seed)
        self.work = collections.deque(work or net.signed(facility, count, person=person, day=day, first_seq=first_seq))
        self.committed = 0
        self.refusals = collections.Counter()

    def step(self):
        jws = self.work.popleft().encode()
        while not self.hand_in(jws):
            if self.abandon.is_set():
                return False
            time.sleep(0.02)
        self.committed += 1
        return self.work and not self.ending.is_set() and not self.abandon.is_set()

    def hand_in(self, jws):
        name = self.draw.choice(self.through)
        op = self.recorder.invoke("write", proposal_id(jws))
        answer = self.ask(name, "/v1/proposals", data=jws,
                          headers={"Content-Type": "application/jose", "Prefer": f"wait={WAIT_S}"})
        document = answer.json() if answer else {}
        if answer and answer.status in (200, 201) and document["state"] == "committed":
            self.recorder.ok(op, name, document["height"], document["leaf_index"])
            return True
        if document.get("code") in NOT_TAKEN_IN:
            self.recorder.fail(op)
            self.refusals[document["code"]] += 1
            return False
        self.recorder.info(op)
        if answer and answer.status not in (200, 201, 202, 503):
            raise AssertionError(f"{name} answered {answer.status} to a good proposal: {answer.body}")
        return False


class Reader(Client):
    """Asks whoever it likes for the head, for a head behind which nothing is missing, and what became of a proposal that some writer
    has handed in."""

    def __init__(self, net, number, seed, writers):
        super().__init__(net, f"reader-{number}", seed)
        self.ids = []
        for writer in writers:
            self.ids += [proposal_id(jws.encode()) for jws in list(writer.work)[:200]]

    def step(self):
        name, chance = self.draw.choice(self.through), self.draw.random()
        if chance < 0.3:
            self.read(name, "read", "/v1/status")
        elif chance < 0.6:
            self.read(name, "readnow", "/v1/codes?read=linearizable")
        else:
            self.look(name, self.draw.choice(self.ids))
        time.sleep(0.01)
        return not self.ending.is_set()

    def read(self, name, kind, path):
        op = self.recorder.invoke(kind, name)
        answer = self.ask(name, path)
        if answer and answer.status == 200:
            self.recorder.ok(op, name, answer.json()["height"], answer.json()["head"])
            return
        self.recorder.info(op)
        if answer and answer.status != 503:
            raise AssertionError(f"{name} answered {answer.status} to {path}: {answer.body}")

    def look(self, name, id_):
        op = self.recorder.invoke("look", name, id_)
        answer = self.ask(name, f"/v1/proposals/{id_}")
        document = answer.json() if answer else {}
        if document.get("state") == "committed":
            self.recorder.ok(op, name, document["height"], document["leaf_index"])
        elif document.get("state") in ("pending", "unknown"):
            self.recorder.ok(op, name, "none")
        else:
            self.recorder.info(op)
