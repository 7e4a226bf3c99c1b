"""A bad disk and a bad clock for one process: the levers of librota-bad-world (bad_world.c has the same fields)."""
import mmap
import os
import struct

FIELDS = ("clock_offset_ns", "syncs_left", "sync_lies", "sync_delay_ms", "syncs", "failed")


class BadWorld:
    def __init__(self, library, path):
        self.path = path
        self.environment = dict(os.environ, LD_PRELOAD=str(library), ROTA_BAD_WORLD=str(path))
        path.write_bytes(bytes(8 * len(FIELDS)))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 8 * len(FIELDS))
        self.set(syncs_left=-1)

    def set(self, **values):
        for name, value in values.items():
            struct.pack_into("=q", self.memory, 8 * FIELDS.index(name), value)

    def get(self, name):
        return struct.unpack_from("=q", self.memory, 8 * FIELDS.index(name))[0]

    def good(self):
        """As every other world; a clock that was wrong is right again."""
        self.set(clock_offset_ns=0, syncs_left=-1, sync_lies=0, sync_delay_ms=0)
