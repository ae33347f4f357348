"""The embedded PostgreSQL: a server of our own in the data folder, reached by a private socket.

Only the server programs are used, never a wrapper. The server listens on a Unix socket in a
folder that nobody else may enter, runs as an unprivileged user when we are root, and dies with
the process that started it (see `launch`).
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from makegood.base.trouble import CannotRun
from makegood.store import launch
from makegood.store.binaries import find_binaries

DATABASE_NAME = "makegood"
_SUPERUSER = "makegood"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.01
_LAST_BREATH_SECONDS = 3.0
"""How long the processes of a server that was killed may take to notice."""

_OLD_SESSIONS = "pre-existing shared memory block"
_SOCKET_PATH_LIMIT = 100
_UNPRIVILEGED = ("makegood", "postgres", "nobody")
_LINES_SHOWN = 3

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "max_logical_replication_workers": "0",
    "checkpoint_completion_target": "0.9",
    "autovacuum_naptime": "10s",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "idle_in_transaction_session_timeout": "60s",
}
"""Small enough for a laptop; statements and their parameters never reach the log."""

_INITDB_OPTIONS = (
    f"--username={_SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
)

UNSAFE_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
"""For throw-away servers of tests only: a crash of the machine loses everything."""


class ServerFailed(CannotRun):
    """The server could not be made or started; the text says why and what to do."""


class EmbeddedPostgres:
    """One server in one folder. `start` blocks until it answers; `stop` until it is gone."""

    def __init__(
        self,
        folder: Path,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.cluster = self.folder / "postgres"
        self.log_path = self.folder / "postgres.log"
        self._settings = {**SETTINGS, **(settings or {})}
        self.binaries = find_binaries(binaries, data_major=cluster_major(self.cluster))
        self._owner = _server_owner(self.cluster)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the product's own database on this server."""
        return socket_url(self.socket_folder, DATABASE_NAME)

    @property
    def socket_folder(self) -> Path:
        """In the data folder, or in the system's temporary one where that path is too long."""
        inside = self.folder / "run"
        if len(str(inside)) < _SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
            return inside
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"makegood-{digest}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> None:
        """Make the data folder if there is none, start the server, wait until it answers."""
        self._make_folders()
        self._forget_dead_server()
        give_up_at = time.monotonic() + _LAST_BREATH_SECONDS
        while not self._start_once():
            if time.monotonic() > give_up_at:
                raise ServerFailed(f"sessions of a killed server still work in {self.folder}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop without waiting for clients; after this no process of the server is left."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(_STOP_SECONDS)

    def _make_folders(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if cluster_major(self.cluster) is None:
            self._init()
        if self._owner is not None and self.cluster.stat().st_uid == 0:
            _give_to(self._owner, self.cluster)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        if self.socket_folder.is_symlink():
            raise ServerFailed(f"{self.socket_folder} is a link: remove it and start again")
        if self._owner is not None:
            os.chown(self.socket_folder, self._owner.pw_uid, self._owner.pw_gid)
        self.socket_folder.chmod(0o700)

    def _init(self) -> None:
        """Make the cluster beside its place and move it there whole, so a half never counts."""
        half_made = self.folder / "postgres.new"
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        if self._owner is not None:
            os.chown(half_made, self._owner.pw_uid, self._owner.pw_gid)
        initdb = [str(self.binaries.initdb), f"--pgdata={half_made}", *_INITDB_OPTIONS]
        if self._settings.get("fsync") == "off":
            initdb.append("--no-sync")
        self._run(initdb)
        postgres = [str(self.binaries.postgres), "--single", "-D", str(half_made), "postgres"]
        self._run(postgres, f"CREATE DATABASE {DATABASE_NAME};\n")
        half_made.rename(self.cluster)

    def _run(self, command: list[str], typed: str = "") -> None:
        made = subprocess.run(
            self._launched(command, signal.SIGKILL),
            input=typed,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            check=False,
        )
        if made.returncode != 0:
            raise ServerFailed(_explain("could not make the database folder", made.stderr))

    def _forget_dead_server(self) -> None:
        """Remove a pid file whose process is gone or is not a server of this folder.

        A killed child counts as alive until its parent asks how it ended (`pid` does), and its
        command line is gone a moment before: both must say that it ended.
        """
        give_up_at = time.monotonic() + _LAST_BREATH_SECONDS
        while (running := self.pid or running_server(self.cluster)) is not None:
            if time.monotonic() > give_up_at:
                raise ServerFailed(
                    f"a server (process {running}) already works in {self.folder}: "
                    "stop the other Makegood, or choose another folder with --data"
                )
            time.sleep(_POLL_SECONDS)
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.socket_folder.glob(".s.PGSQL.*"):
            leftover.unlink()

    def _start_once(self) -> bool:
        """Whether the server answers; False while sessions of a killed one still end."""
        self._process = self._spawn_server()
        try:
            self._wait_until_ready()
        except ServerFailed as failed:
            if _OLD_SESSIONS not in str(failed):
                raise
            return False
        return True

    def _spawn_server(self) -> "subprocess.Popen[bytes]":
        settings = {**self._settings, "unix_socket_directories": str(self.socket_folder)}
        command = [str(self.binaries.postgres), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log_path.open("wb") as log:
            return subprocess.Popen(
                self._launched(command, signal.SIGINT),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        """postmaster.pid says `ready` in its eighth line when connections are accepted."""
        process = self._process
        assert process is not None
        give_up_at = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up_at:
            if process.poll() is not None:
                text = self.log_path.read_text("utf-8", "replace")
                raise ServerFailed(_explain("the database server did not start", text))
            if _status_line(self.cluster) == "ready":
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise ServerFailed(
            f"the database server did not answer in {_START_SECONDS:.0f} s: see {self.log_path}"
        )

    def _launched(self, command: list[str], death_signal: signal.Signals) -> list[str]:
        owner = self._owner
        uid, gid = (owner.pw_uid, owner.pw_gid) if owner else (-1, -1)
        capability = -1
        if owner and not _all_may_enter(self.cluster, self.binaries.folder, self.socket_folder):
            capability = launch.CAP_DAC_OVERRIDE
        return launch.launched(command, death_signal, uid=uid, gid=gid, capability=capability)


def _server_owner(cluster: Path) -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root: the cluster's owner, else a system user."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        return pwd.getpwuid(cluster.stat().st_uid)
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerFailed("PostgreSQL must not run as root, and there is no user `nobody`")


def _give_to(owner: pwd.struct_passwd, folder: Path) -> None:
    """A folder that root restored from a backup becomes the server's own again."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def socket_url(socket_folder: Path, database: str) -> str:
    """The URL of a database behind a Unix socket in `socket_folder`."""
    return f"postgresql://{_SUPERUSER}@/{database}?host={quote(str(socket_folder))}"


def cluster_major(cluster: Path) -> int | None:
    """The major version that made this data folder; None when there is none yet."""
    try:
        return int((cluster / "PG_VERSION").read_text().strip())
    except (FileNotFoundError, NotADirectoryError):
        return None


def running_server(cluster: Path) -> int | None:
    """The process id of the server that works in this folder, None when none does.

    A pid file alone proves nothing: after a crash its number may belong to any process, so the
    process's own command line must name the folder.
    """
    lines = _pid_file(cluster)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return None
    return pid if str(cluster).encode() in command else None


def running_url(folder: Path) -> str | None:
    """The address of the server that already works in the data folder, None when none does."""
    cluster = folder.absolute() / "postgres"
    lines = _pid_file(cluster)
    if running_server(cluster) is None or len(lines) < 5:
        return None
    return socket_url(Path(lines[4]), DATABASE_NAME)


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []


def _status_line(cluster: Path) -> str:
    lines = _pid_file(cluster)
    return lines[7].strip() if len(lines) > 7 else ""


def _all_may_enter(*folders: Path) -> bool:
    """Whether any user can walk to these folders (their own permissions are not asked)."""
    parents = {parent for folder in folders for parent in folder.absolute().parents}
    return all(parent.stat().st_mode & 0o001 for parent in parents)


def _environment() -> dict[str, str]:
    """Nothing of our own settings or secrets reaches the server's environment."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _explain(what: str, output: str) -> str:
    """The last telling lines of the server's output, with advice where the cause is known."""
    if "No space left on device" in output:
        return f"{what}: the disk is full; free some space and start again"
    lines = [line for line in output.splitlines() if "FATAL" in line or "error" in line.lower()]
    return f"{what}: {' · '.join((lines or output.splitlines())[-_LINES_SHOWN:])}"
