"""Disks that fail, fill up, hang and rot under one facility: it says so and stops, the others go on, and nothing that was acknowledged
is missing when it is back."""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import schedule

ROTTEN = int(os.environ.get("ROTA_ROTTEN", "10"))
FATAL = re.compile(r"level=error ev=fatal what=\"[^\"]+\" file=\"[^\"]+\" why=\"[^\"]+\" data=\"[^\"]+\" next=\"[^\"]+\"")


def small_disk(test, size):
    """The folder of a small disk, which is there until the test is over."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="rota-disk-"))
    path.chmod(0o700)
    test.addCleanup(path.rmdir)
    run = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, text=True)
    if run.returncode != 0:
        test.skipTest(f"a small disk needs the right to mount one, and here it is refused: {run.stderr.strip()}")
    test.addCleanup(subprocess.run, ["umount", path], check=True)
    return path


class Disks(unittest.TestCase):
    def run_with(self, **network):
        seed = schedule.seeded(os.environ)
        print(f"disk: ROTA_SEED={seed}", flush=True)
        return schedule.Run("disk", seed, **network)

    def fatal_paragraph(self, net, name):
        """What the node said when it ended: one line, with what, where, why, what of the data, what next."""
        said = [line for line in net.log(name).splitlines() if "ev=fatal" in line]
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], FATAL)
        return said[0]

    # PROTOCOL D3: a write that fails ends the process; there is no retry and no going on
    def test_a_sync_that_fails_ends_the_node_and_loses_nothing(self):
        with self.run_with(worlds=True) as one:
            net = one.net
            for victim in one.draw.sample(net.names, 2):
                world, draw = net.world[victim], one.draw
                one.progress(20)
                (net.dir / f"{victim}.log").write_text("")
                world.set(syncs_left=draw.randrange(0, 12))
                self.assertEqual(net.ended(victim), 1)
                self.assertRegex(self.fatal_paragraph(net, victim), r'file="[^"]+/(ledger|private)\.db"')
                self.assertEqual(world.get("failed"), 1, "a sync was tried again after one had failed")
                one.progress(20)
                world.good()
                world.set(failed=0)
                net.start(victim)
            one.finish()
            one.judge()

    def test_a_disk_that_hangs_holds_up_nobody_else(self):
        with self.run_with(worlds=True) as one:
            net = one.net
            victim = one.draw.choice(net.names)
            one.progress(20)
            net.world[victim].set(sync_delay_ms=1500)
            one.progress(60)
            net.world[victim].good()
            self.meet(net, victim)
            one.finish()
            one.judge()

    # PROTOCOL V13: it was slower than the timers, so it may stand one view ahead of the others, alone; they come to meet it
    def meet(self, net, victim):
        net.until(lambda: net.status(victim)["mode"] == "active", 30, f"{victim} votes again")

    def test_a_full_disk_ends_the_node_and_with_room_it_comes_back(self):
        with self.run_with() as one:
            net, victim = one.net, "delta"
            home, small = net.dir / f"node-{victim}", small_disk(self, "1500k")
            one.progress(5)
            net.kill(victim, how=signal.SIGTERM)
            for path in home.iterdir():
                shutil.copy2(path, small)
            shutil.rmtree(home)
            home.symlink_to(small)
            net.start(victim)
            self.assertEqual(net.ended(victim, 60), 1)
            self.assertIn("no room left", self.fatal_paragraph(net, victim))
            self.still_full(net, victim, small)
            one.progress(20)
            subprocess.run(["mount", "-o", "remount,size=200m", small], check=True)
            net.start(victim)
            one.finish()
            one.judge()

    def still_full(self, net, name, folder):
        """With no room even for what SQLite needs to read, a start says so; not that the ledger is unreadable."""
        for index in folder.glob("*-shm"):
            index.unlink()
        with (folder / "filler").open("wb", buffering=0) as filler, self.assertRaises(OSError):
            while True:
                filler.write(bytes(512))
        (net.dir / f"{name}.log").write_text("")
        net.start(name)
        self.assertEqual(net.ended(name, 60), 1)
        self.assertRegex(net.log(name).splitlines()[-1], r'level=error ev=open file="[^"]+ledger.db" why="there is no room left')
        (folder / "filler").unlink()

    def starts(self, net, name):
        """True when the node comes up, and is stopped again; False when it refuses, with the code and the words for that."""
        (net.dir / f"{name}.log").write_text("")
        net.start(name)
        while (code := net.processes[name].poll()) is None:
            try:
                net.get(name, "/livez")
                net.kill(name, how=signal.SIGTERM)
                return True
            except OSError:
                time.sleep(0.02)
        del net.processes[name]
        self.assertEqual(code, 5, net.log(name))
        self.assertRegex(net.log(name).splitlines()[-1], r'level=error ev=open file="[^"]+" why=".+"')
        return False

    def test_rotten_bytes_are_found_when_the_node_starts(self):
        """A bit of the files is turned while the node is down. It refuses to start; or the bit was in use by nobody; or, in the
        signatures under a block far below, an auditor finds it."""
        with self.run_with() as one:
            net, victim = one.net, one.draw.choice(one.net.names)
            one.progress(40)
            net.kill(victim, how=signal.SIGTERM)
            refused = 0
            for name in one.draw.choices(["ledger.db", "private.db"], [4, 1], k=ROTTEN):
                path = net.dir / f"node-{victim}" / name
                good = path.read_bytes()
                bad = bytearray(good)
                bad[one.draw.randrange(len(bad))] ^= 1 << one.draw.randrange(8)
                path.write_bytes(bad)
                verdict = net.audit(victim)
                if not self.starts(net, victim):
                    refused += 1
                elif name == "ledger.db":
                    self.assertLessEqual({failure["check"] for failure in verdict["failures"]}, {"E1", "E2", "E3"})
                path.write_bytes(good)
                one.wiped.append((time.monotonic_ns(), victim))  # it was up for a moment, and told of blocks after this copy
            self.assertGreater(refused, 0)
            one.progress(20)
            net.start(victim)
            one.finish()
            one.judge()


if __name__ == "__main__":
    unittest.main()
