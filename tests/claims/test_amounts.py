"""What a ruling gives, from facts to the cent; mood and rank have no place among its inputs."""

from datetime import timedelta

import msgspec

from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.events import Circumstances
from makegood.claims.factsheet import stated
from makegood.claims.fold import evolve
from makegood.claims.ruling import rule_on
from makegood.claims.state import Claim
from makegood.orders.facts import UnitFacts, unit_facts
from makegood.policy.facts import SourceKind, Value
from makegood.policy.judgement import Context
from tests.claims import histories as h
from tests.orders.making import line, order

PLAIN = Circumstances(
    stock_available=False,
    auto_cap_minor=100_000,
    trust_ok=True,
    cluster_claims_30d=1,
    repeats=0,
)
Said = tuple[str, Value, SourceKind]


def ruled(
    reason: str, *said: Said, units: list[UnitFacts] | None = None, wants: str = "refund"
) -> c.Ruling:
    """What the rules make of these facts about the units, by default one of 98.00."""
    claimed = units or h.units()
    begun = h.opening()
    assert isinstance(begun.event, e.ClaimOpened)
    opened = msgspec.structs.replace(
        begun.event,
        reason=reason,
        wants=wants,
        units=[unit.unit.unit_no for unit in claimed],
        claimed_minor=sum(unit.unit_paid_minor for unit in claimed),
    )
    claim: Claim = evolve(None, msgspec.structs.replace(begun, event=opened))
    facts = tuple(stated(name, value, source, h.NOW) for name, value, source in said)
    claim = msgspec.structs.replace(claim, facts=facts)
    return rule_on(h.PACK, claim, claimed, PLAIN, h.NOW, h.NOW + timedelta(days=7))


def decision_of(ruling: c.Ruling) -> e.Decision:
    assert ruling.decision is not None, ruling.why_person
    return ruling.decision


def many(quantity: int) -> list[UnitFacts]:
    """The units of one line that cost 98.00 in all."""
    whole = order(lines=[line(quantity=quantity, unit_price_minor=9800 // quantity)])
    return [unit_facts(whole, 1, 1, number) for number in range(1, quantity + 1)]


def test_lateness_earns_by_its_real_minutes_between_the_floor_and_the_cap() -> None:
    def coupon(minutes: int) -> int:
        late = ruled(
            "DLV02",
            ("delivery.delivered", True, "delivery_log"),
            ("delivery.minutes_late", minutes, "platform_log"),
        )
        return decision_of(late).coupon_minor

    assert coupon(5) == 100
    assert coupon(60) == 294
    assert coupon(100) == 490
    assert coupon(5000) == 490


def test_what_did_not_come_goes_back_and_what_came_is_paid_for() -> None:
    part = ruled(
        "DLV03",
        ("goods.source", "supplier", "order"),
        ("delivery.units_missing", 3, "delivery_log"),
        ("supplier.status", "delivered", "supplier"),
        units=many(10),
    )
    assert decision_of(part).amount_minor == 2940


def test_how_much_is_missing_is_asked_of_a_person_where_nobody_counted() -> None:
    part = ruled(
        "DLV03",
        ("goods.source", "supplier", "order"),
        ("supplier.face_matches", False, "supplier"),
        ("supplier.status", "delivered", "supplier"),
        units=many(10),
    )
    assert not part.certain


def test_the_buyers_own_share_is_not_refunded() -> None:
    shared = ruled(
        "KEY06",
        ("revoke.cause", "publisher_change", "issuer"),
        ("goods.source", "supplier", "order"),
    )
    decided = decision_of(shared)
    assert decided.shares == {"buyer": 30, "seller": 35, "supplier": 35}
    assert decided.amount_minor == 6860


def test_a_second_charge_gives_back_what_was_charged_above_the_order() -> None:
    twice = ruled(
        "PAY02",
        ("payment.captures", 2, "gateway"),
        ("payment.overcharged_minor", 4200, "gateway"),
    )
    decided = decision_of(twice)
    assert (decided.remedy, decided.amount_minor) == ("refund_extra", 4200)
    assert decided.coupon_minor == 100


def test_an_overcharge_is_never_more_than_was_claimed() -> None:
    wrong = ruled("PAY03", ("payment.overcharged_minor", 99_999_999, "gateway"))
    assert decision_of(wrong).amount_minor == 9800


def test_a_charge_above_the_order_of_unknown_size_is_for_a_person() -> None:
    assert not ruled("PAY02", ("payment.captures", 2, "gateway")).certain
    assert not ruled("PAY05", ("refund.state", "failed", "gateway")).certain


def test_a_membership_gives_back_the_days_that_were_not_served() -> None:
    year = order(
        lines=[
            line(
                category="membership",
                term_days=360,
                unit_price_minor=9800,
                delivery={
                    "kind": "membership",
                    "delivered_at": (h.NOW - timedelta(days=90)).isoformat(),
                },
            )
        ]
    )
    gone = ruled(
        "MBR01",
        ("membership.changed_by", "seller", "agent"),
        ("goods.source", "seller", "order"),
        units=[unit_facts(year, 1, 1, 1)],
    )
    assert decision_of(gone).amount_minor == 7350


def test_neither_mood_nor_rank_can_reach_a_ruling() -> None:
    names = {*Circumstances.__struct_fields__, *Context.__struct_fields__}
    for word in ("emotion", "anger", "mood", "tier", "vip", "score", "credit"):
        assert not [name for name in names if word in name], word
