"""Moves a refund's part from who bears it now to who ought to: the book, the debts, the record."""

from collections.abc import Mapping, Sequence

import msgspec

from makegood.base.actor import Act
from makegood.ledger import accounts
from makegood.ledger import rules as book
from makegood.ledger import store as book_store
from makegood.ledger.advance import store as advance_store
from makegood.ledger.advance.netting import net_off_later
from makegood.ledger.advance.rules import Advance, Look
from makegood.ledger.corrections import covers, rules, store
from makegood.ledger.corrections.record import Correction
from makegood.ledger.corrections.rules import Case, Line, Owing, Piece
from makegood.ledger.posting import post
from makegood.ledger.recipes import Funding
from makegood.ledger.rules import Balance, Transfer
from makegood.ledger.statements.disputes import follow_line
from makegood.store.database import Connection


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Who bears the refunds of a claim now and who ought to, in minor units of the same sum.

    `first` is the number of the claim's next correction; the rest says why, for the record.
    """

    case: Case
    bears: Mapping[str, int]
    ought: Mapping[str, int]
    lines: Sequence[Line]
    first: int
    decision_no: int
    appeal_no: int
    sku: str
    finding: str


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """What moved now; `waiting_minor` waits until the fund has room for it."""

    corrections: list[Correction]
    transfers: list[str]
    waiting_minor: int = 0


async def correct(tx: Connection, act: Act, wanted: Wanted) -> Corrected:
    """Move what lies wrong. What lies right already is left alone, so it may run twice.

    The caller holds the claim's lock. Debts are locked before their accounts, as by everybody
    who recovers one.
    """
    moves = rules.by_line(rules.shifts(wanted.bears, wanted.ought), wanted.lines)
    if not moves:
        return Corrected(corrections=[], transfers=[])
    case = wanted.case
    debts = await _lock_debts(tx, act, case)
    look = await _lock_accounts(tx, act, case)
    owing = {party: owing_of(debt) for party, debt in debts.items()}
    floor = (await advance_store.load_caps(tx, act.market_id)).fund_floor_minor
    found = rules.pieces(case, moves, owing, _own_money(case, look))
    found, waiting = covers.within(case, found, covers.lacking(found, look, floor))
    if not found:
        return Corrected(corrections=[], transfers=[], waiting_minor=waiting)
    made = [record_of(act, wanted, place, piece) for place, piece in enumerate(found)]
    levelled, covered = covers.levelling(case, found, look), covers.cover_transfers(case, found)
    posted = await post(tx, act, [*levelled, *transfers_of(case, found, made), *covered])
    await store.insert_corrections(tx, act.market_id, made)
    for piece in found:
        await _note_debts(tx, act, case, debts, piece)
    await _after(tx, act, case, found)
    return Corrected(corrections=made, transfers=posted, waiting_minor=waiting)


async def _lock_debts(tx: Connection, act: Act, case: Case) -> dict[str, Advance]:
    """The debts of the claim by who owes them, locked; always in the same order."""
    found: dict[str, Advance] = {}
    for party in rules.DEBTORS:
        owed = await advance_store.lock_advance(
            tx, act.market_id, case.claim_no, party, case.currency
        )
        if owed is not None:
            found[party] = owed
    return found


async def _lock_accounts(tx: Connection, act: Act, case: Case) -> Look:
    codes = rules.accounts_of(case)
    found = await book_store.lock_accounts(tx, act.market_id, codes, case.currency)
    return lambda code: found.get(code, Balance())


def owing_of(debt: Advance | None) -> Owing:
    """What is left of a debt and what of it was given up."""
    if debt is None:
        return Owing()
    return Owing(open_minor=debt.open_minor, lost_minor=debt.written_off_minor)


def _own_money(case: Case, look: Look) -> list[Funding]:
    """What the seller can give at once: out of the order's escrow, then out of the balance."""
    codes = (accounts.escrow(case.order_no), accounts.seller_balance(case.seller_id))
    return [Funding(code, max(0, book.available_minor(code, look(code)))) for code in codes]


def record_of(act: Act, wanted: Wanted, place: int, piece: Piece) -> Correction:
    """How a piece is kept; `place` counts the pieces of one run."""
    case = wanted.case
    number = f"{case.claim_no}-K{wanted.first + place}"
    return Correction(
        correction_no=number,
        claim_no=case.claim_no,
        decision_no=wanted.decision_no,
        appeal_no=wanted.appeal_no,
        line=piece.shift.line,
        giver=piece.shift.giver,
        taker=piece.shift.taker,
        seller_id=case.seller_id,
        supplier_id=case.supplier_id,
        order_no=case.order_no,
        sku=wanted.sku,
        finding=wanted.finding,
        rule=case.rule,
        given_up=piece.credit.startswith("bad_debt:"),
        amount_minor=piece.amount_minor,
        currency=case.currency,
        transfer_id=rules.transfer_of(case, piece, number).id,
        made_at=act.now,
    )


def transfers_of(case: Case, found: Sequence[Piece], made: Sequence[Correction]) -> list[Transfer]:
    """The posting of each piece under the number of its own correction."""
    pairs = zip(found, made, strict=True)
    return [rules.transfer_of(case, piece, one.correction_no) for piece, one in pairs]


async def lower_debt(
    tx: Connection, act: Act, debt: Advance, receivable: str, piece: Piece
) -> None:
    """Bring a debt down by what the piece took off it, or off what of it was given up."""
    minor = piece.amount_minor
    if piece.credit == receivable:
        await advance_store.lower_advance(tx, act.market_id, debt, minor, act.now)
    elif piece.credit.startswith("bad_debt:"):
        await advance_store.change_advance(tx, act.market_id, debt, minor, -minor, act.now)


async def _note_debts(
    tx: Connection, act: Act, case: Case, debts: Mapping[str, Advance], piece: Piece
) -> None:
    """Bring the list of debts up to what the piece did to the receivables."""
    giver, taker, minor = piece.shift.giver, piece.shift.taker, piece.amount_minor
    if giver in debts:
        await lower_debt(tx, act, debts[giver], accounts.receivable(giver, case.claim_no), piece)
    if piece.debit == accounts.receivable(taker, case.claim_no):
        owed = Advance(
            claim_no=case.claim_no,
            party=taker,
            debtor_id=case.debtor_of(taker),
            order_no=case.order_no,
            currency=case.currency,
            advanced_minor=minor,
            recovered_minor=0,
            written_off_minor=0,
            first_at=act.now,
        )
        await advance_store.add_advance(tx, act.market_id, owed)


async def _after(tx: Connection, act: Act, case: Case, found: Sequence[Piece]) -> None:
    """A dispute about what is not owed any more ends; what was returned pays other debts."""
    currency = case.currency
    await follow_line(tx, act, case.claim_no, currency)
    parties = {party for piece in found for party in (piece.shift.giver, piece.shift.taker)}
    if "seller" in parties:
        await net_off_later(tx, act, case.seller_id, currency)
    if "supplier" in parties:
        await net_off_later(tx, act, case.supplier_id, currency, "supplier")
    if "channel" in parties:
        await net_off_later(tx, act, "", currency, "channel")
