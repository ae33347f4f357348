"""Who may be erased and when: what stands in the way, what is a trace, how long things are kept."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.orders.order import Buyer, Delivery, Line, Order, Unit

Reason: TypeAlias = Literal["requested", "retention", "duty"]
"""Why somebody is erased: the person asked, the time is over, or a law or court says so.

The reason stands in the public record, so it is a code and never a sentence.
"""
HoldKind: TypeAlias = Literal["claim", "person"]
ErasureKind: TypeAlias = Literal["buyer", "account", "retention"]

SHORTEST_RETENTION_YEARS: Final = 3
"""What an e-commerce platform must keep of a sale (E-Commerce Law of the PRC, article 31)."""
SHORTEST_TRACE: Final = 4
"""A shorter text would be found in words that have nothing to do with the person."""


class ClaimLine(msgspec.Struct, frozen=True):
    """A claim that an erasure would empty."""

    claim_no: str
    order_no: str
    state: str
    is_open: bool


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody decided that a claim or a person stays as it is, and why."""

    hold_id: str
    kind: HoldKind
    subject: str
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None = None
    lifted_by: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer as this market knows one: ids that a shop gave, and everything under them."""

    buyer_ids: tuple[str, ...]
    orders: tuple[str, ...]
    claims: tuple[ClaimLine, ...]
    files: int = 0
    file_bytes: int = 0
    mails: int = 0
    sessions: int = 0

    @property
    def claim_nos(self) -> list[str]:
        """The numbers of the claims."""
        return [claim.claim_no for claim in self.claims]

    @property
    def is_known(self) -> bool:
        """Whether anything at all is kept of this person."""
        return bool(self.orders or self.claims)


class Obstacle(msgspec.Struct, frozen=True):
    """One thing that stands in the way of an erasure, and where to look."""

    kind: Literal["open_claim", "hold"]
    subject: str
    reason: str = ""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure that was carried out, in numbers."""

    erasure_id: str
    kind: ErasureKind
    reason: Reason
    asked_by: str
    erased_at: datetime
    claims: int
    orders: int
    fields: int
    files: int
    mails: int
    cleaned_at: datetime | None = None

    def __str__(self) -> str:
        return (
            f"{self.claims} claims, {self.orders} orders, {self.fields} fields, "
            f"{self.files} files, {self.mails} mails ({self.kind}, {self.reason})"
        )


def obstacles(person: Person, holds: Sequence[Hold]) -> list[Obstacle]:
    """What keeps this person from being erased now; empty when nothing does."""
    open_claims = [
        Obstacle("open_claim", claim.claim_no) for claim in person.claims if claim.is_open
    ]
    subjects = {("person", buyer_id) for buyer_id in person.buyer_ids}
    subjects |= {("claim", claim_no) for claim_no in person.claim_nos}
    held = [
        Obstacle("hold", hold.subject, hold.reason)
        for hold in holds
        if hold.lifted_at is None and (hold.kind, hold.subject) in subjects
    ]
    return open_claims + held


def traces_of(orders: Iterable[Order]) -> frozenset[str]:
    """Every text of these orders that points to the buyer, case folded."""
    found: set[str | None] = set()
    for order in orders:
        buyer = order.buyer
        found |= {buyer.id, buyer.contact, buyer.device, buyer.ip}
        for line in order.lines:
            found.add(line.delivery.target)
            found |= {unit.target for unit in line.units}
    return traces(text for text in found if text)


def traces(texts: Iterable[str]) -> frozenset[str]:
    """Texts to look for, case folded, without those that are too short to mean one person."""
    folded = (text.strip().casefold() for text in texts)
    return frozenset(text for text in folded if len(text) >= SHORTEST_TRACE)


def without_buyer(order: Order, nobody: str) -> Order:
    """The order with `nobody` as its buyer: no contact, device, address or delivery account."""
    lines = tuple(
        msgspec.structs.replace(
            line,
            delivery=_untargeted(line),
            units=tuple(_untargeted_unit(unit) for unit in line.units),
        )
        for line in order.lines
    )
    return msgspec.structs.replace(order, buyer=Buyer(id=nobody), lines=lines)


def nobody_of(order_no: str) -> str:
    """The buyer's id of an order whose buyer was erased: of this order alone."""
    return f"erased:{order_no}"[:128]


def kept_since(now: datetime, years: int) -> datetime:
    """What ended before this moment has been kept long enough. Years are 365.25 days."""
    return now - timedelta(days=365.25 * max(years, SHORTEST_RETENTION_YEARS))


def _untargeted(line: Line) -> Delivery:
    return msgspec.structs.replace(line.delivery, target=None)


def _untargeted_unit(unit: Unit) -> Unit:
    return msgspec.structs.replace(unit, target=None)
