"""`makegood replay`: fold every claim from its events again and compare with what is stored."""

import argparse

from makegood.commands.frame import Commands, add_command, database_url
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    words = "fold claims from their events again, and compare with what is stored"
    parser = add_command(commands, "replay", words, run)
    parser.add_argument("claim_nos", nargs="*", metavar="CLAIM", help="only these claims")
    parser.add_argument("--market", help="id of the market")
    decide = "also decide again by the rules that each claim cites, and compare"
    parser.add_argument("--decide", action="store_true", help=decide)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print each difference; 1 when there is one."""
    import asyncio

    market_id = chosen.market or settings.market
    with database_url(settings) as url:
        count, lines = asyncio.run(_replay(url, market_id, chosen.claim_nos))
        decided, others = 0, list[str]()
        if chosen.decide:
            decided, others = asyncio.run(_redecide(settings, url, market_id, chosen.claim_nos))
    lines.extend(others)
    for line in lines:
        print(line)
    again = f", {decided} decisions made again" if chosen.decide else ""
    print(f"{count} claims replayed{again}, {len(lines)} differences")
    return 1 if lines else 0


async def _replay(url: str, market_id: str, claim_nos: list[str]) -> tuple[int, list[str]]:
    """How many claims were folded, and a line for each difference."""
    from makegood.base.trouble import CannotRun
    from makegood.claims.replay import replay_claims, replay_market
    from makegood.people.markets.store import load_market
    from makegood.store.database import reach

    conn = await reach(url)
    try:
        if await load_market(conn, market_id) is None:
            raise CannotRun(f"there is no market {market_id!r}: name the right one with --market")
        if claim_nos:
            replayed = await replay_claims(conn, market_id, claim_nos)
        else:
            replayed = [one async for one in replay_market(conn, market_id)]
    finally:
        await conn.close()
    lines = [f"{one.claim_no}: {words}" for one in replayed for words in one.differences]
    return len(replayed), lines


async def _redecide(
    settings: Settings, url: str, market_id: str, claim_nos: list[str]
) -> tuple[int, list[str]]:
    """How many decisions were made again, and a line for each that came out otherwise."""
    from makegood.bootstrap import build_desk
    from makegood.claims.redecide import redecide_claim, redecide_market
    from makegood.sources import SystemClock
    from makegood.store.database import Database

    db, now = await Database.open(url), SystemClock().now()
    desk = build_desk(db, settings)
    try:
        async with db.connection() as conn:
            made = [one for no in claim_nos for one in
                    await redecide_claim(conn, desk, market_id, no, now)]  # fmt: skip
            if not claim_nos:
                made = [one async for one in redecide_market(conn, desk, market_id, now)]
    finally:
        await db.close()
    lines = [
        f"{one.claim_no}: decision {one.number}: {words}"
        for one in made
        for words in one.differences
    ]
    return len(made), lines
