"""`makegood migrate`: bring the database to this version's tables."""

import argparse

from makegood.commands.frame import Commands, add_command, database_url
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    add_command(commands, "migrate", "bring the database to this version's tables", run)


def run(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Apply what is missing and say what was applied."""
    import asyncio

    with database_url(settings) as url:
        for name in asyncio.run(migrate_at(url)):
            print(f"applied {name}")
    return 0


async def migrate_at(url: str) -> list[str]:
    """Migrate the database at `url`; answers the names of what was applied."""
    from makegood.store.database import reach
    from makegood.store.migrate import migrate

    conn = await reach(url)
    try:
        return [f"{one.version:04d} {one.name}" for one in await migrate(conn)]
    finally:
        await conn.close()
