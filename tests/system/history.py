"""History: what clients asked and were told, and a judge that compares it with the ledger that came out.

A log has one line for each beginning and each end of an operation, written when it happens:

    TIME invoke OP CLIENT write ID              a proposal is handed in, through whichever facility
    TIME invoke OP CLIENT look NODE ID          what became of a proposal, by one facility
    TIME invoke OP CLIENT read NODE             the head of one facility's ledger
    TIME invoke OP CLIENT readnow NODE          the same, but nothing acknowledged anywhere before may be missing
    TIME ok OP NODE HEIGHT PLACE                write, look: it is in the ledger, there; PLACE is its leaf in the tree
    TIME ok OP NODE HEIGHT HEAD                 read, readnow: so much is in the ledger, and HEAD is its hash; at height 0 there is none
    TIME ok OP NODE none                        look: not in the ledger, as far as this facility knows
    TIME fail OP                                it was refused: it did not happen and will not
    TIME info OP                                nobody knows: an answer that did not come

TIME is one monotonic clock's, in nanoseconds. OP is a number used once. An operation without an end counts as info.
Because every ok says where in the ledger it is, the ledger itself gives the order, and the judgement takes sorting only."""
import collections
import contextlib
import gc
import itertools
import operator
import threading
import time

SHOWN = 20  # violations of one rule that are spelled out

Ledger = collections.namedtuple("Ledger", "entries heads")  # entries: [(id, height, place)] in order; heads: {height: hash}
Violation = collections.namedtuple("Violation", "rule text")


@contextlib.contextmanager
def no_collection():
    """Millions of small objects that all live: looking for dead ones among them takes longer than the judgement."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class BadHistory(Exception):
    """The log itself makes no sense; nothing can be said about the ledger."""


class Recorder:
    """One client's log. Each line is in the file before the client goes on."""
    numbers = itertools.count()

    def __init__(self, path, client):
        self.path, self.client, self.lock = path, client, threading.Lock()
        self.file = open(path, "a", buffering=1)

    def line(self, *words):
        with self.lock:
            self.file.write(" ".join(map(str, (time.monotonic_ns(), *words))) + "\n")

    def invoke(self, kind, *words):
        op = next(self.numbers)
        self.line("invoke", op, self.client, kind, *words)
        return op

    def ok(self, op, node, *words):
        self.line("ok", op, node, *words)

    def fail(self, op):
        self.line("fail", op)

    def info(self, op):
        self.line("info", op)

    def close(self):
        self.file.close()


class Operation:
    __slots__ = ("number", "client", "kind", "node", "id", "invoked", "end", "returned", "height", "place")

    def __init__(self, number, client, kind, node, id_, invoked):
        self.number, self.client, self.kind, self.node, self.id, self.invoked = number, client, kind, node, id_, invoked
        self.end, self.returned, self.height, self.place = "info", None, None, None


def begin(operations, words, at):
    number, client, kind = words[2], words[3], words[4]
    if number in operations:
        raise BadHistory(f"operation {number} begins twice")
    if kind == "write" and len(words) == 6:
        node, id_ = None, words[5]
    elif kind == "look" and len(words) == 7:
        node, id_ = words[5], words[6]
    elif kind in ("read", "readnow") and len(words) == 6:
        node, id_ = words[5], None
    else:
        raise BadHistory(f"operation {number}: {' '.join(words)}")
    operations[number] = Operation(number, client, kind, node, id_, at)


def finish(operations, words, at):
    operation = operations.get(words[2])
    if operation is None:
        raise BadHistory(f"operation {words[2]} ends without a beginning")
    if operation.returned is not None:
        raise BadHistory(f"operation {words[2]} ends twice")
    if at < operation.invoked:
        raise BadHistory(f"operation {words[2]} ends before it begins")
    operation.end, operation.returned = words[1], at
    if words[1] != "ok":
        return
    if operation.node not in (None, words[3]):
        raise BadHistory(f"operation {words[2]} asked {operation.node} and was answered by {words[3]}")
    operation.node = words[3]
    if words[4] != "none":
        operation.height = int(words[4])
        operation.place = words[5] if operation.kind.startswith("read") else int(words[5])
    elif operation.kind != "look":
        raise BadHistory(f"operation {words[2]}: only a look finds nothing")


@no_collection()
def parse(lines):
    """Operations of all clients' logs; the order of the lines does not matter."""
    operations, ends = {}, []
    for line in lines:
        words = line.split()
        try:
            if words[1] == "invoke":
                begin(operations, words, int(words[0]))
            elif words[1] in ("ok", "fail", "info"):
                ends.append(words)
            else:
                raise BadHistory(line)
        except (IndexError, ValueError) as error:
            raise BadHistory(line) from error
    for words in ends:
        try:
            finish(operations, words, int(words[0]))
        except (IndexError, ValueError) as error:
            raise BadHistory(" ".join(words)) from error
    return list(operations.values())


class Entry:
    """What clients did with one proposal: it happens once, however often and by whomever it is handed in."""
    __slots__ = ("invoked", "only_refused")

    def __init__(self, invoked):
        self.invoked, self.only_refused = invoked, True


class Judge:
    def __init__(self, operations, ledger, wiped):
        self.operations, self.ledger, self.wiped = operations, ledger, wiped
        self.violations, self.counts = [], collections.Counter()
        self.where = {}
        self.written = {}

    def say(self, rule, text):
        self.counts[rule] += 1
        if self.counts[rule] <= SHOWN:
            self.violations.append(Violation(rule, text))

    # ---- the ledger by itself, and each operation against it -------------------------------------------------------

    def look_at_ledger(self):
        last = (0, -1)
        for id_, height, place in self.ledger.entries:
            if id_ in self.where:
                self.say("twice", f"{id_} is in the ledger twice, at {self.where[id_]} and {(height, place)}")
            if height < last[0] or place <= last[1]:
                self.say("shuffled", f"{id_} at {(height, place)} stands behind {last}")
            last = (height, place)
            self.where.setdefault(id_, last)

    def gather(self):
        for o in self.operations:
            if o.kind != "write":
                continue
            entry = self.written.get(o.id)
            if entry is None:
                entry = self.written[o.id] = Entry(o.invoked)
            entry.invoked = min(entry.invoked, o.invoked)
            entry.only_refused = entry.only_refused and o.end == "fail"

    def existence(self):
        """What was acknowledged is there, where it was said to be; what was refused is not; nothing is there unasked."""
        for o in self.operations:
            if o.end != "ok" or o.id is None or o.height is None:
                continue
            there = self.where.get(o.id)
            if there is None:
                self.say("lost", f"operation {o.number}: {o.id} was said to be at {(o.height, o.place)} and is nowhere")
            elif there != (o.height, o.place):
                self.say("moved", f"operation {o.number}: {o.id} was said to be at {(o.height, o.place)} and is at {there}")
        for id_, entry in self.written.items():
            if entry.only_refused and id_ in self.where:
                self.say("refused", f"{id_} was refused each time, and is at {self.where[id_]}")
        for id_ in self.where:
            if id_ not in self.written:
                self.say("unasked", f"{id_} is in the ledger, and nobody handed it in")

    def heads(self):
        for o in self.operations:
            if o.end == "ok" and o.kind.startswith("read") and o.height > 0 and self.ledger.heads.get(o.height) != o.place:
                self.say("fork", f"operation {o.number}: {o.node} showed {o.place} at height {o.height}, "
                                 f"the ledger has {self.ledger.heads.get(o.height)}")

    # ---- real time -------------------------------------------------------------------------------------------------

    def moments(self):
        """(when, what, height, operation or name) in order. At one instant what begins comes before what returns, because
        then neither was before the other."""
        found = []
        for id_, entry in self.written.items():
            if id_ in self.where:
                found.append((2 * entry.invoked, "begun", self.where[id_][0], id_))
        for o in self.operations:
            if o.end == "ok":
                if o.kind != "write":
                    found.append((2 * o.invoked, "asked", 0, o))
                found.append((2 * o.returned + 1, "told", o.height or 0, o))
        found += [(2 * at, "wiped", 0, node) for at, node in self.wiped]
        return sorted(found, key=operator.itemgetter(0))

    def real_time(self):
        """One sweep through time. `known` is the greatest height that anybody has been told of so far, told[node] the
        greatest that this facility has told anybody of, seen[node] the proposals that it has spoken of."""
        known, told, seen, asked = 0, collections.Counter(), collections.defaultdict(set), {}
        looked = {o.id for o in self.operations if o.kind == "look"}
        for _, what, height, thing in self.moments():
            if what == "begun":
                if height <= known:
                    self.say("order", f"{thing} was first handed in when height {known} was known, and is at height {height}")
            elif what == "asked":
                asked[thing.number] = (known, told[thing.node], thing.id in seen[thing.node])
            elif what == "wiped":
                told[thing] = 0
                seen[thing].clear()
            else:
                self.answer(thing, asked.pop(thing.number, None))
                known = max(known, height)
                if height > told[thing.node]:
                    told[thing.node] = height
                if thing.id in looked and thing.height is not None:
                    seen[thing.node].add(thing.id)

    def answer(self, o, then):
        """What a read or a look may answer, by what was known when it began."""
        if o.kind == "write":
            return
        known, told, seen = then
        if o.kind == "look":
            if o.height is None and seen:
                self.say("forgotten", f"operation {o.number}: {o.node} had spoken of {o.id}, and then did not know it")
        elif o.height < told:
            self.say("backwards", f"operation {o.number}: {o.node} had told of height {told}, and then showed {o.height}")
        elif o.kind == "readnow" and o.height < known:
            self.say("stale", f"operation {o.number}: height {known} was known, and {o.node} showed {o.height}")

    def judge(self):
        self.look_at_ledger()
        self.gather()
        self.existence()
        self.heads()
        self.real_time()
        return self.violations


@no_collection()
def judge(operations, ledger, wiped=()):
    """The violations, none for a good history; `rule` of each says what was broken. wiped: (time, facility) when a disk was
    emptied or an older copy put in its place, which that facility cannot be blamed for."""
    return Judge(operations, ledger, wiped).judge()


def summary(operations):
    counts = collections.Counter((o.kind, o.end) for o in operations)
    return ", ".join(f"{count} {kind} {end}" for (kind, end), count in sorted(counts.items()))
