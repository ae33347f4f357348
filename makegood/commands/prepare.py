"""`makegood prepare`: tables, the market, and a link for the first operator; `serve` runs it."""

import argparse

from makegood.commands.frame import Commands, add_command, database_url
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    words = "bring the database up to date and print a one-time link for the first operator"
    add_command(commands, "prepare", words, run)


def run(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Print what was applied, and the link while there is no operator."""
    import asyncio

    from makegood.commands.migrate import migrate_at

    with database_url(settings) as url:
        for name in asyncio.run(migrate_at(url)):
            print(f"applied {name}")
        link = asyncio.run(first_operator_link(url, settings))
        # The demo brings an operator of its own a moment later.
        if link and not settings.demo:
            print(f"Set up your market (this link works once): {link}")
    return 0


async def first_operator_link(url: str, settings: Settings) -> str:
    """A new one-time address while the market has no operator, else an empty text."""
    from makegood.base.actor import SYSTEM, Act
    from makegood.base.refusal import Refused
    from makegood.keyfile import open_vault
    from makegood.people.links.rules import link_url
    from makegood.people.markets.actions import create_market, keep_address
    from makegood.people.markets.rules import MarketSettings
    from makegood.people.staff.actions import create_first_operator_link
    from makegood.sources import SystemClock, SystemIds
    from makegood.store.database import Database
    from makegood.store.keycheck import check_keys

    vault, ids = open_vault(settings), SystemIds()
    act = Act(market_id=settings.market, actor=SYSTEM, now=SystemClock().now())
    market = MarketSettings(
        name_zh="我的平台",
        name_en="My market",
        base_url=settings.address,
        mail_from=settings.mail_from,
    )
    db = await Database.open(url, max_size=1)
    try:
        async with db.transaction() as tx:
            await check_keys(tx, vault)
            await create_market(tx, act, market)
            await keep_address(tx, act, settings.address, settings.mail_from)
        async with db.transaction() as tx:
            token = await create_first_operator_link(tx, act, vault, ids)
    except Refused:
        return ""
    finally:
        await db.close()
    return link_url(settings.address, "first_operator", token)
