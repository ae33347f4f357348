"""Up to a million claims: the demo's claims, played through the real rules, copied many times.

A copy has its original's events byte for byte under a number of its own, and a text of its own to
be searched by. A sample is folded again and compared with its row before anything is measured.
Building a million takes a while, so only the first `HISTORIES` claims get their events; the others
are rows of lists and of the search.
"""

import asyncio
import hashlib
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.common import WORK, Serving, tell
from makegood.base.trouble import CannotRun
from makegood.claims.grams import grams_of, normal
from makegood.claims.replay import replay_claims
from makegood.store.database import Connection, connect
from makegood.store.postgres import UNSAFE_SETTINGS, EmbeddedPostgres

MARKET: Final = "main"
TEXTS: Final = 20_000
SAMPLE: Final = 100
HISTORIES: Final = 200_000
STEP: Final = 50
"""Copies of every original per statement, so that progress can be told."""
BUILD_SETTINGS: Final = {
    **UNSAFE_SETTINGS,
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_MIGRATIONS: Final = Path(__file__).parents[1] / "makegood" / "store" / "migrations"
_GOODS: Final = ("星海点卡", "云游会员", "极光游戏币", "飞鱼礼品卡", "远山软件授权", "蓝鲸视频季卡")
_SYMPTOMS: Final = (
    "兑换时提示卡密无效",
    "充值三十分钟还没有到账",
    "登录后发现账号被封",
    "收到的卡面额不对",
    "重复扣款了两次",
    "会员时长比页面写的短",
    "卡密已经被别人使用",
    "客服一直没有回复",
    "退款没有原路退回",
    "换货的新卡还是不能用",
)
_DETAILS: Final = (
    "今天上午第一次使用就这样",
    "换了浏览器和手机都不行",
    "截图已经准备好",
    "卖家让我自己联系厂家",
    "等了两天没有结果",
    "希望尽快处理谢谢",
    "订单刚买不到一个小时",
    "之前买过几次都没有问题",
)


@contextmanager
def bulk_database(claims: int) -> Iterator[EmbeddedPostgres]:
    """A server over that many claims; built at the first use and kept for the next."""
    folder = WORK / f"bulk-{claims}-{_version()}"
    done = folder / "complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _play(folder)
        with EmbeddedPostgres(folder, settings=BUILD_SETTINGS) as server:
            asyncio.run(_fill(server.url, claims))
        done.touch()
    with EmbeddedPostgres(folder) as server:
        yield server


def _version() -> str:
    """Changes with the tables and with this file, so that no old data is measured."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(_MIGRATIONS.glob("*.sql")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _play(folder: Path) -> None:
    tell("playing the demo's claims through the rules …")
    product = Serving(folder, "--demo", MAKEGOOD_WORKER_PROCESSES="0")
    try:
        product.wait_until_ready(600)
    finally:
        product.stop()


async def _fill(url: str, claims: int) -> None:
    conn = await connect(url)
    await conn.execute("set statement_timeout = 0")
    await _texts(conn)
    originals = int(await conn.fetchval(_ORIGINALS))
    copies = -(-claims // originals)
    indexes = [row["indexdef"] for row in await conn.fetch(_INDEXES)]
    for row in await conn.fetch(_INDEX_NAMES):
        await conn.execute(f'drop index "{row["indexname"]}"')
    for first in range(1, copies + 1, STEP):
        tell(f"copying: {100 * first // copies:3d} %")
        last = min(first + STEP - 1, copies)
        await conn.execute(_COPY_CLAIMS, first, last)
        if first * originals < HISTORIES:
            await conn.execute(_COPY_EVENTS, first, last)
    for place, definition in enumerate(indexes):
        tell(f"building index {place + 1} of {len(indexes)} …")
        await conn.execute(definition)
    await conn.execute("drop table bulk_text, bulk_original")
    tell("analysing …")
    await conn.execute("vacuum analyze")
    await _check(conn)
    await conn.close()
    tell("")


async def _texts(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Texts as buyers write them, each with a name of two rare characters."""
    chance = random.Random(1)
    await conn.execute("create table bulk_text (n integer primary key, t text, g integer[])")
    rows = []
    for number in range(TEXTS):
        goods, symptom = chance.choice(_GOODS), chance.choice(_SYMPTOMS)
        details = "，".join(chance.sample(_DETAILS, 2))
        text = normal(f"{goods} {rare_name(chance)}小店 {goods}{symptom}，{details}")
        rows.append((number, text, grams_of(text)))
    await conn.copy_records_to_table("bulk_text", records=rows)
    await conn.execute(_KEEP_ORIGINALS)


def rare_name(chance: random.Random) -> str:
    """Two characters out of three thousand, as a shop's name."""
    return "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(2))


async def _check(conn: Connection) -> None:
    """Fold a sample again: every row must be what its events say."""
    rows = await conn.fetch(
        """
        select claim_no from claim tablesample bernoulli (5) repeatable (1)
        where exists (select from event where market_id = $1 and stream = claim_no) limit $2
        """,
        MARKET,
        SAMPLE,
    )
    numbers = [row["claim_no"] for row in rows]
    wrong = [one for one in await replay_claims(conn, MARKET, numbers) if one.differences]
    if wrong:
        raise CannotRun(f"the copied claims are not what their events say: {wrong[0]}")


_ORIGINALS: Final = "select count(*) from bulk_original"
_KEEP_ORIGINALS: Final = """
    create table bulk_original as
        select row_number() over (order by claim_no) as o, * from claim
"""
_INDEXES: Final = """
    select indexdef from pg_indexes where tablename = 'claim' and indexname <> 'claim_pkey'
"""
_INDEX_NAMES: Final = """
    select indexname from pg_indexes where tablename = 'claim' and indexname <> 'claim_pkey'
"""
_COPY_CLAIMS: Final = """
    insert into claim (
        market_id, claim_no, version, state, is_open, lane, class_no, queue_at, reason, order_no,
        line_no, category, title, seller_id, seller_name, supplier_id, buyer_id, cluster, channel,
        external_id, amount_minor, currency, owner_id, owner_name, reviewer_id, awaits_approval,
        has_tasks, opened_at, changed_at, closed_at, next_deadline_at, next_deadline_kind, finding,
        remedy, refunded_minor, root_cause, rating, excerpt, search_text, grams)
    select market_id, 'B' || lpad(k::text, 5, '0') || '-' || claim_no, version, state, is_open,
        lane, class_no, queue_at, reason, order_no, line_no, category, title,
        's-' || (k * 7 + o) % 200, seller_name, supplier_id, buyer_id,
        md5((k * 1000 + o / 3)::text), channel, '', amount_minor, currency, owner_id, owner_name,
        reviewer_id, awaits_approval, has_tasks, opened_at - k * interval '41 seconds', changed_at,
        closed_at, next_deadline_at, next_deadline_kind, finding, remedy, refunded_minor,
        root_cause, rating, left(t, 120), t, g
    from generate_series($1::integer, $2::integer) as k
    cross join bulk_original
    join bulk_text on n = (k * 7919 + o * 104729) % 20000
"""
_COPY_EVENTS: Final = """
    insert into event (market_id, stream, version, pseudonym, name, schema_version, at, actor_role,
                       actor_id, body, entry, entry_hash, event_key)
    select e.market_id, 'B' || lpad(k::text, 5, '0') || '-' || e.stream, e.version, e.pseudonym,
           e.name, e.schema_version, e.at, e.actor_role, e.actor_id, e.body, e.entry, e.entry_hash,
           e.event_key
    from generate_series($1::integer, $2::integer) as k
    cross join bulk_original as o
    join event as e on e.market_id = o.market_id and e.stream = o.claim_no
    order by k, e.stream, e.version
"""
