"""The judge of histories: what is bad is called bad, by the right name, and what is good is left alone."""
import os
import random
import tempfile
import time
import unittest

import history

# The ledger of the stories: a in block 1, b and c in block 3, d in block 4. Every block's own leaf follows its entries.
LEDGER = "a@1/0 b@3/3 c@3/4 d@4/6"
HEADS = {1: "h1", 2: "h2", 3: "h3", 4: "h4"}
ALL = "1 invoke 90 z write a; 1 invoke 91 z write b; 1 invoke 92 z write c; 1 invoke 93 z write d;"  # somebody asked for each


def ledger(text):
    entries = []
    for word in text.split():
        id_, where = word.split("@")
        entries.append((id_, *map(int, where.split("/"))))
    return history.Ledger(entries, HEADS)


def rules(log, text=LEDGER, wiped=()):
    lines = [line for line in log.split(";") if line.strip()]
    return {violation.rule for violation in history.judge(history.parse(lines), ledger(text), wiped)}


# name: what must be said, history, and the ledger if it is another one
BAD = {
    "acknowledged and nowhere": ("lost", "1 invoke 1 c write x; 5 ok 1 alpha 3 5;" + ALL),
    "acknowledged in an empty ledger": ("lost", "1 invoke 1 c write a; 5 ok 1 alpha 1 0", ""),
    "seen by a look and nowhere": ("lost", "1 invoke 1 c write x; 2 info 1; 3 invoke 2 d look bravo x; 5 ok 2 bravo 3 5;" + ALL),
    "the tail of the ledger is gone": ("lost", "1 invoke 1 c write a; 2 ok 1 alpha 1 0; 3 invoke 2 c write b; 4 ok 2 alpha 3 3", "a@1/0"),
    "acknowledged at another height": ("moved", "1 invoke 1 c write b; 5 ok 1 alpha 2 3;" + ALL),
    "acknowledged at another leaf": ("moved", "1 invoke 1 c write b; 5 ok 1 alpha 3 4;" + ALL),
    "two acknowledgements that disagree": ("moved", "1 invoke 1 c write b; 5 ok 1 alpha 3 3; 1 invoke 2 d write b; 6 ok 2 bravo 4 6;" + ALL),
    "a look that disagrees with the ledger": ("moved", ALL + "7 invoke 2 d look bravo d; 8 ok 2 bravo 3 5"),
    "in the ledger twice": ("twice", ALL, "a@1/0 b@3/3 c@3/4 a@4/6 d@4/7"),
    "in the ledger twice in one block": ("twice", ALL, "a@1/0 b@3/3 b@3/4 c@3/5 d@4/7"),
    "unknown, and there twice": ("twice", "1 invoke 1 c write a; 9 info 1;" + ALL, "a@1/0 b@3/3 c@3/4 d@4/6 a@4/7"),
    "a retry that happened again": ("twice", "1 invoke 1 c write a; 2 info 1; 3 invoke 2 c write a; 4 ok 2 alpha 3 3", "a@1/0 a@3/3"),
    "leaves that go down": ("shuffled", ALL, "a@1/0 c@3/4 b@3/3 d@4/6"),
    "heights that go down": ("shuffled", ALL, "a@1/0 d@4/6 b@3/7 c@3/8"),
    "two entries with one leaf": ("shuffled", ALL, "a@1/0 b@3/3 c@3/3 d@4/6"),
    "refused and there": ("refused", "1 invoke 1 c write d; 5 fail 1; 1 invoke 90 z write a; 1 invoke 91 z write b; 1 invoke 92 z write c"),
    "refused by two and there": ("refused", "1 invoke 1 c write a; 5 fail 1; 2 invoke 2 d write a; 7 fail 2", "a@1/0"),
    "nobody asked for it": ("unasked", "1 invoke 90 z write a; 1 invoke 91 z write b; 1 invoke 92 z write c"),
    "looked for by somebody and asked for by nobody": ("unasked", "1 invoke 1 z look alpha a; 2 ok 1 alpha 1 0", "a@1/0"),
    "later in time, earlier in the ledger": ("order", "1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 e write a; 4 ok 2 bravo 1 0", "a@1/0 d@4/6"),
    "later in time, same block": ("order", "1 invoke 1 c write b; 2 ok 1 alpha 3 3; 3 invoke 2 c write c; 4 ok 2 alpha 3 4", "b@3/3 c@3/4"),
    "order broken by one that nobody heard the end of": ("order", "1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 e write a; 9 info 2", "a@1/0 d@4/6"),
    "order broken by one without an end": ("order", "1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 e write b", "b@3/3 d@4/6"),
    "order broken across three": ("order", "1 invoke 1 c write b; 9 ok 1 alpha 3 3; 1 invoke 2 d write d; 4 ok 2 alpha 4 6; 5 invoke 3 e write c; 6 ok 3 bravo 3 4", "b@3/3 c@3/4 d@4/6"),
    "handed in after a read had shown its height": ("order", "1 invoke 1 c read bravo; 2 ok 1 bravo 3 h3; 3 invoke 2 d write b; 5 ok 2 alpha 3 3", "b@3/3"),
    "handed in after a look had shown its block": ("order", "0 invoke 1 c write b; 1 invoke 2 c look bravo b; 2 ok 2 bravo 3 3; 3 invoke 3 d write c; 5 ok 3 alpha 3 4", "b@3/3 c@3/4"),
    "a head that the ledger does not have": ("fork", "1 invoke 1 c read delta; 2 ok 1 delta 3 other;" + ALL),
    "a head above the ledger": ("fork", "1 invoke 1 c read delta; 2 ok 1 delta 5 h5;" + ALL),
    "two heads of one height": ("fork", "1 invoke 1 c read delta; 2 ok 1 delta 3 h3; 1 invoke 2 c read alpha; 2 ok 2 alpha 3 g3;" + ALL),
    "a certain read that shows a fork": ("fork", "1 invoke 1 c readnow delta; 2 ok 1 delta 2 g2;" + ALL),
    "a facility that goes back": ("backwards", "1 invoke 1 c read delta; 2 ok 1 delta 3 h3; 3 invoke 2 d read delta; 4 ok 2 delta 2 h2;" + ALL),
    "a facility that forgets what it acknowledged": ("backwards", "1 invoke 1 c write d; 2 ok 1 delta 4 6; 3 invoke 2 d read delta; 4 ok 2 delta 3 h3;" + ALL),
    "a facility that goes back after a look": ("backwards", ALL + "2 invoke 1 c look delta d; 3 ok 1 delta 4 6; 4 invoke 2 d read delta; 5 ok 2 delta 1 h1"),
    "a proposal forgotten by who had acknowledged it": ("forgotten", "1 invoke 1 c write a; 2 ok 1 alpha 1 0; 3 invoke 2 d look alpha a; 4 ok 2 alpha none;" + ALL),
    "a proposal forgotten by who had shown it": ("forgotten", ALL + "2 invoke 1 d look bravo a; 3 ok 1 bravo 1 0; 4 invoke 2 c look bravo a; 5 ok 2 bravo none"),
    "a certain read that misses an acknowledged one": ("stale", "1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 d readnow delta; 4 ok 2 delta 3 h3;" + ALL),
    "a certain read behind another's read": ("stale", ALL + "1 invoke 1 c readnow alpha; 2 ok 1 alpha 4 h4; 3 invoke 2 d readnow bravo; 4 ok 2 bravo 3 h3"),
    "a certain read behind a plain read elsewhere": ("stale", ALL + "1 invoke 1 c read alpha; 2 ok 1 alpha 2 h2; 3 invoke 2 d readnow bravo; 4 ok 2 bravo 1 h1"),
    "a certain read of an empty ledger": ("stale", ALL + "1 invoke 1 c read alpha; 2 ok 1 alpha 1 h1; 3 invoke 2 d readnow bravo; 4 ok 2 bravo 0 0"),
    "a facility that goes back to an empty ledger": ("backwards", ALL + "1 invoke 1 c read alpha; 2 ok 1 alpha 1 h1; 3 invoke 2 d read alpha; 4 ok 2 alpha 0 0"),
    "only the other facility was wiped": ("backwards", "1 invoke 1 c read delta; 2 ok 1 delta 3 h3; 5 invoke 2 d read delta; 6 ok 2 delta 2 h2;" + ALL,
                                          LEDGER, [(4, "alpha")]),
    "wiped before it told": ("backwards", "1 invoke 1 c read delta; 2 ok 1 delta 3 h3; 5 invoke 2 d read delta; 6 ok 2 delta 2 h2;" + ALL,
                             LEDGER, [(0, "delta")]),
}

GOOD = {
    "nothing at all": ("", ""),
    "everything unknown, some there": (ALL,),
    "acknowledged where they are": ("1 invoke 1 c write a; 2 ok 1 alpha 1 0; 3 invoke 2 c write b; 9 ok 2 alpha 3 3;" + ALL.replace("write a", "write c"),),
    "two at once in any order": ("1 invoke 1 c write d; 5 ok 1 alpha 4 6; 2 invoke 2 e write a; 9 ok 2 bravo 1 0", "a@1/0 d@4/6"),
    "two at once in one block": ("1 invoke 1 c write b; 5 ok 1 alpha 3 3; 5 invoke 2 e write c; 9 ok 2 bravo 3 4", "b@3/3 c@3/4"),
    "refused and absent": ("1 invoke 1 c write x; 5 fail 1", ""),
    "refused here and taken there": ("1 invoke 1 c write a; 2 fail 1; 3 invoke 2 c write a; 4 ok 2 bravo 1 0", "a@1/0"),
    "refused, and unknown elsewhere": ("1 invoke 1 c write a; 2 fail 1; 3 invoke 2 c write a; 4 info 2", "a@1/0"),
    "handed in again after it was acknowledged": ("1 invoke 1 c write a; 2 ok 1 alpha 1 0; 3 invoke 2 c write a; 4 ok 2 bravo 1 0", "a@1/0"),
    "a plain read that is behind": ("1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 d read bravo; 4 ok 2 bravo 1 h1", "d@4/6"),
    "a plain look that is behind": ("1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 d look bravo d; 4 ok 2 bravo none", "d@4/6"),
    "reads at once in any order": ("1 invoke 1 c readnow alpha; 9 ok 1 alpha 4 h4; 2 invoke 2 d readnow bravo; 8 ok 2 bravo 1 h1", ""),
    "a certain read that sees all": ("1 invoke 1 c write d; 2 ok 1 alpha 4 6; 3 invoke 2 d readnow bravo; 4 ok 2 bravo 4 h4", "d@4/6"),
    "a ledger that is empty still": ("1 invoke 1 c readnow alpha; 2 ok 1 alpha 0 0; 3 invoke 2 c read bravo; 4 ok 2 bravo 0 0;" + ALL,),
    "a wiped facility begins again": ("1 invoke 1 c read delta; 2 ok 1 delta 3 h3; 5 invoke 2 d read delta; 6 ok 2 delta 1 h1", "", [(4, "delta")]),
    "a wiped facility knows a proposal no more": ("1 invoke 1 c write a; 2 ok 1 delta 1 0; 5 invoke 2 d look delta a; 6 ok 2 delta none", "a@1/0", [(4, "delta")]),
}

SENSELESS = ("1 explode 1", "1 invoke 1 c write", "1 invoke 1 c dance alpha", "x invoke 1 c write a", "1 ok 7 alpha 1 0", "1 invoke 1 c write a; 2 invoke 1 c write b",
             "1 invoke 1 c write a; 2 ok 1 alpha 1 0; 3 ok 1 alpha 1 0", "5 invoke 1 c write a; 2 ok 1 alpha 1 0", "1 invoke 1 c write a; 2 ok 1 alpha",
             "1 invoke 1 c read alpha; 2 ok 1 bravo 1 h1", "1 invoke 1 c write a; 2 ok 1 alpha none", "1 invoke 1 c write a; 2 ok 1 alpha one two", "1")


def random_history(draw, count):
    """A good history: proposals that overlap, land in blocks while they are under way, and are told of, refused or lost sight of."""
    now, lines, entries, heads, waiting = 0, [], [], {}, []
    op, leaf, height = 0, 0, 0
    while op < count or waiting:
        now += draw.randrange(1, 5)
        if op < count and draw.random() < 0.6:
            op += 1
            lines.append(f"{now} invoke {op} c{op % 7} write p{op}")
            if draw.random() < 0.1:
                lines.append(f"{now + 1} fail {op}")
            else:
                waiting.append(op)
        elif waiting and draw.random() < 0.7:
            height += 1
            heads[height] = f"h{height}"
            draw.shuffle(waiting)
            size = draw.randrange(1, 6)
            block, waiting = waiting[:size], waiting[size:]
            for one in block:
                entries.append((f"p{one}", height, leaf))
                node = draw.choice("wxyz")
                if draw.random() < 0.8:
                    lines.append(f"{now + draw.randrange(1, 20)} ok {one} {node} {height} {leaf}")
                leaf += 1
            leaf += 1
        else:
            number = f"r{now}"
            lines += [f"{now} invoke {number} d readnow v", f"{now} ok {number} v {height} {heads[height]}"] if height else []
    return lines, history.Ledger(entries, heads)


class HistoryTest(unittest.TestCase):
    def test_every_bad_history_is_called_bad_by_its_name(self):
        self.assertGreaterEqual(len(BAD), 30)
        for name, (rule, *rest) in BAD.items():
            with self.subTest(name):
                self.assertIn(rule, rules(*rest))

    def test_good_histories_are_left_alone(self):
        for name, rest in GOOD.items():
            with self.subTest(name):
                self.assertEqual(rules(*rest), set())

    def test_a_log_that_makes_no_sense_is_no_history(self):
        for log in SENSELESS:
            with self.subTest(log), self.assertRaises(history.BadHistory):
                rules(log)

    def test_random_good_histories_pass_and_one_change_spoils_them(self):
        for seed in range(100):
            draw = random.Random(seed)
            lines, good = random_history(draw, 60)
            with self.subTest(seed=seed):
                self.assertEqual(history.judge(history.parse(lines), good), [])
                told = [line.split()[2] for line in lines if " ok " in line and " ok r" not in line]
                at = draw.choice([i for i, entry in enumerate(good.entries) if entry[0][1:] in told])
                entries = list(good.entries)
                gone = entries.pop(at)
                self.assertEqual({v.rule for v in history.judge(history.parse(lines), good._replace(entries=entries))}, {"lost"}, gone)
                entries.append((gone[0], 1 + max(good.heads), 10000))
                self.assertIn("moved", {v.rule for v in history.judge(history.parse(lines), good._replace(entries=entries))})

    def test_the_recorder_writes_what_the_parser_reads(self):
        path = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "log")
        recorder = history.Recorder(path, "c")
        self.addCleanup(recorder.close)
        recorder.ok(recorder.invoke("write", "a"), "alpha", 1, 0)
        recorder.fail(recorder.invoke("write", "x"))
        recorder.info(recorder.invoke("write", "y"))
        recorder.ok(recorder.invoke("look", "bravo", "a"), "bravo", "none")
        recorder.ok(recorder.invoke("read", "alpha"), "alpha", 1, "h1")
        with open(path) as file:
            operations = history.parse(file)
        self.assertEqual([(o.kind, o.end, o.node, o.height, o.place) for o in operations],
                         [("write", "ok", "alpha", 1, 0), ("write", "fail", None, None, None), ("write", "info", None, None, None),
                          ("look", "ok", "bravo", None, None), ("read", "ok", "alpha", 1, "h1")])
        self.assertEqual(history.judge(operations, ledger("a@1/0")), [])

    def test_the_time_grows_with_the_length_only(self):
        count = int(os.environ.get("ROTA_HISTORY", "100000"))
        lines, entries, heads = [], [], {}
        for op in range(count):
            height = 1 + op // 50
            heads[height] = f"h{height}"
            lines.append(f"{height * 100 + op % 50} invoke {op} c{op % 16} write p{op}")
            lines.append(f"{height * 100 + 50 + op % 50} ok {op} alpha {height} {op + height}")
            entries.append((f"p{op}", height, op + height))
        start = time.process_time()
        self.assertEqual(history.judge(history.parse(lines), history.Ledger(entries, heads)), [])
        seconds = time.process_time() - start
        print(f"history: {count} operations judged in {seconds:.2f} s", flush=True)
        self.assertLess(seconds, max(3, count / 100000))


if __name__ == "__main__":
    unittest.main()
