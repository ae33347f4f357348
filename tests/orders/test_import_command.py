"""`makegood import orders`: a file goes in, bad rows come out with their reasons."""

from pathlib import Path

import msgspec
import pytest

from makegood.cli import main
from makegood.store.database import Database
from tests.orders.making import told

KEY = bytes(range(32)).hex()


@pytest.fixture
def files(
    market: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder for files, in an environment that names the test's database."""
    (tmp_path / "vault.keys").write_text(KEY)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MAKEGOOD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MAKEGOOD_VAULT_KEYS_FILE", str(tmp_path / "vault.keys"))
    return tmp_path


def imported(file: Path, *options: str) -> int:
    return main(["import", "orders", str(file), *options])


def test_a_good_file_is_taken_whole(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = files / "orders.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(told(f"O-{n}")) for n in (1, 2)))
    first = imported(file)
    again = imported(file)
    assert (first, again) == (0, 0)
    assert capsys.readouterr().out.splitlines() == [
        "2 taken · 0 unchanged · 0 bad",
        "0 taken · 2 unchanged · 0 bad",
    ]


def test_each_bad_row_is_listed_with_its_reason(files: Path) -> None:
    file = files / "orders.ndjson"
    bad = msgspec.json.encode(told(total={"amount_minor": -1}))
    file.write_bytes(b"\n".join([msgspec.json.encode(told("O-1")), bad, b"{"]))
    assert imported(file) == 3
    listed = [
        msgspec.json.decode(line)
        for line in (files / "orders.ndjson.results.ndjson").read_bytes().splitlines()
    ]
    assert [(row["line"], row["code"]) for row in listed] == [(2, "invalid_order"), (3, "not_json")]


def test_a_csv_in_gbk_is_taken_with_a_map(files: Path) -> None:
    file = files / "导出.csv"
    text = "编号,下单时间,实收,店铺,商品编号,商品\nA-1,2026-11-20 16:00,98.00,小店,XH,星海点卡\n"
    file.write_bytes(text.encode("gbk"))
    assert imported(file, "--map", "order_no=编号,total=实收,seller_id=店铺") == 0


def test_a_map_can_be_a_file(files: Path) -> None:
    file, columns = files / "a.csv", files / "map.json"
    file.write_text("no,at,sum,sku,title\nA-1,2026-11-20 16:00,98.00,XH,card\n")
    headings = {"order_no": "no", "placed_at": "at", "total": "sum"}
    columns.write_bytes(
        msgspec.json.encode({"headings": headings, "constants": {"seller_id": "s-1"}})
    )
    assert imported(file, "--map", str(columns)) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--market", "nowhere"], "no market 'nowhere'"),
        (["--map", "colour=x"], "colour"),
        (["--map", "missing.json"], "no file missing.json"),
    ],
)
def test_trouble_is_one_clear_line(
    files: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    file = files / "orders.ndjson"
    file.write_bytes(msgspec.json.encode(told()))
    assert imported(file, *options) == 1
    assert words in capsys.readouterr().err


def test_a_missing_file_is_one_clear_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(files / "none.csv") == 1
    assert "there is no file" in capsys.readouterr().err


def test_a_csv_without_a_needed_column_says_which(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = files / "a.csv"
    file.write_text("a,b\n1,2\n")
    assert imported(file) == 1
    assert "order_no" in capsys.readouterr().err


def test_only_bad_rows_leave_a_result_file(files: Path) -> None:
    file = files / "orders.ndjson"
    file.write_bytes(msgspec.json.encode(told("O-1")))
    assert imported(file) == 0
    assert not (files / "orders.ndjson.results.ndjson").exists()


def test_the_market_of_the_settings_is_the_one_imported_to(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = files / "orders.ndjson"
    file.write_bytes(msgspec.json.encode(told("O-1")))
    monkeypatch.setenv("MAKEGOOD_MARKET", "other")
    assert imported(file) == 1
    assert "there is no market 'other'" in capsys.readouterr().err
    assert imported(file, "--market", "main") == 0


def test_a_map_with_a_misspelt_part_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, wrong = files / "orders.csv", files / "map.json"
    file.write_text("订单号\nA-1\n", "utf-8")
    wrong.write_text('{"heading": {"order_no": "订单号"}}', "utf-8")
    assert imported(file, "--map", str(wrong)) == 1
    assert "unknown field `heading`" in capsys.readouterr().err


def test_what_is_no_file_is_one_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(files / "nothing.csv") == 1
    assert imported(files) == 1
    missing, folder = capsys.readouterr().err.splitlines()
    assert missing == f"makegood: there is no file {files / 'nothing.csv'}"
    assert folder == f"makegood: {files} cannot be used: Is a directory"
