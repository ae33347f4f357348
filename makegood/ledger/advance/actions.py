"""What is done about money that the platform paid first: caps, fund, recovery, write-off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.ledger import accounts
from makegood.ledger import rules as book
from makegood.ledger import store as book_store
from makegood.ledger.advance import recipes, rules, store
from makegood.ledger.advance.netting import net_off_later
from makegood.ledger.advance.rules import Advance, AdvanceCaps
from makegood.ledger.amounts import check_money
from makegood.ledger.posting import post
from makegood.ledger.recipes import Funding
from makegood.ledger.rules import Balance
from makegood.ledger.statements.channel_store import channels_of
from makegood.people.approvals.actions import propose
from makegood.people.approvals.rules import NewProposal, Proposal
from makegood.store.database import Connection

_PEOPLE = ("operator", "lead")


class AdvanceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Fund, quota and day as they stand, in minor units of one currency."""

    fund_minor: int
    fund_floor_minor: int
    owed_to_gateways_minor: int
    quota_granted_minor: int
    quota_used_minor: int
    quota_left_minor: int
    day_cap_minor: int
    day_used_minor: int
    outstanding_minor: int


class AgeingRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one debtor owes, by the age of the debt in days, and what it ever owed."""

    party: str
    debtor_id: str
    total: int
    upto_7: int = 0
    upto_30: int = 0
    upto_90: int = 0
    older: int = 0
    advanced: int
    recovered: int
    written_off: int


async def caps_of(conn: Connection, market_id: str) -> AdvanceCaps:
    """What an operator set, or the usual caps."""
    return await store.load_caps(conn, market_id)


async def set_caps(
    tx: Connection, act: Act, caps: AdvanceCaps, currency: str = "CNY"
) -> AdvanceCaps:
    """Replace the caps. A higher cap of the day holds at once, a lower one from tomorrow.

    Raises:
        Refused: `setting_invalid` with the field.
    """
    rules.check_caps(caps)
    before = await store.load_caps(tx, act.market_id)
    await store.save_caps(tx, act.market_id, caps, act.now, act.actor.id)
    more = caps.per_day_minor - before.per_day_minor
    day = accounts.day_of(act.now)
    if more > 0 and await _day_granted(tx, act.market_id, day, currency):
        await post(tx, act, recipes.day_opened(day, rfc3339(act.now), more, currency))
    return caps


async def open_day(tx: Connection, act: Act, caps: AdvanceCaps, currency: str) -> None:
    """Grant the day's cap, once, before the first advance of the day."""
    day = accounts.day_of(act.now)
    if not await _day_granted(tx, act.market_id, day, currency):
        await post(tx, act, recipes.day_opened(day, "0", caps.per_day_minor, currency))


async def put_into_fund(tx: Connection, act: Act, key: str, money: Money) -> None:
    """Set cash aside for advances; `key` is the bank's reference and makes it happen once.

    Raises:
        Refused: as `check_money`.
    """
    check_money(money)
    await post(tx, act, recipes.fund_filled(key, money.amount_minor, money.currency))


async def take_from_fund(tx: Connection, act: Act, key: str, money: Money) -> None:
    """Take cash out of the fund, from every shard in turn.

    Raises:
        Refused: `insufficient_funds` when it holds less; as `check_money`.
    """
    check_money(money)
    shards = accounts.cover_shards("guarantee_fund")
    found = await book_store.lock_accounts(tx, act.market_id, shards, money.currency)
    parts, rest = [], money.amount_minor
    for code, balance in sorted(found.items()):
        part = min(rest, book.available_minor(code, balance))
        rest -= part
        if part > 0:
            parts.append(Funding(code, part))
    if rest:
        raise Refused("insufficient_funds", account="guarantee_fund", missing_minor=rest)
    await post(tx, act, recipes.fund_emptied(key, parts, money.currency))


async def advance_figures(
    conn: Connection, market_id: str, currency: str, now: datetime
) -> AdvanceFigures:
    """How much cash there is, and how much of quota and day is used and left."""
    caps = await store.load_caps(conn, market_id)
    kinds = ["guarantee_fund", "fund_transit", "guarantee_quota", "quota_used", "quota_memo"]
    rows = await book_store.totals(conn, market_id, accounts.kinds_like(kinds), currency)
    sums = {row["first"][:-1]: book_store.balance(row) for row in rows}
    of_day = await _of_day(conn, market_id, accounts.day_of(now), currency)
    owing = await store.open_advances(conn, market_id, currency, limit=100_000)
    return AdvanceFigures(
        fund_minor=_left("guarantee_fund", sums),
        fund_floor_minor=caps.fund_floor_minor,
        owed_to_gateways_minor=book.settled_minor("fund_transit", sums["fund_transit"]),
        quota_granted_minor=book.settled_minor("quota_memo", sums["quota_memo"]),
        quota_used_minor=book.settled_minor("quota_used", sums["quota_used"])
        + sums["quota_used"].credits_pending,
        quota_left_minor=_left("guarantee_quota", sums),
        day_cap_minor=caps.per_day_minor,
        day_used_minor=sum(b.credits_posted + b.credits_pending for b in of_day),
        outstanding_minor=sum(one.open_minor for one in owing if one.party != "sla"),
    )


async def open_advances(
    conn: Connection,
    market_id: str,
    currency: str,
    party: str = "",
    debtor_id: str = "",
    limit: int = 500,
) -> list[Advance]:
    """What is still owed, the oldest first. Party `sla` is a coupon that a supplier owes for."""
    return await store.open_advances(conn, market_id, currency, party, debtor_id, limit)


async def ageing(conn: Connection, market_id: str, currency: str, now: datetime) -> list[AgeingRow]:
    """What each debtor owes by age, the largest debt first."""
    rows = await store.ageing(conn, market_id, currency, now)
    return [
        msgspec.convert(
            {name: value for name, value in row.items() if value is not None}, AgeingRow
        )
        for row in rows
    ]


async def note_arrived(
    tx: Connection, act: Act, claim_no: str, order_no: str, currency: str, parts: Sequence[Funding]
) -> None:
    """An advanced refund arrived: its debtors owe it from now on."""
    for part in parts:
        party = part.account.partition("_receivable:")[0]
        owed = _owed(act, claim_no, party, part.debtor, order_no, currency, part.amount_minor)
        await store.add_advance(tx, act.market_id, owed)
        if party == "seller":
            await net_off_later(tx, act, part.debtor, currency)


async def note_coupon_cost(
    tx: Connection, act: Act, claim_no: str, supplier_id: str, money: Money
) -> None:
    """A supplier owes for the coupon that its broken promise cost."""
    owed = _owed(act, claim_no, "sla", supplier_id, "", money.currency, money.amount_minor)
    await store.add_advance(tx, act.market_id, owed)


async def recover_advance(
    tx: Connection, act: Act, claim_no: str, party: str, currency: str
) -> int:
    """Take back what a party owes for a claim from its accounts, in the stated order.

    Answers the recovered amount in minor units; what the accounts lack stays owed.
    """
    advance = await store.lock_advance(tx, act.market_id, claim_no, party, currency)
    if advance is None or not advance.open_minor:
        return 0
    via = await channels_of(tx, act.market_id, [claim_no]) if party == "channel" else {}
    sources = rules.recovery_sources(advance, via.get(claim_no, ""))
    codes = [*sources, *_accounts_of(advance)]
    found = await book_store.lock_accounts(tx, act.market_id, codes, currency)
    rest = advance.open_minor
    parts = []
    for code in sources:
        part = min(rest, book.available_minor(code, found.get(code, Balance())))
        rest -= max(part, 0)
        if part > 0:
            parts.append(Funding(code, part))
    return await _recover(tx, act, advance, str(advance.recovered_minor), parts)


async def record_recovery(
    tx: Connection, act: Act, key: str, claim_no: str, party: str, money: Money
) -> int:
    """A debtor paid into the bank (a supplier's statement, mostly); `key` is the bank's reference.

    Told again with the same key it changes nothing and answers 0.

    Raises:
        Refused: `not_found` without such a debt, `exceeds_owed` for more than is owed; as
            `check_money`.
    """
    check_money(money)
    advance = await store.lock_advance(tx, act.market_id, claim_no, party, money.currency)
    if advance is None:
        raise Refused("not_found")
    paid = [Funding(accounts.shared("bank", key), money.amount_minor)]
    first = recipes.coupon_cost_recovered(advance, key, paid)[0].id
    if await book_store.transfers_by_id(tx, act.market_id, [first]):
        return 0
    if money.amount_minor > advance.open_minor:
        raise Refused("exceeds_owed", owed_minor=advance.open_minor)
    return await _recover(tx, act, advance, key, paid)


async def reassign_advance(
    tx: Connection,
    act: Act,
    key: str,
    claim_no: str,
    money: Money,
    *,
    party: str = "supplier",
    to: Literal["platform", "seller"],
    seller_id: str = "",
) -> None:
    """A debtor does not owe this much after all: the market bears it, or the claim's seller does.

    The same `key` again changes nothing.

    Raises:
        Refused: `not_found` without such a debt, `exceeds_owed`; as `check_money`.
    """
    check_money(money)
    advance = await store.lock_advance(tx, act.market_id, claim_no, party, money.currency)
    if advance is None:
        raise Refused("not_found")
    account = (
        accounts.receivable("seller", claim_no)
        if to == "seller"
        else accounts.shared("compensation_cost", claim_no)
    )
    moved = recipes.reassigned(advance, key, money.amount_minor, account)
    if await book_store.transfers_by_id(tx, act.market_id, [moved[0].id]):
        return
    if money.amount_minor > advance.open_minor:
        raise Refused("exceeds_owed", owed_minor=advance.open_minor)
    if to == "seller":
        assert seller_id, "a seller's debt needs the seller"
        moved.append(recipes.quota_taken(advance, moved[0], seller_id))
        minor, order_no = money.amount_minor, advance.order_no
        owed = _owed(act, claim_no, "seller", seller_id, order_no, money.currency, minor)
        await store.add_advance(tx, act.market_id, owed)
    await post(tx, act, moved)
    await store.lower_advance(tx, act.market_id, advance, money.amount_minor, act.now)
    if to == "seller":
        await net_off_later(tx, act, seller_id, money.currency)


async def propose_write_off(
    tx: Connection,
    act: Act,
    ids: Ids,
    *,
    claim_no: str,
    party: str,
    currency: str,
    why: str,
    by_name: str,
) -> Proposal:
    """Ask a second person to give a debt up; nothing moves before that one agrees.

    Raises:
        Refused: `not_found` without an open debt, `too_early` before the market's own time,
            `reason_needed`.
    """
    advance = await _old_debt(tx, act, claim_no, party, currency)
    new = NewProposal(
        kind="write_off",
        subject=claim_no,
        amount_minor=advance.open_minor,
        currency=currency,
        why=why,
        payload={"claim_no": claim_no, "party": party, "currency": currency},
        key=f"write_off:{claim_no}:{party}:{currency}:{advance.written_off_minor}",
    )
    return await propose(tx, act, ids, new, by=act.actor.id, by_name=by_name)


async def approve_write_off(
    tx: Connection, act: Act, *, proposed_by: str, claim_no: str, party: str, currency: str
) -> int:
    """Give a debt up: what is still owed becomes the market's loss; answers how much.

    Raises:
        Refused: `approval_needs_other_person` for the proposer and for anything but a person,
            `not_found` when nothing is owed any more, `too_early`.
    """
    if act.actor.role not in _PEOPLE or act.actor.id == proposed_by or not proposed_by:
        raise Refused("approval_needs_other_person")
    advance = await _old_debt(tx, act, claim_no, party, currency)
    await post(tx, act, recipes.written_off(advance, f"{proposed_by}+{act.actor.id}"))
    lost = advance.open_minor
    await store.change_advance(tx, act.market_id, advance, 0, lost, act.now)
    return lost


async def _old_debt(tx: Connection, act: Act, claim_no: str, party: str, currency: str) -> Advance:
    advance = await store.lock_advance(tx, act.market_id, claim_no, party, currency)
    if advance is None or not advance.open_minor:
        raise Refused("not_found")
    caps = await store.load_caps(tx, act.market_id)
    if not rules.may_write_off(caps, advance, act.now):
        raise Refused("too_early", days=caps.write_off_after_days)
    return advance


async def _recover(
    tx: Connection, act: Act, advance: Advance, key: str, parts: Sequence[Funding]
) -> int:
    build = recipes.coupon_cost_recovered if advance.party == "sla" else recipes.recovered
    await post(tx, act, build(advance, key, parts))
    came = sum(part.amount_minor for part in parts)
    if came:
        await store.change_advance(tx, act.market_id, advance, came, 0, act.now)
    return came


async def _day_granted(conn: Connection, market_id: str, day: str, currency: str) -> bool:
    codes = accounts.cover_shards("advance_day", day)
    found = await book_store.read_accounts(conn, market_id, codes, currency)
    return any(balance.credits_posted for balance in found.values())


async def _of_day(conn: Connection, market_id: str, day: str, currency: str) -> list[Balance]:
    codes = [accounts.advance_memo(shard, day) for shard in range(book.SHARDS)]
    found = await book_store.read_accounts(conn, market_id, codes, currency)
    return list(found.values())


def _accounts_of(advance: Advance) -> list[str]:
    """The accounts with a limit that a recovery touches beside those that pay."""
    claim_no = advance.claim_no
    return [
        accounts.receivable(advance.party, claim_no),
        accounts.quota_used(advance.party, advance.debtor_id, claim_no),
        accounts.cover("guarantee_quota", claim_no),
        accounts.cover("guarantee_fund", claim_no),
    ]


def _owed(
    act: Act,
    claim_no: str,
    party: str,
    debtor_id: str,
    order_no: str,
    currency: str,
    amount_minor: int,
) -> Advance:
    return Advance(
        claim_no=claim_no,
        party=party,
        debtor_id=debtor_id,
        order_no=order_no,
        currency=currency,
        advanced_minor=amount_minor,
        recovered_minor=0,
        written_off_minor=0,
        first_at=act.now,
    )


def _left(kind: str, sums: dict[str, Balance]) -> int:
    return book.available_minor(kind, sums[kind])
