"""Remedies, lanes, classes and the automatic lane are read as words, never as codes."""

import re
from itertools import chain

import pytest

from makegood.policy.inputs import OF_JUDGE, inputs_of
from makegood.policy.ownwords import outcome_words, own_cell_words, value_words
from makegood.policy.tables import Cell
from tests.policy.given import PACK

CODE = re.compile(r"[a-z]+_[a-z]+")


@pytest.mark.parametrize("table", sorted(OF_JUDGE))
def test_every_closed_word_that_a_column_can_take_has_words(table: str) -> None:
    own = [one for one in inputs_of(PACK, table).values() if one.name in OF_JUDGE[table]]
    for word in chain.from_iterable(one.words for one in own):
        said = value_words(PACK, word)
        assert not CODE.search(said.en), (table, word)
        assert re.search(r"[\u4e00-\u9fff]", said.zh) or re.fullmatch(r"P\d", said.zh), word


@pytest.mark.parametrize("table", sorted(OF_JUDGE))
def test_every_row_says_what_follows_in_words(table: str) -> None:
    for row in PACK.tables[table].rows:
        said = outcome_words(PACK, row)
        assert said.zh
        assert not CODE.search(f"{said.zh} {said.en}"), row.id
        for _, cell in row.asked:
            asked = own_cell_words(PACK, cell)
            assert asked is not None
            assert not CODE.search(f"{asked.zh} {asked.en}"), row.id


def test_a_cell_that_does_not_matter_asks_nothing() -> None:
    assert own_cell_words(PACK, Cell("any")) is None
    several = own_cell_words(PACK, Cell("one_of", ("late", "partial")))
    assert several is not None
    assert (several.zh, several.en) == ("到得晚或只到了一部分", "late or a part is missing")
