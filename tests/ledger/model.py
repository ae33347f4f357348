"""The money rules run without a database: a book in memory, a gateway in memory, a worker.

`Laws` holds the rules that the book and the worker use. The real ones are the default; a test
that proves the tests swaps one of them for a buggy twin.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts, recipes, rules
from makegood.ledger.accounts import Cover
from makegood.ledger.advance import recipes as advances
from makegood.ledger.advance.rules import Advance, Look, levelling
from makegood.ledger.corrections.covers import cover_transfers
from makegood.ledger.corrections.rules import Case, Owing, Piece, Shift, pieces
from makegood.ledger.coupons.rules import Coupon, check_use
from makegood.ledger.recipes import Funding, PaymentBooking, PaymentLeg
from makegood.ledger.refund import rules as saga
from makegood.ledger.refund.funding import advanced_minor, is_receivable, refund_pending
from makegood.ledger.refund.gateway import (
    Abilities,
    Accepted,
    Arrived,
    Declined,
    NotFound,
    NotSent,
    RefundReply,
    RefundRequest,
    Unknown,
)
from makegood.ledger.refund.plan import Terms, plan_refunds
from makegood.ledger.refund.rules import Refund, RefundOrder, Send, Step, Timings, Wait
from makegood.ledger.rules import AccountKey, Balance, Transfer

START = datetime(2026, 11, 21, tzinfo=UTC)
TIMINGS = Timings()
Fate = Literal["done", "cut", "before", "late", "never_left", "declined", "accepted"]


class Laws(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that may be replaced."""

    changes: Callable[[Iterable[Transfer]], dict[AccountKey, Balance]] = rules.changes
    refuse_overdraft: Callable[[Mapping[AccountKey, Balance]], None] = rules.refuse_overdraft
    resolve_all: Callable[[Sequence[Transfer], Literal["post", "void"]], list[Transfer]] = (
        rules.resolve_all
    )
    plan: Callable[
        [str, datetime, RefundOrder, Sequence[PaymentLeg], Look, Terms], list[Refund]
    ] = plan_refunds
    claim: Callable[[Refund, datetime, Timings], Refund | Wait | None] = saga.claim
    may_send_again: Callable[[Abilities, RefundReply], bool] = saga.may_send_again
    after_reply: Callable[[Refund, RefundReply, datetime, Timings], Step] = saga.after_reply
    request_of: Callable[[Refund], RefundRequest] = saga.request_of
    held: Callable[[str, UnitRef, int, str, str], Transfer] = recipes.replacement_held
    withdrawn: Callable[[Transfer, str], Transfer] = recipes.replacement_withdrawn
    leg_paid: Callable[[str, PaymentLeg, str, datetime], list[Transfer]] = recipes.leg_paid
    arrived: Callable[..., list[Transfer]] = recipes.refund_arrived
    levelling: Callable[[Look, str, str, int], list[tuple[Cover, int, int]]] = levelling
    recovered: Callable[[Advance, str, Sequence[Funding]], list[Transfer]] = advances.recovered
    written_off: Callable[[Advance, str], list[Transfer]] = advances.written_off
    check_use: Callable[[Coupon, str, Money | None, datetime], bool] = check_use
    pieces: Callable[
        [Case, Sequence[Shift], Mapping[str, Owing], Sequence[Funding]], list[Piece]
    ] = pieces
    cover_transfers: Callable[[Case, Sequence[Piece]], list[Transfer]] = cover_transfers


class Hold(msgspec.Struct, frozen=True):
    """A live replacement: what the book was told, and what it is truly worth."""

    transfer: Transfer
    unit: UnitRef
    value_minor: int
    state: str = "held"


class Book:
    """The ledger's law on dictionaries: all or nothing, once per id, within limits."""

    def __init__(self, laws: Laws) -> None:
        self._laws = laws
        self.transfers: dict[str, Transfer] = {}
        self.balances: dict[AccountKey, Balance] = {}

    def post(self, transfers: Sequence[Transfer]) -> None:
        """Post a linked set, or refuse all of it."""
        wanted: dict[str, Transfer] = {}
        for transfer in transfers:
            rules.check_form(transfer)
            twin = self.transfers.get(transfer.id) or wanted.setdefault(transfer.id, transfer)
            assert rules.same_content(twin, transfer), transfer
        fresh = [transfer for id_, transfer in wanted.items() if id_ not in self.transfers]
        assert len(fresh) in (0, len({t.id for t in transfers})), "half of a set is known"
        known = self.transfers | wanted
        for transfer in fresh:
            if transfer.pending_id:
                rules.check_resolves(transfer, known.get(transfer.pending_id))
        changes = self._laws.changes(fresh)
        after = {key: self.balances.get(key, Balance()) + by for key, by in changes.items()}
        self._laws.refuse_overdraft(after)
        self.balances |= after
        self.transfers |= {transfer.id: transfer for transfer in fresh}

    def look(self, code: str) -> Balance:
        """The four sums of an account."""
        return self.balances.get((code, "CNY"), Balance())

    def available(self, code: str) -> int:
        """What may leave an account."""
        return rules.available_minor(code, self.look(code))

    def recomputed(self) -> dict[AccountKey, Balance]:
        """The balances, added up again from every transfer."""
        return rules.changes(self.transfers.values())


class FakeGateway:
    """Pays out, once per number if it knows numbers; remembers everything it paid."""

    def __init__(self, stable: bool) -> None:
        self.abilities = Abilities(stable_refund_no=stable)
        self.paid_in: dict[str, int] = {}
        self.paid_out: list[tuple[str, str, int]] = []
        self.declined: set[str] = set()
        self.accepted: set[str] = set()
        self.late: list[RefundRequest] = []

    def back(self, trade_no: str) -> int:
        """How much of a payment went back."""
        return sum(minor for _, trade, minor in self.paid_out if trade == trade_no)

    def refund(self, request: RefundRequest, fate: Fate) -> RefundReply:
        """One request with its fate."""
        if self.abilities.stable_refund_no and request.refund_no in self.accepted | self.declined:
            return self.query(request)
        match fate:
            case "before":
                return Unknown()
            case "never_left":
                return NotSent()
            case "late":
                self.late.append(request)
                return Unknown()
            case "declined":
                self.declined.add(request.refund_no)
                return Declined()
            case "accepted" if self.abilities.stable_refund_no:
                self.accepted.add(request.refund_no)
                return Accepted()
            case "done" | "cut" | "accepted":
                arrived = self.execute(request)
                return Unknown() if fate == "cut" else arrived

    def execute(self, request: RefundRequest) -> RefundReply:
        """Pay out, never beyond the payment."""
        numbers = {number for number, _, _ in self.paid_out}
        if self.abilities.stable_refund_no and request.refund_no in numbers:
            return Arrived()
        if self.back(request.trade_no) + request.amount_minor > self.paid_in[request.trade_no]:
            return Declined()
        self.paid_out.append((request.refund_no, request.trade_no, request.amount_minor))
        return Arrived()

    def query(self, request: RefundRequest) -> RefundReply:
        """What a query says, with numbers or without."""
        if not self.abilities.stable_refund_no:
            after, before = self.back(request.trade_no), request.before_minor
            if before is None:
                return Unknown()
            return Arrived() if after >= before + request.amount_minor else NotFound()
        if request.refund_no in {number for number, _, _ in self.paid_out}:
            return Arrived()
        if request.refund_no in self.declined:
            return Declined()
        return Accepted() if request.refund_no in self.accepted else NotFound()

    def settle_accepted(self, refund_no: str, request: RefundRequest, good: bool) -> None:
        """What was accepted arrives, or is declined after all."""
        self.accepted.discard(refund_no)
        if good:
            self.execute(request)
        else:
            self.declined.add(refund_no)


class World:
    """A market's money in memory: the book, the refunds, one gateway, and the worker's steps."""

    def __init__(self, laws: Laws, stable: bool) -> None:
        self.laws = laws
        self.now = START
        self.book = Book(laws)
        self.gateway = FakeGateway(stable)
        self.refunds: dict[str, Refund] = {}
        self.by_key: dict[str, list[str]] = {}
        self.legs: dict[str, list[PaymentLeg]] = {}
        self.due: dict[UnitRef, int] = {}
        self.holds: dict[str, Hold] = {}
        self.terms = Terms()
        self.debts: dict[tuple[str, str], int] = {}
        """What each party owes for each claim, as this world itself counts it."""
        self.debtors: dict[tuple[str, str], str] = {}

    def pay(self, order_no: str, due: Mapping[UnitRef, int]) -> None:
        """One online payment for all units of an order."""
        leg = PaymentLeg(channel="epay", trade_no=f"T{order_no}", amount_minor=sum(due.values()))
        booking = PaymentBooking(order_no=order_no, due_minor=due, legs=[leg], paid_at=START)
        paid = self.laws.leg_paid(order_no, leg, "CNY", START)
        self.book.post(paid + recipes.units_paid(booking, {}, leg.amount_minor, leg.trade_no))
        self.gateway.paid_in[leg.trade_no] = leg.amount_minor
        self.legs[order_no] = [leg]
        self.due |= due

    def order(self, order: RefundOrder) -> None:
        """Order a refund; Refused when the rules say no."""
        if order.refund_key in self.by_key:
            return
        legs = self.legs[order.unit.order_no]
        refunds = self.laws.plan("m", self.now, order, legs, self.book.look, self.terms)
        pendings = [t for r in refunds for t in refund_pending(saga.posting_of(r))]
        try:
            self.book.post([*self._levelled(order, refunds), *pendings])
        except Refused as refused:
            raise AssertionError("what was planned is refused") from refused
        self.refunds |= {refund.refund_no: refund for refund in refunds}
        self.by_key[order.refund_key] = [refund.refund_no for refund in refunds]

    def send(self, refund_no: str, fate: Fate, crash: bool = False) -> None:
        """The worker's send job; `crash` dies between the claim and the call."""
        refund = self.refunds[refund_no]
        if refund.state not in ("wanted", "sent"):
            return
        if refund.open_attempts:
            asked = self.gateway.query(self.laws.request_of(refund))
            if not self.laws.may_send_again(self.gateway.abilities, asked):
                self.finish(refund_no, asked)
                return
        taken = None if self._is_blocked(refund) else self.laws.claim(refund, self.now, TIMINGS)
        if not isinstance(taken, Refund):
            return
        if not self.gateway.abilities.stable_refund_no and not crash:
            before = self.gateway.back(refund.leg.trade_no)
            taken = msgspec.structs.replace(taken, before_minor=before)
        self.refunds[refund_no] = taken
        if not crash:
            self.finish(refund_no, self.gateway.refund(self.laws.request_of(taken), fate))

    def query(self, refund_no: str) -> None:
        """The worker's query job, and what a notification leads to."""
        refund = self.refunds[refund_no]
        asks = saga.may_ask(self.gateway.abilities, refund)
        if asks and refund.state not in saga.ENDED:
            self.finish(refund_no, self.gateway.query(self.laws.request_of(refund)))

    def finish(self, refund_no: str, reply: RefundReply) -> None:
        """Book what an answer leads to."""
        refund = self.refunds[refund_no]
        self._take(refund, self.laws.after_reply(refund, reply, self.now, TIMINGS))

    def confirm(self, refund_no: str) -> None:
        """A person looks into the gateway's book and confirms what it says."""
        refund = self.refunds[refund_no]
        paid = refund_no in {number for number, _, _ in self.gateway.paid_out}
        self._take(refund, saga.after_person(refund, paid, "seen", self.now))

    def hold(self, key: str, unit: UnitRef, amount_minor: int) -> None:
        """Reserve a live replacement."""
        held = self.laws.held(key, unit, amount_minor, "CNY", "C")
        self.book.post([held])
        self.holds[key] = Hold(held, unit, amount_minor)

    def move_hold(self, key: str, how: Literal["kept", "released", "withdrawn"]) -> None:
        """Deliver, cancel, or withdraw a replacement, when its state allows it."""
        hold = self.holds[key]
        held, state = hold.transfer, hold.state
        if how == "withdrawn" and state == "kept":
            self.book.post([self.laws.withdrawn(held, key)])
        elif how != "withdrawn" and state == "held":
            kind: Literal["post", "void"] = "post" if how == "kept" else "void"
            self.book.post(self.laws.resolve_all([held], kind))
        else:
            return
        self.holds[key] = msgspec.structs.replace(hold, state=how)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    def end(self) -> None:
        """Let everything that is under way come to its end, with the gateway well again."""
        for request in self.gateway.late:
            self.gateway.execute(request)
        self.gateway.late.clear()
        for refund_no in list(self.gateway.accepted):
            request = saga.request_of(self.refunds[refund_no])
            self.gateway.settle_accepted(refund_no, request, good=True)
        for _ in range(4):
            self.wait(TIMINGS.unknown_to_person + 1)
            for refund_no, refund in list(self.refunds.items()):
                if refund.state == "manual":
                    self.confirm(refund_no)
                elif refund.state in ("wanted", "sent"):
                    self.send(refund_no, "done")
                else:
                    self.query(refund_no)

    def live_value(self, unit: UnitRef) -> int:
        """The unit's value that is out as live replacements."""
        return sum(
            hold.value_minor
            for hold in self.holds.values()
            if hold.state in ("held", "kept") and hold.unit == unit
        )

    def _is_blocked(self, refund: Refund) -> bool:
        return not self.gateway.abilities.stable_refund_no and any(
            other.open_attempts and other.leg == refund.leg and other.refund_no != refund.refund_no
            for other in self.refunds.values()
        )

    def _take(self, before: Refund, step: Step) -> None:
        if step.money != "keep":
            pendings = refund_pending(saga.posting_of(step.refund))
            moves = self.laws.resolve_all(pendings, step.money)
            self.book.post(moves + self._arrived(step) if step.money == "post" else moves)
        if isinstance(step.next, Send):
            assert step.next.at >= self.now
        self.refunds[before.refund_no] = step.refund

    def _levelled(self, order: RefundOrder, refunds: Sequence[Refund]) -> list[Transfer]:
        need = sum(advanced_minor(refund.sources) for refund in refunds)
        day = accounts.day_of(self.now)
        moves = self.laws.levelling(self.book.look, order.claim_no, day, need) if need else []
        return advances.levelled(moves, order.refund_key, order.claim_no, day, "CNY")

    def _arrived(self, step: Step) -> list[Transfer]:
        refund = step.refund
        for part in refund.sources:
            if is_receivable(part.account):
                key = (refund.claim_no, part.account.partition("_")[0])
                self.debts[key] = self.debts.get(key, 0) + part.amount_minor
                self.debtors[key] = part.debtor
        return self.laws.arrived(
            refund.refund_no,
            refund.unit.order_no,
            refund.leg,
            refund.amount_minor,
            refund.currency,
            self.now,
            refund.claim_no,
        )


def attempt(action: Callable[[], None]) -> bool:
    """Whether an action was allowed; a refusal is an answer, not a failure."""
    try:
        action()
    except Refused:
        return False
    return True
