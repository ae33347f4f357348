"""`makegood backtest` on files alone: the shipped sample, and wrong rows by line and column."""

import json
from pathlib import Path

import pytest

from makegood.cli import main
from makegood.policy.pack import load_pack

SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "backtest"
ORDERS, CLAIMS = str(SAMPLE / "orders.csv"), str(SAMPLE / "claims.csv")


def test_the_sample_runs_against_its_own_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    assert main(["backtest", "default", ORDERS, CLAIMS, "--json", str(figures)]) == 0
    said = capsys.readouterr().out
    assert "default@1 against history" in said
    assert "hours saved at 10 minutes each (assumed)" in said
    told = json.loads(figures.read_text())
    assert told["claims"] == 122
    assert sum(party["delta_minor"] for party in told["parties"]) == 0


def test_one_changed_table_is_laid_over_the_rules_in_force(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = str(SAMPLE / "R-07.json")
    assert main(["backtest", table, ORDERS, CLAIMS, "--in-force", "default"]) == 0
    said = capsys.readouterr().out
    assert "default@2 against default@1" in said
    assert "-823.20" in said


def test_json_lines_are_read_like_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claims = tmp_path / "claims.jsonl"
    row = {
        "claim_no": "C1",
        "order_no": "A2609010001",
        "reason": "KEY01",
        "opened_at": "2026-09-02T10:00:00+08:00",
        "supplier.status": "invalid",
    }
    claims.write_text(json.dumps(row) + "\n")
    assert main(["backtest", "default", ORDERS, str(claims)]) == 0
    assert "person.open → machine.refund" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("C1,A9,KEY01,2026-09-02,", "line 2, column order_no: no such order"),
        ("C1,A2609010001,KEY01,yesterday,", "line 2, column opened_at: not a time"),
        ("C1,A2609010001,KEY01,2026-09-02,blue", "line 2, column supplier.status: one of valid"),
        (",A2609010001,KEY01,2026-09-02,", "line 2, column claim_no: is empty"),
    ],
)
def test_a_wrong_row_is_told_by_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, place: str
) -> None:
    claims = tmp_path / "claims.csv"
    good = "C0,A2609010001,KEY01,2026-09-02 10:00,invalid"
    head = "claim_no,order_no,reason,opened_at,supplier.status"
    claims.write_text(f"{head}\n{row}\n{good}\n")
    assert main(["backtest", "default", ORDERS, str(claims)]) == 3
    assert place in capsys.readouterr().err


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ("claim_no,order_no,reason", "line 1: no column opened_at"),
        ("claim_no,order_no,reason,opened_at,mood", "line 1, column mood: neither"),
        (
            "claim_no,order_no,reason,opened_at,supplier.status@buyer",
            "column supplier.status@buyer: may be stated by",
        ),
    ],
)
def test_a_wrong_heading_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], head: str, place: str
) -> None:
    claims = tmp_path / "claims.csv"
    claims.write_text(f"{head}\n")
    assert main(["backtest", "default", ORDERS, str(claims)]) == 1
    assert place in capsys.readouterr().err


@pytest.mark.parametrize("rules", ["no-such-file", "README.md"])
def test_rules_that_are_none_are_refused(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", rules, ORDERS, CLAIMS]) == 1
    assert rules in capsys.readouterr().err


def one_table(folder: Path, **cells: str) -> str:
    """The shipped table R-07 with other cells in its third row, as a file of its own."""
    table = json.loads(load_pack().source)["tables"]["R-07"]
    table["nodes"][1]["content"]["rules"][2].update(cells)
    path = folder / "R-07.json"
    path.write_text(json.dumps(table))
    return str(path)


def test_a_table_that_hides_a_clock_is_refused_by_row_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert main(["backtest", one_table(tmp_path, i1="> date('now')"), ORDERS, CLAIMS]) == 1
    assert "tables/R-07.json: row 3, column key.sold_twice: not allowed" in capsys.readouterr().err
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["backtest", one_table(tmp_path, i1="> date('now')"), ORDERS, CLAIMS]) == 1
    assert "第 3 行，key.sold_twice 列" in capsys.readouterr().err


def test_a_changed_table_need_not_lead_to_the_written_examples_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = one_table(tmp_path, i3="'not_found'")
    assert main(["backtest", table, ORDERS, CLAIMS, "--in-force", "default"]) == 0
    assert "default@2 against default@1" in capsys.readouterr().out
