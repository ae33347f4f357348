"""Checks the ground the product stands on: what is wrong, and what to do about it.

Every check has an id, for scripts and for the manual. `bad` needs a person now, `note` is worth
knowing, `ok` is fine.
"""

import asyncio

import asyncpg

from makegood.base.trouble import CannotRun
from makegood.commands.frame import database_url
from makegood.doctor.database import DATABASE_CHECKS, TABLE_CHECKS
from makegood.doctor.finding import Finding
from makegood.doctor.ground import check_ground
from makegood.doctor.outside import check_outside
from makegood.settings import Settings
from makegood.store.database import reach
from makegood.store.postgres import cluster_major


def examine(settings: Settings) -> int:
    """Print every finding; 1 when one of them is bad."""
    findings = [*check_ground(settings), *_check_database(settings)]
    for finding in findings:
        print(finding)
    return 1 if any(finding.level == "bad" for finding in findings) else 0


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
            findings += await check_outside(conn, settings)
        return findings
    except asyncpg.PostgresError as failed:
        return [Finding("database", "bad", str(failed), "see postgres.log in the data folder")]
    finally:
        await conn.close()
