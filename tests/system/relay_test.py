"""The relay does what it is told, no more and no less: other tests lean on it."""
import socket
import statistics
import subprocess
import sys
import time
import unittest

from facilities import BIN, free_ports
from relay import Relay

# A facility as far as the relay can see: it listens at its port, answers every byte, and calls whom it is told to.
FACILITY = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))

def answer(s):
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while data := s.recv(65536):
            s.sendall(data)
    except OSError:
        pass
    s.close()

def take():
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

def carry(s, control):
    try:
        while data := s.recv(65536):
            control.sendall(data)
    except OSError:
        pass
    try:
        control.shutdown(socket.SHUT_RDWR)  # another thread waits in it: close alone would end nothing
    except OSError:
        pass
    control.close()

threading.Thread(target=take, daemon=True).start()
control = socket.create_server(("127.0.0.1", int(sys.argv[2])))
print("ready", flush=True)
while True:
    one = control.accept()[0]
    port = int(one.recv(5))
    called = socket.create_connection(("127.0.0.1", port))
    called.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=carry, args=(one, called), daemon=True).start()
    threading.Thread(target=carry, args=(called, one), daemon=True).start()
"""


class RelayTest(unittest.TestCase):
    def setUp(self):
        names = ["alpha", "bravo", "charlie"]
        ports = free_ports(9)
        self.doors, self.targets, self.controls = (dict(zip(names, ports[i:])) for i in (0, 3, 6))
        self.relay = Relay(BIN / "rota-relay", self.doors, self.targets)
        self.addCleanup(self.relay.close)
        for name in names:
            words = [sys.executable, "-c", FACILITY, str(self.targets[name]), str(self.controls[name])]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.assertEqual(process.stdout.readline(), "ready\n")

    def call(self, caller, called):
        """A connection to the called facility's door, made by the caller's process."""
        s = socket.create_connection(("127.0.0.1", self.controls[caller]), timeout=5)
        self.addCleanup(s.close)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(b"%05d" % self.doors[called])
        return s

    def echo(self, s, data=b"x"):
        """Seconds until all of it is back; None when the connection ends."""
        start, back = time.monotonic(), 0
        try:
            s.sendall(data)
            while back < len(data):
                more = len(s.recv(65536))
                if more == 0:
                    return None
                back += more
        except ConnectionError:
            return None
        return time.monotonic() - start

    def test_a_delay_is_kept_exactly_and_by_that_path_only(self):
        s, other = self.call("alpha", "bravo"), self.call("alpha", "charlie")
        self.echo(s), self.echo(other)
        self.relay.delay(25, "alpha", "bravo")
        self.relay.delay(10, "bravo", "alpha")
        times = [self.echo(s) for _ in range(20)]
        self.assertGreaterEqual(min(times), 0.035)
        self.assertLess(statistics.median(times), 0.045)
        self.assertLess(statistics.median(self.echo(other) for _ in range(20)), 0.010)

    def test_bytes_keep_their_order_when_the_delay_sinks(self):
        s = self.call("alpha", "bravo")
        self.echo(s)
        self.relay.delay(60, "alpha", "bravo")
        s.sendall(b"first ")
        time.sleep(0.01)
        self.relay.delay(0, "alpha", "bravo")
        s.sendall(b"second")
        back = b""
        while len(back) < 12:
            back += s.recv(100)
        self.assertEqual(back, b"first second")

    def test_a_limited_line_carries_its_rate(self):
        s = self.call("bravo", "charlie")
        self.echo(s)
        self.relay.rate(100000, "bravo", "charlie")
        seconds = self.echo(s, bytes(50000))
        self.assertGreater(seconds, 0.49)
        self.assertLess(seconds, 0.75)
        self.relay.rate(0)
        self.assertLess(self.echo(s, bytes(50000)), 0.3)

    def test_a_stall_in_one_direction_keeps_the_bytes_and_the_connection(self):
        s = self.call("alpha", "bravo")
        self.echo(s)
        before = self.relay.carried("alpha", "bravo"), self.relay.carried("bravo", "alpha")
        self.relay.stall("bravo", "alpha")
        s.sendall(b"asked")
        s.settimeout(0.3)
        self.assertRaises(TimeoutError, s.recv, 100)
        self.assertEqual(self.relay.carried("alpha", "bravo"), before[0] + 5)
        self.assertEqual(self.relay.carried("bravo", "alpha"), before[1])
        self.relay.heal("alpha", "bravo")
        s.settimeout(5)
        self.assertEqual(s.recv(100), b"asked")

    def test_a_cut_closes_what_is_open_and_what_is_new_whoever_called(self):
        s, other = self.call("bravo", "alpha"), self.call("bravo", "charlie")
        self.echo(s), self.echo(other)
        self.relay.cut("alpha", "bravo")
        self.assertIsNone(self.echo(s))
        self.assertIsNone(self.echo(self.call("alpha", "bravo")))
        self.assertIsNotNone(self.echo(other))
        self.relay.heal("alpha", "bravo")
        self.assertIsNotNone(self.echo(self.call("alpha", "bravo")))

    def test_a_command_that_makes_no_sense_is_said_to_be_an_error(self):
        for command in ("delay", "delay alpha nobody 3", "explode alpha bravo", "delay alpha bravo -1"):
            self.assertRaises(AssertionError, self.relay.tell, command)
        self.relay.delay(0.5)


if __name__ == "__main__":
    unittest.main()
