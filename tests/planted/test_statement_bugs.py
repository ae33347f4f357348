"""Bugs planted in statements, holds, payouts and approvals; each law must find its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest

from makegood.base.money import Money
from makegood.claims.payouts import Hold
from makegood.ledger.funds import rules as funds
from makegood.ledger.funds.rules import Source, Standing
from makegood.ledger.statements import rules
from makegood.ledger.statements.agreements import with_agreement
from makegood.ledger.statements.rules import Ageing, Difference, Document, LedgerLine, Totals
from makegood.people.approvals.rules import Approver, Proposal, check_decision
from tests.ledger import statement_laws as laws


def forgets_what_was_carried_over(
    lines: Sequence[LedgerLine], since: datetime, until: datetime
) -> Totals:
    return rules.totals([line for line in lines if line.posted_at >= since], since, until)


def counts_the_last_day_twice(
    lines: Sequence[LedgerLine], since: datetime, until: datetime
) -> Totals:
    newest = [line for line in lines if line.posted_at.day == 21]
    return rules.totals([*lines, *newest], since, until)


def takes_a_payout_for_a_debt(
    lines: Sequence[LedgerLine], since: datetime, until: datetime
) -> Totals:
    found = rules.totals(lines, since, until)
    borne = found.borne_minor + found.paid_out_minor
    return msgspec.structs.replace(found, borne_minor=borne, paid_out_minor=0)


def matches_by_amount_only(
    lines: Sequence[LedgerLine], documents: Sequence[Document]
) -> tuple[dict[str, Document], list[Difference]]:
    amounts = {document.amount_minor: document for document in documents}
    paired = {line.transfer_id: amounts[line.amount_minor] for line in lines}
    return paired, []


def forgets_what_the_ledger_lacks(
    lines: Sequence[LedgerLine], documents: Sequence[Document]
) -> tuple[dict[str, Document], list[Difference]]:
    paired, differences = rules.match(lines, documents)
    return paired, [one for one in differences if one.missing == "documents"]


def ages_what_was_paid(lines: Sequence[LedgerLine], until: datetime) -> Ageing:
    return rules.ageing([line for line in lines if line.amount_minor > 0], until)


def pays_one_claim_too_much(minor: int, owed: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(owed[0][0], minor)] if owed and minor else []


def loses_the_rounding(borne: Mapping[str, int], percent: int) -> dict[str, int]:
    liable = borne.get("supplier", 0)
    agreed = dict(with_agreement(borne, percent))
    kept = liable * (100 - percent) // 100
    others = borne.get("seller", 0)
    return {**agreed, "seller": others + kept}


def holds_the_whole_order(holds: list[Hold], escrow_minor: int) -> list[Hold]:
    return [msgspec.structs.replace(one, amount=Money(escrow_minor)) for one in holds[:1]]


def holds_beyond_escrow(holds: list[Hold], escrow_minor: int) -> list[Hold]:
    return holds


def forgets_the_debt(standing: Standing, source: Source, minor: int) -> None:
    funds.check_wish(msgspec.structs.replace(standing, owed_minor=0), source, minor)


def forgets_the_deposit(standing: Standing, source: Source, minor: int) -> None:
    funds.check_wish(msgspec.structs.replace(standing, required_minor=0), source, minor)


def lets_the_proposer_decide(proposal: Proposal, approver: Approver, *rest: Any, **at: Any) -> None:
    stranger = msgspec.structs.replace(approver, person_id=f"not-{proposal.proposed_by}")
    check_decision(proposal, stranger, *rest, **at)


def believes_an_old_factor(proposal: Proposal, approver: Approver, *rest: Any, **at: Any) -> None:
    check_decision(proposal, approver, *rest, **{**at, "fresh": 10_000})


def decides_twice(proposal: Proposal, approver: Approver, *rest: Any, **at: Any) -> None:
    fresh = msgspec.structs.replace(proposal, state="open")
    check_decision(fresh, approver, *rest, **at)


def lets_agents_decide(proposal: Proposal, approver: Approver, *rest: Any, **at: Any) -> None:
    check_decision(proposal, msgspec.structs.replace(approver, role="lead"), *rest, **at)


Law = Callable[[Any], None]
PLANTED: list[tuple[Law, Callable[..., Any]]] = [
    (laws.a_statement_is_the_ledger, forgets_what_was_carried_over),
    (laws.a_statement_is_the_ledger, counts_the_last_day_twice),
    (laws.a_statement_is_the_ledger, takes_a_payout_for_a_debt),
    (laws.a_line_in_one_book_only_is_found, matches_by_amount_only),
    (laws.a_line_in_one_book_only_is_found, forgets_what_the_ledger_lacks),
    (laws.what_is_owed_has_one_age, ages_what_was_paid),
    (laws.a_payment_goes_to_what_is_owed, pays_one_claim_too_much),
    (laws.an_agreement_moves_but_never_changes_the_sum, loses_the_rounding),
    (laws.a_hold_is_never_more_than_was_claimed, holds_the_whole_order),
    (laws.a_hold_is_never_more_than_was_claimed, holds_beyond_escrow),
    (laws.no_payout_takes_what_is_owed_or_missing, forgets_the_debt),
    (laws.no_payout_takes_what_is_owed_or_missing, forgets_the_deposit),
    (laws.nobody_releases_an_own_proposal, lets_the_proposer_decide),
    (laws.nobody_releases_an_own_proposal, believes_an_old_factor),
    (laws.nobody_releases_an_own_proposal, decides_twice),
    (laws.nobody_releases_an_own_proposal, lets_agents_decide),
]


@pytest.mark.parametrize(("law", "bug"), PLANTED, ids=lambda one: getattr(one, "__name__", ""))
def test_the_law_finds_the_planted_bug(law: Law, bug: Callable[..., Any]) -> None:
    with pytest.raises((AssertionError, KeyError)):
        law(bug)
