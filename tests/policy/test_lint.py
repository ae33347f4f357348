"""The linter: every written variant of a void clause is found, and lawful texts are left alone."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from makegood.policy.judgement import Words
from makegood.policy.lint import MAX_TEXT, lint, lint_pack
from makegood.policy.void_clauses import CLAUSES
from tests.policy.given import PACK

FIXTURES = Path(__file__).parent / "lint"
SETS = {
    name: json.loads((FIXTURES / f"{name}.json").read_text()) for name in ("working", "held_out")
}
VOID = [(name, *line) for name, texts in SETS.items() for line in texts["void"]]
LAWFUL = [(name, line) for name, texts in SETS.items() for line in texts["lawful"]]


def test_sixty_void_and_sixty_lawful_texts_are_kept() -> None:
    assert (len(VOID), len(LAWFUL)) == (60, 60)
    assert {code for _, code, _ in VOID} == {clause.code for clause in CLAUSES}


@pytest.mark.parametrize(("code", "text"), [line[1:] for line in VOID])
def test_a_void_clause_is_found_whatever_its_words(code: str, text: str) -> None:
    assert code in {one.clause for one in lint(text)}


@pytest.mark.parametrize("text", [line[1] for line in LAWFUL])
def test_a_lawful_text_raises_no_alarm(text: str) -> None:
    assert [one.clause for one in lint(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "最\u200b终解释权归本店",
        "最 终 解 释 权 归 本 店",
        "最終解釋權歸本店",
        "最·终·解·释·权归本店",
        "以上为规则。最终解释权归本店。质量问题包退。",
    ],
)
def test_disguises_do_not_help(text: str) -> None:
    assert {one.clause for one in lint(text)} == {"final_interpretation"}


def test_a_finding_points_at_its_sentence_and_names_its_statute() -> None:
    text = "质量问题包退。本店拥有最终解释权。欢迎光临。"
    [one] = lint(text)
    assert text[one.start : one.end] == one.said == "本店拥有最终解释权。"
    assert "起施行" in one.statute.zh
    assert one.instead.zh
    assert one.instead.en


def test_the_shipped_rules_hold_no_void_clause() -> None:
    assert lint_pack(PACK) == []


def test_no_sentence_of_a_pack_is_overlooked() -> None:
    void = Words("本店拥有最终解释权。", "We have the final right of interpretation.")
    words = structs.replace(PACK.words, default_for_buyer=void, groups={"KEY": void})
    stages = {"decision": structs.replace(PACK.clocks.stages["decision"], basis=void)}
    example = structs.replace(PACK.examples[0], title=void)
    pack = structs.replace(
        PACK,
        words=words,
        clocks=structs.replace(PACK.clocks, stages=stages),
        examples=(*PACK.examples, example),
    )
    assert {place for place, _ in lint_pack(pack)} == {
        "words/default_for_buyer",
        "words/groups/KEY",
        "clocks/decision/basis",
        f"examples/{example.rule}/title",
    }


@pytest.mark.parametrize("text", ["", "。", "\n\n", "." * 1_000, "条款" * MAX_TEXT])
def test_odd_texts_are_read_in_no_time(text: str) -> None:
    assert lint(text) == []
