"""A demo stopped while it was filled starts from nothing, and no other folder ever does."""

from pathlib import Path

from makegood.demo.tree import begin_filling, end_filling


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_past_that_was_left_halfway_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "makegood.toml").write_text("port = 8001\n")
    begin_filling(tmp_path)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres.log").touch()
    begin_filling(tmp_path)
    assert _names(tmp_path) == {"makegood.toml", "demo"}
    assert (tmp_path / "makegood.toml").read_text() == "port = 8001\n"


def test_a_whole_past_is_kept(tmp_path: Path) -> None:
    begin_filling(tmp_path)
    (tmp_path / "postgres").mkdir()
    end_filling(tmp_path)
    begin_filling(tmp_path)
    assert _names(tmp_path) == {"demo", "postgres"}


def test_what_the_demo_has_not_made_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    begin_filling(tmp_path)
    begin_filling(tmp_path)
    assert _names(tmp_path) == {"keys"}
