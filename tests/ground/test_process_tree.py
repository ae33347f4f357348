"""One tree of processes: it heals itself, stops cleanly, and nothing of it ever stays behind."""

import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ground.tree import Tree, eventually, still_running
from tests.slowness import slowness


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One data folder for the whole file, so that only the first start makes a database."""
    path = Path(tempfile.mkdtemp(prefix="mg-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def tree(folder: Path) -> Iterator[Tree]:
    tree = Tree(folder)
    try:
        tree.wait_until_serving()
        yield tree
    finally:
        tree.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_everything_cleanly(tree: Tree, number: signal.Signals) -> None:
    family = list(tree.all_processes().values())
    assert len(family) > 4
    assert tree.end(number) == 0
    assert still_running(family) == []


def test_killing_the_supervisor_ends_everything(tree: Tree) -> None:
    family = list(tree.all_processes().values())
    tree.process.kill()
    assert still_running(family) == []


@pytest.mark.parametrize("name", ["web", "work", "postgres"])
def test_a_killed_process_comes_back_and_a_stop_leaves_nothing(tree: Tree, name: str) -> None:
    before = tree.all_processes()
    killed = tree.find(name)
    killed.kill()
    tree.wait_for("started again")
    assert eventually(tree.is_ready)
    assert eventually(lambda: bool(tree.pids(name) - {killed.pid}))
    family = list((before | tree.all_processes()).values())
    assert tree.end() == 0
    assert still_running(family) == []


def test_the_second_start_is_quick(folder: Path, tree: Tree) -> None:
    tree.end()
    # The best of five, and on a slow or busy machine as much longer as known work takes.
    assert any(seconds_to_start(folder) < 5 * slowness() for _ in range(5))


def seconds_to_start(folder: Path) -> float:
    """From the command to the printed address, which is printed when the site is ready."""
    began = time.monotonic()
    tree = Tree(folder)
    try:
        tree.wait_until_serving()
        return time.monotonic() - began
    finally:
        tree.end()


def test_a_taken_port_is_one_clear_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        tree = Tree(folder, "--port", str(port))
        tree.wait_for(f"port {port} is taken: choose another one with --port")
        assert tree.status() == 1


def test_two_of_them_cannot_share_a_folder(folder: Path, tree: Tree) -> None:
    second = Tree(folder)
    second.wait_for("already works in")
    assert second.status() == 1
    assert tree.is_ready()


def test_a_database_that_is_down_is_one_clear_line(tmp_path: Path) -> None:
    tree = Tree(tmp_path, DATABASE_URL="postgresql://makegood:hunter2@127.0.0.1:1/makegood")
    line = tree.wait_for("does not answer")
    assert "start it, or correct DATABASE_URL" in line
    assert "hunter2" not in line
    assert tree.status() == 1


def test_lost_keys_are_never_replaced_by_new_ones(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/PG_VERSION").write_text("15\n")
    tree = Tree(tmp_path)
    tree.wait_for("put it back from your backup")
    assert tree.status() == 1
    assert not (tmp_path / "keys").exists()


def test_the_demo_refuses_to_be_reachable_from_elsewhere(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "--demo", "--host", "0.0.0.0")
    tree.wait_for("--demo works on this machine only")
    assert tree.status() == 1
