"""A pack as one file: the same bytes for the same rules, and no way to hide anything in it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.policy.faults import PackRefused
from makegood.policy.pack import load_pack
from makegood.policy.packfile import MAX_FILE_BYTES, read_pack_file, read_parts, write_parts
from tests.policy.given import PACK

Change = Callable[[dict[str, Any]], object]


def content(parts: dict[str, Any], table: str = "R-13") -> Any:
    return parts["tables"][table]["nodes"][1]["content"]


def with_change(change: Change) -> bytes:
    parts = json.loads(PACK.source)
    change(parts)
    return json.dumps(parts).encode()


def test_the_digest_is_the_sha256_of_the_file_itself() -> None:
    assert hashlib.sha256(PACK.source).hexdigest() == PACK.digest


def test_export_and_import_give_the_same_bytes_and_the_same_rules() -> None:
    again = read_pack_file(PACK.source)
    assert again.source == PACK.source
    assert again.digest == load_pack().digest


def test_the_order_of_keys_and_the_spacing_do_not_matter() -> None:
    parts = json.loads(PACK.source)
    shuffled = json.dumps(dict(reversed(list(parts.items()))), ensure_ascii=True).encode()
    assert read_pack_file(shuffled).source == PACK.source


def test_the_file_is_lines_that_can_be_compared() -> None:
    parts = read_parts(PACK.source)
    content(parts)["rules"][0]["i1"] = "true"
    old, new = PACK.source.splitlines(), write_parts(parts).splitlines()
    assert len(old) == len(new)
    assert sum(1 for one, other in zip(old, new, strict=True) if one != other) == 1


def column_of(parts: dict[str, Any], table: str, field: str, side: str = "inputs") -> str:
    """The id of a table's column by the fact that it asks about."""
    return next(str(one["id"]) for one in content(parts, table)[side] if one["field"] == field)


def stage(parts: dict[str, Any]) -> Any:
    return parts["clocks"]["stages"]["decision"]


HOSTILE: list[tuple[str, Change, str]] = [
    ("a function node", lambda p: p["tables"]["R-13"]["nodes"].append(
        {"id": "f", "name": "f", "type": "functionNode", "position": {"x": 0, "y": 0}}),
     r"R-13\.json"),
    ("code as content", lambda p: p["tables"]["R-13"]["nodes"][1].update(content="() => 1"),
     r"R-13\.json"),
    ("a clock", lambda p: content(p)["rules"][0].update(i1="date('now') > 3"),
     r"R-13\.json: row 1, column supplier\.face_matches"),
    ("a random number", lambda p: content(p)["rules"][2].update(i2="rand(10) > 5"),
     r"R-13\.json: row 3"),
    ("a loop", lambda p: p["tables"]["R-13"]["edges"].append(
        {"id": "e3", "sourceId": "output", "targetId": "table", "type": "edge"}), "edges"),
    ("an unknown field", lambda p: content(p).update(script="x"), "script"),
    ("an unknown part", lambda p: p.update(scripts={}), "scripts"),
    ("another format", lambda p: p.update(makegood_pack=2), "format 2"),
    ("a version that is no number", lambda p: p["pack"].update(version="1.0-beta"), "version"),
    ("a name that leads elsewhere", lambda p: p["pack"].update(name="../x"), "named by small"),
    ("a table under another name", lambda p: p["tables"].update({"R-99": p["tables"]["R-13"]}),
     r"R-99\.json"),
    ("a collecting hit policy", lambda p: content(p).update(hitPolicy="collect"), "collect"),
    ("a column twice", lambda p: content(p)["inputs"].append(content(p)["inputs"][0]), "twice"),
    ("shares below nothing", lambda p: content(p)["rules"][0].update(o3="-100", o4="200"),
     "shares"),
    ("a lane that does not exist", lambda p: content(p, "lane")["rules"][0].update(o2="'slow'"),
     "lane"),
    ("a hole in a table of the judge's own", lambda p: content(p, "class")["rules"].pop(),
     "no row takes"),
    ("an example of another rule", lambda p: p["examples"][0].update(rule="R-07.6"),
     r"examples\.json: row R-07\.6.*lead to"),
    ("an example with an invented fact", lambda p: p["examples"][0]["facts"].update(x=True),
     "unknown fact"),
    ("an example for no reason", lambda p: p["examples"][0].update(reason="KEY99"), "KEY99"),
    ("a sentence in one language only", lambda p: p["findings"][0]["clause"].update(en=" "),
     "both languages"),
    ("a third language in a sentence", lambda p: p["findings"][0]["clause"].update(fr="x"),
     r"findings\.json: row [a-z_]+, column clause\.fr: unknown field"),
    ("a node that runs a function", lambda p: p["tables"]["R-13"]["nodes"][1].update(
        type="functionNode", content={"source": "x"}),
     r"R-13\.json: column nodes\[2\]\.type: no functionNode"),
    ("a table in a loop", lambda p: content(p).update(executionMode="loop", inputField="x"),
     r"R-13\.json: column nodes\[2\]\.content\.executionMode: .*never in a loop"),
    ("another version of JDM", lambda p: p["tables"]["R-13"].update(contentType="v2"),
     r"R-13\.json: column contentType: 'v2' is not allowed"),
    ("an unknown field of a reason", lambda p: p["reasons"][2].update(hook="x"),
     r"reasons\.json: row DLV03, column hook: unknown field"),
    ("a reason without its help", lambda p: p["reasons"][2].pop("help"),
     r"reasons\.json: row DLV03, column help: this field is missing"),
    ("a number for a condition", lambda p: content(p)["rules"][1].update(i1=5),
     r"R-13\.json: row 2, column i1: this must be of type string"),
    ("a number for a word", lambda p: p["reasons"][2].update(group=5),
     r"reasons\.json: row DLV03, column group: this must be of type string"),
    ("a share in words", lambda p: content(p)["rules"][0].update(o4="'ten'"),
     r"R-13\.json: row R-13\.1, column shares\.\w+: a share is a whole number"),
    ("a reason twice", lambda p: p["reasons"].append(p["reasons"][4]),
     r"reasons\.json: row DLV05: the id 'DLV05' is used twice"),
    ("a row's own name as a column", lambda p: content(p)["inputs"][0].update(id="_id"),
     "R-13"),
    ("a word that a column of the judge's own does not have", lambda p: content(p, "remedies")
     ["rules"][0].update({column_of(p, "remedies", "finding.kind"): "'magic'"}),
     r"remedies\.json: row remedy\.1, column finding\.kind: 'magic' is not a value"),
    ("a time limit less than nothing", lambda p: stage(p).update(default_minutes=-5),
     r"clocks\.json: row decision, column default_minutes: .*within 1"),
    ("more time in an emergency than usual", lambda p: stage(p).update(p0_minutes=9_999),
     r"clocks\.json: row decision, column p0_minutes: .*usual 1440"),
    ("an interest of a third a year", lambda p: p["pack"]["limits"].update(interest_bp=3_300),
     r"pack\.json: column limits\.interest_bp: .*within 0"),
    ("a remedy that nobody can carry out", lambda p: p["pack"]["rungs"].update(gold=1) or content(
        p, "remedies")["rules"][0].update(
            {column_of(p, "remedies", "remedies", "outputs"): "'gold'"}), "no_remedy|gold"),
    ("a reason judged by a table of the judge's own", lambda p: p["reasons"][2].update(
        table="lane"), "row DLV03: no table lane"),
    ("an opponent who does not exist", lambda p: p["reasons"][2].update(opponents=["sellr"]),
     "row DLV03: 'sellr' is not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), [one[1:] for one in HOSTILE],
                         ids=[one[0] for one in HOSTILE])  # fmt: skip
def test_what_a_pack_may_not_hold_is_refused_with_its_place(change: Change, says: str) -> None:
    with pytest.raises(PackRefused, match=says) as refused:
        read_pack_file(with_change(change))
    assert refused.value.faults[0].file


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "line|row 1"),
        (b'{"makegood_pack": 1,\n "pack": }', "row 2, column"),
        (b'{"makegood_pack": 1, "makegood_pack": 1}', "^pack file: 'makegood_pack' is written"),
        (b'{"makegood_pack":\n1, "tables": "\xd5\xe2"}', "row 2: not readable: .*UTF-8"),
        (b"[]", "not a rule pack"),
        (b'{"makegood_pack": NaN}', "NaN"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe", "not readable"),
        (b" " * (MAX_FILE_BYTES + 1), "larger than"),
        (b"x" * 10_000_000, "larger than"),
    ],
)
def test_broken_files_are_refused_not_crashed_on(raw: bytes, says: str) -> None:
    with pytest.raises(PackRefused, match=says):
        read_pack_file(raw)


NEEDED: list[tuple[str, ...]] = [
    ("clocks", "stages", "decision"),
    ("clocks", "stages", "decision_complex"),
    ("clocks", "stages", "hard_stop"),
    ("clocks", "payout_hold_days", "new_seller_extra"),
    ("words", "person_why", "no_rule"),
    ("words", "recourse", "none"),
    ("words", "values", "unknown_value"),
    ("words", "parties", "third"),
    ("pack", "wants", "compensation"),
    ("pack", "rungs", "coupon"),
    ("tables", "R-02"),
    ("tables", "lane"),
]
"""What some claim asks of its pack, some day."""


def test_a_pack_is_refused_for_everything_that_a_claim_would_ask_for_in_vain() -> None:
    def change(parts: dict[str, Any]) -> None:
        for path in NEEDED:
            held = parts
            for name in path[:-1]:
                held = held[name]
            del held[path[-1]]

    with pytest.raises(PackRefused) as refused:
        read_pack_file(with_change(change))
    absent = [f"{one.file} {one.row}" for one in refused.value.faults if one.code == "missing"]
    assert [path for path in NEEDED if not any(path[-1] in one for one in absent)] == []


def test_a_mark_of_byte_order_before_the_file_does_no_harm() -> None:
    assert read_pack_file(b"\xef\xbb\xbf" + PACK.source) is read_pack_file(PACK.source)


def test_every_row_with_a_fault_is_told_in_both_languages() -> None:
    def change(parts: dict[str, Any]) -> None:
        content(parts, "R-13")["rules"][0]["i1"] = "now()"
        content(parts, "R-13")["rules"][2]["i1"] = "rand(3)"

    with pytest.raises(PackRefused) as refused:
        read_pack_file(with_change(change))
    first, second = refused.value.faults
    assert (first.row, second.row) == ("1", "3")
    assert second.sentence("zh").startswith(
        "tables/R-13.json：第 3 行，supplier.face_matches 列：格子里只能写"
    )


def test_all_faults_of_all_tables_are_told_at_once() -> None:
    def change(parts: dict[str, Any]) -> None:
        content(parts, "R-13")["rules"][0]["i1"] = "now()"
        content(parts, "R-20")["rules"][0]["i1"] = "eval('x')"

    with pytest.raises(PackRefused) as refused:
        read_pack_file(with_change(change))
    assert [one.file for one in refused.value.faults] == ["tables/R-13.json", "tables/R-20.json"]
    assert all(one.words().zh and one.words().en for one in refused.value.faults)


@settings(max_examples=60)
@given(st.data())
def test_a_file_with_one_byte_changed_is_read_the_same_way_or_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(PACK.source) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = bytearray(PACK.source)
    changed[place] = byte
    try:
        pack = read_pack_file(bytes(changed))
    except PackRefused:
        return
    assert hashlib.sha256(pack.source).hexdigest() == pack.digest
