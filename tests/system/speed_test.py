"""How fast real facilities are when something goes wrong, or the way is long: figures for people, limits with room to spare.
Numbers of a busy machine say little; ROTA_SPEED_SLACK (2) multiplies the limits of time, ROTA_SPEED_KILLS (5) and
ROTA_SPEED_LAG (3000) are how often a primary is killed and how many blocks a facility is behind."""
import http.client
import json
import os
import pathlib
import statistics
import threading
import time
import unittest

from facilities import Network

SLACK = float(os.environ.get("ROTA_SPEED_SLACK", "2"))
KILLS = int(os.environ.get("ROTA_SPEED_KILLS", "5"))
LAG = int(os.environ.get("ROTA_SPEED_LAG", "3000"))
INTAKE = """
intake {
    queue = 2000
    rate_per_second = 10000
    burst = 4096
    pool default { capacity = 1000 }
}
"""


class Door:
    """One connection that stays open."""

    def __init__(self, net, name):
        self.port, self.connection = net.http[name], None

    def ask(self, method, path, body=None, headers=None):
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            self.connection.request(method, path, body=body, headers=headers or {})
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""

    def close(self):
        if self.connection:
            self.connection.close()

    def post(self, jws, wait=None):
        headers = {"Content-Type": "application/jose"}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.ask("POST", "/v1/proposals", jws.encode(), headers)[0]

    def height(self):
        status, body = self.ask("GET", "/v1/codes")
        return json.loads(body)["height"] if status == 200 else 0


def fdatasync_ms(folder, count=50):
    """Median of one small appended write made durable, on the disk the ledgers are on."""
    took = []
    path = pathlib.Path(folder) / "fdatasync"
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * 4096)
            begin = time.monotonic()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.monotonic() - begin))
    path.unlink()
    return statistics.median(took)


class Load(threading.Thread):
    """Hands proposals in through one facility, one after the other, and notes when each was in the ledger."""

    def __init__(self, net, name, work, wait=5, pause_s=0.0):
        super().__init__(daemon=True)
        self.door, self.work, self.wait, self.pause_s = Door(net, name), work, wait, pause_s
        self.well = (200, 201) if wait is not None else (200, 201, 202)  # without waiting it is enough that it was taken in
        self.commits, self.ending = [], threading.Event()

    def run(self):
        for jws in self.work:
            while self.door.post(jws, self.wait) not in self.well:
                if self.ending.is_set():
                    return
                time.sleep(0.01)
            self.commits.append(time.monotonic())
            if self.ending.wait(self.pause_s):
                return

    def end(self):
        self.ending.set()
        self.join()
        self.door.close()


class Speed(unittest.TestCase):
    def open(self, **options):
        self.net = Network(**options)
        self.addCleanup(self.net.close)
        self.net.start()
        self.net.ready()
        return self.net

    def primary(self):
        return self.net.status(next(iter(self.net.processes)))["primary"]

    def gaps(self, net, kills, dead):
        """Kills so many primaries in a row at once, under load; the longest time without a commit, each time."""
        gaps = []
        work = {name: iter(net.signed(name, 3000, person=i)) for i, name in enumerate(net.names)}
        for _ in range(kills):
            first = net.names.index(self.primary())
            victims = [net.names[(first + i) % len(net.names)] for i in range(dead)]
            loads = [Load(net, name, work[name]) for name in net.names if name not in victims][:3]
            for load in loads:
                load.start()
            net.until(lambda: all(len(load.commits) > 3 for load in loads), 30, "the load runs")
            net.kill(*victims)
            killed = time.monotonic()
            net.until(lambda: all(load.commits[-1] > killed + 0.05 for load in loads), 30, "commits go on")
            for load in loads:
                load.end()
            times = sorted(at for load in loads for at in load.commits)
            gaps.append(max(b - a for a, b in zip(times, times[1:]) if b > killed))
            net.start(*victims)
            net.ready()
            net.settle()
        print(f"\n{dead} primaries of {len(net.names)} killed under load: gap median {1000 * statistics.median(gaps):.0f} ms, "
              f"longest {1000 * max(gaps):.0f} ms, of {len(gaps)}", flush=True)
        return gaps

    def test_a_killed_primary_costs_less_than_a_second(self):
        self.assertLess(statistics.median(self.gaps(self.open(), KILLS, 1)), 0.8 * SLACK)

    def test_two_primaries_in_a_row_cost_three_times_that(self):
        names = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf"]
        self.assertLess(statistics.median(self.gaps(self.open(names=names), (KILLS + 3) // 4, 2)), 3 * 0.8 * SLACK)

    def test_twenty_five_milliseconds_between_facilities(self):
        net = self.open(relay=True)
        net.relay.delay(25)
        sync_ms = fdatasync_ms(net.dir)
        figures = {}
        for i, name in enumerate(net.names):
            door, took = Door(net, name), []
            for jws in net.signed(name, 40, person=i):
                begin = time.monotonic()
                self.assertIn(door.post(jws, 5), (200, 201))
                took.append(1000 * (time.monotonic() - begin))
            figures[name] = statistics.median(took)
            door.close()
        primary = self.primary()
        others = statistics.median(ms for name, ms in figures.items() if name != primary)
        limit = 3 * 25 * 1.25 + 5 * sync_ms
        print(f"\n25 ms one way: at the primary's door p50 {figures[primary]:.1f} ms, at the others' {others:.1f} ms; "
              f"3 delays x 1.25 + 5 fdatasyncs of {sync_ms:.2f} ms = {limit:.1f} ms", flush=True)
        self.assertLess(figures[primary], limit * SLACK)
        self.assertLess(others, (limit + 25 * 1.25) * SLACK)

    def test_a_facility_far_behind_is_at_the_tip_soon(self):
        net = self.open(limits=["block_entries=1"], intake=INTAKE)
        net.kill("delta")
        names = [name for name in net.names if name != "delta"]
        share = LAG // len(names) + 500
        loads = [Load(net, name, net.signed(name, share, person=i), wait=None) for i, name in enumerate(names)]
        begin = time.monotonic()
        for load in loads:
            load.start()
        tip = Door(net, "alpha")
        net.until(lambda: tip.height() >= LAG, 600, f"{LAG} blocks")
        for load in loads:
            load.end()
        built = time.monotonic() - begin
        loads = [Load(net, name, net.signed(name, 2000, person=i, first_seq=share + 1, day=40000), pause_s=0.02)
                 for i, name in enumerate(names)]
        for load in loads:
            load.start()
        begin = time.monotonic()
        net.start("delta")
        behind = Door(net, "delta")
        net.until(lambda: 0 < tip.height() <= behind.height() + 16, 300, "delta is at the tip")
        took, height = time.monotonic() - begin, behind.height()
        behind.close()
        tip.close()
        committed = sum(len(load.commits) for load in loads)
        for load in loads:
            load.end()
        print(f"\n{LAG} blocks made in {built:.1f} s; an empty node was at height {height} in {took:.1f} s "
              f"({height / took:.0f} blocks/s) while {committed / took:.0f} proposals/s were committed", flush=True)
        self.assertGreater(committed, 0)
        self.assertLess(took, 10 * SLACK)
        net.settle()


if __name__ == "__main__":
    unittest.main()
