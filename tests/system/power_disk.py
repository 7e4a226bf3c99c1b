"""A disk whose power can be cut: ext4 in a file, mounted, and shut down by the kernel without writing anything more. What was not
synced by then is gone when it is mounted again."""
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NOTHING_MORE = struct.pack("I", 2)  # not even the log


class NoSuchDisk(Exception):
    """This place does not let us make one; the text says what was refused."""


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise NoSuchDisk(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


class PowerDisk:
    def __init__(self, megabytes=96):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rota-power-"))
        self.image, self.path, self.mounted = self.home / "image", self.home / "disk", False
        self.path.mkdir(mode=0o700)
        try:
            if not shutil.which("mkfs.ext4"):
                raise NoSuchDisk("there is no mkfs.ext4")
            with open(self.image, "wb") as file:
                file.truncate(megabytes * 1024 * 1024)
            run("mkfs.ext4", "-q", "-F", self.image)
            self.mount()
        except NoSuchDisk:
            self.close()
            raise

    def mount(self):
        run("mount", "-o", "loop", self.image, self.path)
        self.mounted = True

    def unmount(self):
        """A killed process may hold its files a moment longer."""
        for _ in range(100):
            if subprocess.run(["umount", self.path], capture_output=True).returncode == 0:
                self.mounted = False
                return
            time.sleep(0.05)
        run("umount", self.path)

    def sync(self):
        run("sync", "-f", self.path)

    def cut(self):
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, NOTHING_MORE)
        finally:
            os.close(folder)

    def close(self):
        if self.mounted:
            self.unmount()
        shutil.rmtree(self.home)
