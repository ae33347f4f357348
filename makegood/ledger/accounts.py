"""Names of accounts: the one place that builds them, with their shards and days."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final, Literal

from makegood.base.ids import UnitRef
from makegood.ledger.rules import SHARDS, shard_of

BOOK_ZONE: Final = timezone(timedelta(hours=8))
"""A day of clearing is a day of China Standard Time, as in most gateways' daily bills."""

Party = Literal["seller", "supplier", "channel"]
"""Who may owe the platform what it paid first."""

Cover = Literal["guarantee_fund", "guarantee_quota", "advance_day"]
"""What an advance takes from: cash, the cap on what is outstanding, the cap of the day."""


def payment_unit(order_no: str) -> UnitRef:
    """The payment of an order as a thing that may be claimed: charged twice, or too much."""
    return UnitRef(order_no, 0, 0)


def escrow(order_no: str) -> str:
    """The buyer's money of one order before it is settled."""
    return f"escrow:{order_no}"


def seller_balance(seller_id: str) -> str:
    """What a seller has earned and not taken out."""
    return f"seller_balance:{seller_id}"


def seller_deposit(seller_id: str) -> str:
    """What a seller has deposited."""
    return f"seller_deposit:{seller_id}"


def supplier_balance(supplier_id: str) -> str:
    """What a supplier gets back of what it had paid: set off against what it owes."""
    return f"supplier_balance:{supplier_id}"


EARLIER_CREDIT: Final = "channel_balance:all"
"""What channels got back before each had an account of its own; it pays any channel's debts."""


def channel_balance(channel: str) -> str:
    """What a payment channel gets back of what it had paid: set off against what it owes."""
    return f"channel_balance:{channel}" if channel else EARLIER_CREDIT


def refundable(unit: UnitRef) -> str:
    """What may still go back for one unit, by refund or by live replacement, on any path."""
    return f"refundable:{unit}"


def day_of(at: datetime) -> str:
    """The day whose bill lists what happened at this time, `yyyymmdd`."""
    return at.astimezone(BOOK_ZONE).strftime("%Y%m%d")


def clearing(channel: str, order_no: str, at: datetime) -> str:
    """The gateway's account in our book for one day; the order picks the shard."""
    return clearing_of_day(channel, order_no, day_of(at))


def clearing_of_day(channel: str, order_no: str, day: str) -> str:
    """The same, for a day as `day_of` gives it."""
    return f"gateway_clearing:{channel}:{day}.{shard_of(order_no)}"


def clearing_shards(channel: str, day: str) -> list[str]:
    """All rows of one channel's day."""
    return [f"gateway_clearing:{channel}:{day}.{shard}" for shard in range(SHARDS)]


def transit(channel: str, order_no: str) -> str:
    """Refunds on their way through a gateway: nobody knows yet in which day's bill they are."""
    return f"refund_transit:{channel}.{shard_of(order_no)}"


def dispute_held(channel: str, order_no: str) -> str:
    """What a channel took back because of disputes that have not ended yet."""
    return f"dispute_held:{channel}.{shard_of(order_no)}"


def coupon_batch(batch: str, key: str) -> str:
    """What is owed for the coupons of a batch; coupon or order pick the shard."""
    return f"coupon_liability:{batch}.{shard_of(key)}"


def offer_held(claim_no: str) -> str:
    """What a seller set aside for a coupon that it offers in a claim, until the coupon is given."""
    return f"offer_held:{claim_no}"


def paid_memo(order_no: str) -> str:
    """The other side of every `refundable` entry."""
    return f"paid_memo:{shard_of(order_no)}"


def shared(kind: str, key: str) -> str:
    """One row of an account that everybody uses; claim or order pick it."""
    return f"{kind}:{shard_of(key)}"


def receivable(party: str, claim_no: str) -> str:
    """What a party owes for a claim that the platform paid first."""
    return f"{party}_receivable:{claim_no}"


def sla_receivable(claim_no: str) -> str:
    """What a supplier owes for the coupon that its broken promise cost."""
    return f"sla_receivable:{claim_no}"


def cover(kind: Cover, claim_no: str, day: str = "") -> str:
    """The shard of fund, quota or day that a claim takes from first and gives back to."""
    return cover_shard(kind, shard_of(claim_no), day)


def cover_shard(kind: Cover, shard: int, day: str = "") -> str:
    """One shard of fund, quota or day."""
    return f"advance_day:{day}.{shard}" if kind == "advance_day" else f"{kind}:{shard}"


def cover_shards(kind: Cover, day: str = "") -> list[str]:
    """All shards of fund, quota or day."""
    return [cover_shard(kind, shard, day) for shard in range(SHARDS)]


def quota_memo(quota: str) -> str:
    """The other side of what was granted to one shard of the quota."""
    return f"quota_memo:{quota.partition(':')[2]}"


def advance_memo(shard: int, day: str) -> str:
    """The other side of a day's cap: granted on its debit side, used on its credit side."""
    return f"advance_memo:{day}.{shard}"


def fund_transit(claim_no: str) -> str:
    """What the guarantee fund owes to the gateway accounts that paid for it."""
    return f"fund_transit:{shard_of(claim_no)}"


def quota_used(party: str, debtor_id: str, claim_no: str) -> str:
    """How much of the quota a debtor uses: one row per seller, so that its cap can be kept."""
    if party == "seller":
        return f"quota_used:seller/{debtor_id}"
    return f"quota_used:{party}/{debtor_id}.{shard_of(claim_no)}"


def split_shards(key: str, amount_minor: int) -> list[int]:
    """An amount spread evenly over the shards; `key` decides who gets the odd units."""
    share, rest = divmod(amount_minor, SHARDS)
    first = shard_of(key)
    return [share + (1 if (shard - first) % SHARDS < rest else 0) for shard in range(SHARDS)]


def level(available: Sequence[int], own: int, need: int) -> list[tuple[int, int]]:
    """What to move from each shard into `own` so that it holds `need`: (shard, amount).

    The others keep an even part of what is left, so that the next claim of another shard does
    not have to do the same. Nothing moves when all of them together hold less.
    """
    left = sum(available) - need
    if available[own] >= need or left < 0:
        return []
    share = left // len(available)
    return [
        (shard, amount - share)
        for shard, amount in enumerate(available)
        if shard != own and amount > share
    ]


def kinds_like(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Ranges of account codes, first and behind the last, that hold all accounts of each kind."""
    return [(f"{kind}:", f"{kind};") for kind in kinds]
