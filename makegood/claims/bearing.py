"""Who bears a refund in the end: the decision's shares, as the supplier agreed to bear its own."""

from collections.abc import Iterable, Mapping

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.claims.desk import Desk
from makegood.claims.state import Claim
from makegood.ledger.statements.agreements import (
    Agreement,
    agreed_percent,
    agreement_at,
    with_agreement,
)
from makegood.ledger.statements.charges import Charge, note_charge
from makegood.orders.facts import UnitFacts
from makegood.store.database import Connection


async def as_agreed(
    tx: Connection,
    act: Act,
    claim: Claim,
    unit: UnitFacts,
    borne_by: Mapping[str, int],
    refund_key: str,
) -> dict[str, int]:
    """Who bears this unit's refund once agreements are applied; a supplier's part is charged.

    What the supplier did not agree to bear when the goods were sold falls on the seller, who
    chose the supplier. Without any agreement the supplier bears what was decided. The amounts
    (minor units) sum to the same whole.
    """
    decision = claim.decision
    assert decision is not None, "a refund follows a decision"
    if not borne_by.get("supplier"):
        return dict(borne_by)
    supplier_id = unit.supplier_id or ""
    agreement = await _agreement(tx, act, unit)
    borne = with_agreement(borne_by, agreed_percent(agreement, decision.finding))
    if not supplier_id or not borne.get("supplier"):
        return borne
    charge = Charge(
        refund_key=refund_key,
        claim_no=claim.claim_no,
        supplier_id=supplier_id,
        order_no=unit.unit.order_no,
        sku=unit.sku,
        finding=decision.finding,
        rule=f"{decision.rule_id}@{decision.rule_version}",
        refunded_minor=sum(borne.values()),
        share_minor=borne["supplier"],
        currency=claim.opened.currency,
        agreement_version=agreement.version if agreement else 0,
        charged_at=act.now,
    )
    await note_charge(tx, act, charge)
    return borne


async def agreed_percents(
    conn: Connection, act: Act, claim: Claim, units: Iterable[UnitFacts]
) -> dict[UnitRef, int]:
    """How much of its liability each unit's supplier bears for the standing finding."""
    decision = claim.decision
    assert decision is not None, "what is borne follows a decision"
    percents = {}
    for unit in units:
        agreement = await _agreement(conn, act, unit)
        percents[unit.unit] = agreed_percent(agreement, decision.finding)
    return percents


async def is_contracted(conn: Connection, act: Act, desk: Desk, unit: UnitFacts) -> bool:
    """Whether the unit's supplier may be made to bear it; asked only where agreements are required.

    Elsewhere every supplier may, and opening a claim costs no query for it.
    """
    market = await desk.markets.get(act.market_id, act.now)
    if market is None or not market.settings.money.agreements_required or not unit.supplier_id:
        return True
    return await _agreement(conn, act, unit) is not None


async def _agreement(conn: Connection, act: Act, unit: UnitFacts) -> Agreement | None:
    """What the unit's supplier had agreed to when the goods were sold."""
    sold_at = unit.paid_at or unit.placed_at
    return await agreement_at(conn, act.market_id, unit.supplier_id or "", sold_at)
