"""Settings come from the environment and one file, and every problem is told at once."""

from pathlib import Path

import pytest

from makegood.settings import WrongSettings, load_settings, settings_table, to_environment

ROOT = Path(__file__).parents[2]


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load_settings({"MAKEGOOD_DATA": str(tmp_path)})
    assert settings.folder == tmp_path
    assert settings.address == "http://127.0.0.1:8000"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "makegood.toml").write_text('port = 9000\nmail_from = "care@example.com"\n')
    given = {"MAKEGOOD_DATA": str(tmp_path), "MAKEGOOD_PORT": "9001", "HOME": "/root"}
    settings = load_settings(given)
    assert (settings.port, settings.mail_from) == (9001, "care@example.com")


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtp://care:hunter2@mail.example.com:587\n")
    settings = load_settings({"MAKEGOOD_SMTP_URL_FILE": str(tmp_path / "smtp")})
    assert settings.smtp_url.endswith(":587")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "makegood.toml").write_text("colour = 1\n")
    with pytest.raises(WrongSettings) as wrong:
        load_settings(
            {
                "MAKEGOOD_DATA": str(tmp_path),
                "MAKEGOOD_PORT": "abc",
                "MAKEGOOD_PROT": "1",
                "MAKEGOOD_METRICS_KEY_FILE": "/nowhere",
                "DATABASE_URL": "mysql://root:hunter2@db/x",
            }
        )
    told = "\n".join(wrong.value.problems)
    assert len(wrong.value.problems) == 5
    assert "MAKEGOOD_PROT; did you mean MAKEGOOD_PORT?" in told
    assert "unknown setting colour" in told
    assert "/nowhere" in told
    assert "hunter2" not in told


def test_a_value_of_the_wrong_form_is_told_in_words() -> None:
    with pytest.raises(WrongSettings) as wrong:
        load_settings({"MAKEGOOD_SMTP_URL": "mail.example.com:hunter2", "MAKEGOOD_MAIL_FROM": "me"})
    sender, smtp = wrong.value.problems
    assert smtp.startswith("MAKEGOOD_SMTP_URL: this does not fit. Mail server: smtp://")
    assert sender == "MAKEGOOD_MAIL_FROM: this does not fit. Sender of all mails."
    assert "hunter2" not in smtp


def test_a_named_file_must_be_there() -> None:
    with pytest.raises(WrongSettings, match="there is no file /nowhere"):
        load_settings({"MAKEGOOD_CONFIG": "/nowhere"})


def test_a_child_process_reads_back_what_its_parent_had(tmp_path: Path) -> None:
    given = {"MAKEGOOD_DATA": str(tmp_path), "MAKEGOOD_DEMO": "true", "MAKEGOOD_WEB_PROCESSES": "2"}
    settings = load_settings(given)
    assert load_settings(to_environment(settings)) == settings


def test_the_manual_shows_every_setting() -> None:
    manual = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert settings_table() in manual
