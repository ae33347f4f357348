"""A random, guided history of a market's money, with rules that try to cheat it."""

from collections.abc import Callable
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from makegood.base.ids import UnitRef
from makegood.ledger import rules
from makegood.ledger.corrections.rules import BEARERS, Bearer
from makegood.ledger.refund.gateway import Arrived, Declined
from makegood.ledger.refund.rules import RefundOrder
from tests.ledger.correcting import Appeals
from tests.ledger.lending import SELLER, Lender
from tests.ledger.model import Fate, Laws, World, attempt

FATES: list[Fate] = ["done", "cut", "before", "late", "never_left", "declined", "accepted"]
UNITS = [UnitRef("o1", 1, 1), UnitRef("o1", 1, 2), UnitRef("o2", 1, 1)]
PRICE = 1000

amounts = st.sampled_from([1, 400, 999, PRICE, PRICE + 1, 2 * PRICE])
units = st.sampled_from(UNITS)
bearers = st.sampled_from(["seller", "seller", "supplier", "platform"])


class MoneyMachine(RuleBasedStateMachine):
    """Two orders, three units, refunds and replacements in every order and with every fault."""

    laws = Laws()

    @initialize(stable=st.booleans())
    def open_market(self, stable: bool) -> None:
        self.world = World(self.laws, stable)
        self.world.pay("o1", {UNITS[0]: PRICE, UNITS[1]: PRICE})
        self.world.pay("o2", {UNITS[2]: PRICE})
        self.lender = Lender(self.world)
        self.appeals = Appeals(self.lender)
        self.count = 0

    @rule(unit=units, amount=amounts, fate=st.sampled_from(FATES), bearer=bearers)
    def refund(self, unit: UnitRef, amount: int, fate: Fate, bearer: str = "seller") -> None:
        self.count += 1
        key = f"key-{self.count}"
        if attempt(lambda: self.world.order(_order(key, unit, amount, bearer))):
            self.world.send(self.world.by_key[key][0], fate)

    @rule(number=st.integers(0, 9), fate=st.sampled_from(FATES), crash=st.booleans())
    def send_again(self, number: int, fate: Fate, crash: bool) -> None:
        self._on_some(number, lambda refund_no: self.world.send(refund_no, fate, crash))

    @rule(number=st.integers(0, 9), twice=st.booleans())
    def ask(self, number: int, twice: bool) -> None:
        for _ in range(2 if twice else 1):
            self._on_some(number, self.world.query)

    @rule(number=st.integers(0, 9))
    def same_key_again(self, number: int) -> None:
        keys = sorted(self.world.by_key)
        if keys:
            self.world.order(_order(keys[number % len(keys)], UNITS[0], PRICE))

    @rule(number=st.integers(0, 9), good=st.booleans())
    def accepted_ends(self, number: int, good: bool) -> None:
        gateway = self.world.gateway
        waiting = sorted(gateway.accepted)
        if waiting:
            refund_no = waiting[number % len(waiting)]
            refund = self.world.refunds[refund_no]
            gateway.settle_accepted(refund_no, self.laws.request_of(refund), good)

    @rule()
    def late_ones_are_executed(self) -> None:
        for request in self.world.gateway.late:
            self.world.gateway.execute(request)
        self.world.gateway.late.clear()

    @rule(number=st.integers(0, 9), arrived=st.booleans())
    def ended_is_told_again(self, number: int, arrived: bool) -> None:
        ended = {r.refund_no: r for r in self.world.refunds.values() if r.state == "arrived"}
        if ended:
            refund_no = sorted(ended)[number % len(ended)]
            self.world.finish(refund_no, Arrived() if arrived else Declined())

    @rule(unit=units, amount=amounts)
    def replace(self, unit: UnitRef, amount: int) -> None:
        self.count += 1
        attempt(lambda: self.world.hold(f"hold-{self.count}", unit, amount))

    @rule(
        number=st.integers(0, 9),
        how=st.sampled_from(["kept", "released", "withdrawn"]),
    )
    def replacement_moves(self, number: int, how: Literal["kept", "released", "withdrawn"]) -> None:
        keys = sorted(self.world.holds)
        if keys:
            self.world.move_hold(keys[number % len(keys)], how)

    @rule(seconds=st.sampled_from([1, 60, 2000, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.world.wait(seconds)
        self.lender.open_day()

    @rule(order_no=st.sampled_from(["o1", "o2"]), take_out=st.booleans())
    def order_is_settled(self, order_no: str, take_out: bool) -> None:
        self.lender.settle(order_no, take_out)

    @rule(minor=st.sampled_from([1, 500, 3000]))
    def seller_brings_money(self, minor: int) -> None:
        self.lender.earn(minor)

    @rule(number=st.integers(0, 9))
    def debt_is_recovered(self, number: int) -> None:
        self.lender.recover(number)

    @rule(number=st.integers(0, 9))
    def debt_is_given_up(self, number: int) -> None:
        self.lender.write_off(number)

    @rule(
        order_no=st.sampled_from(["o1", "o2"]),
        bearer=st.sampled_from(BEARERS),
        percent=st.sampled_from([100, 100, 33]),
    )
    def appeal_is_won(self, order_no: str, bearer: Bearer, percent: int) -> None:
        self.appeals.win(order_no, bearer, percent)

    @rule(unit=units, bearer=bearers, how=st.sampled_from(["owed", "paid", "given up"]))
    def cheat_by_appealing_in_turn(
        self, unit: UnitRef, bearer: str, how: Literal["owed", "paid", "given up"]
    ) -> None:
        """Let a debt be paid or given up, then win, and lose, and win again."""
        self.refund(unit, 400, "done", bearer)
        if how == "paid":
            self.lender.recover(0)
        elif how == "given up":
            self.lender.write_off(0)
        turns: tuple[Bearer, ...] = ("supplier", "seller", "platform")
        for party in turns:
            self.appeals.win(unit.order_no, party)

    @rule(minor=st.sampled_from([1, 100]), order_no=st.sampled_from(["o1", "o2"]))
    def coupon_is_given_and_used(self, minor: int, order_no: str) -> None:
        self.lender.give(minor)
        attempt(lambda: self.lender.use(0, order_no))

    @rule()
    def coupons_lapse(self) -> None:
        self.lender.lapse()

    @rule(unit=units, fate=st.sampled_from(["done", "cut"]))
    def cheat_by_an_empty_seller(self, unit: UnitRef, fate: Fate) -> None:
        """Settle, take the money away, and let the platform pay the buyer."""
        self.lender.settle(unit.order_no, take_out=True)
        self.refund(unit, PRICE, fate)
        self.lender.recover(0)

    @rule(fate=st.sampled_from(["done", "cut"]))
    def cheat_beyond_every_cap(self, fate: Fate) -> None:
        """Let one party owe for everything at once."""
        for order_no in ("o1", "o2"):
            self.lender.settle(order_no, take_out=True)
        for bearer in ("seller", "supplier"):
            for unit in UNITS:
                self.refund(unit, PRICE, fate, bearer)

    @rule(number=st.integers(0, 9), part=st.booleans(), late=st.booleans())
    def cheat_with_a_coupon(self, number: int, part: bool, late: bool) -> None:
        """Use one coupon for two orders, in part, or after its time."""
        self.lender.give(100)
        if late:
            self.time_passes(90_000)
        attempt(lambda: self.lender.use(number, "o1", part))
        attempt(lambda: self.lender.use(number, "o2"))

    @rule(unit=units, fate=st.sampled_from(FATES))
    def cheat_refund_twice(self, unit: UnitRef, fate: Fate) -> None:
        """Ask for all of it twice in a row, each time as if it were the first."""
        for _ in range(2):
            self.refund(unit, PRICE, fate)

    @rule(unit=units, keep=st.booleans())
    def cheat_replacement_and_refund(self, unit: UnitRef, keep: bool) -> None:
        """Take a replacement, keep it, and ask for the money as well."""
        self.replace(unit, PRICE)
        if keep and f"hold-{self.count}" in self.world.holds:
            self.world.move_hold(f"hold-{self.count}", "kept")
        self.refund(unit, PRICE, "done")

    @rule(unit=units)
    def cheat_with_what_was_given_back(self, unit: UnitRef) -> None:
        """Give a kept replacement back, then take both the goods again and the money."""
        self.replace(unit, PRICE)
        key = f"hold-{self.count}"
        if key in self.world.holds:
            self.world.move_hold(key, "kept")
            self.world.move_hold(key, "withdrawn")
            self.replace(unit, PRICE)
            self.refund(unit, PRICE, "done")

    @rule(unit=units)
    def cheat_the_seller_for_the_market(self, unit: UnitRef) -> None:
        """What the market bears must not come out of anybody else's money."""
        self.refund(unit, 400, "done", "platform")

    @rule(unit=units, good=st.booleans())
    def cheat_by_a_gateway_that_changes_its_mind(self, unit: UnitRef, good: bool) -> None:
        """Accepted first, and declined after all."""
        self.refund(unit, PRICE, "accepted")
        newest = self.world.by_key.get(f"key-{self.count}", [""])[0]
        if newest in self.world.gateway.accepted:
            request = self.laws.request_of(self.world.refunds[newest])
            self.world.gateway.settle_accepted(newest, request, good)
            self.world.query(newest)

    @rule(unit=units)
    def cheat_by_a_slow_gateway(self, unit: UnitRef) -> None:
        """A request that is executed late, asked about meanwhile, and sent again."""
        self.refund(unit, 400, "late")
        if self.world.refunds:
            newest = self.world.by_key.get(f"key-{self.count}", [""])[0]
            if newest:
                self.world.query(newest)
                self.world.wait(100)
                self.world.send(newest, "done")
                self.late_ones_are_executed()

    @invariant()
    def debts_fund_and_coupons_agree(self) -> None:
        self.lender.check()

    @invariant()
    def debits_equal_credits(self) -> None:
        balances = self.world.book.balances.values()
        assert sum(b.debits_posted for b in balances) == sum(b.credits_posted for b in balances)
        assert sum(b.debits_pending for b in balances) == sum(b.credits_pending for b in balances)

    def balances_are_what_the_transfers_add_up_to(self) -> None:
        assert self.world.book.balances == self.world.book.recomputed()

    @invariant()
    def no_limited_account_is_overdrawn(self) -> None:
        for (code, _), balance in self.world.book.balances.items():
            assert not rules.kind_of(code).limited or rules.available_minor(code, balance) >= 0

    @invariant()
    def nothing_pays_more_than_was_paid(self) -> None:
        for unit in UNITS:
            back = sum(
                refund.amount_minor
                for refund in self.world.refunds.values()
                if refund.unit == unit and refund.state != "refused"
            )
            assert back + self.world.live_value(unit) <= PRICE

    @invariant()
    def the_gateway_pays_no_more_than_was_ordered(self) -> None:
        for refund in self.world.refunds.values():
            out = [p for p in self.world.gateway.paid_out if p[0] == refund.refund_no]
            assert len(out) <= 1, f"paid twice: {refund}"
        known = set(self.world.refunds)
        assert {number for number, _, _ in self.world.gateway.paid_out} <= known

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.end()
        self.debits_equal_credits()
        self.balances_are_what_the_transfers_add_up_to()
        paid = {(number, minor) for number, _, minor in self.world.gateway.paid_out}
        booked = {
            (refund.refund_no, refund.amount_minor)
            for refund in self.world.refunds.values()
            if refund.state == "arrived"
        }
        assert paid == booked, f"gateway and book differ: {paid ^ booked}"
        pending = sum(b.debits_pending for b in self.world.book.balances.values())
        held = sum(h.value_minor for h in self.world.holds.values() if h.state == "held")
        assert pending == held, "reserved money was left behind"
        self.lender.check()
        assert self.lender.totals()["refund_transit"] == 0, "a refund is still on its way"
        self._check_the_gateway_and_the_costs()

    def _check_the_gateway_and_the_costs(self) -> None:
        """Our clearing is the gateway's own book; what the market bears, it paid."""
        world = self.world
        paid_out = sum(minor for _, _, minor in world.gateway.paid_out)
        holds = sum(world.gateway.paid_in.values()) - paid_out
        sums = self.lender.totals()
        assert sums["gateway_clearing"] == holds
        bears = sum(
            part.amount_minor
            for refund in world.refunds.values()
            if refund.state == "arrived" and refund.reason == "platform"
            for part in refund.sources
        )
        given = sum(coupon.amount_minor for coupon in self.lender.coupons.values())
        assert sums["compensation_cost"] == bears + given + self.appeals.cost()

    def _on_some(self, number: int, action: Callable[[str], None]) -> None:
        numbers = sorted(self.world.refunds)
        if numbers:
            action(numbers[number % len(numbers)])


def _order(key: str, unit: UnitRef, amount_minor: int, bearer: str = "seller") -> RefundOrder:
    return RefundOrder(
        refund_key=key,
        claim_no=f"C-{unit.order_no}",
        unit=unit,
        amount_minor=amount_minor,
        borne_by={bearer: amount_minor},
        seller_id=SELLER,
        supplier_id="u1",
        reason=bearer,
    )
