"""The power fails under one facility that decides alone, or under all four at once. What clients were told is in the ledger afterwards, the
file is whole, and the node goes on from it. The same cuts under a node whose syncs do nothing lose what was acknowledged, or this
shows nothing.

Each disk is cut several times: the node goes on from what the last cut left, and at the end everything of all its lives must be there. A
cut that came before 20 acknowledgements is not counted."""
import os
import random
import shutil
import signal
import sqlite3
import time
import unittest

import history
import schedule
from clients import Writer
from facilities import NAMES, Network
from power_disk import NoSuchDisk, PowerDisk

CUTS = int(os.environ.get("ROTA_CUTS", "20"))
CUTS_OF_ONE_DISK = 5
CUTS_OF_ALL = max(1, CUTS // 20)
CUTS_WITHOUT_SYNC = max(4, CUTS // 5)
ENOUGH = 20  # acknowledgements before a cut
WORK = 300  # proposals that each writer has in one life


class Lives:
    """A network on one disk, from cut to cut; after each a look at what is left."""

    def __init__(self, net, template, number, seed, lives):
        self.net, self.seed, self.draw = net, seed, random.Random(f"{seed} {number}")
        self.number, self.lives, self.recorders, self.writers = number, 0, [], []
        self.work = {name: net.signed(name, lives * WORK, person=person) for person, name in enumerate(net.names)}
        self.disk = PowerDisk()
        for name in net.names:
            shutil.copytree(template / f"node-{name}", self.disk.path / f"node-{name}")
            home = net.dir / f"node-{name}"
            home.unlink(missing_ok=True)
            home.symlink_to(self.disk.path / f"node-{name}")
        self.disk.sync()

    def writers_make(self):
        """Who writes in this life, and what no other life has written."""
        title, first = f"disk-{self.number}-life-{self.lives}", self.lives * WORK
        self.lives += 1
        self.writers = [Writer(self.net, name, person, self.seed, title=title, work=self.work[name][first:first + WORK])
                        for person, name in enumerate(self.net.names)]
        self.recorders += [writer.recorder.path for writer in self.writers]

    def acknowledged(self):
        return sum(writer.committed for writer in self.writers)

    def live(self):
        """Under load until the power fails at some moment; how many proposals had been acknowledged by then."""
        net = self.net
        self.writers_make()
        net.start()
        net.ready()
        for writer in self.writers:
            writer.start()
        net.until(lambda: self.acknowledged() > ENOUGH, 30, f"{ENOUGH} acknowledgements")
        time.sleep(self.draw.uniform(0, 0.2))
        before = self.acknowledged()
        self.disk.cut()
        for writer in self.writers:
            writer.abandon.set()
        for process in net.processes.values():
            process.kill()
            process.wait()
        net.processes = {}
        for writer in self.writers:
            writer.join()
        self.disk.unmount()
        self.disk.mount()
        return before

    def operations(self):
        return history.parse([line for path in self.recorders for line in path.read_text().splitlines()])

    def judge(self, name):
        """What is wrong with what this facility's disk kept, in words; alone it must have everything that was acknowledged.
        Looked at in a copy with its log folded, so that the node finds its own as the cut left it."""
        copy = self.disk.home / f"copy-{self.lives}" / f"node-{name}"
        shutil.copytree(self.disk.path / f"node-{name}", copy)
        try:
            db = sqlite3.connect(copy / "ledger.db")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            whole = db.execute("PRAGMA integrity_check").fetchall()
            db.close()
        except sqlite3.DatabaseError as error:
            whole = [(str(error),)]
        if whole != [("ok",)]:
            return [f"{name}: {whole}"]
        report = self.net.audit(name, copy)
        if report["exit_code"] != 0:
            return [f"{name}: {report}"]
        alone = len(self.net.names) == 1
        found = history.judge(self.operations(), self.net.ledger(name, copy))
        return [f"{name}: {v.rule}: {v.text}" for v in found if alone or v.rule != "lost"]

    def go_on(self):
        """The nodes start from what is left, and come to one ledger that has everything."""
        net = self.net
        net.start()
        net.ready()
        more = Writer(net, net.names[0], 7, self.draw.random(), count=3, day=25000, first_seq=self.lives * WORK + 1, title="after")
        while more.step():
            pass
        more.recorder.close()
        net.settle()
        for name in net.names:
            if net.status(name)["evidence"]:
                raise AssertionError(f"{name} holds evidence, and nobody lied")
        net.kill(*net.names, how=signal.SIGTERM)
        wrong = []
        for name in net.names:
            operations = self.operations() + history.parse(more.recorder.path.read_text().splitlines())
            wrong += [f"{name}: {v.rule}: {v.text}" for v in history.judge(operations, net.ledger(name))]
        more.recorder.path.unlink()
        return wrong

    def close(self):
        for process in self.net.processes.values():
            process.kill()
            process.wait()
        self.net.processes = {}
        self.disk.close()


class Power(unittest.TestCase):
    def setUp(self):
        try:
            PowerDisk().close()
        except NoSuchDisk as refused:
            self.skipTest(f"cutting the power needs a disk of our own (root, ext4, a loop device), and here that is refused: {refused}")
        self.seed = schedule.seeded(os.environ)
        print(f"power: ROTA_SEED={self.seed}", flush=True)

    def cuts(self, count, names, go_on=True, lies=False):
        """(cuts that count, what was lost or spoiled in each that lost or spoiled something)"""
        net = Network(names=names, worlds=lies)
        template = net.dir / "template"
        template.mkdir()
        for name in names:
            (net.dir / f"node-{name}").rename(template / f"node-{name}")
            if lies:
                net.world[name].set(sync_lies=1)
        counted, bad = 0, []
        lives = CUTS_OF_ONE_DISK if go_on else 1  # what lies is not asked to go on
        for number in range(0, count, lives):
            disk = Lives(net, template, number, self.seed, lives)
            try:
                for _ in range(min(lives, count - number)):
                    counted += disk.live() > ENOUGH
                    wrong = [line for name in names for line in disk.judge(name)]
                    if wrong:
                        bad.append(wrong)
                wrong = disk.go_on() if go_on else []
                if wrong:
                    bad.append(wrong)
            finally:
                disk.close()
        net.close()
        print(f"power: {counted} of {count} cuts of {len(names)} count, {len(bad)} lost or spoiled something", flush=True)
        return counted, bad

    def test_one_alone_loses_nothing(self):
        counted, bad = self.cuts(CUTS, ["alpha"])
        self.assertEqual(bad, [])
        self.assertGreater(counted, CUTS // 2)

    def test_all_four_at_once_lose_nothing(self):
        counted, bad = self.cuts(CUTS_OF_ALL, NAMES)
        self.assertEqual(bad, [])
        self.assertGreater(counted, 0)

    def test_without_syncs_the_loss_is_seen(self):
        counted, bad = self.cuts(CUTS_WITHOUT_SYNC, ["alpha"], go_on=False, lies=True)
        self.assertGreaterEqual(len(bad), max(1, counted // 5))


if __name__ == "__main__":
    unittest.main()
