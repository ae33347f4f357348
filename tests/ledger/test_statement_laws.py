"""Statements, holds, payouts and approvals keep their laws over random books."""

from makegood.claims.payouts import within
from makegood.ledger.funds import rules as funds
from makegood.ledger.statements import rules
from makegood.ledger.statements.agreements import with_agreement
from makegood.people.approvals.rules import check_decision
from tests.ledger import statement_laws as laws


def test_a_statement_is_the_ledger() -> None:
    laws.a_statement_is_the_ledger(rules.totals)


def test_a_line_in_one_book_only_is_found() -> None:
    laws.a_line_in_one_book_only_is_found(rules.match)


def test_what_is_owed_has_one_age() -> None:
    laws.what_is_owed_has_one_age(rules.ageing)


def test_a_payment_goes_to_what_is_owed() -> None:
    laws.a_payment_goes_to_what_is_owed(rules.spread)


def test_an_agreement_moves_but_never_changes_the_sum() -> None:
    laws.an_agreement_moves_but_never_changes_the_sum(with_agreement)


def test_a_hold_is_never_more_than_was_claimed() -> None:
    laws.a_hold_is_never_more_than_was_claimed(within)


def test_no_payout_takes_what_is_owed_or_missing() -> None:
    laws.no_payout_takes_what_is_owed_or_missing(funds.check_wish)


def test_nobody_releases_an_own_proposal() -> None:
    laws.nobody_releases_an_own_proposal(check_decision)
