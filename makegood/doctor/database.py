"""What doctor asks the database: its version, its tables, the clock, the keys, the jobs."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from makegood.doctor.finding import Finding
from makegood.doctor.log import check_log_keys, check_logs, check_second_place
from makegood.keyfile import KeysMissing, open_vault
from makegood.ledger.audits.standing import books_standing
from makegood.settings import Settings
from makegood.store.database import Connection
from makegood.store.jobs import backlog
from makegood.store.keycheck import WrongKeys, check_keys
from makegood.store.migrate import NewerDatabase, pending

LARGEST_CLOCK_GAP = timedelta(seconds=2)
LONGEST_DUE_SECONDS = 60.0
LONGEST_WITHOUT_AUDIT = timedelta(minutes=10)
_OLDEST_SERVER = 150000


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


async def check_books(conn: Connection, _settings: Settings) -> Finding:
    """Whether the books agree, and somebody looked lately."""
    books = await books_standing(conn)
    now: datetime = await conn.fetchval("SELECT now()")
    if books.paused:
        first = books.paused[0]
        text = f"payouts of {first.currency} stand still since {first.since:%Y-%m-%d %H:%M} UTC"
        return Finding("books", "bad", text, "open the ledger page, put it right, let them go on")
    if books.audited_at is None:
        return Finding("books", "note", "not audited yet", "the worker does it every minute")
    age = now - books.audited_at
    if age > LONGEST_WITHOUT_AUDIT:
        text = f"last audited {age.total_seconds() / 60:.0f} minutes ago"
        return Finding("books", "bad", text, "is a worker running? start `makegood work`")
    return Finding("books", "ok", f"audited {age.total_seconds():.0f} s ago, no difference")


Check = Callable[[Connection, Settings], Awaitable[Finding]]
DATABASE_CHECKS: tuple[Check, ...] = (check_server, check_clock, check_tables)
TABLE_CHECKS: tuple[Check, ...] = (
    check_vault,
    check_jobs,
    check_books,
    check_logs,
    check_log_keys,
    check_second_place,
)
"""These need this version's tables."""
