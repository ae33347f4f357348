"""Facts of a claim: what order, supplier and gateway state, and back into the judge's form."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, cast

from makegood.base.time import rfc3339
from makegood.claims import events as e
from makegood.claims.view import Audience
from makegood.orders.facts import UnitFacts
from makegood.orders.supplier import SupplierAnswer
from makegood.policy.facts import BUYER_SIDE, EVERYONE, SELLER_SIDE, Fact, SourceKind, Value
from makegood.policy.statements import derive, fact, merge
from makegood.policy.vocabulary import FACTS

AUDIENCES: Final[dict[tuple[str, ...], Audience]] = {
    EVERYONE: "all",
    BUYER_SIDE: "buyer",
    SELLER_SIDE: "seller",
}
DELIVERED_STATES: Final = ("delivered", "valid", "redeemed", "revoked", "expired")


def stated(
    name: str, value: Value, source: SourceKind, at: datetime, source_id: str = ""
) -> e.StatedFact:
    """A statement in the form it is recorded in, checked against the vocabulary."""
    said = fact(name, value, source, at, source_id)
    return e.StatedFact(
        name=name,
        value=rfc3339(value) if isinstance(value, datetime) else value,
        source=source,
        source_id=source_id,
        interest=said.interest,
        at=at,
        audience=AUDIENCES.get(said.audience, "platform"),
    )


def facts_for_judge(facts: Iterable[e.StatedFact]) -> dict[str, Fact]:
    """The recorded statements as one fact per name, with what follows from them."""
    return derive(merge(_restated(said) for said in facts))


def order_facts(
    units: list[UnitFacts], now: datetime, *, contracted: bool = True
) -> list[e.StatedFact]:
    """What the order itself says about the claimed units; the first one speaks for its line.

    `contracted` is False where the market counts goods of a supplier without an agreement as the
    seller's own, and this supplier had none when they were sold.
    """
    unit = units[0]
    said: list[tuple[str, Value, SourceKind]] = [
        ("order.exists", True, "order"),
        ("order.paid", unit.paid, "order"),
        ("order.unit_paid_minor", sum(u.unit_paid_minor for u in units), "order"),
        ("delivery.delivered", all(u.delivered_at is not None for u in units), "delivery_log"),
        ("delivery.delivered_at", unit.delivered_at, "delivery_log"),
        ("delivery.promised_at", unit.not_arrived_from, "order"),
        ("delivery.promise_passed", now >= unit.not_arrived_from, "platform_log"),
        ("listing.region_disclosed", unit.listing_region is not None, "order"),
        ("buyer.spec_confirmed", unit.policy_confirmed_at is not None, "order"),
        _source(unit, contracted),
    ]
    if unit.category in FACTS["order.category"].words:
        said.append(("order.category", unit.category, "order"))
    if unit.paid_at is not None:
        said.append(("order.hours_since_payment", _hours(unit.paid_at, now), "platform_log"))
    if unit.delivered_at is None:
        said.append(("delivery.minutes_late", _minutes(unit.not_arrived_from, now), "platform_log"))
    said += _key_facts(units)
    said += _account_facts(unit, now)
    return [stated(name, value, source, now) for name, value, source in said]


def supplier_facts(
    answer: SupplierAnswer, unit: UnitFacts, redeemed_by_buyer: bool | None
) -> list[e.StatedFact]:
    """What the supplier says. Accounts are compared, here or by the caller, and never recorded.

    `redeemed_by_buyer` is whether the redeeming account is the one the buyer declared; None
    where one of the two is not known.
    """
    said: list[tuple[str, Value]] = [
        ("supplier.status", answer.status),
        ("supplier.redeemed_at", answer.redeemed_at),
    ]
    if answer.status in ("pending", "failed", "cancelled"):
        said.append(("delivery.delivered", False if answer.status != "pending" else None))
    if answer.status in DELIVERED_STATES and answer.delivered_at is not None:
        said += [("delivery.delivered", True), ("delivery.delivered_at", answer.delivered_at)]
    if answer.congested:
        said.append(("delivery.channel_outage", True))
    if redeemed_by_buyer is not None:
        said.append(("supplier.redeemed_by_buyer", redeemed_by_buyer))
    if answer.delivered_to and unit.target:
        said.append(("supplier.delivered_to_matches", _same(answer.delivered_to, unit.target)))
    if answer.region and unit.listing_region:
        said.append(("supplier.region_matches", _same(answer.region, unit.listing_region)))
    if answer.face_minor is not None:
        said.append(("supplier.face_matches", answer.face_minor >= unit.list_price_minor))
    if answer.accepts is not None:
        said.append(("supplier.accepts", answer.accepts))
    if answer.expires_at is not None:
        said.append(("key.expires_at", answer.expires_at))
    source_id = unit.supplier_id or ""
    return [stated(name, value, "supplier", answer.asked_at, source_id) for name, value in said]


def withdrawn_fact(how: str, at: datetime) -> e.StatedFact:
    """Whether the goods are out of the buyer's reach."""
    return stated("key.withdrawn", how != "not_possible", "platform_log", at)


def latest(facts: Iterable[e.StatedFact], name: str) -> e.Scalar:
    """The newest known value stated under this name."""
    known = [said for said in facts if said.name == name and said.value is not None]
    return max(known, key=lambda said: said.at).value if known else None


def _restated(said: e.StatedFact) -> Fact:
    value: Value = said.value
    if FACTS[said.name].kind == "time" and isinstance(value, str):
        value = datetime.fromisoformat(value).astimezone(UTC)
    return fact(said.name, value, cast(SourceKind, said.source), said.at, said.source_id)


def _source(unit: UnitFacts, contracted: bool) -> tuple[str, Value, SourceKind]:
    if unit.supplier_id and not contracted:
        return ("goods.source", "uncontracted", "platform_log")
    return ("goods.source", "supplier" if unit.supplier_id else "seller", "order")


def _key_facts(units: list[UnitFacts]) -> list[tuple[str, Value, SourceKind]]:
    unit = units[0]
    if not any(u.has_key for u in units):
        return []
    revealed = [u.revealed_at for u in units if u.revealed_at is not None]
    known: bool | None = bool(revealed) if unit.reveal_tracked else None
    said: list[tuple[str, Value, SourceKind]] = [
        ("key.tracked", unit.reveal_tracked, "platform_log"),
        ("key.revealed", known, "platform_log"),
    ]
    if revealed:
        said.append(("key.revealed_at", min(revealed), "platform_log"))
    return said


def _account_facts(unit: UnitFacts, now: datetime) -> list[tuple[str, Value, SourceKind]]:
    if unit.category != "account" or unit.delivered_at is None:
        return []
    return [
        ("account.handed_over_at", unit.delivered_at, "delivery_log"),
        ("account.days_after_handover", (now - unit.delivered_at).days, "platform_log"),
    ]


def _hours(since: datetime, now: datetime) -> int:
    return int((now - since).total_seconds()) // 3600


def _minutes(since: datetime, now: datetime) -> int:
    return int((now - since).total_seconds()) // 60


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
