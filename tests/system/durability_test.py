"""Nothing that was answered "committed" is ever lost, whoever is killed at whatever moment."""
import collections
import os
import random
import signal
import threading
import time
import unittest
import urllib.error

from facilities import NAMES, Network

KILLS = 20


class Client(threading.Thread):
    """Hands in one facility's proposals through whoever answers, until each has an answer that ends it."""

    def __init__(self, net, facility, number, seed):
        super().__init__()
        self.net, self.facility, self.draw = net, facility, random.Random(seed + number)
        self.work = collections.deque(net.signed(facility, 3000, person=number))
        self.committed, self.stop = [], threading.Event()

    def run(self):
        while self.work and not self.stop.is_set():
            name = self.draw.choice(self.net.names)
            try:
                answer = self.net.post(name, self.work[0], wait=3, timeout=6)
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)
                continue
            if answer.status in (200, 201) and answer.json()["state"] == "committed":
                self.committed.append(answer.json()["id"])
                self.work.popleft()
            elif answer.status in (429, 503):
                time.sleep(0.05)


class Durability(unittest.TestCase):
    # PROTOCOL D2, D3: what was answered had been made durable first, and nothing else was said
    def test_twenty_kills_at_random_moments_lose_nothing(self):
        seed = int(os.environ.get("ROTA_SEED", time.time_ns() % 1000000))
        print(f"durability: ROTA_SEED={seed}", flush=True)
        draw = random.Random(seed)
        net = Network(people=8)
        keep = True
        try:
            net.start()
            net.ready()
            clients = [Client(net, name, number, seed) for number, name in enumerate(NAMES)]
            for client in clients:
                client.start()
            for _ in range(KILLS):
                before = sum(len(client.committed) for client in clients)
                draw_more = draw.randrange(1, 30)
                net.until(lambda: sum(len(client.committed) for client in clients) >= before + draw_more, 60, "commits go on between kills")
                time.sleep(draw.uniform(0, 0.05))
                victims = NAMES if draw.random() < 0.25 else [draw.choice(NAMES)]
                net.kill(*victims)
                time.sleep(draw.uniform(0, 0.5))
                net.start(*victims)
            for client in clients:
                client.stop.set()
            for client in clients:
                client.join()
            net.ready()
            net.settle()
            net.kill(*NAMES, how=signal.SIGTERM)
            ledgers = {name: net.entries(name) for name in NAMES}
            for name in NAMES:
                self.assertEqual(ledgers[name], ledgers[NAMES[0]], f"{name} holds another history")
                self.assertEqual(len(ledgers[name]), len(set(ledgers[name])), f"{name} holds an entry twice")
                self.assertEqual(net.audit(name)["exit_code"], 0, f"{name}'s file does not verify")
            lost = {one for client in clients for one in client.committed} - set(ledgers[NAMES[0]])
            self.assertEqual(lost, set(), "answered committed, and not in the ledger")
            print(f"durability: {KILLS} kills, {sum(len(c.committed) for c in clients)} proposals answered committed, all there", flush=True)
            keep = False
        finally:
            if keep:
                print(f"durability: kept in {net.dir}", flush=True)
                for process in net.processes.values():
                    process.kill()
                    process.wait()
            else:
                net.close()


if __name__ == "__main__":
    unittest.main()
