"""Bugs planted in how rules are checked, compared and tried; each is caught by its property."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from makegood.policy.check import liability_tables
from makegood.policy.compare import compare
from makegood.policy.model import Pack
from makegood.policy.stages import Stage, draw
from makegood.policy.tablecheck import Odd, oddities
from makegood.policy.tables import Table
from tests.policy.test_compare import never_calls_a_loss_favourable
from tests.policy.test_stages import widening_keeps_everybody_in
from tests.policy.test_table_check import INPUTS, agrees_with_trying_every_case


def exact(table: Table) -> list[Odd]:
    return oddities(INPUTS, table)


def checker_that_compares_rows_in_pairs(table: Table) -> list[Odd]:
    """The bug: a row that two others take together is not seen as dead."""
    return [one for one in oddities(INPUTS, table) if one.kind != "dead" or len(one.others) < 2]


def checker_that_forgets_gaps(table: Table) -> list[Odd]:
    """The bug: only rows are looked at, not what lies between them."""
    return [one for one in oddities(INPUTS, table) if one.kind != "gap"]


def draw_by_share(stage: Stage, order_no: str) -> int:
    """The bug: the share is part of the draw, so widening shuffles everybody."""
    said = f"{stage.share}:{order_no}"
    return int.from_bytes(sha256(said.encode()).digest()[:8], "big") % 100


def favours(before: Pack, after: Pack) -> bool:
    return compare(before, after).favours_buyers


def favours_by_average(before: Pack, after: Pack) -> bool:
    """The bug: one who wins makes up for one who loses."""
    shifts = compare(before, after).shifts
    return bool(shifts) and sum(1 if shift.worse else -1 for shift in shifts) <= 0


def favours_by_shares_alone(before: Pack, after: Pack) -> bool:
    """The bug: rows are compared by their names, not by the cases they take."""
    for table in liability_tables(after):
        old = {row.id: row for row in before.tables[table.id].rows}
        for row in table.rows:
            was = old.get(row.id)
            if was and int(row.outcome["shares.buyer"]) > int(was.outcome["shares.buyer"]):
                return False
    return True


PAIRS = [
    (agrees_with_trying_every_case, exact, checker_that_compares_rows_in_pairs),
    (agrees_with_trying_every_case, exact, checker_that_forgets_gaps),
    (widening_keeps_everybody_in, draw, draw_by_share),
    (never_calls_a_loss_favourable, favours, favours_by_average),
    (never_calls_a_loss_favourable, favours, favours_by_shares_alone),
]


@pytest.mark.parametrize(("holds", "right", "wrong"), PAIRS, ids=[one[2].__name__ for one in PAIRS])
def test_the_property_holds_and_catches_the_planted_bug(
    holds: Callable[[object], None], right: object, wrong: object
) -> None:
    holds(right)
    with pytest.raises(AssertionError):
        holds(wrong)
