"""Money paid first, and coupons, in the world without a database: lent, back, given up, used."""

from collections import Counter
from datetime import timedelta

import msgspec

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts, recipes, rules
from makegood.ledger.advance import recipes as advances
from makegood.ledger.advance.rules import Advance, AdvanceCaps, recovery_sources
from makegood.ledger.coupons import rules as coupons
from makegood.ledger.coupons.rules import Coupon
from makegood.ledger.recipes import Funding
from makegood.ledger.refund.plan import Terms
from makegood.ledger.rules import Transfer
from tests.ledger.model import World

SELLER = "s1"
CAPS = AdvanceCaps(per_claim_minor=1200, per_day_minor=1700, per_tier={"B": 1100})
FUND = 2300
QUOTA = 2400


class Lender:
    """What the market lends and gives in a world, and what it should have got back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lost = 0
        self.lost_of: dict[tuple[str, str], int] = {}
        self.beyond: Counter[tuple[str, str]] = Counter()
        """Debts that no cap holds back: an appeal laid them on somebody."""
        self.back = 0
        self.coupons: dict[str, Coupon] = {}
        self.uses: dict[str, list[str]] = {}
        world.terms = Terms(caps=CAPS)
        world.book.post(advances.fund_filled("f", FUND, "CNY"))
        world.book.post(recipes.quota_granted("q", QUOTA, "CNY"))
        self.open_day()

    def open_day(self) -> None:
        """Grant the cap of today, once."""
        day = accounts.day_of(self.world.now)
        self.world.book.post(advances.day_opened(day, "0", CAPS.per_day_minor, "CNY"))

    def earn(self, minor: int) -> None:
        """The seller gets money from elsewhere."""
        key = f"earned-{len(self.world.book.transfers)}"
        self.world.book.post([recipes.deposit_paid(key, SELLER, minor, "CNY")])

    def settle(self, order_no: str, take_out: bool) -> None:
        """An order is settled, and the seller takes the money out of the market."""
        escrow = accounts.escrow(order_no)
        left = self.world.book.available(escrow)
        if left <= 0:
            return
        key = str(len(self.world.book.transfers))
        self.world.book.post(recipes.settled(order_no, SELLER, left, left // 10, key))
        balance = accounts.seller_balance(SELLER)
        gone = self.world.book.available(balance)
        if take_out and gone > 0:
            paid = recipes.deposit_paid(f"out-{key}", SELLER, gone, "CNY")
            self.world.book.post([msgspec.structs.replace(paid, debit=balance, credit=paid.debit)])

    def recover(self, number: int) -> None:
        """Take a debt from its debtor's accounts; a supplier pays into the bank."""
        advance = self._some_debt(number)
        if advance is None or not advance.open_minor:
            return
        rest, parts = advance.open_minor, []
        bank = [] if advance.party == "seller" else [accounts.shared("bank", advance.claim_no)]
        for code in [*recovery_sources(advance), *bank]:
            left = rest if code.startswith("bank") else self.world.book.available(code)
            part = min(rest, max(left, 0))
            rest -= part
            parts += [Funding(code, part)] if part else []
        key = f"r{len(self.world.book.transfers)}"
        self.must_post(self.world.laws.recovered(advance, key, parts))
        came = sum(part.amount_minor for part in parts)
        self.back += came
        self.world.debts[advance.claim_no, advance.party] -= came

    def write_off(self, number: int) -> None:
        """Give a debt up."""
        advance = self._some_debt(number)
        if advance is None or not advance.open_minor:
            return
        key = f"w{len(self.world.book.transfers)}"
        moves = self.world.laws.written_off(advance, key)
        # The world counts a debt from nothing each time, so the ids are made its own.
        self.must_post(
            [
                msgspec.structs.replace(move, id=f"{move.id[:23]}{place}{key[1:]:0>12}")
                for place, move in enumerate(moves)
            ]
        )
        self.lost += advance.open_minor
        whose = (advance.claim_no, advance.party)
        self.lost_of[whose] = self.lost_of.get(whose, 0) + advance.open_minor
        self.world.debts[whose] = 0

    def give(self, minor: int) -> None:
        """A coupon."""
        number = f"CP{len(self.coupons)}"
        coupon = Coupon(
            coupon_no=number,
            code_end="",
            batch=coupons.batch_of(self.world.now),
            claim_no="C",
            cause="late",
            amount_minor=minor,
            currency="CNY",
            borne_by="platform",
            state="issued",
            issued_at=self.world.now,
            expires_at=self.world.now + timedelta(hours=1),
        )
        self.world.book.post(coupons.issued(coupon))
        self.coupons[number] = coupon

    def use(self, number: int, order_no: str, part: bool = False) -> None:
        """A shop takes a coupon for an order, or says it takes one cent of it."""
        if not self.coupons:
            return
        coupon = self.coupons[sorted(self.coupons)[number % len(self.coupons)]]
        amount = Money(1) if part else None
        if self.world.laws.check_use(coupon, order_no, amount, self.world.now):
            assert self.world.now < coupon.expires_at, "a lapsed coupon was taken"
            assert amount in (None, Money(coupon.amount_minor)), "a part of a coupon was taken"
            self.uses.setdefault(coupon.coupon_no, []).append(order_no)
            self._close(coupon, "used", order_no)

    def lapse(self) -> None:
        """Coupons whose time is over end."""
        for coupon in list(self.coupons.values()):
            if coupon.state == "issued" and coupon.expires_at <= self.world.now:
                self._close(coupon, "expired", "")

    def check(self) -> None:
        """What must be true of lent money and coupons at every moment."""
        sums = self.totals()
        owed = sum(self.world.debts.values())
        assert sums["quota_used"] == owed, "quota in use is not what is owed"
        receivables = [f"{party}_receivable" for party in ("seller", "supplier", "channel")]
        assert sum(sums[kind] for kind in receivables) == owed, "the book owes otherwise"
        cash = FUND - owed - self.lost
        assert sums["guarantee_fund"] == cash, "the fund's cash is not what it should be"
        assert sums["bad_debt"] == self.lost
        self._check_caps()
        open_ones = [c.amount_minor for c in self.coupons.values() if c.state == "issued"]
        assert sums["coupon_liability"] == sum(open_ones)
        assert all(len(set(orders)) == 1 for orders in self.uses.values()), "used twice"

    def _check_caps(self) -> None:
        by_claim: dict[str, int] = {}
        for (claim_no, party), minor in self.world.debts.items():
            minor -= self.beyond[claim_no, party]
            by_claim[claim_no] = by_claim.get(claim_no, 0) + minor
        assert all(minor <= CAPS.per_claim_minor for minor in by_claim.values())
        sellers = [
            minor - self.beyond[key]
            for key, minor in self.world.debts.items()
            if key[1] == "seller"
        ]
        assert sum(sellers) <= CAPS.per_tier["B"]
        days: dict[str, int] = {}
        for refund in self.world.refunds.values():
            if refund.state != "refused":
                day = accounts.day_of(refund.ordered_at)
                lent = sum(p.amount_minor for p in refund.sources if "_receivable" in p.account)
                days[day] = days.get(day, 0) + lent
        assert all(minor <= CAPS.per_day_minor for minor in days.values())

    def _some_debt(self, number: int) -> Advance | None:
        keys = sorted(key for key, minor in self.world.debts.items() if minor)
        if not keys:
            return None
        claim_no, party = keys[number % len(keys)]
        return Advance(
            claim_no=claim_no,
            party=party,
            debtor_id=self.world.debtors[claim_no, party],
            order_no=claim_no.partition("-")[2],
            currency="CNY",
            advanced_minor=self.world.debts[claim_no, party],
            recovered_minor=0,
            written_off_minor=0,
            first_at=self.world.now,
        )

    def must_post(self, transfers: list[Transfer]) -> None:
        """What a person may always do: the book never refuses it."""
        try:
            self.world.book.post(transfers)
        except Refused as refused:
            raise AssertionError("a recovery, write-off or correction is refused") from refused

    def _close(self, coupon: Coupon, how: coupons.CouponState, order_no: str) -> None:
        assert how != "issued"
        self.world.book.post([coupons.closed(coupon, how, order_no)])
        self.coupons[coupon.coupon_no] = msgspec.structs.replace(
            coupon, state=how, order_no=order_no
        )

    def totals(self) -> Counter[str]:
        """All accounts of each kind together."""
        sums: Counter[str] = Counter()
        for (code, _), balance in self.world.book.balances.items():
            sums[code.partition(":")[0]] += rules.settled_minor(code, balance)
        return sums
