"""Laws of statements, holds and approvals, each over the function that must keep it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims.payouts import Hold
from makegood.ledger.funds.rules import Source, Standing
from makegood.ledger.statements.rules import Ageing, Difference, Document, LedgerLine, Totals
from makegood.people.approvals.rules import Approver, Proposal, Verdict

QUICK = settings(phases=(Phase.generate,), report_multiple_bugs=False, max_examples=80)
"""Nobody reads the smallest example of a planted bug, so none is looked for."""
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
MONTH = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))

Sum: TypeAlias = Callable[[Sequence[LedgerLine], datetime, datetime], Totals]
Match: TypeAlias = Callable[
    [Sequence[LedgerLine], Sequence[Document]], tuple[dict[str, Document], list[Difference]]
]
Age: TypeAlias = Callable[[Sequence[LedgerLine], datetime], Ageing]
Spread: TypeAlias = Callable[[int, Sequence[tuple[str, int]]], list[tuple[str, int]]]
Share: TypeAlias = Callable[[Mapping[str, int], int], dict[str, int]]
Within: TypeAlias = Callable[[list[Hold], int], list[Hold]]
Wish: TypeAlias = Callable[[Standing, Source, int], None]
Check: TypeAlias = Callable[..., None]


def _line(number: int, claim: int, minor: int, days: int) -> LedgerLine:
    return LedgerLine(
        transfer_id=f"t-{number}",
        claim_no=f"C-{claim}",
        amount_minor=minor,
        recipe="refund" if minor > 0 else "recovery",
        posted_at=NOW - timedelta(days=days),
    )


def _payout(number: int, minor: int, days: int) -> LedgerLine:
    return LedgerLine(
        transfer_id=f"p-{number}",
        claim_no="",
        amount_minor=minor,
        recipe="payout",
        posted_at=NOW - timedelta(days=days),
        side="credit",
    )


MOVES = st.tuples(st.integers(1, 3), st.integers(1, 500), st.booleans(), st.integers(0, 60))


@st.composite
def books(draw: st.DrawFn) -> list[LedgerLine]:
    """Lines in which no claim ever pays more than it owes."""
    owed: dict[int, int] = {}
    lines = []
    moves = sorted(draw(st.lists(MOVES, max_size=12)), key=lambda move: -move[3])
    for number, (claim, minor, pays, days) in enumerate(moves):
        signed = -min(minor, owed.get(claim, 0)) if pays else minor
        if signed:
            owed[claim] = owed.get(claim, 0) + signed
            lines.append(_line(number, claim, signed, days))
    return lines


def papers(lines: Sequence[LedgerLine]) -> list[Document]:
    """The documents that belong to the lines."""
    return [
        Document(
            kind="borne" if line.amount_minor > 0 else "paid",
            number=f"d-{line.transfer_id}",
            claim_no=line.claim_no,
            amount_minor=line.amount_minor,
            at=line.posted_at,
        )
        for line in lines
    ]


def a_statement_is_the_ledger(totals: Sum) -> None:
    """The columns add up to what the accounts say, and no line is counted twice."""

    @QUICK
    @given(books(), st.lists(st.tuples(st.integers(1, 500), st.integers(0, 60)), max_size=3))
    def law(lines: list[LedgerLine], paid_out: list[tuple[int, int]]) -> None:
        given_back = [_payout(number, *one) for number, one in enumerate(paid_out)]
        found = totals([*lines, *given_back], *MONTH)
        assert found.due_minor == sum(one.amount_minor for one in [*lines, *given_back])
        columns = found.opening_minor + found.borne_minor + found.paid_out_minor
        assert found.due_minor == columns - found.recovered_minor
        inside = [one for one in lines if MONTH[0] <= one.posted_at < MONTH[1]]
        assert found.borne_minor == sum(max(one.amount_minor, 0) for one in inside)

    law()


def a_line_in_one_book_only_is_found(match: Match) -> None:
    """Complete books have no difference; one document less, twice or changed has."""

    @QUICK
    @given(books(), st.integers(0, 11), st.integers(0, 2))
    def law(lines: list[LedgerLine], place: int, how: int) -> None:
        documents = papers(lines)
        paired, differences = match(lines, documents)
        assert differences == []
        assert set(paired) == {line.transfer_id for line in lines}
        if not lines:
            return
        one = documents[place % len(documents)]
        rest = [other for other in documents if other is not one]
        odd = Document(
            kind=one.kind,
            number="d-odd",
            claim_no=one.claim_no,
            amount_minor=one.amount_minor + 1000,
            at=one.at,
        )
        spoilt = (rest, [*documents, one], [*rest, odd])[how]
        assert match(lines, spoilt)[1] != []

    law()


def what_is_owed_has_one_age(ageing: Age) -> None:
    """The buckets sum to the debt, whatever was paid for what."""

    @QUICK
    @given(books())
    def law(lines: list[LedgerLine]) -> None:
        until = NOW + timedelta(seconds=1)
        assert ageing(lines, until).total_minor == sum(line.amount_minor for line in lines)

    law()


def a_payment_goes_to_what_is_owed(spread: Spread) -> None:
    """No claim gets more than it owes, nothing is lost, the oldest is served first."""

    @QUICK
    @given(st.integers(0, 900), st.lists(st.integers(1, 300), max_size=5))
    def law(minor: int, owed: list[int]) -> None:
        debts = [(f"C-{place}", part) for place, part in enumerate(owed)]
        parts = dict(spread(minor, debts))
        assert sum(parts.values()) == min(minor, sum(owed))
        assert all(parts.get(claim, 0) <= part for claim, part in debts)
        served = [claim for claim, _ in debts if claim in parts]
        assert served == [claim for claim, _ in debts][: len(served)]
        assert all(parts[claim] == part for claim, part in debts[: max(0, len(served) - 1)])

    law()


def an_agreement_moves_but_never_changes_the_sum(share: Share) -> None:
    """What the supplier does not bear, the seller does; others bear what they bore."""
    parties = st.sampled_from(("supplier", "seller", "platform", "channel"))

    @QUICK
    @given(st.dictionaries(parties, st.integers(1, 5000)), st.integers(0, 100))
    def law(borne: dict[str, int], percent: int) -> None:
        agreed = share(borne, percent)
        liable = borne.get("supplier", 0)
        assert sum(agreed.values()) == sum(borne.values())
        assert agreed.get("supplier", 0) == liable * percent // 100
        assert agreed.get("platform", 0) == borne.get("platform", 0)

    law()


def a_hold_is_never_more_than_was_claimed(within: Within) -> None:
    """Nor more than escrow has; together as much of the claims as there is."""

    @QUICK
    @given(st.lists(st.integers(1, 5000), max_size=6), st.integers(0, 10_000))
    def law(claimed: list[int], escrow_minor: int) -> None:
        holds = [
            Hold(claim_no=f"C-{place}", why="claim", amount=Money(minor), until=None)
            for place, minor in enumerate(claimed)
        ]
        kept = {one.claim_no: one.amount.amount_minor for one in within(holds, escrow_minor)}
        assert sum(kept.values()) == min(sum(claimed), escrow_minor)
        assert all(kept.get(one.claim_no, 0) <= one.amount.amount_minor for one in holds)

    law()


def no_payout_takes_what_is_owed_or_missing(check: Wish) -> None:
    """After a payout the balance still covers the debt and what the deposit lacks."""
    figures = st.integers(0, 1000)

    @QUICK
    @given(figures, figures, figures, figures, st.integers(-3, 3))
    def law(balance: int, deposit: int, required: int, owed: int, beyond: int) -> None:
        minor = balance - owed - max(0, required - deposit) + beyond
        standing = Standing(
            balance_minor=balance,
            deposit_minor=deposit,
            required_minor=required,
            owed_minor=owed,
        )
        try:
            check(standing, "balance", minor)
        except Refused:
            return
        assert minor > 0
        assert balance - minor >= owed + max(0, required - deposit)

    law()


def nobody_releases_an_own_proposal(check: Check) -> None:
    """Only another person of the right role, with a fresh second factor, and only once."""
    people = st.sampled_from(("xu", "qi", "op"))
    roles = st.sampled_from(("agent", "lead", "operator", "market"))
    ages = st.one_of(st.none(), st.integers(0, 120))
    verdicts: st.SearchStrategy[Verdict] = st.sampled_from(("approved", "returned"))

    @QUICK
    @given(people, people, roles, ages, verdicts, st.booleans())
    def law(
        by: str, who: str, role: str, age: int | None, verdict: Verdict, still_open: bool
    ) -> None:
        proposal = Proposal(
            proposal_no="AP-1",
            kind="write_off",
            subject="C-1",
            amount_minor=1,
            currency="CNY",
            payload={},
            why="x",
            proposed_by=by,
            proposed_name=by,
            proposed_at=NOW,
            state="open" if still_open else "approved",
        )
        proven_at = None if age is None else NOW - timedelta(minutes=age)
        approver = Approver(
            person_id=who,
            name=who,
            role=role,  # type: ignore[arg-type]
            proven_at=proven_at,
        )
        try:
            check(proposal, approver, verdict, "why", now=NOW, fresh=30)
        except Refused:
            return
        assert still_open
        assert who != by
        assert role in ("lead", "operator")
        assert age is not None
        assert age <= 30

    law()
