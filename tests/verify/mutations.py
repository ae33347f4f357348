"""Every way to spoil a file that the tests know: bytes, cuts, swaps, other logs, old trees."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from random import Random
from typing import NamedTuple

import msgspec

from makegood.bundles.packing import pack
from makegood.record.log.note import Note, parse_note, sign_note
from makegood.verify.archive import read_archive, write_archive
from makegood.verify.bundle import Closed
from tests.verify import making
from tests.verify.making import (
    FOREIGN_KEY,
    KEY,
    OTHER_KEY,
    OTHER_ORIGIN,
    Log,
    archive,
    contents,
    history,
    receipt,
)


def changed_bytes(content: bytes, draw: Random, step: int = 1) -> Iterator[bytes]:
    """The content with one byte changed to another value, for every `step`-th byte."""
    for place in range(draw.randrange(step), len(content), step):
        changed = bytearray(content)
        changed[place] = (changed[place] + draw.randrange(1, 256)) % 256
        yield bytes(changed)


def cuts(content: bytes, draw: Random, count: int) -> Iterator[bytes]:
    """Truncated, prolonged, doubled, and with a piece taken out."""
    for _ in range(count):
        place = draw.randrange(len(content))
        yield content[:place]
        yield content[:place] + content[place + 1 :]
        yield content[:place] + content[place : place + 1] + content[place:]
    yield content + b"\n"
    yield content + b"\0"
    yield content.replace(b"\n", b"\r\n")
    yield b"\xef\xbb\xbf" + content


def respelled(content: bytes) -> Iterator[bytes]:
    """The same values in another spelling: unused bits of base64, a leading zero, a sign."""
    signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for place in range(1, len(content)):
        if content[place : place + 1] == b"=" and content[place - 1] in signs:
            other = signs[signs.index(content[place - 1]) ^ 1]
            yield content[: place - 1] + bytes([other]) + content[place:]
    for word in [one for one in (b"index ", b"stream ", b"\nat ") if one in content]:
        yield content.replace(word, word + b"0")
        yield content.replace(word, word + b"+")


def files_of(bundle: bytes) -> dict[str, bytes]:
    """The files of a bundle, to be changed and packed again."""
    return {name: bytes(held) for name, held in read_archive(bundle).items()}


def repacked(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files, its checksums right."""
    return write_archive(files.items())


def swaps(bundle: bytes) -> Iterator[bytes]:
    """Two files of the same kind in each other's place, and files left out, added or doubled."""
    files = files_of(bundle)
    names = list(files)
    for kind in ("entries/", "proofs/"):
        some = [name for name in names if name.startswith(kind)]
        for one, other in pairwise(some):
            yield repacked({**files, one: files[other], other: files[one]})
    for name in names:
        yield repacked({n: held for n, held in files.items() if n != name})
        yield repacked({**files, name: b""})
    yield repacked({**files, "extra.txt": b"hello"})
    yield repacked(dict(reversed(files.items())))


class Proof(NamedTuple):
    """A proof of a bundle, and the entry that it is about."""

    content: bytes
    entry: bytes


def proofs_of(bundle: bytes) -> list[Proof]:
    """Every proof of a bundle."""
    files = files_of(bundle)
    numbers = [name.split("/")[1][:4] for name in files if name.startswith("proofs/")]
    return [Proof(files[f"proofs/{n}.tlog-proof"], files[f"entries/{n}.json"]) for n in numbers]


def resigned(seed: int, draw: Random, step: int) -> Iterator[bytes]:
    """Bundles in which the operator changed a byte of a proof and signed everything again."""
    events = history(seed)
    whole = contents(events, Log(events))
    for version, proof in whole.proofs.items():
        for changed in changed_bytes(proof, draw, step):
            spoiled = {**whole.proofs, version: changed}
            yield archive(pack(msgspec.structs.replace(whole, proofs=spoiled), [KEY]))


def forged_bundles(seed: int) -> Iterator[tuple[str, bytes]]:
    """Whole bundles, honest in themselves, that a reader with a pin must not accept."""
    events = history(seed)
    log = Log(events)
    whole = contents(events, log)
    yield "signed by another key", archive(pack(whole, [OTHER_KEY]))
    foreign = Log(events, key=FOREIGN_KEY, origin=OTHER_ORIGIN, witness=None)
    policy = msgspec.structs.replace(whole.policy, logs=(FOREIGN_KEY.verifier,))
    other = contents(events, foreign, origin=OTHER_ORIGIN)
    yield (
        "of another log",
        archive(pack(msgspec.structs.replace(other, policy=policy), [FOREIGN_KEY])),
    )
    two_keys = msgspec.structs.replace(whole.policy, logs=(KEY.verifier, OTHER_KEY.verifier))
    named = msgspec.structs.replace(whole, policy=two_keys)
    yield "signed by a key that only it names", archive(pack(named, [OTHER_KEY]))
    treed = msgspec.structs.replace(contents(events, Log(events, key=OTHER_KEY)), policy=two_keys)
    yield "with a tree that only its own key signed", archive(pack(treed, [KEY]))
    both_signed = archive(pack(whole, [KEY, OTHER_KEY]))
    yield "with a manifest that a key signed which nobody names", both_signed
    crowded = Log(events)
    note = parse_note(crowded.checkpoint)
    added = sign_note(note.text, [OTHER_KEY]).signatures
    crowded.checkpoint = bytes(Note(note.text, (*note.signatures, *added)))
    crowd = archive(pack(contents(events, crowded), [KEY]))
    yield "with a checkpoint that a key signed which nobody names", crowd
    renamed = Log(events, key=OTHER_KEY)
    own_policy = msgspec.structs.replace(whole.policy, logs=(OTHER_KEY.verifier,))
    yield (
        "of a log that took the name",
        archive(
            pack(msgspec.structs.replace(contents(events, renamed), policy=own_policy), [OTHER_KEY])
        ),
    )
    older = Log(events[:2], after=0)
    mixed = msgspec.structs.replace(whole, checkpoint=older.checkpoint)
    yield "with an older checkpoint", archive(pack(mixed, [KEY]))
    unproven = msgspec.structs.replace(whole, proofs={**whole.proofs, 3: older.proof(1)})
    yield "with a proof of another entry", archive(pack(unproven, [KEY]))
    cut = msgspec.structs.replace(
        whole, entries=whole.entries[1:], proofs={1: log.proof(1), 2: log.proof(2), 3: log.proof(3)}
    )
    yield "without its first entry", archive(pack(cut, [KEY]))
    gap = msgspec.structs.replace(
        whole,
        entries=[whole.entries[0], *whole.entries[2:]],
        proofs={1: log.proof(0), 2: log.proof(2), 3: log.proof(3)},
        evidence=(),
        disclosed=(),
    )
    yield "with an entry left out", archive(pack(gap, [KEY]))
    first = whole.disclosed[0]
    lied = msgspec.structs.replace(first, value="a word that nobody wrote")
    told = msgspec.structs.replace(whole, disclosed=[lied, *whole.disclosed[1:]])
    yield "with another word", archive(pack(told, [KEY]))
    silent = msgspec.structs.replace(whole, closed=whole.closed[1:])
    yield "with a field that is neither opened nor said to be closed", archive(pack(silent, [KEY]))
    both = [*whole.closed, Closed(name="description", version=1, why="platform")]
    twice = msgspec.structs.replace(whole, closed=both)
    yield "with a field that is opened and said to be closed", archive(pack(twice, [KEY]))
    made_up = [*whole.closed, Closed(name="never_written", version=1, why="seller")]
    strange_part = msgspec.structs.replace(whole, closed=made_up)
    yield "with a closed field that nobody committed to", archive(pack(strange_part, [KEY]))
    hidden = [one for one in whole.disclosed if one.name != "sha256"]
    kept = [*whole.closed, Closed(name="sha256", version=2, why="seller")]
    unbound = msgspec.structs.replace(whole, disclosed=hidden, closed=kept)
    yield "with a file that no event names", archive(pack(unbound, [KEY]))
    strange = msgspec.structs.replace(whole, receipts={4: receipt(history(seed + 1)[3])})
    fewer = {v: proof for v, proof in whole.proofs.items() if v != 4}
    yield (
        "with a receipt of another claim",
        archive(pack(msgspec.structs.replace(strange, proofs=fewer), [KEY])),
    )


def honest_proof(seed: int) -> tuple[bytes, bytes]:
    """A proof that carries its receipt, and the receipt."""
    event = history(seed, count=1)[0]
    told = receipt(event)
    return making.Log([event], before=seed * 37 % 900, after=seed % 50).proof(0, told), told
