"""Faults: what can be done to running facilities and undone again. Each draws its victims and strengths from the seed."""
import signal


class Fault:
    """begin() breaks, end() mends. `victims` are nodes that another fault must leave alone meanwhile."""
    victims = ()

    def __init__(self, net, draw, free):
        self.net, self.draw = net, draw

    def some(self, free, most):
        return self.draw.sample(sorted(free), self.draw.randint(1, min(most, len(free))))


class Kill(Fault):
    """kill -9 of one, of some, of all four; started again at once or a little later."""
    seconds = (0, 0.6)

    def __init__(self, net, draw, free):
        super().__init__(net, draw, free)
        self.victims = sorted(free) if draw.random() < 0.25 else self.some(free, 2)

    def begin(self):
        self.net.kill(*self.victims)

    def end(self):
        self.net.start(*self.victims)


class Restart(Kill):
    """A clean stop of one, as for an upgrade."""

    def __init__(self, net, draw, free):
        super().__init__(net, draw, free)
        self.victims = self.victims[:1]

    def begin(self):
        self.net.kill(*self.victims, how=signal.SIGTERM)


class Freeze(Fault):
    """SIGSTOP: the process stands still and later goes on where it was, with all its stale timers."""
    seconds = (0.1, 4)

    def __init__(self, net, draw, free):
        super().__init__(net, draw, free)
        self.victims = sorted(free) if draw.random() < 0.15 else self.some(free, 2)

    def begin(self):
        self.net.freeze(*self.victims)

    def end(self):
        self.net.thaw(*self.victims)


class Partition(Fault):
    """One or two against the rest; bytes stand still as when a cable is pulled, or connections are reset."""
    seconds = (0.3, 4)

    def __init__(self, net, draw, free):
        super().__init__(net, draw, free)
        self.group, self.closed = draw.sample(net.names, draw.randint(1, len(net.names) // 2)), draw.random() < 0.5

    def begin(self):
        self.net.relay.part(self.group, self.closed)

    def end(self):
        self.net.relay.heal()


class Deaf(Fault):
    """One hears nobody, but everybody hears it; or one is heard by nobody; or one pair, in one direction."""
    seconds = (0.3, 4)

    def __init__(self, net, draw, free):
        super().__init__(net, draw, free)
        one, other = draw.sample(net.names, 2)
        self.path = draw.choice([("*", one), (one, "*"), (one, other)])

    def begin(self):
        self.net.relay.stall(*self.path)

    def end(self):
        self.net.relay.heal()


class Slow(Fault):
    """A thin, long line: to one facility, from one, or everywhere."""
    seconds = (0.5, 3)

    def __init__(self, net, draw, free):
        super().__init__(net, draw, free)
        one = draw.choice(net.names)
        self.path = draw.choice([("*", one), (one, "*"), ("*", "*")])
        self.bytes, self.delay = draw.randrange(20000, 200000), draw.uniform(1, 60)

    def begin(self):
        self.net.relay.rate(self.bytes, *self.path)
        self.net.relay.delay(self.delay, *self.path)

    def end(self):
        self.net.relay.rate(0)
        self.net.relay.delay(0)


ALL = (Kill, Restart, Freeze, Partition, Deaf, Slow)
