"""`makegood jobs`: how the queue stands, and sending dead jobs to work again."""

import argparse

from makegood.commands.frame import Commands, add_command, database_url
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = add_command(commands, "jobs", "show the queue, or replay jobs that failed", run)
    parser.add_argument("--replay", action="store_true", help="send dead jobs to work again")
    parser.add_argument("job_ids", nargs="*", metavar="JOB", help="only these dead jobs")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print the backlog and the dead jobs, or revive them."""
    import asyncio

    with database_url(settings) as url:
        for line in asyncio.run(_lines(url, chosen.replay, chosen.job_ids)):
            print(line)
    return 0


async def _lines(url: str, replay: bool, job_ids: list[str]) -> list[str]:
    from makegood.store.database import reach
    from makegood.store.jobs import backlog, dead_jobs, revive

    conn = await reach(url)
    try:
        now = await conn.fetchval("SELECT now()")
        if replay:
            return [f"{await revive(conn, now, job_ids or None)} jobs sent to work again"]
        standing = await backlog(conn, now)
        head = f"due {standing.due} · later {standing.pending} · dead {standing.dead}"
        return [head, *map(str, await dead_jobs(conn))]
    finally:
        await conn.close()
