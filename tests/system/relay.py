"""Relay: what stands between facilities, and is told to delay, slow, stall or cut. See testnet/relay/main.c for the commands."""
import subprocess


class Relay:
    def __init__(self, program, doors, targets):
        """doors: name -> port in the genesis; targets: name -> port at which that facility listens."""
        self.names = list(doors)
        words = [f"{name}:{doors[name]}:{targets[name]}" for name in doors]
        self.process = subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ok\n":
            self.close()
            raise AssertionError("the relay cannot open its doors")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer.startswith("ok"):
            raise AssertionError(f"relay: {command}: {answer}")
        return answer[3:]

    def delay(self, milliseconds, sender="*", receiver="*"):
        self.tell(f"delay {sender} {receiver} {milliseconds}")

    def rate(self, bytes_per_second, sender="*", receiver="*"):
        self.tell(f"rate {sender} {receiver} {bytes_per_second}")

    def stall(self, sender, receiver):
        """What sender says stands still on its way to receiver; the other direction goes on."""
        self.tell(f"stall {sender} {receiver}")

    def cut(self, one, other):
        self.tell(f"cut {one} {other}")

    def heal(self, one="*", other="*"):
        self.tell(f"heal {one} {other}")

    def carried(self, sender="*", receiver="*"):
        return int(self.tell(f"carried {sender} {receiver}"))

    def part(self, group, closed=False):
        """Two sides that hear nothing of each other: bytes stand still, or connections are closed."""
        for one in group:
            for other in self.names:
                if other in group:
                    continue
                if closed:
                    self.cut(one, other)
                else:
                    self.stall(one, other)
                    self.stall(other, one)

    def calm(self):
        self.heal()
        self.delay(0)
        self.rate(0)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)
