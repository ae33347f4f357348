"""Whether an order that we are told makes a new version, and of what: pure rules."""

from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from makegood.base.refusal import Refused
from makegood.orders import rules
from makegood.orders.order import Order, Unit

UnitKey = tuple[int, int]
"""Line number and unit number."""


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an order before we are told again; version 0 when nothing is."""

    version: int
    updated_at: datetime | None
    content_hash: bytes | None
    claim_code_hash: bytes | None
    state: str
    key_hashes: Mapping[UnitKey, Collection[bytes]]
    """The hashes of all generations of each unit's key."""


NOTHING_KNOWN: Final = Stand(
    version=0,
    updated_at=None,
    content_hash=None,
    claim_code_hash=None,
    state="unpaid",
    key_hashes={},
)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A new version: the order as it is stored, and the keys that are new with it."""

    version: int
    stored: Order
    content_hash: bytes
    new_keys: Mapping[UnitKey, bytes]


def change(
    order: Order,
    stand: Stand,
    told_hashes: Mapping[UnitKey, bytes],
    claim_code_hash: bytes | None,
) -> Change | None:
    """The version that this makes; None when it says nothing new.

    `told_hashes` are the keyed hashes of the keys in this order. Keys that we know stay known
    when a later version leaves them out, and a key we know already is not new.

    Raises:
        Refused: `stale_order` when what we know is newer.
    """
    if stand.updated_at is not None and order.updated_at < stand.updated_at:
        raise Refused("stale_order", known_updated_at=stand.updated_at)
    stored = _with_known_keys(rules.without_secrets(order), stand.key_hashes)
    new_keys = {
        unit: hash_
        for unit, hash_ in told_hashes.items()
        if hash_ not in stand.key_hashes.get(unit, ())
    }
    new_code = claim_code_hash is not None and claim_code_hash != stand.claim_code_hash
    digest = content_hash(stored)
    if stand.version and digest == stand.content_hash and not new_keys and not new_code:
        return None
    return Change(version=stand.version + 1, stored=stored, content_hash=digest, new_keys=new_keys)


def content_hash(stored: Order) -> bytes:
    """What makes two versions the same: everything but the time at which we were told."""
    timeless = msgspec.structs.replace(stored, updated_at=stored.placed_at)
    return sha256(msgspec.json.encode(timeless)).digest()


def _with_known_keys(order: Order, known: Mapping[UnitKey, Collection[bytes]]) -> Order:
    if not known:
        return order
    lines = []
    for line in order.lines:
        units = {unit.unit_no: unit for unit in line.units}
        for line_no, unit_no in known:
            if line_no == line.line_no and unit_no <= line.quantity:
                said = units.get(unit_no, Unit(unit_no=unit_no))
                units[unit_no] = msgspec.structs.replace(said, key=said.key or unit_no)
        in_order = tuple(units[unit_no] for unit_no in sorted(units))
        lines.append(msgspec.structs.replace(line, units=in_order))
    return msgspec.structs.replace(order, lines=tuple(lines))
