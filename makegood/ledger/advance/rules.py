"""When the platform pays first, how much of it at once, and in what order it gets that back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger.accounts import Cover, Party
from makegood.ledger.rules import MAX_AMOUNT_MINOR, Balance, available_minor, shard_of

COVERS: Final[tuple[Cover, ...]] = ("guarantee_fund", "guarantee_quota", "advance_day")
Tier = Literal["S", "A", "B", "C", "D"]
Look = Callable[[str], Balance]
"""Reads an account that is locked by this transaction."""


def _usual_tiers() -> dict[Tier, int]:
    return {"S": 20_000_00, "A": 10_000_00, "B": 5_000_00, "C": 2_000_00, "D": 0}


class AdvanceCaps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the platform may pay first, in minor units. An operator sets it for a market.

    `per_claim_minor` and `per_tier` cap what is outstanding at once, for a claim and for a
    seller of that tier; `per_day_minor` all advances ordered in one day. The fund pays nothing
    that would leave less than `fund_floor_minor` in it: then a person decides.
    """

    pays_first: bool = True
    per_claim_minor: int = 2_000_00
    per_day_minor: int = 20_000_00
    per_tier: Mapping[Tier, int] = msgspec.field(default_factory=_usual_tiers)
    fund_floor_minor: int = 0
    write_off_after_days: int = 90


class Debt(msgspec.Struct, frozen=True):
    """A part of a refund that a party owes to the platform, which pays it first."""

    party: Party
    debtor_id: str
    amount_minor: int


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """How much more may be advanced for one claim, in minor units, by what limits it."""

    fund_minor: int
    quota_minor: int
    day_minor: int
    claim_minor: int
    seller_minor: int


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What one party owes for one claim. Times are aware UTC."""

    claim_no: str
    party: str
    debtor_id: str
    order_no: str
    currency: str
    advanced_minor: int
    recovered_minor: int
    written_off_minor: int
    first_at: datetime

    @property
    def open_minor(self) -> int:
        """What is still owed."""
        return self.advanced_minor - self.recovered_minor - self.written_off_minor


def check_caps(caps: AdvanceCaps) -> None:
    """Refuse caps that cannot be meant.

    Raises:
        Refused: `setting_invalid` with the field's name.
    """
    amounts = {
        "per_claim_minor": caps.per_claim_minor,
        "per_day_minor": caps.per_day_minor,
        "fund_floor_minor": caps.fund_floor_minor,
        **{f"per_tier.{tier}": amount for tier, amount in caps.per_tier.items()},
    }
    for field, amount in amounts.items():
        if not 0 <= amount <= MAX_AMOUNT_MINOR:
            raise Refused("setting_invalid", field=field)
    if not 0 <= caps.write_off_after_days <= 3650:
        raise Refused("setting_invalid", field="write_off_after_days")


def room(
    caps: AdvanceCaps, tier: Tier, look: Look, claim_no: str, seller_id: str, day: str
) -> Room:
    """What the locked accounts leave for this claim; negative parts read as nothing."""

    def held(kind: Cover) -> int:
        codes = accounts.cover_shards(kind, day)
        return sum(available_minor(code, look(code)) for code in codes)

    owed = sum(_with_pending(look(accounts.receivable(p, claim_no))) for p in _PARTIES)
    used = _with_pending(look(accounts.quota_used("seller", seller_id, claim_no)))
    left = {
        "fund_minor": held("guarantee_fund") - caps.fund_floor_minor,
        "quota_minor": held("guarantee_quota"),
        "day_minor": held("advance_day"),
        "claim_minor": caps.per_claim_minor - owed,
        "seller_minor": caps.per_tier.get(tier, 0) - used,
    }
    return Room(**{name: max(0, minor) for name, minor in left.items()})


def lacks(room: Room, debts: Sequence[Debt]) -> str:
    """Which limit the debts together would pass; empty when they fit."""
    whole = sum(debt.amount_minor for debt in debts)
    sellers = sum(debt.amount_minor for debt in debts if debt.party == "seller")
    short = {
        "guarantee_fund": whole - room.fund_minor,
        "guarantee_quota": whole - room.quota_minor,
        "advance_day": whole - room.day_minor,
        "advance_of_claim": whole - room.claim_minor,
        "advance_of_seller": sellers - room.seller_minor,
    }
    return next((name for name, minor in short.items() if minor > 0), "")


def levelling(look: Look, claim_no: str, day: str, need: int) -> list[tuple[Cover, int, int]]:
    """What the claim's own shards take from the others before they refuse.

    Answers (cover, shard to take from, amount).
    """
    own = shard_of(claim_no)
    moves: list[tuple[Cover, int, int]] = []
    for kind in COVERS:
        codes = accounts.cover_shards(kind, day)
        available = [available_minor(code, look(code)) for code in codes]
        moves += [(kind, shard, minor) for shard, minor in accounts.level(available, own, need)]
    return moves


def recovery_sources(advance: Advance, channel: str = "") -> list[str]:
    """The accounts that pay a debt back; a seller's in their order: escrow, balance, deposit.

    Suppliers and channels pay by statement, into the bank; of theirs we hold only what they had
    paid and got back. `channel` is the one that the claim was refunded through.
    """
    match advance.party:
        case "seller":
            return [
                accounts.escrow(advance.order_no),
                accounts.seller_balance(advance.debtor_id),
                accounts.seller_deposit(advance.debtor_id),
            ]
        case "supplier" | "sla":
            return [accounts.supplier_balance(advance.debtor_id)]
        case "channel":
            own = accounts.channel_balance(channel)
            return list(dict.fromkeys([own, accounts.EARLIER_CREDIT]))
        case _:
            return []


def may_write_off(caps: AdvanceCaps, advance: Advance, now: datetime) -> bool:
    """Whether a debt is old enough to be given up."""
    return now - advance.first_at >= timedelta(days=caps.write_off_after_days)


_PARTIES: Final[tuple[Party, ...]] = ("seller", "supplier", "channel")


def _with_pending(balance: Balance) -> int:
    """What an account holds with what is on its way into it, on either side."""
    posted = abs(balance.debits_posted - balance.credits_posted)
    return posted + balance.debits_pending + balance.credits_pending
