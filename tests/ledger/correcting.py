"""Appeals in the world without a database: who bears what arrived changes, and money follows."""

from collections import Counter

from makegood.ledger import accounts
from makegood.ledger.corrections import covers
from makegood.ledger.corrections import rules as corrections
from makegood.ledger.corrections.rules import Bearer, Case, Line, Owing, shifts
from makegood.ledger.recipes import Funding
from tests.ledger.lending import SELLER, Lender

DEBTORS = {"seller": SELLER, "supplier": "u1", "channel": ""}
BY_ACCOUNT = {"escrow": "seller", "seller_balance": "seller", "compensation_cost": "platform"}


class Appeals:
    """Changes who bears the refunds of a claim, and knows by itself who must owe what then."""

    def __init__(self, lender: Lender) -> None:
        self.lender = lender
        self.world = lender.world
        self.moved: dict[str, Counter[str]] = {}
        self.times = 0

    def win(self, order_no: str, bearer: Bearer, percent: int = 100) -> None:
        """From now on `bearer` bears so much of a claim's refunds, the platform the rest."""
        claim_no = f"C-{order_no}"
        bears = self.bears(claim_no)
        whole = sum(bears.values())
        part = whole * percent // 100
        ought = Counter[str]({bearer: part})
        ought["platform"] += whole - part
        if whole and shifts(bears, ought):
            self._move(claim_no, order_no, bears, ought)

    def bears(self, claim_no: str) -> Counter[str]:
        """Who bears what arrived, as this world counts it."""
        found = Counter(self.moved.get(claim_no, Counter()))
        for refund in self.world.refunds.values():
            if refund.claim_no == claim_no and refund.state == "arrived":
                for part in refund.sources:
                    kind = part.account.partition(":")[0]
                    found[BY_ACCOUNT.get(kind, kind.partition("_")[0])] += part.amount_minor
        return found

    def cost(self) -> int:
        """What the market bears beyond what it was to bear at first."""
        return sum(moved["platform"] for moved in self.moved.values())

    def _move(self, claim_no: str, order_no: str, bears: Counter[str], ought: Counter[str]) -> None:
        book = self.world.book
        case = self._case(claim_no, order_no)
        owing = {str(party): self._owing(claim_no, party) for party in corrections.DEBTORS}
        codes = (accounts.escrow(order_no), accounts.seller_balance(SELLER))
        held = [Funding(code, max(0, book.available(code))) for code in codes]
        lines = [Line(number="r", borne=bears)]
        moves = corrections.by_line(shifts(bears, ought), lines)
        found = self.world.laws.pieces(case, moves, owing, held)
        if covers.lacking(found, book.look, 0):
            return
        transfers = covers.levelling(case, found, book.look)
        transfers += [
            corrections.transfer_of(case, piece, f"{case.key}.{place}")
            for place, piece in enumerate(found)
        ]
        self.lender.must_post([*transfers, *self.world.laws.cover_transfers(case, found)])
        self._expect(claim_no, bears, ought, sum(one.amount_minor for one in held))

    def _case(self, claim_no: str, order_no: str) -> Case:
        self.times += 1
        return Case(
            claim_no=claim_no,
            order_no=order_no,
            seller_id=SELLER,
            supplier_id="u1",
            currency="CNY",
            rule="",
            key=f"a{self.times}",
        )

    def _owing(self, claim_no: str, party: str) -> Owing:
        key = (claim_no, party)
        return Owing(
            open_minor=self.world.debts.get(key, 0), lost_minor=self.lender.lost_of.get(key, 0)
        )

    def _expect(
        self, claim_no: str, bears: Counter[str], ought: Counter[str], seller_has: int
    ) -> None:
        """What each must owe now: less before anything is given back, more after own money."""
        moved = self.moved.setdefault(claim_no, Counter())
        for party in corrections.BEARERS:
            more = ought[party] - bears[party]
            moved[party] += more
            if party == "platform":
                continue
            key = (claim_no, party)
            owed, lost = self.world.debts.get(key, 0), self.lender.lost_of.get(key, 0)
            less = min(owed, max(0, -more))
            never = min(lost, max(0, -more) - less)
            grown = max(0, more - (seller_has if party == "seller" else 0))
            self.world.debts[key] = owed - less + grown
            self.world.debtors[key] = DEBTORS[party]
            self.lender.lost_of[key] = lost - never
            self.lender.lost -= never
            self.lender.beyond[key] += grown
