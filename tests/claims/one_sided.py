"""Facts and decisions that hold values of one side's eyes only, as they are and as sealed once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from makegood.base.actor import Act, Actor
from makegood.claims import events as e
from makegood.claims.saving import seal as sealed_today
from makegood.claims.state import Recorded
from makegood.claims.view import Audience
from makegood.record import rules
from makegood.record.rules import NewEvent, SealedEvent, StreamHead
from tests.claims.town import TownIds

AT: Final = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SYSTEM: Final = Actor(role="system", id="machine")
ACT: Final = Act("main", SYSTEM, AT, "r-1")
HEAD: Final = StreamHead(market_id="main", stream="AS-1", pseudonym=b"p" * 16)
AROUND: Final = e.Circumstances(
    stock_available=None, auto_cap_minor=5000, trust_ok=True, cluster_claims_30d=3, repeats=1
)


def facts(audiences: Sequence[Audience]) -> e.FactsRecorded:
    """One fact for each of these readers, its value naming them."""
    return e.FactsRecorded(
        facts=[
            e.StatedFact(
                name=f"f.{place}",
                value=f"fact of {audience}",
                source="supplier",
                interest="neutral",
                at=AT,
                audience=audience,
            )
            for place, audience in enumerate(audiences)
        ]
    )


def decided(
    audiences: Sequence[Audience], around: e.Circumstances | None = AROUND
) -> e.ClaimDecided:
    """A decision with one condition for each of these readers."""
    decision = e.Decision(
        number=1,
        finding="key_invalid_supplier",
        remedy="refund_full",
        amount_minor=9800,
        coupon_minor=0,
        shares={"supplier": 100},
        rule_id="R-07.4",
        rule_version="1",
        clause_zh="无效卡密全额退款。",
        clause_en="Invalid keys are refunded.",
        conditions=[
            e.Condition(
                fact=f"f.{place}",
                label_zh="条件",
                label_en="A condition",
                actual=f"value of {audience}",
                source=f"source for {audience}",
                met="met",
                audience=audience,
            )
            for place, audience in enumerate(audiences)
        ],
        source="machine",
        decided_by="acc-77",
        decided_by_name="自动核验",
        reason_text="依据卡密状态。",
        root_cause="supplier",
        appeal_until=AT + timedelta(days=7),
        around=around,
    )
    return e.ClaimDecided(decision=decision, deadlines=[], approved_by="acc-78")


def corrected() -> e.BearingCorrected:
    """Two parts that moved, one of them none of the seller's, and something that waits."""
    moved = [
        e.MovedPart(number="K1", giver="supplier", taker="platform", amount_minor=4321),
        e.MovedPart(number="K2", giver="supplier", taker="seller", amount_minor=1234),
    ]
    return e.BearingCorrected(decision_no=2, moved=moved, waiting_minor=777, transfers=["t-1"])


def sealed(events: Sequence[e.AnyEvent]) -> list[SealedEvent]:
    """These events as the history stores them today."""
    return sealed_today(HEAD, events, TownIds(), ACT)


def sealed_in_one_piece(events: Sequence[e.AnyEvent]) -> list[SealedEvent]:
    """The same as the first version of these events was stored."""
    new = [NewEvent(e.event_name(one), 1, plain(one)) for one in events]
    keys = [bytes([place]) * 32 for place in range(len(events))]
    return rules.seal(HEAD, new, keys, AT, SYSTEM)


def recorded(events: Sequence[e.AnyEvent]) -> list[Recorded]:
    """These events as a history."""
    return [Recorded(place, AT, SYSTEM, event) for place, event in enumerate(events, start=1)]


def plain(event: e.AnyEvent) -> dict[str, Any]:
    """The fields of an event, whole."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    del fields["event"]
    return fields
