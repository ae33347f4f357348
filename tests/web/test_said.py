"""What gateways say reaches people in their language, as far as the sentence is our own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import makegood
from makegood.web.words import load_catalogue

ROOT = Path(makegood.__file__).parent
SPEAKERS = (
    *sorted((ROOT / "gateways/payments").glob("*.py")),
    ROOT / "worker/refunds.py",
    ROOT / "ledger/refund/actions.py",
)
REPLIES = {"Arrived", "GatewayUnavailable", "NotFound", "NotSent", "Unknown", "Unsupported"}


def sentences(path: Path) -> Iterator[str]:
    """The constant sentences of a module that a reply or a failure is made with."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id not in REPLIES:
            continue
        for given in (*node.args, *(keyword.value for keyword in node.keywords)):
            said = given.value if isinstance(given, ast.Constant) else None
            if isinstance(said, str) and " " in said:
                yield said


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: path.name)
def test_every_sentence_of_our_own_has_words_in_both_languages(path: Path) -> None:
    catalogue = load_catalogue()
    for sentence in sentences(path):
        for words in catalogue.values():
            assert words.get(f"said.{sentence}"), sentence


def test_there_are_sentences_to_be_told() -> None:
    assert sum(len(list(sentences(path))) for path in SPEAKERS) > 20
