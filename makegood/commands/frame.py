"""What every command shares: its parser, its settings, a database to talk to, one clear line."""

import argparse
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from makegood.base.trouble import CannotRun
from makegood.keyfile import ensure_keys
from makegood.settings import Settings
from makegood.store.postgres import EmbeddedPostgres, cluster_major, running_url

if TYPE_CHECKING:
    from makegood.base.actor import Act
    from makegood.store.database import Connection

    Action = Callable[[Connection, Act, Settings, argparse.Namespace], Awaitable[list[str]]]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

Run = Callable[[argparse.Namespace, Settings], int]
"""Carries out a command; answers the exit status."""


def shell_language(environment: Mapping[str, str]) -> str:
    """The language of a person's shell: `zh`, or `en` for every other one."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    told = next((environment[name] for name in names if environment.get(name)), "")
    return "zh" if told.lower().startswith("zh") else "en"


def add_command(commands: Commands, name: str, help_text: str, run: Run) -> argparse.ArgumentParser:
    """A command with the options that all of them have; more arguments may be added to it."""
    parser = commands.add_parser(name, help=help_text, description=help_text)
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="data folder (also MAKEGOOD_DATA)",
    )
    parser.set_defaults(run=run)
    return parser


def add_commands(commands: Commands, name: str, help_text: str) -> Commands:
    """A command that has commands of its own: `makegood key create`."""
    parser = commands.add_parser(name, help=help_text, description=help_text)
    return parser.add_subparsers(required=True, metavar="COMMAND")


@contextlib.contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """A database for one command: the configured one, the one `serve` runs, or our own."""
    url = settings.database_url or running_url(settings.folder)
    if url:
        yield url
        return
    if cluster_major(settings.folder / "postgres") is None:
        raise CannotRun(
            f"there is no database in {settings.folder}: start ./serve once, or name the right "
            "folder with --data"
        )
    with embedded_server(settings) as server:
        yield server.url


@contextlib.contextmanager
def embedded_server(settings: Settings) -> Iterator[EmbeddedPostgres]:
    """The data folder's own server, with its keys made beside it at the very first start."""
    binaries = Path(settings.postgres_bin) if settings.postgres_bin else None
    server = EmbeddedPostgres(settings.folder, binaries=binaries)
    ensure_keys(settings, data_exists=cluster_major(server.cluster) is not None)
    with server:
        yield server


def in_transaction(action: "Action") -> Run:
    """A command that does one action of the system whole or not at all, and prints its lines."""

    def run(chosen: argparse.Namespace, settings: Settings) -> int:
        import asyncio

        with database_url(settings) as url:
            for line in asyncio.run(_transacted(url, settings, action, chosen)):
                print(line)
        return 0

    return run


async def _transacted(
    url: str, settings: Settings, action: "Action", chosen: argparse.Namespace
) -> list[str]:
    from makegood.base.actor import SYSTEM, Act
    from makegood.base.refusal import CODES, Refused
    from makegood.sources import SystemClock
    from makegood.store.database import reach

    market_id = chosen.market or settings.market
    act = Act(market_id=market_id, actor=SYSTEM, now=SystemClock().now(), request_id="command")
    conn = await reach(url)
    try:
        async with conn.transaction():
            return await action(conn, act, settings, chosen)
    except Refused as refusal:
        raise CannotRun(f"{CODES[refusal.code]} {refusal.detail or ''}".strip()) from None
    finally:
        await conn.close()
