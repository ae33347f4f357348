"""A log in memory, and bundles, receipts and proofs of it: everything a stranger may be handed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from makegood.base.actor import Actor
from makegood.bundles.packing import Contents, EvidenceFile, Packed, pack
from makegood.record.canonical import Value
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.note import (
    COSIGNATURE_V1,
    Ed25519Signer,
    cosign,
    sign_note,
)
from makegood.record.log.policy import Policy
from makegood.record.log.proof import TlogProof
from makegood.record.log.receipt import receipt_of, sign_receipt
from makegood.record.log.strict import encode_base64
from makegood.record.log.tiles import grow, reader_of
from makegood.record.log.tree import inclusion_ranges, prove
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, disclose, seal
from makegood.verify.archive import write_archive
from makegood.verify.bundle import Closed, Disclosed
from makegood.verify.pins import Pin

ORIGIN = "shop.example.com/log"
OTHER_ORIGIN = "other.example.com/log"
AT = datetime(2026, 11, 21, 12, 59, 10, tzinfo=UTC)
NOW = (AT + timedelta(days=2)).timestamp()
KEY = Ed25519Signer(ORIGIN, b"k" * 32)
OTHER_KEY = Ed25519Signer(ORIGIN, b"o" * 32)
FOREIGN_KEY = Ed25519Signer(OTHER_ORIGIN, b"f" * 32)
WITNESS = Ed25519Signer("witness.example.org", b"w" * 32, COSIGNATURE_V1)
FILE = "截图内容 screenshot\n".encode() * 7
POLICY = Policy(logs=(KEY.verifier,), witnesses={"consumers": WITNESS.verifier}, quorum="consumers")
PIN = Pin(POLICY)


def history(seed: int = 1, *, origin_time: datetime = AT, count: int = 4) -> list[SealedEvent]:
    """A short claim: opened with words, an item filed, a message, then facts."""
    head = StreamHead(market_id="main", stream=f"AS-{seed}", pseudonym=bytes([seed % 256]) * 16)
    sealed: list[SealedEvent] = []
    for number, (name, fields) in enumerate(_story(seed)[:count]):
        event = NewEvent(name, 1, fields, frozenset({"transfers"}))
        key = sha256(f"{seed}/{number}".encode()).digest()
        actor = Actor(role="buyer", id=f"buyer-{seed}")
        sealed += seal(head, [event], [key], origin_time + timedelta(minutes=number), actor)
        head = StreamHead(
            market_id="main",
            stream=head.stream,
            pseudonym=head.pseudonym,
            version=sealed[-1].version,
            entry_hash=sealed[-1].entry_hash,
        )
    return sealed


def _story(seed: int) -> list[tuple[str, dict[str, Value]]]:
    return [
        ("claim_opened", {"description": "兑换失败 <b>&\u2028\U0001f600", "amount_minor": 9800}),
        ("evidence_added", {"sha256": sha256(FILE).hexdigest(), "filename": "截图.png"}),
        ("money_moved", {"transfers": [f"t-{seed}"], "amount_minor": 9800, "eta_at": None}),
        ("message_posted", {"text": 'quote " back \\ tab \t', "audience": "all", "n": -seed}),
    ]


class Log:
    """A tree with other people's entries around the ones at hand, signed and witnessed."""

    def __init__(
        self,
        events: Sequence[SealedEvent],
        *,
        key: Ed25519Signer = KEY,
        before: int = 300,
        after: int = 41,
        origin: str = ORIGIN,
        witness: Ed25519Signer | None = WITNESS,
    ) -> None:
        leaves = [sha256(b"before %d" % n).digest() for n in range(before)]
        leaves += [event.entry_hash for event in events]
        leaves += [sha256(b"after %d" % n).digest() for n in range(after)]
        grown = grow({}, 0, leaves)
        self.before, self.size, self._tiles = before, grown.size, grown.tiles
        note = sign_note(bytes(Checkpoint(origin, grown.size, grown.root)), [key])
        if witness is not None:
            note = cosign(note, witness, int(AT.timestamp()) + 90)
        self.checkpoint = bytes(note)

    def proof(self, place: int, extra: bytes | None = None) -> bytes:
        """The proof file of the n-th of the events at hand."""
        index = self.before + place
        path = prove(reader_of(self._tiles), inclusion_ranges(index, self.size))
        return bytes(TlogProof(index, tuple(path), self.checkpoint, extra))


def receipt(event: SealedEvent, key: Ed25519Signer = KEY, origin: str = ORIGIN) -> bytes:
    """The signed receipt of an event."""
    return sign_receipt(receipt_of(event, origin), [key])


def contents(
    events: Sequence[SealedEvent], log: Log, *, unmerged: Sequence[int] = (), origin: str = ORIGIN
) -> Contents:
    """Everything a bundle of these events holds."""
    return Contents(
        market="main",
        origin=origin,
        claim_no="AS-261121-0382X7",
        audience="buyer",
        stream=events[0].pseudonym,
        entries=[event.entry for event in events],
        proofs={
            event.version: log.proof(place)
            for place, event in enumerate(events)
            if event.version not in unmerged
        },
        receipts={e.version: receipt(e, origin=origin) for e in events if e.version in unmerged},
        checkpoint=log.checkpoint,
        policy=msgspec.structs.replace(POLICY, logs=(KEY.verifier,)),
        disclosed=[one for event in events for one in _opened(event)],
        closed=[Closed(name="actor_id", version=e.version, why="buyer") for e in events],
        evidence=[
            EvidenceFile(
                name="files/e1.png", sha256=sha256(FILE).hexdigest(), size=len(FILE), version=2
            )
        ],
        pages={"letter.html": "<!doctype html><p>裁定书</p>".encode()},
    )


def _opened(event: SealedEvent) -> list[Disclosed]:
    found = [disclose(event, name) for name in event.fields()]
    return [
        Disclosed(
            name=one.name,
            salt=encode_base64(one.salt),
            value=msgspec.json.decode(one.value),
            version=event.version,
        )
        for one in found
        if one is not None
    ]


def archive(packed: Packed) -> bytes:
    """The bundle as a file."""
    return write_archive([(name, packed.small.get(name, FILE)) for name in packed.order])


def bundle(seed: int = 1, *, unmerged: Sequence[int] = ()) -> bytes:
    """An honest bundle."""
    events = history(seed)
    return archive(pack(contents(events, Log(events), unmerged=unmerged), [KEY]))
