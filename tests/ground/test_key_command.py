"""`makegood key` and `makegood prepare`: what an operator does before the first request."""

from pathlib import Path

import pytest

from makegood.cli import main


@pytest.fixture
def on_database(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MAKEGOOD_DATA", str(tmp_path))
    monkeypatch.setenv("MAKEGOOD_VAULT_KEYS", "ab" * 32)
    return monkeypatch


def test_the_first_start_prints_a_link_and_the_next_one_a_new_link(
    on_database: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare"]) == 0
    first = capsys.readouterr().out
    assert main(["prepare"]) == 0
    second = capsys.readouterr().out
    assert "Set up your market (this link works once): http://127.0.0.1:8000/" in first
    assert "http://127.0.0.1:8000/" in second
    assert first != second


def test_a_key_is_printed_once_listed_and_revoked(
    on_database: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["prepare"])
    capsys.readouterr()
    assert main(["key", "create", "--role", "market", "--name", "shop"]) == 0
    token = capsys.readouterr().out.strip()
    assert token.startswith("mg_")
    assert main(["key", "list"]) == 0
    listed = capsys.readouterr().out
    assert "live" in listed
    assert "shop" in listed
    assert token not in listed
    assert main(["key", "revoke", listed.split()[0]]) == 0
    assert main(["key", "revoke", "no-such-key"]) == 1


def test_a_key_needs_a_market_and_a_known_seller(
    on_database: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "create", "--role", "market"]) == 1
    assert "there is no market 'main'" in capsys.readouterr().err
    main(["prepare"])
    assert main(["key", "create", "--role", "seller", "--seller", "s-9"]) == 1


def test_keys_of_another_install_do_not_start(
    on_database: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["prepare"])
    on_database.setenv("MAKEGOOD_VAULT_KEYS", "cd" * 32)
    assert main(["prepare"]) == 1
    assert "the vault keys are not those this database was made with" in capsys.readouterr().err
