"""Everything that a stranger may throw at a node's HTTP door, over raw sockets: each attack gets an error or a close, is
counted, and never stops the node from serving an honest client meanwhile (FORMATS §15).

    python3 tests/system/http_hostile.py HOST:PORT [HALF_OPEN]

The node is any node that runs; nothing is handed in that it could order. HALF_OPEN connections are left hanging at the end
(default 2000). Only loopback: the floods come from addresses of 127.0.0.0/8."""
import base64
import json
import random
import re
import resource
import selectors
import socket
import sys
import threading
import time

HEADER = {"alg": "ES256K", "kid": "00" * 16, "typ": "rota-proposal+jws"}
HEADER_S, IDLE_S, BODY_S, SLACK_S = 5, 15, 10, 4
HOST = b"Host: node\r\n"
JOSE = b"Content-Type: application/jose\r\n"


class Wrong(AssertionError):
    """The door did something that it must not do."""


def expect(fact, text):
    if not fact:
        raise Wrong(text)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jws(payload, header=None, signature=b"\x01" * 64):
    return b".".join([b64(json.dumps(header or HEADER).encode()), b64(payload), b64(signature)])


def post(body, *headers, length=None):
    lines = b"".join(h if h.endswith(b"\r\n") else h + b"\r\n" for h in headers)
    size = b"Content-Length: %d\r\n" % (len(body) if length is None else length)
    return b"POST /v1/proposals HTTP/1.1\r\n" + HOST + JOSE + size + lines + b"\r\n" + body


def get(path=b"/v1/status", *headers):
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(headers) + b"\r\n"


CHUNKED = b"POST /v1/proposals HTTP/1.1\r\n" + HOST + JOSE + b"Transfer-Encoding: chunked\r\n\r\n"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def replies_of(data, bodiless=False):
    """The replies in these bytes, in order; an interim 100 is none of them. A tail that is no whole reply is an error."""
    out = []
    while data:
        head, separator, rest = data.partition(b"\r\n\r\n")
        expect(separator and head.startswith(b"HTTP/1."), f"not a reply: {data[:80]!r}")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = 0 if bodiless or status in (100, 304) else int(headers.get("content-length", len(rest)))
        expect(len(rest) >= length, f"a reply that is cut off after {len(rest)} of {length} bytes")
        if status != 100:
            out.append(Reply(status, headers, rest[:length]))
        data = rest[length:]
    return out


class Door:
    """The door under attack."""

    def __init__(self, host, port):
        self.host, self.port = host, port

    def connect(self, source="127.0.0.1", timeout=5.0):
        return socket.create_connection((self.host, self.port), timeout=timeout, source_address=(source, 0))

    def read_all(self, connection, seconds):
        """Everything until the door closes; None in second place when it does not within this time."""
        data, end = b"", time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return data, None
            connection.settimeout(left)
            try:
                piece = connection.recv(65536)
            except socket.timeout:
                return data, None
            except ConnectionError:
                return data, True
            if not piece:
                return data, True
            data += piece

    def throw(self, data, seconds=3.0, end=True, source="127.0.0.1"):
        """Sends, then reads what comes until the door closes or the time is over."""
        with self.connect(source) as connection:
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # closed on us while we sent: that is an answer too
            return self.read_all(connection, seconds)

    def ask(self, data, seconds=5.0, source="127.0.0.1"):
        """One request, its one reply; the connection is left to the door."""
        with self.connect(source) as connection:
            connection.sendall(data)
            got, end = b"", time.monotonic() + seconds
            while time.monotonic() < end:
                connection.settimeout(max(0.05, end - time.monotonic()))
                piece = connection.recv(65536)
                expect(piece, f"closed without a whole reply: {got[:80]!r}")
                got += piece
                head, separator, body = got.partition(b"\r\n\r\n")
                size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if separator and size and len(body) >= int(size[1]):
                    return replies_of(got)[-1]
            raise Wrong(f"no whole reply within {seconds} s")

    def honest(self, source="127.0.0.1", seconds=5.0):
        """Seconds until an honest client has its answer. It tries again, as clients do, until the time is over."""
        began = time.monotonic()
        while True:
            try:
                reply = self.ask(get(), max(0.2, seconds - (time.monotonic() - began)), source)
                expect(reply.status == 200 and b'"height"' in reply.body, f"an honest client got {reply.status}")
                return time.monotonic() - began
            except (OSError, Wrong) as error:
                if time.monotonic() - began > seconds:
                    raise Wrong(f"an honest client was not served within {seconds} s: {error}") from error
                time.sleep(0.05)

    def counter(self, name, label=""):
        text = self.ask(get(b"/metrics")).body.decode()
        rows = re.findall(rf"^{name}(?:\{{([^}}]*)\}})? ([0-9.e+]+)$", text, re.M)
        return sum(float(value) for labels, value in rows if label in labels)

    def answers(self, status):
        return self.counter("rota_http_answers_total", f'status="{status}"')


# ---- one request that is wrong ---------------------------------------------------------------------------------------

def problem(reply):
    expect(reply.headers.get("content-type") == "application/problem+json", f"{reply.status} without problem+json")
    said = json.loads(reply.body)
    expect(said["type"] == "urn:rotaledger:problem:" + said["code"] and said["status"] == reply.status and said["detail"],
           f"an odd problem document: {said}")
    return said


# name, bytes, statuses that are right, the code of the problem document (None: the library's own page)
REFUSED = [
    ("no Host", b"GET /v1/status HTTP/1.1\r\n\r\n", {400}, None),
    ("two Hosts", get(b"/v1/status", b"Host: other\r\n"), {400}, "bad-request"),
    ("nothing there", get(b"/v2/status"), {404}, "not-found"),
    ("a way up", get(b"/v1/../../etc/passwd"), {404}, "not-found"),
    ("a way up, encoded", get(b"/v1/%2e%2e/%2e%2e/etc/passwd"), {404}, "not-found"),
    ("an escape that ends the path", get(b"/v1/status%"), {404, 400}, None),
    ("a NUL in the path", get(b"/v1/status%00x"), {404, 400}, None),
    ("a whole URL", get(b"http://node/v1/status"), {404, 400}, None),
    ("an id that is none", get(b"/v1/proposals/zz"), {400, 404}, None),
    ("a height that is none", get(b"/v1/blocks/99999999999999999999999"), {400, 404}, None),
    ("another method", b"DELETE /v1/status HTTP/1.1\r\n" + HOST + b"\r\n", {405}, "method"),
    ("a method of its own", b"SING /v1/proposals HTTP/1.1\r\n" + HOST + b"\r\n", {405}, "method"),
    ("a body where none belongs", get(b"/v1/status", b"Content-Length: 5\r\n") + b"hello", {400}, "bad-request"),
    ("chunks", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", {501}, "transfer-encoding"),
    ("chunks and a length", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked"), {400, 501}, None),
    ("chunks where no body belongs", get(b"/v1/status", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", {501, 400}, None),
    ("a coding that nobody knows", post(b"hello", b"Transfer-Encoding: rot13"), {400, 501}, None),
    ("two lengths that differ", post(b"hello", b"Content-Length: 4"), {400}, None),
    ("two lengths that agree", post(b"hello", b"Content-Length: 5"), {400}, None),
    ("a list of lengths", post(b"hello", length=0).replace(b"Length: 0", b"Length: 5, 5"), {400}, None),
    ("a length with a sign", post(b"hello", length=0).replace(b"Length: 0", b"Length: +5"), {400}, None),
    ("a negative length", post(b"hello", length=0).replace(b"Length: 0", b"Length: -1"), {400}, None),
    ("a length in hex", post(b"hello", length=0).replace(b"Length: 0", b"Length: 0x5"), {400}, None),
    ("an empty length", post(b"hello", length=0).replace(b"Length: 0", b"Length: "), {400, 411}, None),
    ("a length beyond every integer", post(b"hello", length=int("9" * 40)), {400, 413}, None),
    ("a length of 2^64 + 5", post(b"hello", length=2**64 + 5), {400, 413}, None),
    ("no length", b"POST /v1/proposals HTTP/1.1\r\n" + HOST + JOSE + b"\r\n", {411}, "length-required"),
    ("too long a body, said beforehand", post(b"", length=10_000_000), {413}, "too-large"),
    ("another media type", post(b"{}").replace(b"application/jose", b"application/json"), {415}, "media-type"),
    ("a media type that begins alike", post(b"{}").replace(b"/jose", b"/josephine"), {415}, "media-type"),
    ("no media type", post(b"{}").replace(JOSE, b""), {415}, "media-type"),
    ("a header of 100 KB", get(b"/v1/status", b"X: " + b"x" * 100_000 + b"\r\n"), {431, 400, 413}, None),
    ("ten thousand headers", get(b"/v1/status", b"".join(b"X-%d: y\r\n" % i for i in range(10_000))), {431, 400, 413}, None),
    ("a path of 100 KB", get(b"/" + b"a" * 100_000), {414, 431, 400}, None),
    ("HTTP of the future", b"GET /v1/status HTTP/9.9\r\n" + HOST + b"\r\n", {505, 400}, None),
]

MALFORMED = [
    ("an empty body", b""),
    ("random bytes", bytes(random.Random(1).randrange(256) for _ in range(3000))),
    ("no dots", b"abcdef"),
    ("dots only", b"." * 5000),
    ("bytes that are no UTF-8", jws(b'{"ledger":"\xff\xfe\xc0\x80"}')),
    ("a lone surrogate", jws(b'{"reason":"\\ud800"}')),
    ("JSON 30,000 levels deep", jws(b"[" * 30_000)),
    ("objects 8,000 levels deep", jws(b'{"a":' * 8_000)),
    ("a member twice", jws(b'{"seq":1,"seq":2}')),
    ("a number beyond every integer", jws(b'{"seq":' + b"9" * 5_000 + b"}")),
    ("a fraction", jws(b'{"seq":1e400}')),
    ("a payload of 64 KiB of space", jws(b" " * 65_000)),
    ("a NUL behind the value", jws(b"{}\x00")),
    ("algorithm none", jws(b"{}", {**HEADER, "alg": "none"})),
    ("a header with more in it", jws(b"{}", {**HEADER, "crit": ["x"]})),
    ("padding", b64(b"{}") + b"=." + b64(b"{}") + b"." + b64(b"x" * 64)),
]


def check_refused(door):
    """Each is refused with the right status, then the connection is closed."""
    for name, data, statuses, code in REFUSED:
        got, closed = door.throw(data, end=False)
        status = re.match(rb"HTTP/1\.[01] (\d+) ", got)
        expect(status and int(status[1]) in statuses, f"{name}: {got[:60]!r}, not {statuses}")
        unread = data.startswith(b"POST") or b"Content-Length" in data or b"chunked" in data
        expect(closed or not unread, f"{name}: what was not read stays in an open connection")
        if code:  # the library's own pages are short of form; ours are looked at
            replies = replies_of(got)
            expect(len(replies) == 1, f"{name}: {len(replies)} replies")
            expect(problem(replies[0])["code"] == code, f"{name}: {replies[0].body!r}, not {code}")
            expect(replies[0].status != 405 or replies[0].headers.get("allow"), f"{name}: 405 without Allow")
    door.honest()


def check_malformed(door):
    """Bodies that are no proposal: 400 and a problem document in words, or 429 where our share is used up."""
    for name, body in MALFORMED:
        reply = door.ask(post(body))
        while reply.status == 429:
            time.sleep(int(reply.headers["rota-retry-ms"]) / 1000 + 0.01)
            reply = door.ask(post(body))
        expect(reply.status == 400, f"{name}: {reply.status} {reply.body[:200]!r}")
        problem(reply)
    door.honest()


def check_counted(door):
    """What is refused is counted under its status."""
    for status, data in ((404, get(b"/nothing")), (405, get(b"/v1/proposals")), (400, post(b"hello")),
                         (413, post(b"", length=10_000_000)), (415, post(b"{}").replace(JOSE, b"")),
                         (501, CHUNKED)):
        before = door.answers(status)
        door.throw(data, end=False)
        expect(door.answers(status) >= before + 1, f"a {status} is not counted")


# ---- pieces and rubbish ----------------------------------------------------------------------------------------------

def check_rubbish(door, rounds=300):
    """Random bytes, random cuts and random flips of good requests: an answer or a close, never a hang past the deadline."""
    generator = random.Random(7)
    good = [get(), post(jws(b"{}")), get(b"/v1/schedule?person=p-1&at=3"), get(b"/metrics")]
    for i in range(rounds):
        data = bytearray(generator.choice(good))
        kind = i % 3
        if kind == 0:
            data = bytearray(generator.randrange(256) for _ in range(generator.randrange(1, 2000)))
        elif kind == 1:
            del data[generator.randrange(1, len(data)):]
        else:
            for _ in range(generator.randrange(1, 6)):
                data[generator.randrange(len(data))] = generator.randrange(256)
        got, closed = door.throw(bytes(data), seconds=HEADER_S + SLACK_S)
        expect(closed, f"round {i}: still open after {HEADER_S + SLACK_S} s: {bytes(data[:60])!r}")
    door.honest()


def check_truncated(door):
    """A body that stops short, with the other end closed: no proposal is made of half a body."""
    got, closed = door.throw(post(jws(b"{}"), length=500), seconds=BODY_S + SLACK_S)
    expect(closed, "half a body holds the connection")
    expect(all(reply.status >= 400 for reply in replies_of(got)), "half a body was taken")


def check_vanishing(door, rounds=200):
    """Clients that send and are gone, with a reset."""
    for i in range(rounds):
        with door.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.sendall(get() if i % 2 else post(jws(b"{}"), length=300))
    door.honest()


def check_pipelining(door):
    """Requests in one piece are answered in order; what follows a refused body is never read as a request."""
    got, _ = door.throw(get(b"/version") + get(b"/livez") + get(b"/nothing", b"Connection: close\r\n"), end=False)
    expect([reply.status for reply in replies_of(got)] == [200, 200, 404], "pipelined requests")
    hidden = get(b"/version")
    for name, data in (("too long", post(hidden, length=10_000_000)), ("wrong type", post(hidden).replace(JOSE, b"")),
                       ("chunks", CHUNKED + hidden),
                       ("two lengths", post(hidden, b"Content-Length: 0"))):
        got, closed = door.throw(data, end=False)
        replies = replies_of(got)
        expect(closed and len(replies) == 1, f"smuggled behind a refusal ({name}): {[r.status for r in replies]}")


# ---- slowness --------------------------------------------------------------------------------------------------------

def drip(door, head, piece, pause, limit):
    """Feeds a piece at a time. Seconds until the door has enough; fails after `limit`."""
    with door.connect() as connection:
        connection.sendall(head)
        began = time.monotonic()
        while time.monotonic() - began < limit:
            connection.settimeout(pause)
            try:
                if not connection.recv(65536):
                    return time.monotonic() - began
            except socket.timeout:
                pass
            except ConnectionError:
                return time.monotonic() - began
            try:
                connection.sendall(piece)
            except OSError:
                return time.monotonic() - began
    raise Wrong(f"a drip of {piece!r} is still fed after {limit} s")


def check_drips(door):
    """A header and a body that never end are cut by an absolute deadline, however busy they look. A connection that lies
    idle between two requests has longer."""
    cases = [("header", get()[:-2], b"X-Y: z\r\n", HEADER_S), ("a line", b"GET /v1/st", b"a", HEADER_S),
             ("body", post(b"", length=50_000), b"a", BODY_S)]
    before, results = door.counter("rota_http_slow_connections_total"), {}

    def run(name, head, piece, seconds):
        try:
            results[name] = drip(door, head, piece, 0.2, seconds + SLACK_S)
        except Wrong as error:
            results[name] = error

    def idle():
        with door.connect(timeout=5) as connection:
            for pause in (0, HEADER_S + 1):
                time.sleep(pause)
                connection.sendall(get())
                if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
                    results["idle"] = Wrong("an idle connection is closed as if it had half a header")
                    return
        results["idle"] = HEADER_S + 1

    threads = [threading.Thread(target=run, args=case) for case in cases] + [threading.Thread(target=idle)]
    for thread in threads:
        thread.start()
    expect(door.honest() < 2, "drips slow an honest client down")
    for thread in threads:
        thread.join()
    expect(len(results) == len(threads), "one of them did not come to an end")
    for name, took in results.items():
        expect(not isinstance(took, Wrong), f"{name}: {took}")
    expect(door.counter("rota_http_slow_connections_total") >= before + len(cases), "drips are not counted")
    return results


def check_slow_reader(door):
    """Someone who asks much and reads nothing holds one connection, nothing else."""
    with door.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            for _ in range(2000):
                connection.settimeout(0.5)
                connection.sendall(get(b"/metrics"))
        except OSError:
            pass
        expect(door.honest() < 2, "a slow reader slows an honest client down")


# ---- crowds ----------------------------------------------------------------------------------------------------------

def check_half_open(door, count=2000):
    """So many connections from forty addresses that say half a header and wait. An honest client of another address is
    served all the while, and in the end all of them are closed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 200)), hard))
    held, served, stop = [], [], threading.Event()

    def honest():
        while not stop.is_set():
            try:
                served.append(door.honest("127.0.0.1", 8.0))
            except Wrong as error:
                served.append(error)
                return
            time.sleep(0.1)

    client = threading.Thread(target=honest)
    client.start()
    try:
        for i in range(count):
            one = socket.socket()
            one.bind((f"127.0.1.{1 + i % 40}", 0))
            one.setblocking(False)
            one.connect_ex((door.host, door.port))
            held.append(one)
        until_closed(held, HEADER_S + 20)
    finally:
        stop.set()
        client.join()
        for one in held:
            one.close()
    wrong = [one for one in served if isinstance(one, Wrong)]
    expect(not wrong, str(wrong[:1]))
    expect(served, "the honest client did not get its turn")
    return {"served": len(served), "slowest": max(served)}


def until_closed(held, seconds):
    """Says half a header on each as soon as it is connected; waits until the door has closed all."""
    watcher, end = selectors.DefaultSelector(), time.monotonic() + seconds
    half = b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Half: "
    for one in held:
        watcher.register(one, selectors.EVENT_WRITE)
    left = len(held)
    while left and time.monotonic() < end:
        for key, mask in watcher.select(0.5):
            one = key.fileobj
            try:
                if mask & selectors.EVENT_WRITE:
                    one.send(half)
                    watcher.modify(one, selectors.EVENT_READ)
                    continue
                if one.recv(4096):
                    continue
            except (OSError, ValueError):
                pass
            watcher.unregister(one)
            left -= 1
    expect(left == 0, f"{left} of {len(held)} half-open connections are still held after {seconds} s")


def check_crowd(door, count=400):
    """A crowd of whole requests from one address: more than it may have connections; each is answered or closed."""
    outcomes = {"answered": 0, "closed": 0}
    lock = threading.Lock()

    def one():
        try:
            with door.connect() as connection:
                connection.sendall(get())
                data, _ = door.read_all(connection, 0.5)
                key = "answered" if data.startswith(b"HTTP/1.1 200") else "closed"
        except OSError:
            key = "closed"
        with lock:
            outcomes[key] += 1

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(outcomes["answered"] > 0, "nobody of a crowd was answered")
    door.honest()
    return outcomes


CHECKS = [check_refused, check_malformed, check_counted, check_rubbish, check_truncated, check_vanishing, check_pipelining,
          check_drips, check_slow_reader, check_crowd]


def run_all(door, half_open=2000, say=print):
    failed = []
    for check, *more in [*((check,) for check in CHECKS), (check_half_open, half_open)]:
        name, began = check.__name__.removeprefix("check_"), time.monotonic()
        try:
            result = check(door, *more)
            say(f"{name:12} held  {time.monotonic() - began:6.1f} s  {result or ''}")
        except (Wrong, OSError) as error:
            failed.append(name)
            say(f"{name:12} BROKE {time.monotonic() - began:6.1f} s  {error}")
    return failed


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    where, _, number = sys.argv[1].removeprefix("http://").rstrip("/").rpartition(":")
    sys.exit(1 if run_all(Door(where, int(number)), int(sys.argv[2]) if len(sys.argv) == 3 else 2000) else 0)
