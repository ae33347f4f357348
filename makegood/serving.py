"""The process tree: one supervisor that starts the database, web and worker, and ends them all.

The supervisor alone listens on the port, so a web process that is started again finds the
connections that came meanwhile. Every child dies with it, kill -9 included (see
`store.launch`), and every child that ends while it should not is started again.
"""

import contextlib
import errno
import http.client
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from makegood.base.trouble import CannotRun
from makegood.commands.frame import embedded_server
from makegood.keyfile import ensure_keys
from makegood.settings import Settings, to_environment
from makegood.store import launch
from makegood.store.postgres import EmbeddedPostgres, running_server

SMALLEST_FREE_BYTES = 200 * 1024 * 1024
DEMO_BYTES = 400 * 1024 * 1024
"""What a demo writes before its page opens, with room to spare."""
READY_SECONDS = 60.0
STOP_SECONDS = 8.0
NO_ADDRESS = (
    "Before the first order set MAKEGOOD_PUBLIC_URL to the address that buyers type: the record "
    "keeps its name for ever"
)
NO_MAIL = (
    "no mail server is set, so mails wait, three days at most. Claims, decisions and refunds go "
    "on; buyers prove themselves with the query password or the shop's own link. Set "
    "MAKEGOOD_SMTP_URL and start again"
)
_LOOK_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
_HEALTHY_SECONDS = 10.0
_BACKLOG = 2048
_STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One child of the tree: its name in messages, and how it is started."""

    name: str
    command: list[str]
    pass_fds: tuple[int, ...] = ()
    log: Path | None = None
    """Where its words go; None shows them."""


class Child:
    """A program that runs, and is started again when it ends by itself."""

    def __init__(self, program: Program, environment: dict[str, str]) -> None:
        self.program = program
        self._environment = environment
        self._pause_seconds = 0.0
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it as a child that dies with us."""
        self._started_at = time.monotonic()
        with _opened(self.program.log) as words:
            self._process = subprocess.Popen(
                launch.launched(self.program.command, signal.SIGKILL),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                env=self._environment,
                pass_fds=self.program.pass_fds,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether it runs no longer."""
        return self._process is None or self._process.poll() is not None

    def restart_when_due(self) -> None:
        """Start an ended program again, after a pause that grows while it keeps ending."""
        lived = time.monotonic() - self._started_at
        if lived < self._pause_seconds:
            return
        quick = lived < _HEALTHY_SECONDS + self._pause_seconds
        longer = max(2 * self._pause_seconds, 0.2) if quick else 0.0
        self._pause_seconds = min(longer, _LONGEST_PAUSE_SECONDS)
        _say(f"{self.program.name} ended unexpectedly and is started again")
        self.start()

    def ask_to_stop(self) -> None:
        """SIGTERM, if it still runs."""
        if self._process is not None and not self.ended:
            self._process.terminate()

    def stop_by(self, at: float) -> None:
        """Wait until the monotonic time `at`, then kill."""
        if self._process is None:
            return
        try:
            self._process.wait(max(at - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    with log.open("ab") as file:
        yield file


def serve(settings: Settings) -> int:
    """Run everything until a stop signal; answers the exit status."""
    with _held_back_signals(), _listening_socket(settings) as listener:
        settings = msgspec.structs.replace(settings, port=listener.getsockname()[1])
        check_loopback(settings)
        _make_folder(settings)
        _begin_demo(settings)
        with _database(settings) as (database, url):
            settings = _full(settings, url)
            environment = {**os.environ, **to_environment(settings)}
            _run_once("prepare", [sys.executable, "-m", "makegood", "prepare"], environment)
            outside = [Child(one, environment) for one in _outside_world(settings)]
            with _running(outside):
                if settings.demo:
                    _fill_demo(settings, listener, environment)
                ours = [Child(one, environment) for one in _programs(settings, listener)]
                with _running(ours):
                    return _tend(settings, database, [*outside, *ours])


def _begin_demo(settings: Settings) -> None:
    """A demo that was stopped while it was filled starts from nothing."""
    if settings.demo and not settings.database_url:
        from makegood.demo.tree import begin_filling

        if begin_filling(settings.folder):
            free = shutil.disk_usage(settings.folder).free
            check_free_space(free, str(settings.folder), DEMO_BYTES)


def _fill_demo(settings: Settings, listener: socket.socket, environment: dict[str, str]) -> None:
    """Once for each data folder; meanwhile the site's address shows how far it is."""
    from makegood.demo.tree import end_filling, progress_command

    handle = listener.fileno()
    command = [sys.executable, "-m", *progress_command(settings.folder, handle)]
    page = Program(name="progress", command=command, pass_fds=(handle,))
    with _running([Child(page, environment)]):
        _run_once("demo", [sys.executable, "-m", "makegood.demo"], environment)
    end_filling(settings.folder)


def _full(settings: Settings, url: str) -> Settings:
    """The settings that children get: nothing is left for them to find out."""
    full = msgspec.structs.replace(settings, database_url=url, data=str(settings.folder))
    if not settings.demo:
        return full
    from makegood.demo.tree import demo_settings

    return demo_settings(full)


def check_loopback(settings: Settings) -> None:
    """The demo has open accounts, so it must not be reachable from elsewhere."""
    if settings.demo and not _is_loopback(settings.host):
        raise CannotRun("--demo works on this machine only: leave --host at 127.0.0.1")


def check_free_space(free_bytes: int, folder: str, needed_bytes: int = SMALLEST_FREE_BYTES) -> None:
    """Refuse to start on a disk that is about to be full."""
    if free_bytes < needed_bytes:
        raise CannotRun(
            f"the disk of {folder} is full ({free_bytes // 1024**2} MB left, "
            f"{needed_bytes // 1024**2} MB needed): free some space and start again"
        )


def _programs(settings: Settings, listener: socket.socket) -> list[Program]:
    handle = listener.fileno()
    web = [sys.executable, "-m", "makegood.processes", "web", str(handle)]
    work = [sys.executable, "-m", "makegood.processes", "work"]
    programs = [
        Program(name=f"web {number + 1}", command=web, pass_fds=(handle,))
        for number in range(settings.web_processes)
    ]
    programs += [
        Program(name=f"worker {number + 1}", command=work)
        for number in range(settings.worker_processes)
    ]
    return programs


def _outside_world(settings: Settings) -> list[Program]:
    """In the demo: a payment gateway, a supplier and a mailbox, invented but separate."""
    if not settings.demo:
        return []
    from makegood.demo.tree import commands

    logs = settings.folder / "demo"
    return [
        Program(name=name, command=[sys.executable, "-m", *command], log=logs / f"{name}.log")
        for name, command in commands(settings.folder, settings.market).items()
    ]


@contextlib.contextmanager
def _running(children: Sequence[Child]) -> Iterator[None]:
    """Start them all; at the end ask all to stop, wait, and kill what does not."""
    try:
        for child in children:
            child.start()
        yield
    finally:
        for child in children:
            child.ask_to_stop()
        at = time.monotonic() + STOP_SECONDS
        for child in children:
            child.stop_by(at)


def _tend(settings: Settings, database: EmbeddedPostgres | None, children: Sequence[Child]) -> int:
    """Say when the site can be used, then keep everything alive until a stop signal."""
    if not _wait_until_ready(settings, children):
        return 0
    print(f"Makegood is at {settings.address}", flush=True)
    if not settings.public_url and not settings.demo:
        _say(f"links and the public record are named {settings.address}. {NO_ADDRESS}")
    if not settings.smtp_url:
        _say(NO_MAIL)
    while not _stop_signal_within(_LOOK_SECONDS):
        _revive(database, children)
    return 0


def _revive(database: EmbeddedPostgres | None, children: Sequence[Child]) -> None:
    if database is not None and database.pid is None:
        _say("the database ended unexpectedly and is started again")
        database.start()
    for child in children:
        if child.ended:
            child.restart_when_due()


def _wait_until_ready(settings: Settings, children: Sequence[Child]) -> bool:
    """False when a stop signal came first; a child that cannot start at all ends everything."""
    give_up_at = time.monotonic() + READY_SECONDS
    while not _is_ready(settings):
        if _stop_signal_within(0.05):
            return False
        for child in children:
            if child.ended:
                raise CannotRun(f"{child.program.name} could not start: see the lines above")
        if time.monotonic() > give_up_at:
            raise CannotRun(f"not ready after {READY_SECONDS:.0f} s: see the lines above")
    return True


def _is_ready(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host
    asking = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        asking.request("GET", "/ready")
        return asking.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[tuple[EmbeddedPostgres | None, str]]:
    """The configured database, or the embedded one for as long as we run."""
    if settings.database_url:
        ensure_keys(settings, data_exists=False)
        yield None, settings.database_url
        return
    with embedded_server(settings) as server:
        yield server, server.url


def _make_folder(settings: Settings) -> None:
    settings.folder.mkdir(parents=True, exist_ok=True)
    check_free_space(shutil.disk_usage(settings.folder).free, str(settings.folder))


def _run_once(name: str, command: list[str], environment: dict[str, str]) -> None:
    """Run a child to its end; it has said itself what was wrong."""
    process = subprocess.Popen(launch.launched(command, signal.SIGKILL), env=environment)
    try:
        while process.poll() is None:
            if _stop_signal_within(_LOOK_SECONDS / 5):
                raise KeyboardInterrupt
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        raise CannotRun(f"stopped, because `{name}` failed")


@contextlib.contextmanager
def _listening_socket(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except PermissionError:
            raise CannotRun(
                f"port {settings.port} needs root: choose one above 1023 with --port"
            ) from None
        except OSError as failed:
            raise CannotRun(_why_not(settings, failed)) from None
        listener.listen(_BACKLOG)
        yield listener


def _why_not(settings: Settings, failed: OSError) -> str:
    if failed.errno == errno.EADDRINUSE:
        running = running_server(settings.folder / "postgres")
        who = f"the Makegood of {settings.folder} runs already, and " if running else ""
        return f"{who}port {settings.port} is taken: choose another one with --port"
    return f"cannot listen on {settings.host}:{settings.port}: {failed.strerror or failed}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.contextmanager
def _held_back_signals() -> Iterator[None]:
    """Stop signals wait until they are asked for, so none is lost between two looks."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS | {signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop_signal_within(seconds: float) -> bool:
    """Wait that long, or until a child ends; whether a stop signal came."""
    received = signal.sigtimedwait(_STOP_SIGNALS | {signal.SIGCHLD}, seconds)
    return received is not None and received.si_signo in _STOP_SIGNALS


def _say(text: str) -> None:
    print(f"makegood: {text}", file=sys.stderr, flush=True)
