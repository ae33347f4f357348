"""What receipts, the check page and bundles share: the log's keys, a receipt, its proof, its QR."""

from typing import Final

import msgspec
import segno
from markupsafe import Markup

from makegood.base.time import rfc3339
from makegood.bundles.actions import Basis, basis_for
from makegood.record.anchors.files import policy_of_market
from makegood.record.log import store as log_store
from makegood.record.log.entry_store import Placed
from makegood.record.log.keyring import LogKeys
from makegood.record.log.reading import prove_entry_at
from makegood.record.log.receipt import MERGE_WITHIN, Receipt, sign_receipt
from makegood.record.log.store import Head
from makegood.record.rules import parse_entry
from makegood.store.database import Connection
from makegood.verify.pins import Pin
from makegood.web.things import Things

ANCHOR_LIST: Final = "anchors/anchors.json"


class Record(msgspec.Struct, frozen=True):
    """The public record of a market as this process can sign and check it."""

    head: Head
    keys: LogKeys

    @property
    def key_name(self) -> str:
        """The newest key in the form that a reader pins."""
        return str(self.keys.active[-1].verifier)


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """A proof file, the checkpoint it was made for, and what our own page pins."""

    file: bytes
    basis: Basis
    pin: Pin

    @property
    def stamped_at(self) -> str:
        """When a time-stamping authority saw the checkpoint, as RFC 3339; empty when none did."""
        said = self.basis.anchors.get(ANCHOR_LIST)
        anchors = msgspec.json.decode(said, type=list[Anchored]) if said else []
        return min((one.at for one in anchors if one.kind == "tsa"), default="")


class Anchored(msgspec.Struct, frozen=True):
    """One line of a bundle's `anchors.json`: which kind of place saw the checkpoint, and when."""

    kind: str
    at: str


async def record_of(conn: Connection, things: Things, market_id: str) -> Record | None:
    """The record; None before its first checkpoint. Raises Trouble when its keys are missing."""
    head = await log_store.load_head(conn, market_id)
    if head is None:
        return None
    return Record(head, things.log.keys.open(market_id, head.origin))


def receipt_of_placed(placed: Placed, origin: str) -> Receipt:
    """The receipt of an entry of the log, or of one that waits for its place."""
    entry = parse_entry(placed.entry)
    assert entry is not None, "a stored entry is one of ours"
    return Receipt(
        origin=origin,
        leaf_hash=placed.leaf_hash,
        stream=entry.stream,
        seq=entry.seq,
        at=entry.at,
        merge_by=rfc3339(placed.at + MERGE_WITHIN),
    )


def receipt_file(record: Record, placed: Placed) -> bytes:
    """The signed receipt."""
    return sign_receipt(receipt_of_placed(placed, record.head.origin), record.keys.active)


async def proven(conn: Connection, things: Things, record: Record, placed: Placed) -> Proven | None:
    """The proof with the receipt inside, so that one file is enough; None while it waits.

    It is made for the checkpoint that most places outside have seen.
    """
    head = record.head
    if placed.idx is None or head.note is None or placed.idx >= head.signed_size:
        return None
    pin = await own_pin(conn, things, record)
    assert pin.policy is not None, "our own page pins its own keys"
    basis = await basis_for(conn, things.vault, head, placed.idx + 1, pin.policy)
    proof = await prove_entry_at(conn, head.market_id, placed.idx, basis.checkpoint, basis.size)
    file = bytes(msgspec.structs.replace(proof, extra=receipt_file(record, placed)))
    return Proven(file=file, basis=basis, pin=pin)


async def own_pin(conn: Connection, things: Things, record: Record) -> Pin:
    """What our own page pins: the market's keys and the witnesses it names, without a quorum."""
    market_id = record.head.market_id
    policy = await policy_of_market(conn, things.vault, market_id, record.keys.verifiers)
    return Pin(msgspec.structs.replace(policy, quorum="none", groups={}))


def qr(text: str) -> Markup:
    """A QR code as an inline SVG of plain black on white, whatever the theme.

    For texts of our own only: an address with a receipt's number.
    """
    code = segno.make(text, error="m")
    return Markup(code.svg_inline(border=2, dark="#111", light="#fff", omitsize=True))
