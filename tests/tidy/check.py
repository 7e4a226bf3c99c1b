#!/usr/bin/env python3
"""What the compiler does not check about the house: the straight line of includes, the symbols of the pure layers, the
protocol's rule numbers, and the format. Each check counts what it looked at, so that it cannot pass by looking at nothing."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ["crypto", "ledger", "consensus", "node"]
problems = []


def sources(*folders):
    return sorted(p for f in folders for p in (ROOT / f).rglob("*.[ch]"))


def say(path, line, text):
    problems.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def includes():
    """crypto <- ledger <- consensus <- node: a file includes its own layer and what stands to its left."""
    seen = 0
    for path in sources(*LAYERS):
        layer = LAYERS.index(path.relative_to(ROOT).parts[0])
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
            if not found:
                continue
            seen += 1
            if found[1] not in LAYERS:
                say(path, number, f'includes "{found[1]}/", which is no layer')
            elif LAYERS.index(found[1]) > layer:
                say(path, number, f"{LAYERS[layer]} includes {found[1]}, which stands to its right")
    return seen


def leaves():
    """sqlite stays in ledger/store, nng and microhttpd in node, secp256k1 in crypto."""
    homes = {"sqlite3.h": ["ledger/store/"], "nng/": ["node/"], "microhttpd.h": ["node/"], "secp256k1": ["crypto/es256k.c"],
             "curl/": ["node/tools/"], "confuse.h": ["node/"]}
    seen = 0
    for path in sources(*LAYERS):
        name = str(path.relative_to(ROOT))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if not found:
                continue
            seen += 1
            for library, allowed in homes.items():
                if found[1].startswith(library) and not any(name.startswith(home) for home in allowed):
                    say(path, number, f"<{found[1]}> belongs in {', '.join(allowed)}")
    return seen


# What the pure layers may not import: clocks, chance, I/O, threads, the network, the database.
CLOCK_CHANCE_IO = re.compile(
    r"^(time|gettimeofday|clock|clock_gettime|nanosleep|usleep|sleep|rand|random|srand|getrandom|getentropy|randombytes\w*"
    r"|open(at|64)?|fopen(64)?|creat|read|write|pread|pwrite|fread|fwrite|fgets|fputs|puts|printf|__printf_chk|unlink|rename|fsync"
    r"|fdatasync|socket|connect|send\w*|recv\w*|bind|listen|accept|poll|select|epoll_\w+|pthread_\w+|nng_\w+|sqlite3_\w+|MHD_\w+"
    r"|getenv|setlocale|localtime\w*|gmtime\w*|strftime|fork|exec\w*|system|popen)$")
NO_MEMORY = re.compile(r"^(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|json_\w+)$")


def undefined(archive):
    text = subprocess.run(["nm", "-u", str(archive)], check=True, capture_output=True, text=True).stdout
    return sorted({line.split()[-1] for line in text.splitlines() if line.strip().startswith("U ")})


# PROTOCOL A1
def symbols(build):
    """consensus: no clock, chance, I/O, and no allocation. ledger's core: no clock, chance, I/O."""
    seen = 0
    for archive, rules in (("consensus/librota_consensus.a", [CLOCK_CHANCE_IO, NO_MEMORY]), ("ledger/librota_ledger.a", [CLOCK_CHANCE_IO])):
        for symbol in undefined(build / archive):
            seen += 1
            if any(rule.match(symbol) for rule in rules):
                problems.append(f"{archive}: imports {symbol}, which a pure layer may not")
    return seen


def verifier(build):
    """The auditor's program has no way to the network."""
    program = build / "bin" / "rota-verify"
    text = subprocess.run(["nm", "-D", "-u", str(program)], check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1].split("@")[0] for line in text.splitlines() if line.strip()]
    for name in names:
        if re.match(r"^(socket|connect|bind|listen|accept|send|sendto|recv|recvfrom|getaddrinfo|nng_\w+|curl_\w+|MHD_\w+)$", name):
            problems.append(f"rota-verify: imports {name}; the auditor's program has no network")
    return len(names)


COMMENT = re.compile(r"/\*.*?\*/|#[^\n]*", re.S)
RULE = r"\b[A-Z]\d+\b"


def cited(paths, ranges):
    """Rule numbers in the comments of these files. `V1..V11` stands for all between when ranges count."""
    found = {}
    for path in paths:
        text = path.read_text()
        for comment in COMMENT.finditer(text):
            line = text.count("\n", 0, comment.start()) + 1
            words = comment[0]
            for first, last in re.findall(r"\b([A-Z]\d+)\.\.([A-Z]\d+)\b", words):
                if ranges and first[0] == last[0]:
                    for number in range(int(first[1:]), int(last[1:]) + 1):
                        found.setdefault(f"{first[0]}{number}", (path, line))
            for rule in re.findall(RULE, re.sub(r"\b[A-Z]\d+\.\.[A-Z]\d+\b", "", words)):
                found.setdefault(rule, (path, line))
    return found


def variants(build):
    """ROTA_BROKEN: product objects know nothing of it, every variant has a place in the code and every place a variant."""
    product = [build / f"{folder}/librota_{name}.a" for folder, names in
               (("crypto", ["crypto"]), ("ledger", ["ledger", "store", "audit"]), ("consensus", ["consensus"]),
                ("node", ["chain", "links", "node", "intake", "http"])) for name in names]
    released = ROOT / "build" / "release"
    product += [released / archive.relative_to(build) for archive in product if (released / archive.relative_to(build)).exists()]
    for archive in product:
        if b"rota_broken" in archive.read_bytes():
            problems.append(f"{archive.name}: knows of rota_broken; a broken variant may not reach the product")
    if not any(symbol == "rota_broken" for symbol in undefined(build / "tests/broken/libbroken_consensus.a")):
        problems.append("libbroken_consensus.a: no trace of rota_broken, so this check would not see one")
    table = set(re.findall(r"^ +V\((\w+),", (ROOT / "tests/broken/variants.h").read_text(), re.M))
    used = {found for path in sources(*LAYERS) if path.name != "broken.h" for found in re.findall(r"ROTA_BROKEN\(\s*(\w+),", path.read_text())}
    for name in sorted(table ^ used):
        problems.append(f"broken variant {name}: " + ("in the table, nowhere in the code" if name in table else "in the code, not in the table"))
    return len(product) + len(table)


def rules():
    """docs/PROTOCOL.md, code and tests speak of the same rules: what is cited stands there, and what stands there is carried
    out by code and shown by a test that names it. A rule marked *(model)* says what is assumed, so nothing carries it out."""
    protocol = (ROOT / "docs" / "PROTOCOL.md").read_text()
    known = set(re.findall(r"^\*\*([A-Z]\d+)\*\*", protocol, re.M))
    model = set(re.findall(r"^\*\*([A-Z]\d+)\*\* \*\(model\)\*", protocol, re.M))
    tests = sources("tests") + sorted((ROOT / "tests").rglob("*.py"))
    seen = 0
    for path in sources(*LAYERS) + sources("tests"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for words in re.findall(r"PROTOCOL ([A-Z]\d+(?:(?:, |\.\.| and )[A-Z]\d+)*)", line):
                for rule in re.findall(RULE, words):
                    seen += 1
                    if rule not in known:
                        say(path, number, f"cites PROTOCOL {rule}, which docs/PROTOCOL.md does not have")
    code, shown = cited(sources(*LAYERS), ranges=True), cited(tests, ranges=False)
    for number, line in enumerate(protocol.splitlines(), 1):
        if line.startswith("|"): # the list of what went wrong elsewhere names the rules that answer
            for rule in re.findall(RULE, line):
                seen += 1
                if rule not in known:
                    problems.append(f"docs/PROTOCOL.md:{number}: answers with {rule}, which is no rule")
    for rule in sorted(known - model):
        if rule not in code:
            problems.append(f"docs/PROTOCOL.md: {rule} is cited by no code")
        if rule not in shown:
            problems.append(f"docs/PROTOCOL.md: {rule} is cited by no test")
    return seen


def form():
    """clang-format has nothing to say."""
    files = sources(*LAYERS, "tests", "testnet")
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", *map(str, files)], cwd=ROOT, capture_output=True, text=True)
    if run.returncode != 0:
        wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "error:" in line})
        for path in wrong:
            problems.append(f"{pathlib.Path(path).relative_to(ROOT)}: clang-format -i would change it")
    return len(files)


def main():
    build = pathlib.Path(sys.argv[1])
    for check, least in ((includes, 100), (leaves, 100), (lambda: symbols(build), 50), (lambda: verifier(build), 20), (lambda: variants(build), 20), (rules, 20), (form, 100)):
        name = (check.__doc__ or "symbols of the built libraries").split(":")[0]
        seen = check()
        if seen < least:
            problems.append(f"{name}: looked at {seen} things only, the check itself is broken")
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
