"""What is done with money that leaves: ask for a payout, release, pay, refuse; fill the deposit."""

from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger import rules as book
from makegood.ledger.actions import balances, post
from makegood.ledger.advance.actions import open_advances
from makegood.ledger.audits.pause import refuse_if_paused
from makegood.ledger.funds import rules, store
from makegood.ledger.funds.rules import Payout, Source, Standing
from makegood.store.database import Connection, Record


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a seller's statement; `amount_minor` is signed, plus is the seller's."""

    transfer_id: str
    account: str
    recipe: str
    order_no: str
    claim_no: str
    amount_minor: int
    posted_at: datetime


async def standing_of(
    conn: Connection, market_id: str, seller_id: str, required_minor: int, currency: str
) -> Standing:
    """What the ledger says a seller has and owes."""
    codes = [accounts.seller_balance(seller_id), accounts.seller_deposit(seller_id)]
    found = await balances(conn, market_id, codes, currency)
    owed = await open_advances(conn, market_id, currency, "seller", seller_id)
    return Standing(
        balance_minor=found[codes[0]].available_minor,
        deposit_minor=found[codes[1]].available_minor,
        required_minor=required_minor,
        owed_minor=sum(one.open_minor for one in owed),
    )


async def credit_of(conn: Connection, market_id: str, supplier_id: str, currency: str) -> Standing:
    """What a supplier got back of what it had paid, and what it still owes."""
    code = accounts.supplier_balance(supplier_id)
    found = await balances(conn, market_id, [code], currency)
    owed = [
        one
        for party in ("supplier", "sla")
        for one in await open_advances(conn, market_id, currency, party, supplier_id)
    ]
    return Standing(
        balance_minor=found[code].available_minor,
        deposit_minor=0,
        required_minor=0,
        owed_minor=sum(one.open_minor for one in owed),
    )


async def want_payout(
    tx: Connection,
    act: Act,
    ids: Ids,
    payee_id: str,
    *,
    source: Source,
    money: Money,
    required_minor: int = 0,
    by: str,
) -> Payout:
    """Set money apart for a payout; it leaves once somebody released and paid it.

    `by` is the account of the person, so that nobody releases an own wish.

    Raises:
        Refused: as `rules.check_wish`, `payouts_paused`.
    """
    await refuse_if_paused(tx, act.market_id, money.currency)
    if source == "credit":
        standing = await credit_of(tx, act.market_id, payee_id, money.currency)
    else:
        standing = await standing_of(tx, act.market_id, payee_id, required_minor, money.currency)
    rules.check_wish(standing, source, money.amount_minor)
    payout = Payout(
        payout_no="PO" + ids.claim_no(act.now)[2:],
        payee_id=payee_id,
        source=source,
        amount_minor=money.amount_minor,
        currency=money.currency,
        state="wanted",
        wanted_by=by,
        wanted_at=act.now,
    )
    await store.insert_payout(tx, act.market_id, payout)
    await post(tx, act, [rules.reserve(payout)])
    return payout


async def release_payout(tx: Connection, act: Act, payout_no: str) -> Payout:
    """Let a payout be made; above the releaser's limit the caller proposes it instead."""
    payout = await _locked(tx, act, payout_no)
    await refuse_if_paused(tx, act.market_id, payout.currency)
    return await _save(tx, act, rules.released(payout, act.actor.id, act.now))


async def pay_out(tx: Connection, act: Act, payout_no: str, reference: str) -> Payout:
    """Note the bank's reference: the money has left."""
    payout = await _locked(tx, act, payout_no)
    await refuse_if_paused(tx, act.market_id, payout.currency)
    done = rules.paid(payout, act.actor.id, reference, act.now)
    await post(tx, act, [book.resolve(rules.reserve(payout), "post")])
    return await _save(tx, act, done)


async def refuse_payout(tx: Connection, act: Act, payout_no: str, why: str) -> Payout:
    """Do not make it; the money is its owner's again."""
    payout = await _locked(tx, act, payout_no)
    done = rules.refused(payout, act.actor.id, why, act.now)
    await post(tx, act, [book.resolve(rules.reserve(payout), "void")])
    return await _save(tx, act, done)


async def take_back_payout(tx: Connection, act: Act, seller_id: str, payout_no: str) -> Payout:
    """The seller changes the mind before the release."""
    payout = await _locked(tx, act, payout_no)
    if (payout.party, payout.payee_id) != ("seller", seller_id):
        raise Refused("not_found")
    done = rules.withdrawn(payout, act.actor.id, act.now)
    await post(tx, act, [book.resolve(rules.reserve(payout), "void")])
    return await _save(tx, act, done)


async def fill_deposit(tx: Connection, act: Act, ids: Ids, seller_id: str, money: Money) -> None:
    """Move money from the own balance into the deposit.

    Raises:
        Refused: `amount_not_positive`, `insufficient_funds`.
    """
    if money.amount_minor <= 0:
        raise Refused("amount_not_positive")
    moved = rules.moved_to_deposit(ids.uuid(), seller_id, money.amount_minor, money.currency)
    await post(tx, act, [moved])


def statement_of(
    market_id: str, seller_id: str, currency: str, since: datetime, until: datetime
) -> store.Statement:
    """A seller's statement: every movement of balance and deposit in a time."""
    codes = (accounts.seller_balance(seller_id), accounts.seller_deposit(seller_id))
    return store.Statement(
        market_id=market_id, accounts=codes, currency=currency, since=since, until=until
    )


def entry_of(row: Record) -> Entry:
    """One movement as it was read."""
    return Entry(
        transfer_id=str(row["id"]),
        account=row["code"].partition(":")[0],
        recipe=row["recipe"],
        order_no=row["order_no"],
        claim_no=row["claim_no"],
        amount_minor=row["amount_minor"],
        posted_at=row["posted_at"],
    )


async def _locked(tx: Connection, act: Act, payout_no: str) -> Payout:
    payout = await store.lock_payout(tx, act.market_id, payout_no)
    if payout is None:
        raise Refused("not_found")
    return payout


async def _save(tx: Connection, act: Act, payout: Payout) -> Payout:
    await store.save_payout(tx, act.market_id, payout)
    return payout
