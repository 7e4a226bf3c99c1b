"""TICKs with real facilities (PROTOCOL T11): an idle network adds a block when the newest one is old, an auditor tells by it whether a file is fresh,
and who leads does not matter."""
import contextlib
import json
import sqlite3
import subprocess
import time
import unittest

from facilities import BIN, Network, metric

PERIOD_MS = 1000


class Ticks(unittest.TestCase):
    def tearDown(self):
        self.net.abandon()

    def grows(self, names, blocks, seconds=20):
        """So many blocks, with nothing handed in."""
        name = names[0]
        height = self.net.status(name)["height"] + blocks
        self.net.until(lambda: self.net.status(name)["height"] >= height, seconds, f"{blocks} blocks of an idle network")

    def verify(self, name, *words):
        path = self.net.dir / f"node-{name}" / "ledger.db"
        run = subprocess.run([BIN / "rota-verify", path, "--genesis", self.net.dir / "genesis.json", "--json", *words], capture_output=True,
                             text=True, timeout=300)
        return run.returncode, json.loads(run.stdout)

    def test_an_idle_network_shows_that_it_stands(self):
        self.net = net = Network(timers=[f"tick_ms={PERIOD_MS}"])
        net.start()
        net.ready()
        self.assertEqual(net.status("alpha")["height"], 0, "an empty ledger gets no TICK, however long ago its genesis was made")
        self.assertEqual(net.post("alpha", net.signed("alpha", 1)[0], wait=20).status, 201)
        self.grows(net.names, 3)
        status = net.status("alpha")
        self.assertEqual((status["tick_ms"], status["pending"]), (PERIOD_MS, 0))
        self.assertLess(status["head_age_ms"], 10 * PERIOD_MS)
        self.assertEqual(metric(net.get("bravo", "/metrics").body.decode(), "rota_tick_period_seconds"), PERIOD_MS / 1000)
        self.assertIn("a TICK is due at 1 s", net.rota("node", "status", "--node", net.url("alpha")).stdout)

        leader = status["primary"]
        others = [name for name in net.names if name != leader]
        net.kill(leader)
        self.grows(others, 3)
        net.freeze(others[0])  # no quorum is left
        quiet = net.until(lambda: self.stands_still(others[1]), 20, "nothing commits without a quorum")
        net.thaw(others[0])
        self.grows(others[1:], 2)
        self.assertGreater(net.status(others[1])["height"], quiet)
        net.start(leader)
        net.ready()
        net.settle()

        name = "charlie"
        net.kill(*net.names, how=15)
        with contextlib.closing(sqlite3.connect(f"file:{net.dir}/node-{name}/ledger.db?mode=ro", uri=True)) as db:
            ticks = db.execute("SELECT height FROM v_record WHERE kind = 'tick'").fetchall()
            proposals = db.execute("SELECT height FROM v_entry WHERE kind = 'proposal'").fetchall()
        self.assertGreaterEqual(len(ticks), 8)
        self.assertEqual((len(proposals), set(ticks) & set(proposals)), (1, set()))
        code, report = self.verify(name, "--fresh")
        self.assertEqual((code, report["verdict"]), (0, "VALID_UNANCHORED"), report["failures"])
        self.assertGreaterEqual(report["counts"]["records"], 8)
        self.assertEqual(report["epochs"][0]["tick_ms"], PERIOD_MS)
        later = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(time.time() + 300))
        code, report = self.verify(name, f"--fresh={later}")
        self.assertEqual((code, report["verdict"], report["failures"][0]["check"]), (3, "INCOMPLETE", "J3"))

    def stands_still(self, name):
        """The height, once it has not grown for three periods."""
        height = self.net.status(name)["height"]
        time.sleep(3 * PERIOD_MS / 1000)
        return height if self.net.status(name)["height"] == height else None

    def test_without_ticks_nothing_is_added_and_nothing_is_promised(self):
        self.net = net = Network(names=["alpha"], timers=["tick_ms=0"])
        net.start()
        net.ready()
        self.assertEqual(net.post("alpha", net.signed("alpha", 1)[0], wait=20).status, 201)
        self.assertIn("has no TICKs", net.rota("node", "status", "--node", net.url("alpha")).stdout)
        self.assertEqual(self.stands_still("alpha"), 1)
        net.kill("alpha", how=15)
        code, report = self.verify("alpha", "--fresh")
        self.assertEqual((code, report["failures"][0]["check"]), (3, "J3"))
        self.assertEqual(self.verify("alpha")[0], 0)


if __name__ == "__main__":
    unittest.main()
