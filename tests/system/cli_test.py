"""The program rota against files, and against a stand-in for a node that answers as FORMATS §15 says. What a real network
does is for the other system tests; here the node misbehaves on purpose: full, without quorum, dead half-way."""
import base64
import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from stand_in import StandIn, decode

BIN = pathlib.Path(os.environ.get("ROTA_BIN", pathlib.Path(__file__).parents[2] / "build/dev/bin")).resolve()  # programs run elsewhere
ROTA = BIN / "rota" if BIN.is_dir() else BIN
MAP = 'person = "employee"\ndate = "date"\nstart = "start"\nend = "end"\ncode = "shift"\nfacility = "alpha"\n'


def run(*words, cwd=None, env=None, timeout=120, **more):
    environment = {k: v for k, v in os.environ.items() if k != "ROTA_NODE"}
    environment.update(env or {})
    return subprocess.run([ROTA, *map(str, words)], capture_output=True, text=True, timeout=timeout, cwd=cwd,
                          env=environment,
                          stdin=subprocess.DEVNULL, start_new_session=True, **more)


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="rota-cli-")
        top = cls.top = pathlib.Path(cls.shared.name)
        (top / "pass").write_text("a passphrase\n")
        (top / "pass").chmod(0o600)
        for role, label in (("facility", "alpha"), ("coordinator", "chief")):
            made = run("key", "generate", "--role", role, "--label", label, "--out", top / label, "--passphrase-file",
                       top / "pass")
            assert made.returncode == 0, made.stderr
        made = run("genesis", "new", "--name", "test", "--member", f"alpha={top}/alpha.pub@tcp://127.0.0.1:7101",
                   "--coordinator",
                   f"{top}/chief.pub@alpha:scheduler+director", "--out", top / "draft.json")
        assert made.returncode == 0, made.stderr
        made = run("genesis", "seal", top / "draft.json", "--out", top / "genesis.json")
        assert made.returncode == 0, made.stderr
        cls.kid = json.loads(run("key", "show", top / "chief.pub", "--json").stdout)["kid"]

    @classmethod
    def tearDownClass(cls):
        cls.shared.cleanup()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rota-cli-")
        self.dir = pathlib.Path(self.folder.name)
        for name in ("chief.key", "chief.key.seq", "chief.pub", "pass"):
            (self.dir / name).write_bytes((self.top / name).read_bytes())
            (self.dir / name).chmod(0o600)
        self.doors = []

    def tearDown(self):
        for door in self.doors:
            door.close()
        self.folder.cleanup()

    def door(self, ledger=None):
        door = StandIn((self.top / "genesis.json").read_bytes(), ledger)
        door.ledger["coordinators"] = [{"kid": self.kid}]
        self.doors.append(door)
        return door

    def ok(self, *words, code=0, **more):
        done = run(*words, cwd=self.dir, **more)
        self.assertEqual(done.returncode, code, f"rota {words}\n{done.stdout}{done.stderr}")
        return done

    def new(self, name, *ops, exp=1000):
        words = [w for op in ops for w in ("--op", op)]
        self.ok("proposal", "new", "--ledger-from", self.top / "genesis.json", "--exp", exp, "--reason", "test", *words,
                "--out", name)

    def sign(self, name, out, code=0, *more):
        return self.ok("proposal", "sign", name, "--key", "chief.key", "--passphrase-file", "pass", "--yes", "--out",
                       out, *more, code=code)

    def roster(self, rows, text=MAP, header="employee,date,shift,start,end"):
        (self.dir / "roster.csv").write_text("\n".join([header, *rows]) + "\n")
        (self.dir / "roster.map").write_text(text)

    def importing(self, *more):
        return ["import", "roster.csv", "--map", "roster.map", "--key", "chief.key", "--passphrase-file", "pass",
                "--people", "who.csv", *more]


class Words(Cli):
    def test_every_command_explains_itself_the_same_way_three_times(self):
        listed = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", run("help").stdout, re.M)
        self.assertGreater(len(listed), 15)
        for name in listed:
            texts = {run("help", *name.split()).stdout, run(*name.split(), "--help").stdout}
            self.assertEqual(len(texts), 1, name)
            self.assertIn("--json", texts.pop(), name)

    def test_a_slip_is_answered_with_the_nearest_word_and_exit_2(self):
        for words, wanted in ((["sbumit"], "rota submit"), (["kye", "show"], "rota key"),
                              (["key", "generat"], "key generate"),
                              (["submit", "--wiat"], "--wait"), (["submit", "--recei"], "--receipt")):
            done = run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(wanted, done.stderr)

    def test_completion_is_a_script_that_bash_takes(self):
        script = run("completion", "bash").stdout
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)
        asked = script + '\nCOMP_WORDS=(rota gen); COMP_CWORD=1; _rota; echo "${COMPREPLY[@]}"'
        self.assertEqual(subprocess.run(["bash"], input=asked, text=True, capture_output=True).stdout.strip(), "genesis")
        asked = script + '\nCOMP_WORDS=(rota submit --rec); COMP_CWORD=2; _rota; echo "${COMPREPLY[@]}"'
        self.assertEqual(subprocess.run(["bash"], input=asked, text=True, capture_output=True).stdout.strip(),
                         "--receipt")

    def test_a_node_that_is_not_there_is_exit_8_and_says_what_was_tried(self):
        for words in (["node", "status"], ["show"], ["export", "--format", "csv"], ["anomalies"],
                      ["receipt", "get", "0" * 64]):
            done = run(*words, "--node", "http://127.0.0.1:9")
            self.assertEqual(done.returncode, 8, words)
            self.assertIn("127.0.0.1:9", done.stderr)
            self.assertIn("next:", done.stderr)

    def test_errors_with_json_are_one_object_with_a_schema(self):
        done = run("genesis", "show", "/nowhere.json", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["schema"]), (5, "rotaledger.error/1"))


class Keys(Cli):
    def test_files_have_their_modes_and_nothing_is_overwritten(self):
        self.ok("key", "generate", "--role", "coordinator", "--label", "x", "--out", "x", "--passphrase-file", "pass")
        self.assertEqual((self.dir / "x.key").stat().st_mode & 0o777, 0o600)
        before = (self.dir / "x.key").read_bytes()
        self.ok("key", "generate", "--role", "coordinator", "--label", "x", "--out", "x.key", "--passphrase-file",
                "pass", code=2)
        self.assertEqual((self.dir / "x.key").read_bytes(), before)
        shown = self.ok("key", "show", "x.key").stdout
        self.assertIn("kid", shown)
        self.assertNotIn(before.decode().splitlines()[-1].split(":")[-1], shown)

    def test_no_passphrase_and_no_terminal_is_exit_7(self):
        self.ok("key", "generate", "--role", "facility", "--label", "y", "--out", "y", "--no-terminal", code=7)
        self.assertFalse((self.dir / "y.key").exists())
        (self.dir / "pass").write_text("wrong\n")
        self.new("p.json", "code.define code=DAY")
        self.sign("p.json", "p.jws", 7)

    def test_a_facility_key_cannot_sign_proposals(self):
        self.new("p.json", "code.define code=DAY")
        self.ok("proposal", "sign", "p.json", "--key", self.top / "alpha.key", "--passphrase-file", "pass", "--yes",
                "--out", "p.jws", code=7)


class Genesis(Cli):
    def test_show_tells_what_the_network_tolerates(self):
        facts = json.loads(self.ok("genesis", "show", self.top / "genesis.json", "--json").stdout)
        self.assertEqual((facts["n"], facts["f"], facts["quorum"]), (1, 0, 1))
        self.assertIn("no liar", facts["tolerates"])
        self.assertEqual(facts["words"], self.ok("genesis", "words", self.top / "genesis.json").stdout.strip())
        self.assertEqual(len(facts["words"].split()), 12)

    def test_sealing_keeps_the_bytes_and_never_overwrites(self):
        self.ok("genesis", "seal", self.top / "draft.json", "--out", "g.json")
        self.assertEqual((self.dir / "g.json").read_bytes(), (self.top / "draft.json").read_bytes())
        self.ok("genesis", "seal", self.top / "draft.json", "--out", "g.json", code=2)

    def test_a_changed_byte_in_a_key_is_refused(self):
        text = (self.top / "genesis.json").read_text()
        spot = text.index('"possession"') + 20
        (self.dir / "bad.json").write_text(text[:spot] + ("0" if text[spot] != "0" else "1") + text[spot + 1:])
        self.ok("genesis", "show", "bad.json", code=5)

    def test_node_init_makes_a_closed_directory_once(self):
        words = ["node", "init", "--dir", "n", "--genesis", self.top / "genesis.json", "--key", self.top / "alpha.key"]
        self.ok(*words)
        self.assertEqual((self.dir / "n").stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.dir / "n/node.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.dir / "n/genesis.json").read_bytes(), (self.top / "genesis.json").read_bytes())
        self.ok(*words, code=2)
        self.ok("node", "init", "--dir", "m", "--genesis", self.top / "genesis.json", "--key", "chief.key", code=7)
        shown = self.ok("show", "--ledger", "n/ledger.db", "--genesis", self.top / "genesis.json")
        self.assertIn("0 assignments", shown.stdout)


class Proposals(Cli):
    def test_signing_uses_every_number_once_even_when_the_answer_is_no(self):
        self.new("p.json", "code.define code=DAY")
        declined = self.ok("proposal", "sign", "p.json", "--key", "chief.key", "--passphrase-file", "pass", "--out",
                           "no.jws", code=1)
        self.assertIn("define", declined.stderr)
        self.assertFalse((self.dir / "no.jws").exists())
        numbers = []
        for i in range(3):
            self.sign("p.json", f"{i}.jws")
            numbers.append(json.loads(decode((self.dir / f"{i}.jws").read_text().split(".")[1]))["seq"])
        self.assertEqual(numbers, [2, 3, 4])

    def test_a_number_that_may_have_been_used_is_refused(self):
        self.new("p.json", "code.define code=DAY")
        self.sign("p.json", "a.jws")
        payload = json.loads((self.dir / "p.json").read_text())
        (self.dir / "again.json").write_text(json.dumps({**payload, "seq": 1}))
        self.sign("again.json", "b.jws", 2)
        (self.dir / "later.json").write_text(json.dumps({**payload, "seq": 9}))
        self.sign("later.json", "c.jws")
        self.assertEqual(int((self.dir / "chief.key.seq").read_text()), 9)

    def test_without_a_record_the_ledger_is_asked_and_silence_stops_the_signing(self):
        (self.dir / "chief.key.seq").unlink()
        self.new("p.json", "code.define code=DAY")
        self.sign("p.json", "a.jws", 8, "--node", "http://127.0.0.1:9")
        door = self.door()
        door.ledger["blocks"].append({"kid": self.kid, "seq": 41, "bytes": b"", "document": {}})
        self.sign("p.json", "a.jws", 0, "--node", door.url)
        self.assertEqual(json.loads(decode((self.dir / "a.jws").read_text().split(".")[1]))["seq"], 42)

    def test_words_of_an_operation_are_checked(self):
        for op, wanted in (("asign person=p", "assign"), ("assign persn=p", "person"),
                           ("assign person=p person=q", "twice"),
                           ("assign person=p code=N facility=alpha start=2026-12-25 minutes=480", "2026-12-25T12:30Z")):
            done = self.ok("proposal", "new", "--ledger-from", self.top / "genesis.json", "--exp", 9, "--reason", "r",
                           "--op", op, "--out", "q", code=2)
            self.assertIn(wanted, done.stderr)

    def test_show_checks_the_signature_when_it_knows_the_key(self):
        self.new("p.json", "code.define code=DAY")
        self.sign("p.json", "p.jws")
        self.assertIn("good", self.ok("proposal", "show", "p.jws", "--genesis", self.top / "genesis.json").stdout)
        self.assertIn("not checked", self.ok("proposal", "show", "p.jws").stdout)
        head, body, signature = (self.dir / "p.jws").read_text().split(".")
        other = base64.urlsafe_b64encode(decode(body).replace(b'"DAY"', b'"DAX"')).decode().rstrip("=")
        (self.dir / "bad.jws").write_text(".".join([head, other, signature]))
        self.ok("proposal", "show", "bad.jws", "--key", "chief.pub", code=1)


class Submission(Cli):
    def signed(self, *ops):
        self.new("p.json", *(ops or ["code.define code=DAY"]))
        self.sign("p.json", "p.jws")

    def test_the_same_bytes_again_give_the_same_answer(self):
        door = self.door()
        self.signed()
        first = self.ok("submit", "p.jws", "--wait", "--node", door.url, "--json")
        again = self.ok("submit", "p.jws", "--wait", "--node", door.url, "--json")
        self.assertEqual(first.stdout, again.stdout)
        self.assertEqual(json.loads(first.stdout)["outcomes"][0]["name"], "ok")

    def test_a_refused_operation_is_exit_1_in_words(self):
        door = self.door()
        self.signed("assign person=p-9 code=DAY facility=alpha start=2026-12-25T08:00Z minutes=60")
        done = self.ok("submit", "p.jws", "--wait", "--node", door.url, code=1)
        self.assertIn("REFUSED unknown-person", done.stdout)

    def test_too_much_and_no_quorum_are_waited_for(self):
        door = self.door()
        door.troubles = [(429, "rate-limited", "your share is full", [("Retry-After", "1")]),
                         (503, "no-quorum", "two of four", [])]
        self.signed()
        start = time.monotonic()
        self.ok("submit", "p.jws", "--wait=20s", "--node", door.url)
        self.assertGreater(time.monotonic() - start, 1)
        self.assertEqual(door.posts, 3)

    def test_a_malformed_one_is_not_tried_again(self):
        door = self.door()
        door.troubles = [(422, "expired", "block 1000 is past", [])]
        self.signed()
        done = self.ok("submit", "p.jws", "--wait", "--node", door.url, code=1)
        self.assertIn("expired", done.stderr)
        self.assertEqual(door.posts, 1)

    def test_a_dead_node_is_left_for_the_next(self):
        door = self.door()
        self.signed()
        self.ok("submit", "p.jws", "--wait", "--node", "http://127.0.0.1:9", "--node", door.url)

    def test_time_over_is_exit_8(self):
        self.signed()
        self.ok("submit", "p.jws", "--wait=1", "--node", "http://127.0.0.1:9", code=8)


class Import(Cli):
    rows = [f"Name {i % 7},2027-01-{1 + i // 7:02},{('D,08:30,16:30', 'N,22:30,06:30')[i % 2]}" for i in range(70)]

    def test_a_roster_is_committed_and_no_name_leaves_the_house(self):
        door = self.door()
        self.roster(self.rows)
        done = json.loads(self.ok(*self.importing("--enrol", "--node", door.url, "--json", "--report", "r.csv")).stdout)
        self.assertEqual((done["rows"], done["committed"], done["refused"], done["bad"]), (70, 70, 0, 0))
        self.assertNotIn(b"Name", b"".join(decode(b.decode().split(".")[1]) for b in door.seen))
        self.assertEqual((self.dir / "who.csv").stat().st_mode & 0o777, 0o600)
        people = list(csv.DictReader((self.dir / "who.csv").read_text().splitlines()))
        self.assertEqual(len(people), 7)
        self.assertTrue(all(re.fullmatch("p-[a-z2-7]{12}", p["token"]) for p in people))
        self.assertEqual(len(list(csv.DictReader((self.dir / "r.csv").read_text().splitlines()))), 70)
        self.assertEqual({b[2] for b in door.ledger["booked"]}, {480})

    def test_the_same_command_again_signs_nothing(self):
        door = self.door()
        self.roster(self.rows)
        self.ok(*self.importing("--enrol", "--node", door.url))
        blocks, number = len(door.ledger["blocks"]), (self.dir / "chief.key.seq").read_text()
        done = json.loads(self.ok(*self.importing("--enrol", "--node", door.url, "--json")).stdout)
        self.assertEqual((done["committed"], len(door.ledger["blocks"])), (70, blocks))
        self.assertEqual((self.dir / "chief.key.seq").read_text(), number)

    def test_interrupted_then_repeated_nothing_is_ordered_twice(self):
        door = self.door()
        door.delay = 0.05
        self.roster(self.rows)
        words = [ROTA, *map(str, self.importing("--enrol", "--node", door.url, "--jobs", "2"))]
        child = subprocess.Popen(words, cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while len(door.ledger["blocks"]) < 12:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        output = child.communicate(timeout=30)
        self.assertEqual(child.returncode, 8, output)
        self.assertIn("open", output[0])
        done = json.loads(self.ok(*self.importing("--enrol", "--node", door.url, "--json")).stdout)
        self.assertEqual(done["committed"], 70)
        self.assertEqual(len(door.ledger["booked"]), 70)
        self.assertEqual(sum(len(b["ops"]) for b in door.ledger["blocks"]), 70 + 7 + 2)

    def test_a_killed_import_goes_on_where_it_was(self):
        door = self.door()
        door.delay = 0.05
        self.roster(self.rows)
        words = [ROTA, *map(str, self.importing("--enrol", "--node", door.url, "--jobs", "4"))]
        child = subprocess.Popen(words, cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(door.ledger["blocks"]) < 20:
            time.sleep(0.01)
        child.kill()
        child.wait()
        self.ok(*self.importing("--enrol", "--node", door.url))
        self.assertEqual(len(door.ledger["booked"]), 70)
        self.assertEqual(sum(len(b["ops"]) for b in door.ledger["blocks"]), 70 + 7 + 2)

    def test_backs_off_when_told_and_loses_nothing(self):
        door = self.door()
        door.trouble_every = 3
        self.roster(self.rows)
        done = json.loads(self.ok(*self.importing("--enrol", "--node", door.url, "--json")).stdout)
        self.assertEqual(done["committed"], 70)

    def test_a_node_that_dies_is_left_for_the_next(self):
        first = self.door()
        second = self.door(first.ledger)
        first.delay = 0.02
        self.roster(self.rows)
        words = [ROTA, *map(str, self.importing("--enrol", "--json", "--node", first.url, "--node", second.url))]
        child = subprocess.Popen(words, cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while len(first.ledger["blocks"]) < 15:
            time.sleep(0.01)
        first.troubles = [(503, "stopping", "the node shuts down", [])] * 100
        first.server.server_close()
        output = json.loads(child.communicate(timeout=60)[0])
        self.assertEqual((child.returncode, output["committed"]), (0, 70))
        self.assertEqual(len(first.ledger["booked"]), 70)

    def test_bad_rows_are_named_with_their_line_and_the_rest_is_committed(self):
        door = self.door()
        self.roster(["Ann,2027-01-01,D,08:30,16:30", "Ann,2027-13-01,D,08:30,16:30", ",2027-01-02,D,08:30,16:30",
                     '"Be ""B"" Bo",2027-01-03,D,08:30,16:30',
                     "Ann,2027-01-04,D,25:30,16:30", "Ann,2027-01-05,D,08:30", "Ann,2027-01-06,,08:30,16:30"])
        done = self.ok(*self.importing("--enrol", "--node", door.url, "--json"), code=1)
        result = json.loads(done.stdout)
        self.assertEqual((result["rows"], result["committed"], result["bad"]), (7, 2, 5))
        self.assertEqual([row["line"] for row in result["not_committed"]], [3, 4, 6, 7, 8])

    def test_refused_rows_are_exit_1_with_their_code(self):
        door = self.door()
        self.roster(["Ann,2027-01-01,D,08:30,16:30", "Ann,2027-01-01,D,08:30,15:30"])
        done = self.ok(*self.importing("--enrol", "--node", door.url, "--jobs", "1"), code=1)
        self.assertRegex(done.stdout, r"line 3 +overlap")

    def test_unknown_people_are_no_secret_enrolment(self):
        door = self.door()
        self.roster(["Ann,2027-01-01,D,08:30,16:30"])
        done = self.ok(*self.importing("--node", door.url), code=1)
        self.assertIn("--enrol", done.stdout)
        self.assertEqual(len(door.ledger["blocks"]), 0)

    def test_many_operations_in_one_proposal_and_a_local_time(self):
        door = self.door()
        self.roster(self.rows, MAP + "ops_per_proposal = 25\nutc_offset_minutes = 60\n")
        self.ok(*self.importing("--enrol", "--node", door.url))
        self.assertEqual(len(door.ledger["blocks"]), 1 + 3)
        self.assertIn("2027-01-01T07:30Z", {b[1] for b in door.ledger["booked"]})

    def test_a_map_that_does_not_fit_says_where(self):
        for text, wanted in ((MAP + "persn = \"x\"\n", "roster.map:7"), (MAP.replace("employee", "nobody"), "nobody"),
                             ("person = \"a\"\n", "roster.map")):
            self.roster(self.rows, text)
            self.assertIn(wanted, self.ok(*self.importing("--node", "http://127.0.0.1:9"), code=2).stderr)


class Reading(Cli):
    def filled(self):
        door = self.door()
        self.roster(Import.rows)
        self.ok(*self.importing("--enrol", "--node", door.url))
        return door

    def test_show_and_the_three_exports_tell_the_same(self):
        door = self.filled()
        shown = json.loads(self.ok("show", "--node", door.url, "--json").stdout)["assignments"]
        table = list(csv.DictReader(self.ok("export", "--format", "csv", "--node", door.url).stdout.splitlines()))
        calendar = run("export", "--format", "ics", "--node", door.url, "--out", "all.ics", cwd=self.dir)
        self.assertEqual(calendar.returncode, 0)
        text = (self.dir / "all.ics").read_bytes()
        self.assertEqual(len(shown), 70)
        self.assertEqual([row["id"] for row in table], [item["id"] for item in shown])
        self.assertEqual(re.findall(rb"UID:(\w+)@", text), [item["id"].encode() for item in shown])

    def test_pages_of_one_height_are_joined(self):
        door = self.filled()
        whole = self.ok("export", "--format", "csv", "--node", door.url).stdout
        for page in (1, 23, 69, 70, 71):
            door.page, door.asked = page, []
            self.assertEqual(self.ok("export", "--format", "csv", "--node", door.url).stdout, whole)
            asked = [path for path in door.asked if path.startswith("/v1/schedule")]
            self.assertEqual(len(asked), -(-70 // page))
            height = len(door.ledger["blocks"])
            self.assertTrue(all(f"at={height}&" in path for path in asked[1:]), asked)

    def test_what_ended_later_is_in_the_schedule_of_then(self):
        door = self.filled()
        real = door.schedule
        door.schedule = lambda assignments, query: {**real(assignments, query), "at": 2, "assignments": [
            {**a, "from_height": 1, "to_height": 3 + i % 2} for i, a in enumerate(assignments)]}
        shown = json.loads(self.ok("show", "--at", "2", "--node", door.url, "--json").stdout)
        self.assertEqual(shown["height"], 2)
        self.assertEqual(len(shown["assignments"]), 70)

    def test_the_calendar_keeps_to_its_standard(self):
        door = self.filled()
        self.ok("export", "--format", "ics", "--node", door.url, "--out", "all.ics")
        text = (self.dir / "all.ics").read_bytes()
        self.assertTrue(text.endswith(b"END:VCALENDAR\r\n"))
        self.assertNotIn(b"\n", text.replace(b"\r\n", b""))
        self.assertLessEqual(max(map(len, text.split(b"\r\n"))), 75)
        unfolded = text.replace(b"\r\n ", b"").decode().split("\r\n")
        self.assertEqual(unfolded.count("BEGIN:VEVENT"), 70)
        self.assertTrue(all(re.fullmatch(r"[A-Z-]+:.+", line) for line in unfolded[:-1]))
        self.assertIn("DTEND:20270102T063000Z", unfolded)

    def test_anomalies_are_exit_4(self):
        door = self.door()
        self.assertIn("none", self.ok("anomalies", "--node", door.url).stdout)
        door.ledger["anomalies"] = [{"height": 7, "evidence": "ab" * 32,
                                     "text": "chief signed two proposals with number 5\x1b[31m"}]
        done = self.ok("anomalies", "--node", door.url, code=4)
        self.assertIn("number 5?[31m", done.stdout)

    # PROTOCOL T11, FORMATS §14 J3: the bound is the auditor's, to the millisecond
    def test_a_node_whose_newest_block_is_too_old_says_so(self):
        door = self.door()
        most = 3600000 + 3600000 // 4 + 60000
        for age, tick, late in ((most, 3600000, False), (most + 1, 3600000, True), (most + 1, 0, False)):
            door.status = {"height": 3, "head_age_ms": age, "tick_ms": tick, "quorum": {"heard": 1, "needed": 1}}
            self.assertEqual("LONG OVERDUE" in self.ok("node", "status", "--node", door.url).stdout, late, (age, tick))

    def test_anomalies_are_told_to_the_last_page(self):
        door = self.door()
        for count in (256, 257, 700):
            door.asked = []
            door.ledger["anomalies"] = [{"height": i, "evidence": f"{i:064x}", "text": f"piece {i}", **({"amnesia": True} if i < 699 else {})}
                                        for i in range(count)]
            done = self.ok("anomalies", "--node", door.url, "--json", code=4 if count == 700 else 0)
            self.assertEqual([item["height"] for item in json.loads(done.stdout)["anomalies"]], list(range(count)))
            self.assertEqual(len(door.asked), -(-count // 256))

    def test_pages_of_anomalies_that_do_not_go_on_are_no_endless_question(self):
        door = self.door()
        door.anomalies = lambda query: {"anomalies": [], "next_offset": 7}
        self.assertIn("do not go on", self.ok("anomalies", "--node", door.url, code=5).stderr)

    def test_a_node_that_talks_nonsense_is_not_believed(self):
        door = self.door()
        door.ledger["booked"] = [("p-1\nX", "2027-01-01T07:30Z", 60, 1, "ab" * 32)]
        self.ok("export", "--format", "ics", "--node", door.url, code=5)


if __name__ == "__main__":
    unittest.main()
