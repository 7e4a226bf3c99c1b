"""A schedule: clients at all facilities while faults come from a seed; then everything heals, what is under way comes to its
end, and the history, the four ledgers and their audits are judged.

    schedule.py [--seed N] [--steps N] [--runs N] [--only FAULT]...     by hand, for as long as you like
"""
import argparse
import datetime
import json
import random
import signal
import sys
import time

import faults
import history
from clients import Reader, Writer
from facilities import Network

ENOUGH = 50  # commits, or a run shows nothing
SLACK_S = 1  # reports show times in seconds
LINGER = 0.3  # share of faults that go on while the next one comes


class Run:
    """One network under load. As a context it keeps the folder, and ends every process, when something goes wrong."""

    def __init__(self, title, seed, **network):
        self.title, self.seed, self.draw = title, seed, random.Random(seed)
        self.net = Network(**network)
        self.wiped = []
        self.writers = [Writer(self.net, name, person, seed) for person, name in enumerate(self.net.names)]
        self.readers = [Reader(self.net, number, seed, self.writers) for number in range(2)]

    def __enter__(self):
        try:
            self.net.start()
            self.net.ready()
        except AssertionError as error:
            self.__exit__(type(error))
            raise
        for client in self.writers + self.readers:
            client.start()
        return self

    def __exit__(self, kind, *_):
        for client in self.writers + self.readers:
            client.ending.set()
            if kind is not None:
                client.abandon.set()  # there may be nobody left to bring what is in hand to its end
            if client.is_alive():
                client.join(timeout=10)
        if kind is None:
            self.net.close()
        else:
            print(f"{self.title}: ROTA_SEED={self.seed} failed; everything is kept in {self.net.dir}", flush=True)
            self.net.abandon()

    def committed(self):
        for client in self.writers + self.readers:
            if client.trouble:
                raise client.trouble
        return sum(writer.committed for writer in self.writers)

    def progress(self, count, seconds=30):
        """Commits go on."""
        goal = self.committed() + count
        self.net.until(lambda: self.committed() >= goal, seconds, f"{count} more commits")

    # ---- breaking ----------------------------------------------------------------------------------------------------

    def pick(self, kinds, going):
        """A fault of another kind than those that go on, with its victims among the nodes that they leave alone."""
        free = set(self.net.names) - {victim for fault in going for victim in fault.victims}
        kind = self.draw.choice([one for one in kinds if not any(isinstance(fault, one) for fault in going)] or kinds)
        return kind(self.net, self.draw, free) if free else None

    def mend(self, going):
        for fault in going:
            fault.end()
        going.clear()

    def chaos(self, steps, kinds=faults.ALL):
        going = []
        for _ in range(steps):
            fault = self.pick(kinds, going)
            if fault:
                fault.begin()
                going.append(fault)
                time.sleep(self.draw.uniform(*fault.seconds))
            if fault and self.draw.random() < LINGER and len(going) < 2:
                continue
            self.mend(going)
            if self.draw.random() < 0.6:
                self.progress(self.draw.randrange(1, 30))
        self.mend(going)

    # ---- healing and judging -----------------------------------------------------------------------------------------

    def finish(self, accused=None):
        """Each proposal in hand gets into the ledger, all come to one head, and everything is stopped. Nobody is named by evidence
        but who is accused."""
        net = self.net
        if net.relay:
            net.relay.calm()
        net.ready()
        for client in self.writers + self.readers:
            client.ending.set()
        for client in self.writers + self.readers:
            client.join(timeout=40)
            if client.is_alive():
                raise AssertionError(f"{client.name}: what it has in hand does not get into the ledger although everything is healed")
        self.committed()
        net.settle()
        for name in net.names:
            named = [a["text"] for a in net.get(name, "/v1/anomalies").json()["anomalies"] if not a.get("amnesia")]
            if any(accused is None or accused not in text for text in named):
                raise AssertionError(f"{name} holds evidence against one that did not lie: {named}")
        net.kill(*net.names, how=signal.SIGTERM)

    def operations(self):
        lines = []
        for path in sorted(self.net.dir.glob("*.history")):
            lines += path.read_text().splitlines()
        return history.parse(lines)

    def judge_time(self, head_time):
        """PROTOCOL N3: no block got its votes while a quorum's clocks found it too far ahead, and no later one has an earlier time."""
        clock_s = json.loads((self.net.dir / "genesis.json").read_text())["timers"]["clock_ms"] / 1000
        if datetime.datetime.fromisoformat(head_time).timestamp() > time.time() + clock_s + SLACK_S:
            raise AssertionError(f"the newest block is of {head_time}, which is still to come")

    def judge(self):
        """Everything that must hold, or an AssertionError that says what does not."""
        net, operations = self.net, self.operations()
        ledger = net.ledger(net.names[0])
        for name in net.names:
            if net.ledger(name) != ledger:
                raise AssertionError(f"{name} holds another ledger than {net.names[0]}")
            report = net.audit(name)
            if report["exit_code"] != 0:
                raise AssertionError(f"{name}'s file does not verify: {report}")
            self.judge_time(report["covered"]["head_time"])
        if not any(o.kind == "readnow" and o.end == "ok" for o in operations):
            raise AssertionError("no read behind which nothing may be missing was answered, so none was judged")
        violations = history.judge(operations, ledger, self.wiped)
        if violations:
            raise AssertionError("\n".join(f"{v.rule}: {v.text}" for v in violations))
        print(f"{self.title}: ROTA_SEED={self.seed}: {len(ledger.heads)} blocks; {history.summary(operations)}", flush=True)
        return operations, ledger


def seeded(environment):
    """The seed that was asked for, or one of its own."""
    return int(environment.get("ROTA_SEED", time.time_ns() % 1000000))


def run(seed, steps, kinds=faults.ALL):
    print(f"schedule: ROTA_SEED={seed}", flush=True)
    with Run("schedule", seed, relay=True) as one:
        one.chaos(steps, kinds)
        one.progress(max(0, ENOUGH - one.committed()))
        one.finish()
        one.judge()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", action="append", choices=[kind.__name__ for kind in faults.ALL])
    words = parser.parse_args()
    kinds = [kind for kind in faults.ALL if not words.only or kind.__name__ in words.only]
    for number in range(words.runs):
        run(words.seed + number, words.steps, kinds)


if __name__ == "__main__":
    sys.exit(main())
