"""The ledger's laws: the chart of accounts, what a transfer is, and what it does to balances."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base.ids import derived_id
from makegood.base.refusal import Refused

Side = Literal["D", "C"]
TransferKind = Literal["single", "pending", "post", "void"]

SHARDS: Final = 16
"""Rows into which a hot account is split, so that writers seldom wait for each other."""

MAX_AMOUNT_MINOR: Final = 10**15
"""A bound far above any real payment, so that sums never come near a 64-bit integer."""


class AccountKind(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the chart: the first part of an account code and its behaviour.

    A limited account never goes below zero on its normal side, pending outflow included.
    A memo account counts permissions, not money; its transfers stay among memo accounts.
    """

    name: str
    normal: Side
    limited: bool = False
    memo: bool = False
    refusal: str = "insufficient_funds"


CHART: Final[dict[str, AccountKind]] = {
    kind.name: kind
    for kind in (
        AccountKind(name="bank", normal="D"),
        AccountKind(name="gateway_clearing", normal="D"),
        AccountKind(name="refund_transit", normal="C", limited=True),
        AccountKind(name="dispute_held", normal="D"),
        AccountKind(name="shop_coupons", normal="D"),
        AccountKind(name="guarantee_fund", normal="D", limited=True),
        AccountKind(name="fund_transit", normal="D"),
        AccountKind(name="seller_receivable", normal="D", limited=True),
        AccountKind(name="supplier_receivable", normal="D", limited=True),
        AccountKind(name="channel_receivable", normal="D", limited=True),
        AccountKind(name="sla_receivable", normal="D", limited=True),
        AccountKind(name="compensation_cost", normal="D"),
        AccountKind(name="refund_fee_cost", normal="D"),
        AccountKind(name="bad_debt", normal="D"),
        AccountKind(name="escrow", normal="C", limited=True),
        AccountKind(name="seller_balance", normal="C", limited=True),
        AccountKind(name="seller_deposit", normal="C", limited=True),
        AccountKind(name="supplier_balance", normal="C", limited=True),
        AccountKind(name="channel_balance", normal="C", limited=True),
        AccountKind(name="buyer_balance", normal="C", limited=True),
        AccountKind(name="offer_held", normal="C", limited=True),
        AccountKind(name="coupon_liability", normal="C", limited=True),
        AccountKind(name="fee_income", normal="C"),
        AccountKind(name="repair_income", normal="C"),
        AccountKind(name="breakage", normal="C"),
        AccountKind(name="refundable", normal="C", limited=True, memo=True, refusal="exceeds_paid"),
        AccountKind(
            name="refundable_leg", normal="C", limited=True, memo=True, refusal="exceeds_paid"
        ),
        AccountKind(name="guarantee_quota", normal="C", limited=True, memo=True),
        AccountKind(name="advance_day", normal="C", limited=True, memo=True),
        AccountKind(name="quota_used", normal="C", limited=True, memo=True),
        AccountKind(name="paid_memo", normal="D", memo=True),
        AccountKind(name="quota_memo", normal="D", memo=True),
        AccountKind(name="advance_memo", normal="D", memo=True),
    )
}


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable movement from a debit to a credit account, in minor units.

    `id` is made by the caller from what causes the transfer, so the same cause posts once.
    A `post` or `void` names the pending transfer it resolves and repeats its accounts and its
    amount. The rest says why: recipe, order, claim, rule.
    """

    id: str
    debit: str
    credit: str
    amount_minor: int
    recipe: str
    currency: str = "CNY"
    kind: TransferKind = "single"
    pending_id: str | None = None
    order_no: str = ""
    claim_no: str = ""
    rule: str = ""


class Balance(msgspec.Struct, frozen=True):
    """The four sums of one account; also used for a change of them."""

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    def __add__(self, other: "Balance") -> "Balance":
        return Balance(
            self.debits_posted + other.debits_posted,
            self.credits_posted + other.credits_posted,
            self.debits_pending + other.debits_pending,
            self.credits_pending + other.credits_pending,
        )


AccountKey: TypeAlias = tuple[str, str]
"""An account code and a currency: each currency is a ledger of its own."""


def kind_of(code: str) -> AccountKind:
    """The chart's row for an account code such as `escrow:20261121-8` or `bad_debt`."""
    kind = CHART.get(code.partition(":")[0])
    if kind is None:
        raise AssertionError(f"no such account: {code!r}")
    return kind


def shard_of(key: str, shards: int = SHARDS) -> int:
    """The shard that a key always falls into; a plain sum of bytes is even enough here."""
    return sum(key.encode()) % shards


def traits_of(code: str) -> int:
    """The account's kind as the database is told it: 1 credit side, 2 limited, 4 memo."""
    kind = kind_of(code)
    return (kind.normal == "C") + 2 * kind.limited + 4 * kind.memo


def available_minor(code: str, balance: Balance) -> int:
    """What may still leave the account on its normal side, pending outflow taken off."""
    if kind_of(code).normal == "C":
        return balance.credits_posted - balance.debits_posted - balance.debits_pending
    return balance.debits_posted - balance.credits_posted - balance.credits_pending


def settled_minor(code: str, balance: Balance) -> int:
    """The posted balance on the account's normal side, pending movements left out."""
    sign = 1 if kind_of(code).normal == "C" else -1
    return sign * (balance.credits_posted - balance.debits_posted)


def check_form(transfer: Transfer) -> None:
    """Assert that a transfer is well formed: our own code makes them, never a person."""
    debit, credit = kind_of(transfer.debit), kind_of(transfer.credit)
    assert transfer.debit != transfer.credit, f"a transfer to itself: {transfer}"
    assert debit.memo == credit.memo, f"memo and money must not mix: {transfer}"
    assert 0 < transfer.amount_minor <= MAX_AMOUNT_MINOR, f"amount out of range: {transfer}"
    resolves = transfer.kind in ("post", "void")
    assert resolves == (transfer.pending_id is not None), f"pending_id does not fit: {transfer}"


def check_resolves(transfer: Transfer, pending: Transfer | None) -> None:
    """Assert that a post or void fits the pending transfer it names."""
    assert pending is not None, f"nothing pending: {transfer}"
    assert pending.kind == "pending", f"not pending: {pending}"
    same = (transfer.debit, transfer.credit, transfer.currency)
    assert same == (pending.debit, pending.credit, pending.currency), f"other accounts: {transfer}"
    assert transfer.amount_minor == pending.amount_minor, f"takes not all: {transfer}"


def same_content(one: Transfer, other: Transfer) -> bool:
    """Whether two transfers with one id mean the same movement (words may differ)."""
    return _movement(one) == _movement(other)


def changes(transfers: Iterable[Transfer]) -> dict[AccountKey, Balance]:
    """What a set of linked transfers does to each account, summed per account."""
    sums: dict[AccountKey, list[int]] = {}
    for transfer in transfers:
        posted, pending = _effect(transfer)
        debit = sums.setdefault((transfer.debit, transfer.currency), [0, 0, 0, 0])
        debit[0] += posted
        debit[2] += pending
        credit = sums.setdefault((transfer.credit, transfer.currency), [0, 0, 0, 0])
        credit[1] += posted
        credit[3] += pending
    return {key: Balance(*sum_) for key, sum_ in sums.items()}


def refuse_overdraft(after: Mapping[AccountKey, Balance]) -> None:
    """Refuse an account that would fall below zero, the limits of a payment first.

    Raises:
        Refused: with the code of the account's kind, the account and what is missing.
    """
    for code, currency in sorted(after, key=lambda key: (not kind_of(key[0]).memo, key)):
        missing = -available_minor(code, after[code, currency])
        if missing > 0 and kind_of(code).limited:
            raise Refused(kind_of(code).refusal, account=code, missing_minor=missing)


def resolve(pending: Transfer, kind: Literal["post", "void"]) -> Transfer:
    """The transfer that posts or voids all of a pending one; its id follows from it."""
    return msgspec.structs.replace(
        pending, id=_resolution_id(pending.id), kind=kind, pending_id=pending.id
    )


def resolve_all(pendings: Sequence[Transfer], kind: Literal["post", "void"]) -> list[Transfer]:
    """Posts or voids for every pending transfer of a linked set."""
    return [resolve(pending, kind) for pending in pendings if pending.kind == "pending"]


def _resolution_id(pending_id: str) -> str:
    """One id for post and void alike, so that a second resolution can only be a mistake."""
    return derived_id("resolve", pending_id)


def _effect(transfer: Transfer) -> tuple[int, int]:
    """The change of the posted and of the pending sum, alike on both sides."""
    amount = transfer.amount_minor
    match transfer.kind:
        case "single":
            return amount, 0
        case "pending":
            return 0, amount
        case "post":
            return amount, -amount
        case "void":
            return 0, -amount


def _movement(transfer: Transfer) -> tuple[object, ...]:
    return (
        transfer.kind,
        transfer.pending_id,
        transfer.debit,
        transfer.credit,
        transfer.amount_minor,
        transfer.currency,
    )
