"""Money that a supplier paid: recorded once per reference, spread over the oldest claims."""

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.advance.actions import record_recovery
from makegood.ledger.statements import rules, store
from makegood.ledger.statements.agreement_store import lock_supplier
from makegood.ledger.statements.disputes import disputes_of
from makegood.ledger.statements.statement import ledger_lines, owed_by_claim
from makegood.store.database import Connection


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A payment and the claims it went to, in minor units."""

    settlement_no: str
    reference: str
    parts: tuple[tuple[str, int], ...]


async def record_settlement(
    tx: Connection, act: Act, ids: Ids, supplier_id: str, money: Money, reference: str
) -> Settlement | None:
    """Book what came to the bank against the oldest undisputed claims.

    Answers None when this bank reference was recorded before: then nothing moves.

    Raises:
        Refused: `not_found` for an unknown supplier, `reference_missing` without one,
            `amount_not_positive`, `exceeds_owed` with what is owed.
    """
    if not reference.strip():
        raise Refused("reference_missing")
    if money.amount_minor <= 0:
        raise Refused("amount_not_positive")
    if not await lock_supplier(tx, act.market_id, supplier_id):
        raise Refused("not_found")
    settlement_no = "SS" + ids.claim_no(act.now)[2:]
    fresh = await store.insert_settlement(
        tx,
        act.market_id,
        settlement_no,
        supplier_id,
        reference.strip(),
        money.amount_minor,
        money.currency,
        act.actor.id,
        act.now,
    )
    if not fresh:
        return None
    owed = await payable(tx, act.market_id, supplier_id, money.currency)
    parts = rules.spread(money.amount_minor, owed)
    if sum(part for _, part in parts) < money.amount_minor:
        raise Refused("exceeds_owed", owed_minor=sum(minor for _, minor in owed))
    await store.insert_parts(tx, act.market_id, settlement_no, parts)
    for claim_no, part in parts:
        paid = Money(part, money.currency)
        await record_recovery(tx, act, settlement_no, claim_no, "supplier", paid)
    return Settlement(settlement_no=settlement_no, reference=reference, parts=tuple(parts))


async def payable(
    conn: Connection, market_id: str, supplier_id: str, currency: str
) -> list[tuple[str, int]]:
    """What each undisputed claim owes, the oldest first."""
    lines = await ledger_lines(conn, market_id, supplier_id, currency)
    lines = [line for line in lines if line.side == "debt"]
    disputes = await disputes_of(conn, market_id, supplier_id)
    disputed = {one.claim_no for one in disputes if one.state == "open"}
    return [
        (claim_no, minor) for claim_no, minor in owed_by_claim(lines) if claim_no not in disputed
    ]
