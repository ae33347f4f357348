"""What an open chargeback reserves: never more than is there, and always all of its money."""

from hypothesis import given, settings

from tests.ledger.dispute_law import Case, cases, check, planned


@settings(max_examples=400)
@given(cases())
def test_a_reserve_takes_what_is_left_and_no_more(case: Case) -> None:
    check(planned, case)
