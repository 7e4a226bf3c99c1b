"""Disks that fail, fill up, hang and rot under one facility: it says so and stops, the others go on, and nothing that was acknowledged
is missing when it is back."""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
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

    def starts(self, net, name, codes=(5,)):
        """True when the node comes up, and is stopped again; False when it refuses, with one of these codes and the words for that."""
        (net.dir / f"{name}.log").write_text("")
        net.start(name)
        while (code := net.processes[name].poll()) is None:
            try:
                net.get(name, "/livez")
            except OSError:
                time.sleep(0.02)
                continue
            if net.processes[name].poll() is None:  # it may meet the rot when it first writes
                net.kill(name, how=signal.SIGTERM)
                return True
        del net.processes[name]
        self.assertIn(code, codes, net.log(name))
        if code == 5:
            self.assertRegex(net.log(name).splitlines()[-1], r'level=error ev=open file="[^"]+" why=".+"')
        else:
            self.fatal_paragraph(net, name)
        return False

    def turn_bit(self, draw, good):
        bad = bytearray(good)
        bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        return bytes(bad)

    def test_a_rotten_ledger_is_found_when_the_node_starts(self):
        """A bit of the ledger is turned while the node is down. It refuses to start; or the bit was in use by nobody; or, in the
        signatures under a block far below, an auditor finds it."""
        with self.run_with() as one:
            net, victim = one.net, one.draw.choice(one.net.names)
            one.progress(40)
            net.kill(victim, how=signal.SIGTERM)
            refused, path = 0, net.dir / f"node-{victim}" / "ledger.db"
            for _ in range(ROTTEN):
                good = path.read_bytes()
                path.write_bytes(self.turn_bit(one.draw, good))
                verdict = net.audit(victim)
                if not self.starts(net, victim):
                    refused += 1
                else:
                    self.assertLessEqual({failure["check"] for failure in verdict["failures"]}, {"E1", "E2", "E3"})
                path.write_bytes(good)
                one.wiped.append((time.monotonic_ns(), victim))  # it was up for a moment, and told of blocks after this copy
            self.assertGreater(refused, 0)
            one.progress(20)
            net.start(victim)
            one.finish()
            one.judge()

    def put_journal(self, home, good):
        for path in home.glob("private.db*"):
            path.unlink()
        (home / "private.db").write_bytes(good)

    def turn_bit_of_record(self, draw, home, name, column):
        with contextlib.closing(sqlite3.connect(home / "private.db")) as db, db:
            good = db.execute(f"SELECT {column} FROM record WHERE name = ?", (name,)).fetchone()[0]
            db.execute(f"UPDATE record SET {column} = ? WHERE name = ?", (self.turn_bit(draw, good), name))

    # PROTOCOL H3: a journal that cannot be believed counts as lost
    def test_a_rotten_journal_is_found_when_the_node_starts(self):
        """A bit of the journal is turned while everybody is down, so that nobody hears what the node says then. In a record it is always
        noticed, and the journal is replaced; elsewhere it may be in use by nobody, or end the node when it writes there (D3)."""
        with self.run_with() as one:
            net = one.net
            one.progress(10)
            primary = net.status(net.names[0])["primary"]
            net.kill(primary)  # so that there is a view change to remember
            one.progress(10)
            net.start(primary)
            one.finish()
            one.judge()
            victim = one.draw.choice([name for name in net.names if name != primary])
            home = net.dir / f"node-{victim}"
            good = (home / "private.db").read_bytes()
            with contextlib.closing(sqlite3.connect(f"file:{home}/private.db?mode=ro&immutable=1", uri=True)) as db:
                names = {name for name, in db.execute("SELECT name FROM record")}
            self.assertLessEqual({"ledger", "boot", "durable", "view change", "new view"}, names)
            for name in sorted(names):
                for column in ("bytes", "sum"):
                    with self.subTest(name=name, column=column):
                        self.put_journal(home, good)
                        self.turn_bit_of_record(one.draw, home, name, column)
                        self.assertTrue(self.starts(net, victim))
                        self.assertRegex(net.log(victim), r'level=warning ev=journal-lost file="[^"]+private.db" why="[^"]+" kept="[^"]+damaged-1"')
                        self.assertTrue((home / "private.db.damaged-1").exists())
            for _ in range(ROTTEN):
                self.put_journal(home, self.turn_bit(one.draw, good))
                self.starts(net, victim, codes=(1, 5))


if __name__ == "__main__":
    unittest.main()
