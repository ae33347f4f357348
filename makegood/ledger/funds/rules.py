"""Payouts to sellers and suppliers, and the deposit: their steps and their postings."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger.rules import Transfer, resolve

PayoutState: TypeAlias = Literal["wanted", "released", "paid", "refused", "withdrawn"]
Party: TypeAlias = Literal["seller", "supplier"]
Source: TypeAlias = Literal["balance", "deposit", "credit"]
"""A seller's balance or deposit; a supplier's credit, given back of what it had paid."""

UNDER_WAY: Final = ("wanted", "released")
KIND_OF_SOURCE: Final[dict[Source, str]] = {
    "balance": "payout",
    "deposit": "deposit_withdrawal",
    "credit": "payout",
}
"""The kind of proposal that releases it, by where the money comes from."""
_OF_SOURCE: Final[dict[Source, Callable[[str], str]]] = {
    "balance": accounts.seller_balance,
    "deposit": accounts.seller_deposit,
    "credit": accounts.supplier_balance,
}


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is paid out; reserved from the wish on, gone when the bank has it."""

    payout_no: str
    payee_id: str
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

    @property
    def party(self) -> Party:
        """Who gets it."""
        return "supplier" if self.source == "credit" else "seller"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has, in minor units: free to take out, deposited, asked to be deposited."""

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
            `exceeds_free` with what is free.
    """
    if amount_minor <= 0:
        raise Refused("amount_not_positive")
    free = standing.spare_deposit_minor if source == "deposit" else standing.free_minor
    if amount_minor <= free:
        return
    if source == "balance" and amount_minor <= standing.balance_minor and standing.missing_minor:
        raise Refused("deposit_low", missing_minor=standing.missing_minor, free_minor=free)
    raise Refused("exceeds_free", free_minor=free)


def released(payout: Payout, by: str, now: datetime) -> Payout:
    """The payout may be made; a seller's wish is not released by who asked for it.

    No supplier asks: a person orders it, within an own limit or with a second one's approval.
    """
    if payout.state != "wanted":
        raise Refused("already_approved")
    if by == payout.wanted_by and payout.party == "seller":
        raise Refused("approval_needs_other_person")
    return msgspec.structs.replace(payout, state="released", released_by=by, released_at=now)


def paid(payout: Payout, by: str, reference: str, now: datetime) -> Payout:
    """The bank has it, under this reference."""
    if payout.state != "released":
        raise Refused("not_your_turn")
    if not reference.strip():
        raise Refused("reference_missing")
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
    return Transfer(
        id=derived_id("payout", payout.payout_no),
        debit=_OF_SOURCE[payout.source](payout.payee_id),
        credit=accounts.shared("bank", payout.payee_id),
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        kind="pending",
        recipe="payout",
    )


def paid_transfer_id(payout: Payout) -> str:
    """The transfer by which a paid payout left the book."""
    return resolve(reserve(payout), "post").id


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
