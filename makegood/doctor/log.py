"""What doctor asks the log: is it signed, is the second place another one, are the keys kept."""

import stat
from datetime import datetime
from pathlib import Path

from makegood.doctor.finding import Finding
from makegood.logfiles import copy_folder, log_keys_folder
from makegood.record.log.guard import ADVICE
from makegood.record.log.receipt import MERGE_WITHIN
from makegood.record.log.standing import LogStanding, log_standings
from makegood.settings import Settings
from makegood.store.database import Connection

_LOOPBACK = ("127.", "localhost", "[::1]")


async def check_logs(conn: Connection, settings: Settings) -> Finding:
    """Whether every market's log is signed and merges in time."""
    logs = await log_standings(conn)
    now: datetime = await conn.fetchval("SELECT now()")
    for one in logs:
        if one.trouble is not None:
            return Finding("log", "bad", f"{one.origin} is not signed: {one.trouble}", _advice(one))
        if one.problems:
            text = f"{one.origin}: the last full check found {one.problems} problems"
            return Finding("log", "bad", text, "read them with `makegood log fsck`")
        if one.oldest_waiting_at is not None and now - one.oldest_waiting_at > MERGE_WITHIN:
            text = f"{one.waiting} events wait for {one.origin}"
            return Finding("log", "note", text, "is a worker running? receipts promise a minute")
    for one in logs:
        if not settings.demo and one.origin.startswith(_LOOPBACK):
            advice = (
                "the name stays for ever: for a real shop set MAKEGOOD_PUBLIC_URL and begin with "
                "an empty data folder"
            )
            return Finding("log", "note", f"the log is named {one.origin}", advice)
    sizes = ", ".join(f"{one.origin} {one.size}" for one in logs) or "no entries yet"
    return Finding("log", "ok", sizes)


async def check_log_keys(conn: Connection, settings: Settings) -> Finding:
    """Whether the keys that sign are there and nobody else can read them."""
    folder = log_keys_folder(settings)
    for one in await log_standings(conn):
        path = folder / f"{one.market_id}.keys"
        if not path.exists():
            return Finding("log-keys", "bad", f"{path} is missing", ADVICE["key_missing"])
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return Finding("log-keys", "bad", f"others can read {path}", f"chmod 600 {path}")
    advice = "keep a copy apart from the database's backups: nobody else can sign for your log"
    return Finding("log-keys", "ok", str(folder), advice)


async def check_second_place(_conn: Connection, settings: Settings) -> Finding:
    """The last checkpoint must not be lost or set back together with the database."""
    folder = copy_folder(settings)
    if settings.demo:
        return Finding("log-copy", "ok", str(folder))
    if _same_disk(folder, settings.folder):
        advice = (
            "set MAKEGOOD_LOG_COPY to a folder on another disk or host, or add a witness: "
            "otherwise whoever sets this disk back sets the log back unseen"
        )
        return Finding("log-copy", "note", f"{folder} is on the data folder's own disk", advice)
    return Finding("log-copy", "ok", f"{folder} is on another disk")


def _advice(one: LogStanding) -> str:
    return ADVICE.get(one.trouble or "", "")


def _same_disk(one: Path, other: Path) -> bool:
    return _device(one) == _device(other)


def _device(path: Path) -> int:
    """The device of the path, or of the nearest folder above it that exists."""
    while not path.exists():
        path = path.parent
    return path.stat().st_dev
