"""A seller's payouts and deposit: their steps and their postings."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger.rules import Transfer

PayoutState: TypeAlias = Literal["wanted", "released", "paid", "refused", "withdrawn"]
Source: TypeAlias = Literal["balance", "deposit"]

UNDER_WAY: Final = ("wanted", "released")
KIND_OF_SOURCE: Final[dict[Source, str]] = {"balance": "payout", "deposit": "deposit_withdrawal"}
"""The kind of proposal that releases it, by where the money comes from."""


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a seller takes out; reserved from the wish on, gone when the bank has it."""

    payout_no: str
    seller_id: str
    source: Source
    amount_minor: int
    currency: str
    state: PayoutState
    wanted_by: str
    wanted_at: datetime
    released_by: str = ""
    released_at: datetime | None = None
    reference: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None
    why: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a seller has, in minor units: free to take out, deposited, and asked to be deposited."""

    balance_minor: int
    deposit_minor: int
    required_minor: int
    owed_minor: int

    @property
    def missing_minor(self) -> int:
        """What the deposit lacks."""
        return max(0, self.required_minor - self.deposit_minor)

    @property
    def free_minor(self) -> int:
        """What may leave the balance: not what the deposit lacks, and not what is owed."""
        return max(0, self.balance_minor - self.missing_minor - self.owed_minor)

    @property
    def spare_deposit_minor(self) -> int:
        """What may leave the deposit."""
        return max(0, self.deposit_minor - self.required_minor - self.owed_minor)


def check_wish(standing: Standing, source: Source, amount_minor: int) -> None:
    """Refuse a payout above what is free.

    Raises:
        Refused: `amount_not_positive`, `deposit_low` with what the deposit lacks, or
            `insufficient_funds` with what is free.
    """
    if amount_minor <= 0:
        raise Refused("amount_not_positive")
    free = standing.free_minor if source == "balance" else standing.spare_deposit_minor
    if amount_minor <= free:
        return
    if source == "balance" and amount_minor <= standing.balance_minor and standing.missing_minor:
        raise Refused("deposit_low", missing_minor=standing.missing_minor, free_minor=free)
    raise Refused("insufficient_funds", limit=free)


def released(payout: Payout, by: str, now: datetime) -> Payout:
    """The payout may be made; whoever asked for it does not release it."""
    if payout.state != "wanted":
        raise Refused("already_approved")
    if by == payout.wanted_by:
        raise Refused("approval_needs_other_person")
    return msgspec.structs.replace(payout, state="released", released_by=by, released_at=now)


def paid(payout: Payout, by: str, reference: str, now: datetime) -> Payout:
    """The bank has it, under this reference."""
    if payout.state != "released":
        raise Refused("not_your_turn")
    if not reference.strip():
        raise Refused("evidence_missing")
    return _ended(payout, "paid", by, now, reference=reference.strip())


def refused(payout: Payout, by: str, why: str, now: datetime) -> Payout:
    """It is not made, and why; the money is free again."""
    if payout.state not in UNDER_WAY:
        raise Refused("already_decided")
    if not why.strip():
        raise Refused("reason_needed")
    return _ended(payout, "refused", by, now, why=why.strip())


def withdrawn(payout: Payout, by: str, now: datetime) -> Payout:
    """The seller takes the wish back, before it was released."""
    if payout.state != "wanted":
        raise Refused("already_approved")
    return _ended(payout, "withdrawn", by, now)


def reserve(payout: Payout) -> Transfer:
    """The money of a payout, set apart until the bank has it."""
    build = accounts.seller_balance if payout.source == "balance" else accounts.seller_deposit
    return Transfer(
        id=derived_id("payout", payout.payout_no),
        debit=build(payout.seller_id),
        credit=accounts.shared("bank", payout.seller_id),
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        kind="pending",
        recipe="payout",
    )


def moved_to_deposit(key: str, seller_id: str, amount_minor: int, currency: str) -> Transfer:
    """A seller fills the deposit out of the own balance."""
    return Transfer(
        id=derived_id("to_deposit", key, seller_id),
        debit=accounts.seller_balance(seller_id),
        credit=accounts.seller_deposit(seller_id),
        amount_minor=amount_minor,
        currency=currency,
        recipe="deposit_moved",
    )


def _ended(
    payout: Payout,
    state: Literal["paid", "refused", "withdrawn"],
    by: str,
    now: datetime,
    *,
    reference: str = "",
    why: str = "",
) -> Payout:
    return msgspec.structs.replace(
        payout, state=state, ended_by=by, ended_at=now, reference=reference, why=why
    )
