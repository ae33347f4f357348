"""While the demo is being filled, its address tells how far it is, and later serves the site."""

import io
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from makegood.demo.progress import Telling
from makegood.demo.tree import progress_command, progress_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the filling tells how far it is."""
    path = progress_file(tmp_path)
    path.parent.mkdir()
    return path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """The socket that the process tree keeps over all of its programs."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def address(tmp_path: Path, file: Path, listener: socket.socket) -> Iterator[str]:
    """Where the page answers."""
    handle = listener.fileno()
    program = subprocess.Popen(
        [sys.executable, "-m", *progress_command(tmp_path, handle)], pass_fds=(handle,)
    )
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    program.send_signal(signal.SIGTERM)
    program.wait(60)


def test_the_page_says_how_far_it_is_in_the_readers_language(file: Path, address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as reader:
        nothing = reader.get("/")
        telling = Telling(file, console=Console(file=io.StringIO()))
        bar = telling.add_task("claims", total=600, step="claims")
        telling.advance(bar, 42)

        chinese = reader.get("/any/page")
        english = reader.get("/", headers={"accept-language": "en"})

    assert "<dt" not in nothing.text
    assert ("售后单" in chinese.text, "42 / 600" in chinese.text) == (True, True)
    assert ("Claims" in english.text, "42 / 600" in english.text) == (True, True)
    assert 'http-equiv="refresh"' in english.text


def test_no_program_takes_the_page_for_the_site(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as program:
        for method, path in (("GET", "/ready"), ("POST", "/api/v1/claims"), ("PUT", "/x")):
            answer = program.request(method, path)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0


def test_the_socket_stays_open_for_the_site(
    tmp_path: Path, file: Path, listener: socket.socket
) -> None:
    command = [sys.executable, "-m", *progress_command(tmp_path, listener.fileno())]
    with subprocess.Popen(command, pass_fds=(listener.fileno(),)) as program:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        httpx.get(address, trust_env=False, timeout=60)
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
    with socket.create_connection(listener.getsockname()), listener.accept()[0]:
        pass
