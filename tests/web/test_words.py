"""Words: one key set in both languages, every key a page asks for, every code it shows."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from makegood.base.money import money_text
from makegood.base.refusal import CODES, Refused
from makegood.claims.edges import UNDECIDED
from makegood.claims.events import AnyEvent
from makegood.claims.promises import THEN
from makegood.claims.view import Audience, ConditionView, PersonView
from makegood.policy import remedies
from makegood.policy.facts import INTEREST_OF
from makegood.web import formats
from makegood.web.api.faults import problem_of_refusal
from makegood.web.look import STATE_LOOKS
from makegood.web.problem import STATUS
from makegood.web.words import FOLDER, LANGS, MARKET_ZONE, Words, choose_language, load_catalogue

WEB = FOLDER.parent
CATALOGUE = load_catalogue()
ASKED = re.compile(r"""\b(?:t|words\.text)\(\s*["']([a-z0-9_.]+)["']\s*[,)]""", re.IGNORECASE)
NOW = datetime(2026, 11, 21, 13, 9, tzinfo=UTC)
PLACES = re.compile(r"(?<!\{)\{(\w+)\}")


def words(lang: formats.Lang) -> Words:
    return Words(CATALOGUE, lang, NOW)


def files() -> list[Path]:
    return [*WEB.rglob("*.html"), *WEB.rglob("*.py")]


def test_both_languages_have_the_same_keys() -> None:
    assert CATALOGUE["zh"].keys() == CATALOGUE["en"].keys()


def test_no_text_is_empty_in_one_language_only() -> None:
    lacking = [
        key for key, text in CATALOGUE["zh"].items() if bool(text) != bool(CATALOGUE["en"][key])
    ]
    assert lacking == []


def test_both_languages_fill_the_same_places() -> None:
    uneven = [
        key
        for key, text in CATALOGUE["zh"].items()
        if set(PLACES.findall(str(text))) != set(PLACES.findall(str(CATALOGUE["en"][key])))
    ]
    assert uneven == []


def test_every_key_a_page_asks_for_exists() -> None:
    asked = {key for path in files() for key in ASKED.findall(path.read_text("utf-8"))}
    missing = {key for key in asked if not key.endswith(".")} - CATALOGUE["zh"].keys()
    assert missing == set()


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_refusal_has_words(code: str) -> None:
    assert {f"refusal.{code}.title", f"refusal.{code}.text"} <= CATALOGUE["zh"].keys()


def test_a_program_reads_a_refusal_without_the_escapes_of_a_page() -> None:
    assert problem_of_refusal(Refused("reference_missing"), words("en")).title == (
        "The bank's reference is missing"
    )


@pytest.mark.parametrize("code", sorted(STATUS))
def test_every_fault_has_words_and_a_way_on(code: str) -> None:
    keys = {f"error.{code}.{part}" for part in ("title", "text", "action")}
    assert keys <= CATALOGUE["zh"].keys()


def test_every_state_event_deadline_and_source_has_words() -> None:
    states = {f"state.{state}" for state in STATE_LOOKS}
    events = {f"event.{event.__struct_config__.tag}" for event in AnyEvent.__args__}
    kinds = {f"deadline.{part}.{kind}" for kind in THEN for part in ("head", "zero")}
    sources = {f"source.{source}" for source in INTEREST_OF}
    assert (states | events | kinds | sources) - CATALOGUE["zh"].keys() == set()


def test_every_remedy_of_a_pack_has_words() -> None:
    assert {f"remedy.{remedy}" for remedy in remedies.ALL} - CATALOGUE["zh"].keys() == set()


def test_the_machine_is_called_by_its_role_in_the_readers_language() -> None:
    machine = PersonView(role="system", name="自动核验")
    assert words("en").person(machine) == "Automatic check"
    assert words("zh").person(machine) == "自动核验"


def test_every_undecided_state_has_a_badge() -> None:
    assert set(UNDECIDED) <= STATE_LOOKS.keys()


def test_values_in_texts_are_escaped() -> None:
    said = words("zh").t("order.title", no="<script>")
    assert str(said) == "订单 &lt;script&gt;"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (9800, "CNY", "¥98.00"),
        (-9800, "CNY", "−¥98.00"),
        (1_234_500, "CNY", "¥12,345.00"),
        (5, "CNY", "¥0.05"),
        (0, "CNY", "¥0.00"),
        (500, "JPY", "JP¥500"),
        (999, "USD", "$9.99"),
        (1234, "KWD", "KWD 1.234"),
    ],
)
def test_amounts_are_exact_with_the_sign_before_the_symbol(
    minor: int, currency: str, text: str
) -> None:
    assert money_text(minor, currency) == text


def test_times_are_in_the_markets_zone() -> None:
    at = datetime(2026, 11, 22, 12, 59, tzinfo=UTC)
    assert words("zh").moment(at) == "11-22 20:59"
    assert words("en").moment(at) == "22 Nov 20:59"
    assert words("zh").when(NOW + timedelta(hours=17)) == "明天 14:09"
    assert words("en").when(NOW - timedelta(minutes=1)) == "today 21:08"
    assert str(MARKET_ZONE) == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (134 * 60, "2 小时 14 分", "2 h 14 min"),
        (45, "45 秒", "45 s"),
        (3 * 86400 + 5, "3 天", "3 d"),
        (86400 + 3600, "1 天 1 小时", "1 d 1 h"),
    ],
)
def test_lengths_spell_their_units(seconds: int, zh: str, en: str) -> None:
    assert words("zh").span(seconds) == zh
    assert words("en").span(seconds) == en


@pytest.mark.parametrize(
    ("asked", "cookie", "accept", "lang"),
    [
        ("en", "zh", "zh", "en"),
        (None, "en", "zh", "en"),
        (None, None, "en-GB,en;q=0.9", "en"),
        (None, None, "fr;q=0.9,zh;q=0.5", "zh"),
        ("xx", "yy", "", "zh"),
        (None, None, "en;q=nonsense", "en"),
        (None, None, None, "zh"),
    ],
)
def test_the_language_is_what_the_person_asked_for(
    asked: str | None, cookie: str | None, accept: str | None, lang: str
) -> None:
    assert choose_language(asked, cookie, accept) == lang


@pytest.mark.parametrize("readers", [one for one in get_args(Audience) if one != "all"])
def test_a_value_for_other_eyes_is_said_to_be_that_and_not_to_be_unknown(readers: Audience) -> None:
    kept = ConditionView("条件", "A condition", None, "", "met", kept_for=readers)
    for lang in LANGS:
        said = words(lang).actual(kept)
        assert said == words(lang).t(f"explain.kept.{readers}")
        assert said != words(lang).value(None)
    shown = msgspec.structs.replace(kept, actual=True, kept_for="all")
    assert words("en").actual(shown) == words("en").value(True)
