"""Two nodes with one key: a copy of a facility's directory is started beside it. Together they are one member that misbehaves. One of the two finds
out, stops voting and says so; the others keep one ledger, go on, and accuse nobody else."""
import os
import re
import shutil
import signal
import time
import unittest

import schedule
from facilities import free_ports

SILENT = ("recovering", "quarantined")
FOUND_OUT = r"ev=recovering .*others hold statements of this member|somebody else signs with this member's key"


class Twins(unittest.TestCase):
    def copy(self, net, victim):
        """A copy of a stopped node's directory that listens elsewhere."""
        home = net.dir / "node-twin"
        shutil.copytree(net.dir / f"node-{victim}", home)
        peer, net.http["twin"] = free_ports(2)
        text = (home / "rotad.conf").read_text()
        self.assertIn(f"127.0.0.1:{net.http[victim]}", text)
        text = text.replace(f"127.0.0.1:{net.http[victim]}", f"127.0.0.1:{net.http['twin']}")
        (home / "rotad.conf").write_text(text + f'listen = "tcp://127.0.0.1:{peer}"\n')

    def silent(self, net, *pair):
        """One of the two does not vote and says why."""
        for name in pair:
            status = net.status(name)
            if status["mode"] in SILENT:
                self.assertTrue(status["not_voting"])
                return name, status["mode"]
        return None

    def finds_out(self, net, name):
        return re.search(FOUND_OUT, net.log(name))

    # PROTOCOL H1, H8: each takes the other's connections, and asks at each new one what was heard of it
    def test_the_original_finds_out_too_before_its_copy_votes(self):
        seed = schedule.seeded(os.environ)
        print(f"twins: ROTA_SEED={seed}", flush=True)
        with schedule.Run("twins", seed) as one:
            net, victim = one.net, one.draw.choice(one.net.names[:-1])
            net.kill(victim, how=signal.SIGTERM)
            self.copy(net, victim)
            net.start(victim)
            net.ready()
            one.progress(20)
            begun = time.monotonic()
            net.start("twin")
            for name in ("twin", victim):
                net.until(lambda n=name: self.finds_out(net, n), 20, f"{name} finds out")
                print(f"twins: {name} of {victim} knows after {time.monotonic() - begun:.1f} s", flush=True)
            self.assertEqual(net.status(victim)["mode"], "quarantined")
            net.kill(victim, "twin")
            net.names = [name for name in net.names if name != victim]
            for client in one.writers + one.readers:
                client.through = net.names
            one.progress(20)
            one.finish()
            one.judge()

    # PROTOCOL H3, H8: whoever of the two is shown what this member said and it did not; later on it may be both. The last facility calls nobody: its copy stays alone
    def test_a_copy_runs_beside_its_original(self):
        seed = schedule.seeded(os.environ)
        print(f"twins: ROTA_SEED={seed}", flush=True)
        with schedule.Run("twins", seed) as one:
            net, victim = one.net, one.draw.choice(one.net.names[:-1])
            pair = [victim, "twin"]
            one.progress(20)
            net.kill(victim, how=signal.SIGTERM)
            self.copy(net, victim)
            begun = time.monotonic()
            net.start(*one.draw.sample(pair, 2))
            name, mode = net.until(lambda: self.silent(net, *pair), 20, f"one of {pair} stops voting")
            print(f"twins: of {victim} and its copy, {name} is {mode} after {time.monotonic() - begun:.1f} s", flush=True)
            self.assertTrue(self.finds_out(net, name))
            one.progress(50)
            net.kill(*pair)
            net.names = [name for name in net.names if name != victim]
            for client in one.writers + one.readers:
                client.through = net.names
            one.finish(accused=victim)
            _, ledger = one.judge()
            for name in pair:
                self.assertLessEqual(net.ledger(name).heads.items(), ledger.heads.items(), f"{name}'s blocks are the network's")


if __name__ == "__main__":
    unittest.main()
