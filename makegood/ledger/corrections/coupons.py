"""A coupon that a decision gave, when a later one lays its cost on somebody else.

The buyer keeps it. It was never money of the guarantee fund, so that no cover follows.
"""

from collections.abc import Sequence

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.ledger import accounts
from makegood.ledger.advance import store as advance_store
from makegood.ledger.advance.actions import note_coupon_cost
from makegood.ledger.advance.netting import net_off_later
from makegood.ledger.advance.rules import Advance
from makegood.ledger.corrections import rules, store
from makegood.ledger.corrections.actions import (
    Corrected,
    Wanted,
    lower_debt,
    owing_of,
    record_of,
    transfers_of,
)
from makegood.ledger.corrections.rules import Bearer, Case, Owing, Piece, Shift
from makegood.ledger.posting import post
from makegood.ledger.rules import MAX_AMOUNT_MINOR
from makegood.store.database import Connection


def coupon_pieces(case: Case, moves: Sequence[Shift], owing: Owing) -> list[Piece]:
    """The shifts between accounts; a supplier's open debt becomes smaller before anything else."""
    gives = {party: _gives(case, party, owing) for party in rules.BEARERS}
    return [
        Piece(shift=move, credit=credit, debit=_onto(case, move.taker), amount_minor=part)
        for move in moves
        for credit, part in rules.cut(gives[move.giver], move.amount_minor)
    ]


async def correct_coupons(
    tx: Connection, act: Act, wanted: Wanted, moves: Sequence[Shift]
) -> Corrected:
    """Move what coupons cost. The caller holds the claim's lock and moves what lies wrong only."""
    if not moves:
        return Corrected(corrections=[], transfers=[])
    case, market_id = wanted.case, act.market_id
    debt = await advance_store.lock_advance(tx, market_id, case.claim_no, "sla", case.currency)
    found = coupon_pieces(case, moves, owing_of(debt))
    made = [record_of(act, wanted, place, piece) for place, piece in enumerate(found)]
    posted = await post(tx, act, transfers_of(case, found, made))
    await store.insert_corrections(tx, market_id, made)
    for piece in found:
        await _note_debt(tx, act, case, debt, piece)
    await net_off_later(tx, act, case.seller_id, case.currency)
    await net_off_later(tx, act, case.supplier_id, case.currency, "supplier")
    return Corrected(corrections=made, transfers=posted)


async def _note_debt(
    tx: Connection, act: Act, case: Case, debt: Advance | None, piece: Piece
) -> None:
    """Bring the list of debts up to what the piece did to the receivable."""
    owed = accounts.sla_receivable(case.claim_no)
    if piece.debit == owed:
        money = Money(piece.amount_minor, case.currency)
        await note_coupon_cost(tx, act, case.claim_no, case.supplier_id, money)
    if debt is not None:
        await lower_debt(tx, act, debt, owed, piece)


def _gives(case: Case, party: Bearer, owing: Owing) -> dict[str, int]:
    if party == "supplier":
        return {
            accounts.sla_receivable(case.claim_no): owing.open_minor,
            accounts.shared("bad_debt", case.claim_no): owing.lost_minor,
            accounts.supplier_balance(case.supplier_id): MAX_AMOUNT_MINOR,
        }
    if party == "seller":
        return {accounts.seller_balance(case.seller_id): MAX_AMOUNT_MINOR}
    return {accounts.shared("compensation_cost", case.claim_no): MAX_AMOUNT_MINOR}


def _onto(case: Case, party: Bearer) -> str:
    """A coupon is laid on its supplier, or on the market; on a seller only when it is given."""
    if party == "supplier":
        return accounts.sla_receivable(case.claim_no)
    assert party == "platform", f"nobody lays a coupon on the {party} afterwards"
    return accounts.shared("compensation_cost", case.claim_no)
