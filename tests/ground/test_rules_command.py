"""`makegood rules`: a pack checked from the shell, taken out, and brought back as a draft."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from makegood.cli import main
from makegood.policy.draft.model import Draft
from makegood.policy.draft.store import load_draft
from makegood.policy.pack import load_pack
from makegood.policy.packfile import read_parts, write_parts
from makegood.store.database import connect


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell speaks English unless a test says otherwise, wherever the tests run."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def pack_file(folder: Path, change: Any) -> str:
    """The shipped pack with a change, as a file."""
    parts = read_parts(load_pack().source)
    change(parts)
    path = folder / "pack.json"
    path.write_bytes(write_parts(parts))
    return str(path)


def rows_of(parts: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows of a table's document."""
    [content] = [n["content"] for n in parts["tables"][table]["nodes"] if n.get("content")]
    rows: list[dict[str, Any]] = content["rules"]
    return rows


def test_the_shipped_rules_pass_and_say_how_many_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "check", "default"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("default@1: 47 reasons")
    assert load_pack().digest in said


def test_faults_are_told_by_file_row_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(parts: dict[str, Any]) -> None:
        rows_of(parts, "R-07")[2]["i1"] = "now() > 3"

    assert main(["rules", "check", pack_file(tmp_path, change)]) == 3
    said = capsys.readouterr().err
    assert "tables/R-07.json: row 3, column key.sold_twice: not allowed" in said
    assert "now() > 3" in said
    assert "not a usable pack" in said


def test_a_chinese_shell_is_told_in_chinese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(parts: dict[str, Any]) -> None:
        rows_of(parts, "R-07")[2]["i1"] = "now() > 3"

    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["rules", "check", pack_file(tmp_path, change)]) == 3
    said = capsys.readouterr().err
    assert "tables/R-07.json：第 3 行，key.sold_twice 列：格子里只能写" in said
    assert "1 处错误，不能用作规则包" in said


def test_a_broken_file_names_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pack.json"
    path.write_text('{"makegood_pack": 1,\n "pack": }')
    assert main(["rules", "check", str(path)]) == 3
    assert "row 2, column 10" in capsys.readouterr().err
    assert main(["rules", "check", str(tmp_path / "none.json")]) == 1


def test_what_a_review_would_not_pass_has_a_status_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(parts: dict[str, Any]) -> None:
        parts["findings"][0]["clause"]["zh"] = "本商品一经售出概不退换。"
        rows = rows_of(parts, "R-04")
        rows.append({**rows[0], "_id": "R-04.90", "o1": "'R-04.90'"})

    assert main(["rules", "check", pack_file(tmp_path, change)]) == 4
    said = capsys.readouterr().out
    assert "void in law" in said
    assert "row R-04.90: never reached" in said


@pytest.fixture
def market(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A market with an operator and an agent."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MAKEGOOD_DATA", str(tmp_path))
    monkeypatch.setenv("MAKEGOOD_VAULT_KEYS", "ab" * 32)
    assert main(["prepare"]) == 0
    asyncio.run(_hire(database_url))
    return database_url


async def _hire(url: str) -> None:
    conn = await connect(url)
    for name, role in (("fang", "operator"), ("xu", "agent")):
        await conn.execute(
            """
            insert into account (market_id, account_id, sign_in_name, display_name, role,
                                 created_at)
            values ('main', $1, $1, $1, $2, now())
            """,
            name,
            role,
        )
    await conn.close()


def test_a_version_goes_out_as_the_bytes_that_its_digest_names(
    market: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main(["rules", "export", "--out", str(out)]) == 0
    assert hashlib.sha256(out.read_bytes()).hexdigest() == load_pack().digest
    assert main(["rules", "export", "default@9"]) == 1
    assert "default@9 was never published" in capsys.readouterr().err


def test_a_pack_comes_back_as_the_draft_of_somebody_who_may_edit_rules(
    market: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = pack_file(tmp_path, lambda parts: rows_of(parts, "R-04").reverse())
    for stranger in ("xu", "nobody"):
        assert main(["rules", "import", file, "--author", stranger]) == 1
    assert "no account of 'main' that may edit rules" in capsys.readouterr().err

    assert main(["rules", "import", file, "--author", "fang", "--title", "换个次序"]) == 0

    [place] = [word for word in capsys.readouterr().out.split() if word.startswith("/ops/")]
    draft = asyncio.run(_draft(market, place.rpartition("/")[2]))
    assert (draft.author_id, draft.title, draft.state) == ("fang", "换个次序", "editing")
    assert draft.base_version == 1


async def _draft(url: str, draft_id: str) -> Draft:
    conn = await connect(url)
    found = await load_draft(conn, "main", draft_id)
    await conn.close()
    assert found is not None, draft_id
    return found
