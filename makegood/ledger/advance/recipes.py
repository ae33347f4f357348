"""The postings of money that the platform pays first: covers, recovery, write-off, the fund."""

from collections.abc import Sequence

from makegood.base.ids import derived_id
from makegood.ledger import accounts
from makegood.ledger.accounts import Cover
from makegood.ledger.advance.rules import Advance, Debt
from makegood.ledger.recipes import Funding
from makegood.ledger.rules import Transfer, shard_of


def source(debt: Debt, claim_no: str) -> Funding:
    """The receivable that pays a debt's part of a refund."""
    account = accounts.receivable(debt.party, claim_no)
    return Funding(account, debt.amount_minor, debtor=debt.debtor_id)


def covers(debts: Sequence[Debt], claim_no: str, day: str) -> list[Funding]:
    """What an advance takes beside its receivables: quota by debtor, cash, the day's cap."""
    whole = sum(debt.amount_minor for debt in debts)
    if not whole:
        return []
    quota = accounts.cover("guarantee_quota", claim_no)
    parts = [
        Funding(quota, debt.amount_minor, accounts.quota_used(debt.party, debt.debtor_id, claim_no))
        for debt in debts
    ]
    cash = accounts.cover("guarantee_fund", claim_no)
    parts.append(Funding(accounts.fund_transit(claim_no), whole, cash))
    of_day = accounts.cover("advance_day", claim_no, day)
    parts.append(Funding(of_day, whole, accounts.advance_memo(shard_of(claim_no), day)))
    return parts


def levelled(
    moves: Sequence[tuple[Cover, int, int]], key: str, claim_no: str, day: str, currency: str
) -> list[Transfer]:
    """Shards that give to the claim's own one, before a refund that takes from it."""
    transfers = []
    for kind, shard, amount_minor in moves:
        giver = accounts.cover_shard(kind, shard, day)
        taker = accounts.cover(kind, claim_no, day)
        debit, credit = (taker, giver) if kind == "guarantee_fund" else (giver, taker)
        transfers.append(
            Transfer(
                id=derived_id("levelled", key, giver),
                debit=debit,
                credit=credit,
                amount_minor=amount_minor,
                currency=currency,
                recipe="levelled",
                claim_no=claim_no,
            )
        )
    return transfers


def day_opened(day: str, step: str, amount_minor: int, currency: str) -> list[Transfer]:
    """A day's cap, or what an operator added to it later; `step` names which of them."""
    return [
        Transfer(
            id=derived_id("advance_day", day, currency, step, str(shard)),
            debit=accounts.advance_memo(shard, day),
            credit=accounts.cover_shard("advance_day", shard, day),
            amount_minor=part,
            currency=currency,
            recipe="advance_day",
        )
        for shard, part in enumerate(accounts.split_shards(day, amount_minor))
        if part
    ]


def recovered(advance: Advance, key: str, sources: Sequence[Funding]) -> list[Transfer]:
    """What a debtor pays back, the quota that this frees, the cash that the fund gets back."""
    transfers = []
    for part in sources:
        paid = _paid_back(advance, key, part)
        transfers += [paid, _quota_freed(advance, paid)]
        transfers.append(
            Transfer(
                id=derived_id("fund_restored", paid.id),
                debit=accounts.cover("guarantee_fund", advance.claim_no),
                credit=accounts.fund_transit(advance.claim_no),
                amount_minor=part.amount_minor,
                currency=advance.currency,
                recipe="recovery",
                claim_no=advance.claim_no,
            )
        )
    return transfers


def coupon_cost_recovered(advance: Advance, key: str, sources: Sequence[Funding]) -> list[Transfer]:
    """A supplier pays for a coupon; that was never cash, so there is no cover to give back."""
    return [_paid_back(advance, key, part) for part in sources]


def written_off(advance: Advance, rule: str) -> list[Transfer]:
    """What is still owed becomes the market's loss; the quota is free again, the cash is not."""
    lost = Transfer(
        id=derived_id("written_off", advance.party, advance.claim_no, _ended_so_far(advance)),
        debit=accounts.shared("bad_debt", advance.claim_no),
        credit=accounts.receivable(advance.party, advance.claim_no),
        amount_minor=advance.open_minor,
        currency=advance.currency,
        recipe="write_off",
        order_no=advance.order_no,
        claim_no=advance.claim_no,
        rule=rule,
    )
    return [lost] if advance.party == "sla" else [lost, _quota_freed(advance, lost)]


def reassigned(advance: Advance, key: str, amount_minor: int, to: str) -> list[Transfer]:
    """A debt that somebody else bears after all: the market as a cost, or the claim's seller."""
    moved = Transfer(
        id=derived_id("reassigned", key, advance.party, advance.claim_no),
        debit=to,
        credit=accounts.receivable(advance.party, advance.claim_no),
        amount_minor=amount_minor,
        currency=advance.currency,
        recipe="reassigned",
        order_no=advance.order_no,
        claim_no=advance.claim_no,
    )
    return [moved, _quota_freed(advance, moved)]


def quota_taken(advance: Advance, paid: Transfer, debtor_id: str) -> Transfer:
    """The seller uses the quota that another debtor gave back."""
    return Transfer(
        id=derived_id("quota_taken", paid.id),
        debit=accounts.cover("guarantee_quota", advance.claim_no),
        credit=accounts.quota_used("seller", debtor_id, advance.claim_no),
        amount_minor=paid.amount_minor,
        currency=advance.currency,
        recipe="reassigned",
        claim_no=advance.claim_no,
    )


def fund_filled(key: str, amount_minor: int, currency: str) -> list[Transfer]:
    """The operator sets cash aside, spread over the shards."""
    return [
        Transfer(
            id=derived_id("fund", key, str(shard)),
            debit=accounts.cover_shard("guarantee_fund", shard),
            credit=accounts.shared("bank", key),
            amount_minor=part,
            currency=currency,
            recipe="fund_filled",
        )
        for shard, part in enumerate(accounts.split_shards(key, amount_minor))
        if part
    ]


def fund_emptied(key: str, parts: Sequence[Funding], currency: str) -> list[Transfer]:
    """The operator takes cash out of the fund again."""
    return [
        Transfer(
            id=derived_id("fund_out", key, part.account),
            debit=accounts.shared("bank", key),
            credit=part.account,
            amount_minor=part.amount_minor,
            currency=currency,
            recipe="fund_emptied",
        )
        for part in parts
    ]


def _paid_back(advance: Advance, key: str, part: Funding) -> Transfer:
    receivable = accounts.receivable(advance.party, advance.claim_no)
    return Transfer(
        id=derived_id("recovered", key, receivable, part.account),
        debit=part.account,
        credit=receivable,
        amount_minor=part.amount_minor,
        currency=advance.currency,
        recipe="netted" if is_own_credit(part.account) else "recovery",
        order_no=advance.order_no,
        claim_no=advance.claim_no,
    )


def is_own_credit(account: str) -> bool:
    """Whether a debt is paid with what its debtor got back of an earlier payment."""
    return account.partition(":")[0] in ("supplier_balance", "channel_balance")


def _ended_so_far(advance: Advance) -> str:
    """Grows with everything that ends a part of the debt, so that two write-offs are two."""
    return str(advance.recovered_minor + advance.written_off_minor)


def _quota_freed(advance: Advance, paid: Transfer) -> Transfer:
    used = accounts.quota_used(advance.party, advance.debtor_id, advance.claim_no)
    return Transfer(
        id=derived_id("quota_freed", paid.id),
        debit=used,
        credit=accounts.cover("guarantee_quota", advance.claim_no),
        amount_minor=paid.amount_minor,
        currency=advance.currency,
        recipe=paid.recipe,
        claim_no=advance.claim_no,
    )
