"""The pack: whole for every reason, and refusing whatever a pack may not hold."""

import json
import re
import shutil
from pathlib import Path

import pytest

from makegood.policy.check import liability_tables, problems
from makegood.policy.document import reasons_document
from makegood.policy.jdm import read_table
from makegood.policy.pack import PACKS, PackRefused, load_pack
from makegood.policy.vocabulary import FACTS
from tests.policy.given import PACK

TAXONOMY = [
    *(f"DLV0{number}" for number in range(1, 7)),
    *(f"KEY0{number}" for number in range(1, 9)),
    *(f"SND0{number}" for number in range(1, 6)),
    *(f"ACC0{number}" for number in range(1, 9)),
    *(f"MBR0{number}" for number in range(1, 5)),
    *(f"PAY0{number}" for number in range(1, 6)),
    *(f"SRV0{number}" for number in range(1, 5)),
    *(f"SEC0{number}" for number in range(1, 6)),
    *(f"CHG0{number}" for number in range(1, 3)),
]
WHOLE = json.loads((PACKS / "default" / "tables" / "R-13.json").read_text("utf-8"))


def test_the_taxonomy_is_complete_and_closed() -> None:
    assert list(PACK.reasons) == TAXONOMY


@pytest.mark.parametrize("code", TAXONOMY)
def test_every_reason_has_slots_findings_remedies_and_a_default(code: str) -> None:
    reason = PACK.reasons[code]
    assert PACK.template(code, "buyer")
    assert PACK.template(code, "seller")
    assert PACK.template(code, "system")
    rows = PACK.tables[reason.table].rows
    kinds = {PACK.findings[str(row.outcome["finding"])].kind for row in rows}
    remedies = PACK.tables["remedies"]
    offered = {remedies.decide([kind, *[None] * 7]) for kind in kinds}
    assert rows
    assert None not in offered
    assert PACK.words.default_clause.zh
    assert reason.burden in ("buyer", "seller", "platform")
    assert reason.question.zh.endswith("？")
    assert reason.question.en.endswith("?")


def test_every_finding_can_be_reached_by_a_rule_or_is_a_persons() -> None:
    reached = {
        str(row.outcome["finding"]) for table in liability_tables(PACK) for row in table.rows
    }
    by_person = {"burden_seller", "burden_buyer", "goodwill", "settled"}
    assert set(PACK.findings) - reached <= by_person


def test_every_fact_has_both_languages_and_a_source() -> None:
    for spec in FACTS.values():
        assert re.search("[\u4e00-\u9fff]", spec.zh), spec.name
        assert spec.en.isascii(), spec.name
        assert spec.sources, spec.name
        assert (spec.kind == "word") == bool(spec.words), spec.name


def test_sentences_blame_nobody_and_are_short() -> None:
    for finding in PACK.findings.values():
        assert len(finding.for_buyer.zh) <= 60, finding.code
        fact, _, _ = finding.for_seller.zh.partition("。")
        assert "您" not in fact, finding.code
        assert "恶意" not in finding.for_buyer.zh, finding.code
        assert "!" not in finding.for_buyer.en, finding.code


def test_the_shipped_pack_has_no_problems() -> None:
    assert problems(PACK) == []


def test_the_same_pack_is_compiled_once_and_its_digest_is_of_its_bytes() -> None:
    assert load_pack() is load_pack("default")
    assert re.fullmatch("[0-9a-f]{64}", PACK.digest)


def test_the_document_names_every_reason_slot_finding_and_remedy() -> None:
    text = reasons_document(PACK)
    for code in TAXONOMY:
        assert f"### {code} " in text
    assert "R-07.3" in text


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("$ > date('now')", "clock"),
        ("rand(10) > 5", "random"),
        ("supplier.status == 'x' or true", "expression"),
        ("some(list, # > 1)", "loop"),
        ("`${x}`", "template"),
        ("1; 2", "code"),
        ("'a' , 'b' and true", "mixed"),
    ],
)
def test_a_cell_outside_the_allow_list_is_refused_with_row_and_column(cell: str, why: str) -> None:
    table = json.loads(json.dumps(WHOLE))
    table["nodes"][1]["content"]["rules"][1]["i1"] = cell
    with pytest.raises(PackRefused, match=r"row 2, column supplier\.face_matches"):
        read_table(json.dumps(table).encode(), f"{why}.json")


def _with_node(kind: str) -> dict[str, object]:
    table = json.loads(json.dumps(WHOLE))
    table["nodes"].append(
        {"id": "f", "name": "f", "type": kind, "position": {"x": 0, "y": 0}, "content": "x"}
    )
    return dict(table)


@pytest.mark.parametrize("kind", ["functionNode", "decisionNode", "expressionNode", "switchNode"])
def test_only_a_decision_table_node_passes(kind: str) -> None:
    with pytest.raises(PackRefused):
        read_table(json.dumps(_with_node(kind)).encode(), "bad.json")


def test_a_loop_between_nodes_is_refused() -> None:
    table = json.loads(json.dumps(WHOLE))
    table["edges"].append({"id": "e3", "sourceId": "table", "targetId": "table", "type": "edge"})
    with pytest.raises(PackRefused, match="edges"):
        read_table(json.dumps(table).encode(), "loop.json")


def test_an_unknown_field_is_refused() -> None:
    table = json.loads(json.dumps(WHOLE))
    table["nodes"][1]["content"]["script"] = "x"
    with pytest.raises(PackRefused, match="script"):
        read_table(json.dumps(table).encode(), "field.json")


def test_a_table_over_one_megabyte_is_refused() -> None:
    with pytest.raises(PackRefused, match="larger"):
        read_table(b" " * 1_000_001, "big.json")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[]", b"[" * 5_000, b'{"nodes": 1}'])
def test_broken_files_are_refused_not_crashed_on(raw: bytes) -> None:
    with pytest.raises(PackRefused):
        read_table(raw, "broken.json")


def _copy(folder: Path) -> Path:
    shutil.copytree(PACKS / "default", folder / "pack")
    return folder / "pack"


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("tables/R-13.json", '"field": "supplier.face_matches"', '"field": "buyer.tier"', "tier"),
        ("tables/R-13.json", '"o5": "100"', '"o5": "90"', "sum to 90"),
        ("tables/R-13.json", "'wrong_value_supplier'", "'nonsense'", "nonsense"),
        ("tables/R-13.json", "'yes'", "'maybe'", "machine"),
        ("tables/R-07.json", "\"'invalid'\"", "\"'broken'\"", "broken"),
        ("reasons.json", '"table": "R-13"', '"table": "R-99"', "R-99"),
        ("reasons.json", '"slot": "error_screen"', '"slot": "palm_reading"', "palm_reading"),
        ("findings.json", '"recourse": "none"', '"recourse": "duel"', "duel"),
        ("slots.json", '"target.sent_as_typed"', '"buyer.star_sign"', "star_sign"),
        ("tables/remedies.json", "refund_full,coupon", "gold_bars", "gold_bars"),
        ("pack.json", '"format": 1', '"format": 2', "pack.json"),
        ("clocks.json", '"stages"', '"steps"', "clocks.json"),
    ],
)
def test_a_broken_pack_is_refused_with_its_place(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    pack = _copy(tmp_path)
    _edit(pack / file, old, new)
    with pytest.raises(PackRefused, match=says):
        load_pack(pack)


def test_a_missing_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackRefused, match=r"no pack\.json"):
        load_pack(tmp_path)


def test_a_changed_folder_is_another_pack(tmp_path: Path) -> None:
    pack = _copy(tmp_path)
    before = load_pack(pack).digest
    _edit(pack / "pack.json", '"version": "1"', '"version": "2"')
    assert load_pack(pack).digest != before


def test_the_page_in_the_manual_is_the_pack_in_force() -> None:
    page = Path(__file__).parents[2] / "docs" / "reasons.md"
    assert page.read_text("utf-8") == reasons_document(PACK), "run python -m tools.write_reasons"
