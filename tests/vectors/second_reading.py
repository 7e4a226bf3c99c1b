#!/usr/bin/env python3
"""A second reading of docs/FORMATS.md: works out every hash, id, preimage and root of these files with nothing but the standard
library, from the fields alone. It shares no code with the program. Signatures are not checked: the standard library has none.
"""
import base64
import hashlib
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
checked = 0


def load(name):
    return json.loads((FOLDER / name).read_text())


def sha(data):
    return hashlib.sha256(data).digest()


def tag(purpose):
    return f"rotaledger/v1/{purpose}\n".encode()


def number(value, size):
    return value.to_bytes(size, "big")


def expect(what, hex_there, computed):
    global checked
    checked += 1
    if hex_there != computed.hex():
        sys.exit(f"{what}: the file says {hex_there}, and {computed.hex()} follows from FORMATS")


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        assert self.at <= len(self.data), "too short"
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def done(self):
        return self.at == len(self.data)


# ---- §4 genesis, §3 proposals


genesis = load("genesis.json")
document = genesis["document"].encode()
ledger, config = sha(tag("genesis") + document), sha(tag("epoch") + document)
expect("ledger id", genesis["ledger_id"], ledger)
expect("config hash", genesis["config_hash"], config)
members = json.loads(document)["members"]
quorum = (2 * len(members) + 2) // 3


def base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def proposal_id(jws):
    return sha(jws.rpartition(".")[0].encode())


def keys():
    for key in load("keys.json")["keys"]:
        purpose = f"fixture {key['role']} {key['label']}".encode()
        expect(f"key of {key['label']}", key["secret"], sha(purpose))
        if key["role"] == "coordinator":
            expect(f"kid of {key['label']}", key["kid"], sha(bytes.fromhex(key["public"]))[:16])


def proposals():
    for one in load("proposals.json")["proposals"]:
        expect(one["name"], one["id"], proposal_id(one["jws"]))
        assert json.loads(base64url(one["jws"].split(".")[0]))["kid"] == one["kid"]


# ---- §7 votes and certificates


def vote_preimage(kind, view, nv, height, block):
    return (tag({1: "prepare", 2: "commit"}[kind]) + ledger + number(0, 4) + config + number(view, 8) + nv + number(height, 8) + block)


def votes():
    for vote in load("votes.json")["votes"]:
        kind = {"prepare": 1, "commit": 2}[vote["kind"]]
        nv, block = bytes.fromhex(vote["nv"]), bytes.fromhex(vote["block"])
        expect(vote["name"], vote["preimage"], vote_preimage(kind, vote["view"], nv, vote["height"], block))
        expect(vote["name"], vote["encoded"], number(kind, 1) + number(vote["view"], 8) + nv + number(vote["height"], 8) + block)


def certificate_read(data):
    """(kind, height, block, signers) of one that has the right form"""
    reader = Reader(data)
    kind, _, _, height, block = reader.number(1), reader.number(8), reader.take(32), reader.number(8), reader.take(32)
    epoch, signers = reader.number(4), reader.number(4)
    signatures = [reader.take(64) for _ in range(bin(signers).count("1"))]
    assert reader.done() and epoch == 0 and signers >> len(members) == 0 and len(set(signatures)) == quorum == len(signatures)
    return kind, height, block, signers


# ---- §8, §16


def evidence():
    for one in load("evidence.json")["evidence"]:
        data = bytes.fromhex(one["bytes"])
        expect(one["name"], one["id"], sha(tag("evidence") + data))
        assert data[0] == one["kind"]
        if one["kind"] != 7:
            assert int.from_bytes(data[1:5], "big") == one["member"] and int.from_bytes(data[5:9], "big") == one["epoch"]
        if one["kind"] == 9:
            false_entry(one, Reader(data[9:]))


def false_entry(one, reader):
    """The vote is for the header; an entry, if there is one, is under the header's root by its path."""
    vote, _, header = reader.take(81), reader.take(64), reader.take(200)
    expect(one["name"], vote[49:].hex(), sha(tag("block") + header))
    if reader.done():
        return
    kind, index = reader.number(1), reader.number(8)
    path = [reader.take(32) for _ in range(reader.number(1))]
    leaf = entry_id_and_leaf(kind, reader.take(reader.number(4)))[1]
    size, count = int.from_bytes(header[120:128], "big"), int.from_bytes(header[196:200], "big")
    assert reader.done() and index < size
    assert (index >= size - count) == ("own" not in one.get("why", "")), "an entry of the block below is none of this one's"
    expect(one["name"], header[128:160].hex(), climb(leaf, index, size, path))


def climb(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    last, at = size - 1, leaf
    for sibling in path:
        assert last > 0
        if index % 2 or index == last:
            at = sha(b"\1" + sibling + at)
            while index % 2 == 0 and index != 0:
                index, last = index // 2, last // 2
        else:
            at = sha(b"\1" + at + sibling)
        index, last = index // 2, last // 2
    assert last == 0
    return at


def record_preimage(kind, body):
    reader = Reader(body)
    if kind == 1:
        reader.take(4)
        view, nv = reader.take(8), reader.take(32)
        return tag("newview") + ledger + number(0, 4) + config + view + nv
    reader.take(4)
    return tag("recovered") + ledger + number(0, 4) + config + reader.take(4 + 8 + 8 + 8)


def records():
    for one in load("records.json")["records"]:
        data = bytes.fromhex(one["bytes"])
        expect(one["name"], one["id"], sha(tag("record") + data))
        assert data[0] == one["kind"]
        if "preimage" in one:
            expect(one["name"], one["preimage"], record_preimage(one["kind"], data[1:]))


def epochs():
    for one in load("epochs.json")["changes"]:
        data, text = bytes.fromhex(one["bytes"]), one["document"].encode()
        expect(one["name"], one["config_hash"], sha(tag("epoch") + text))
        expect(one["name"], one["id"], sha(tag("config") + data))
        expect(one["name"], one["approval_preimage"], tag("approve") + ledger + number(0, 4) + config + sha(tag("epoch") + text))
        reader = Reader(data)
        assert reader.take(reader.number(4)) == text and json.loads(text)["previous"] == config.hex()
        approvals = [(reader.number(4), reader.take(64)) for _ in range(reader.number(1))]
        assert reader.done() and approvals == sorted(approvals)


# ---- §5, §6, §9.5: the chain


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    left = 1
    while 2 * left < len(leaves):
        left *= 2
    return sha(b"\1" + root(leaves[:left]) + root(leaves[left:]))


def header_of(fields):
    names = (("epoch", 4), ("height", 8), ("time_ms", 8), ("prev_hash", 0), ("config", 0), ("tree_size", 8), ("tree_root", 0),
             ("outcome_hash", 0), ("proposer", 4), ("entry_count", 4))
    data = b"RLB1" + ledger
    for name, size in names:
        data += config if name == "config" else number(fields[name], size) if size else bytes.fromhex(fields[name])
    return data


def entry_id_and_leaf(kind, data):
    if kind == 1:
        identity = proposal_id(data.decode())
        return identity, sha(b"\0\1" + identity + base64url(data.decode().rpartition(".")[2]))
    identity = sha(tag({3: "evidence", 4: "record", 5: "config"}[kind]) + data)
    return identity, sha(b"\0" + number(kind, 1) + identity)


def block_check(block, leaves, head):
    fields, body, outcomes = block["fields"], Reader(bytes.fromhex(block["body"])), []
    what = f"block {fields['height']}"
    for entry in block["entries"]:
        kind = body.number(1)
        identity, leaf = entry_id_and_leaf(kind, body.take(body.number(4)))
        expect(what, entry["id"], identity)
        expect(what, entry["leaf"], leaf)
        leaves.append(leaf)
        outcomes.append(sha(b"\0" + tag("outcome") + bytes.fromhex(entry["outcome"]["record"])))
    assert body.done() and len(block["entries"]) == fields["entry_count"] and len(leaves) == fields["tree_size"]
    expect(what, fields["tree_root"], root(leaves))
    expect(what, fields["outcome_hash"], root(outcomes))
    expect(what, fields["prev_hash"], head)
    expect(what, block["header"], header_of(fields))
    block_hash = sha(tag("block") + header_of(fields))
    expect(what, block["hash"], block_hash)
    leaves.append(sha(b"\0\2" + block_hash))
    if "certificate" in block:
        assert certificate_read(bytes.fromhex(block["certificate"]))[:3] == (2, fields["height"], block_hash)
    return block_hash


def chain():
    leaves, head = [], bytes(32)
    for block in load("chain.json")["blocks"]:
        head = block_check(block, leaves, head)


for check in (keys, proposals, votes, evidence, records, epochs, chain):
    check()
print(f"{checked} hashes, ids, preimages and roots follow from FORMATS")
