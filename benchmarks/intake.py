"""`POST /claims` complete, 16 connections and no worker, beside pgbench with the very same SQL."""

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import psutil
import uvloop

from benchmarks.common import (
    Report,
    floor_per_second,
    fresh_folder,
    load_average,
    percentile,
    tell,
)
from benchmarks.http_load import Answer, request, send_all
from benchmarks.market import MARKET, Ground, act, complaint, furnished, ground_in, numbers, sell
from benchmarks.outside import Outside
from makegood.base.actor import Actor
from makegood.bootstrap import desk_of
from makegood.claims.intake import open_claim
from makegood.claims.opening import OpenClaim
from makegood.people.proofs.sessions import BuyerToken, seal_token
from makegood.store.database import Database
from makegood.store.postgres import EmbeddedPostgres

CONNECTIONS: Final = 16
WARM_UP: Final = 1000
SAMPLE_ORDER: Final = "FLOOR-1"
_PARAMETER: Final = re.compile(r"\$(\d+)")


def main(arguments: list[str]) -> int:
    """The floor first, then the product on the same server."""
    parser = argparse.ArgumentParser(prog="bench intake", description=__doc__)
    parser.add_argument("--claims", type=int, default=30_000)
    parser.add_argument("--floor-seconds", type=float, default=15.0)
    parser.add_argument("--short", action="store_true", help="3,000 claims, 5 s of floor")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.claims, chosen.floor_seconds = 3000, 5.0
    report = Report("intake")
    report.add("load_before", load_average())
    with fresh_folder("intake") as folder:
        uvloop.run(_measure(folder, chosen.claims, chosen.floor_seconds, report))
    return report.finish()


async def _measure(folder: Path, claims: int, floor_seconds: float, report: Report) -> None:
    with ground_in(folder, workers=0) as ground:
        async with furnished(ground, Outside()) as db:
            order_nos = numbers("I", claims + WARM_UP)
            await sell(db, ground.vault, [*order_nos, SAMPLE_ORDER])
            tell("floor: pgbench with the statements of one claim")
            script = await floor_script(db, ground, claims)
            server = EmbeddedPostgres(folder)
            floor = floor_per_second(server, script, seconds=floor_seconds)
            await db_rest(db)
            await _post(ground, order_nos[:WARM_UP])
            web = _web_process(ground)
            cpu, began = sum(web.cpu_times()[:2]), time.monotonic()
            answers = await _post(ground, order_nos[WARM_UP:])
            seconds = time.monotonic() - began
            cpu = sum(web.cpu_times()[:2]) - cpu
    accepted = [answer for answer in answers if answer.status == 201]
    per_second = len(accepted) / seconds
    report.add("claims", len(accepted), f"= {claims}")
    report.add("floor_per_second", floor)
    report.add("claims_per_second", per_second, ">= 1200")
    report.add("share_of_floor", per_second / floor, ">= 0.30")
    times = [answer.seconds for answer in answers]
    report.add("p50_ms", 1000 * percentile(times, 0.5))
    report.add("p99_ms", 1000 * percentile(times, 0.99), "< 50")
    report.add("web_cpu_ms_per_claim", 1000 * cpu / len(answers))


async def db_rest(db: Database) -> None:
    """Forget what the floor wrote, so that both begin on tables of the same size."""
    async with db.connection() as conn:
        await conn.execute("truncate claim, claim_unit, job")
        await conn.execute("checkpoint")


async def _post(ground: Ground, order_nos: Sequence[str]) -> list[Answer]:
    """One claim for each order, by the session of its own buyer."""
    return await send_all(
        ground.product.address, _requests(ground, order_nos), connections=CONNECTIONS
    )


def _requests(ground: Ground, order_nos: Sequence[str]) -> Iterator[bytes]:
    prepared = [
        request("POST", ground.claims_url, complaint(order_no, place), _headers(ground, order_no))
        for place, order_no in enumerate(order_nos)
    ]
    return iter(prepared)


def _headers(ground: Ground, order_no: str) -> dict[str, str]:
    now = datetime.now(UTC)
    token = BuyerToken(
        session_id=f"s-{order_no}",
        buyer_id=f"b-{order_no}",
        order_nos=(order_no,),
        fresh_until=now + timedelta(minutes=30),
        expires_at=now + timedelta(hours=2),
    )
    return {
        "authorization": f"Bearer {seal_token(ground.vault, MARKET, token)}",
        "content-type": "application/json",
        "accept-language": "zh",
    }


async def floor_script(db: Database, ground: Ground, orders: int) -> str:
    """The statements that one claim really sent, as a pgbench script with random numbers."""
    sent: list[asyncpg.connection.LoggedQuery] = []
    desk = desk_of(db, ground.vault)
    buyer = msgspec.structs.replace(act(), actor=Actor("buyer", f"b-{SAMPLE_ORDER}"))
    command = OpenClaim(
        order_no=SAMPLE_ORDER,
        reason="KEY01",
        description="兑换时提示卡密无效，今天上午第一次兑换就这样",
        wants="refund",
    )
    await desk.rosters.get(MARKET, buyer.now)
    async with db.connection() as conn:
        with conn.query_logger(sent.append):
            opened = await open_claim(conn, buyer, desk, command)
    ours = [query for query in sent if "order_head" in query.query or "appended" in query.query]
    known = {SAMPLE_ORDER: f"'I' || lpad((:r % {orders})::text, 7, '0')"}
    fresh = {SAMPLE_ORDER: "'F' || :r", opened.claim_no: "'C' || :r"}
    look, write = (
        " ".join(_filled(query, names).split())
        for query, names in zip(ours, (known, fresh), strict=True)
    )
    lines = [r"\set r random(1, 1000000000)", f"{look};", f"{write};"]
    return "\n".join(lines) + "\n"


def _filled(query: Any, names: dict[str, str]) -> str:
    """A statement with its arguments written into it."""
    return _PARAMETER.sub(lambda match: _literal(query.args[int(match[1]) - 1], names), query.query)


def _literal(value: object, names: dict[str, str]) -> str:
    if isinstance(value, str) and value in names:
        return f"({names[value]})"
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return str(value).lower()
        case str():
            return _quoted(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case datetime():
            return _quoted(value.isoformat())
        case []:
            return "'{}'"
        case list():
            return f"array[{', '.join(_literal(item, names) for item in value)}]"
        case _:
            return _quoted(msgspec.json.encode(value).decode())


def _quoted(text: str) -> str:
    """A text literal without colons, which pgbench would take for the start of a variable."""
    plain = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\072")
    return f"E'{plain}'"


def _web_process(ground: Ground) -> psutil.Process:
    children = psutil.Process(ground.product.process.pid).children(recursive=True)
    return next(child for child in children if "web" in child.cmdline())
