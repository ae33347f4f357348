"""From the wish to refund a unit to one refund per payment leg, within what accounts allow."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger.advance import recipes as advances
from makegood.ledger.advance.rules import AdvanceCaps, Debt, Look, Room, Tier, lacks, room
from makegood.ledger.recipes import Funding, PaymentLeg, refundable_leg
from makegood.ledger.refund import funding
from makegood.ledger.refund.rules import Refund, RefundOrder, refund_no
from makegood.ledger.rules import available_minor


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows to be paid first, and the seller's tier."""

    caps: AdvanceCaps = AdvanceCaps()
    tier: Tier = "B"


class Sources(msgspec.Struct, frozen=True):
    """Who gives a refund: own accounts, and what parties will owe."""

    own: list[Funding]
    debts: list[Debt]

    @property
    def advanced_minor(self) -> int:
        """How much the platform pays first."""
        return sum(debt.amount_minor for debt in self.debts)


def plan_refunds(
    market_id: str,
    now: datetime,
    order: RefundOrder,
    legs: Sequence[PaymentLeg],
    look: Look,
    terms: Terms,
) -> list[Refund]:
    """One refund per payment leg, each with the accounts that give its money.

    Raises:
        Refused: `exceeds_paid`, or `insufficient_funds` with the account or limit that lacks it.
    """
    order_no = order.unit.order_no
    if available_minor(unit := accounts.refundable(order.unit), look(unit)) < order.amount_minor:
        raise Refused("exceeds_paid")
    left = [available_minor(c := refundable_leg(order_no, leg), look(c)) for leg in legs]
    day = accounts.day_of(now)
    chosen = _affordable(order, look, terms, day)
    own, debts = chosen.own, chosen.debts
    refunds = []
    for leg, amount_minor in funding.split_over_legs(order.amount_minor, legs, left):
        given, own, debts, owed = _cut(own, debts, amount_minor)
        given = [*given, *(advances.source(debt, order.claim_no) for debt in owed)]
        covers = advances.covers(owed, order.claim_no, day)
        refunds.append(_new_refund(market_id, now, order, leg, amount_minor, given, covers))
    return refunds


def wanted_sources(order: RefundOrder, look: Look) -> Sources:
    """Who gives the money when nothing limits advances.

    The seller's part comes out of the order's escrow, then out of the seller's balance; what
    both lack, and every other party's part, the platform pays first.
    """
    parts: list[Funding] = []
    debts: list[Debt] = []
    for party, amount_minor in order.borne_by.items():
        if party == "platform":
            parts.append(
                Funding(accounts.shared("compensation_cost", order.claim_no), amount_minor)
            )
        elif party == "seller" and order.paid_by == "escrow":
            held, short = _from_seller(order, amount_minor, look)
            parts += held
            debts.append(Debt("seller", order.seller_id, short))
        elif party == "seller":
            debts.append(Debt("seller", order.seller_id, amount_minor))
        elif party == "supplier":
            debts.append(Debt("supplier", order.supplier_id, amount_minor))
        else:
            assert party == "channel", f"nobody can bear a refund as {party!r}"
            debts.append(Debt("channel", "", amount_minor))
    return Sources(
        [part for part in parts if part.amount_minor > 0],
        [debt for debt in debts if debt.amount_minor > 0],
    )


def _affordable(order: RefundOrder, look: Look, terms: Terms, day: str) -> Sources:
    """The sources within the limits of advances.

    Where there is no room to advance a supplier's or channel's part, an order whose money is
    still in escrow is refunded out of that: the buyer does not wait for the platform, and the
    seller, who keeps the claim against the supplier, is paid for nothing.
    """
    wanted = wanted_sources(order, look)
    if not wanted.debts:
        return wanted
    limits = room(terms.caps, terms.tier, look, order.claim_no, order.seller_id, day)
    short = _short(terms, limits, wanted)
    if not short:
        return wanted
    if order.paid_by == "escrow":
        borne = {"seller": 0} | order.borne_by
        moved = sum(borne.pop(party, 0) for party in ("supplier", "channel"))
        borne["seller"] += moved
        other = wanted_sources(msgspec.structs.replace(order, borne_by=borne), look)
        if moved and not _short(terms, limits, other):
            return other
    missing = wanted.advanced_minor
    raise Refused("insufficient_funds", account=_named(short, order), missing_minor=missing)


def _short(terms: Terms, limits: Room, wanted: Sources) -> str:
    if not wanted.debts:
        return ""
    if not terms.caps.pays_first:
        return "pays_first"
    if any(debt.party == "seller" and not debt.debtor_id for debt in wanted.debts):
        return "escrow"
    return lacks(limits, wanted.debts)


def _named(short: str, order: RefundOrder) -> str:
    return accounts.escrow(order.unit.order_no) if short in ("escrow", "pays_first") else short


def _from_seller(order: RefundOrder, amount_minor: int, look: Look) -> tuple[list[Funding], int]:
    """What escrow and balance give of the seller's part, and what they lack."""
    codes = [accounts.escrow(order.unit.order_no)]
    if order.seller_id:
        codes.append(accounts.seller_balance(order.seller_id))
    parts, rest = [], amount_minor
    for code in codes:
        part = min(rest, max(available_minor(code, look(code)), 0))
        parts.append(Funding(code, part))
        rest -= part
    return parts, rest


def _cut(
    own: Sequence[Funding], debts: Sequence[Debt], amount_minor: int
) -> tuple[list[Funding], list[Funding], list[Debt], list[Debt]]:
    """Cut an amount off the front, own accounts first: (given, own left, debts left, owed)."""
    rest = amount_minor
    given: list[Funding] = []
    owed: list[Debt] = []
    own_left: list[Funding] = []
    debts_left: list[Debt] = []
    for part in own:
        cut = min(rest, part.amount_minor)
        rest -= cut
        given += [Funding(part.account, cut)] if cut else []
        own_left += [Funding(part.account, part.amount_minor - cut)]
    for debt in debts:
        cut = min(rest, debt.amount_minor)
        rest -= cut
        owed += [msgspec.structs.replace(debt, amount_minor=cut)] if cut else []
        debts_left += [msgspec.structs.replace(debt, amount_minor=debt.amount_minor - cut)]
    assert rest == 0, "a refund has less funding than its amount"
    return (
        given,
        [part for part in own_left if part.amount_minor],
        [debt for debt in debts_left if debt.amount_minor],
        owed,
    )


def _new_refund(
    market_id: str,
    now: datetime,
    order: RefundOrder,
    leg: PaymentLeg,
    amount_minor: int,
    sources: Sequence[Funding],
    covers: Sequence[Funding],
) -> Refund:
    return Refund(
        refund_no=refund_no(market_id, order.refund_key, leg),
        refund_key=order.refund_key,
        claim_no=order.claim_no,
        unit=order.unit,
        leg=leg,
        amount_minor=amount_minor,
        currency=order.currency,
        sources=tuple(sources),
        quota=tuple(covers),
        rule=order.rule,
        reason=order.reason,
        state="wanted",
        ordered_at=now,
        changed_at=now,
    )
