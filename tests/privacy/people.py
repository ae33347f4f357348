"""A buyer with traces everywhere, and a search for them in every column and every file."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

from makegood.claims.actions import post_message, withdraw
from makegood.claims.evidence_actions import Filing, begin_upload
from makegood.claims.filing import FilingRoom, complete, take_in
from makegood.claims.recording import records_into
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.store.database import Connection, Database
from tests.claims.town import Town
from tests.orders.making import line

BUYER_TEXTS = {
    "id": "buyer-zhao-7788",
    "contact": "zhao.minghao@example.net",
    "device": "device-5f3a-zhao",
    "ip": "203.0.113.77",
}
TARGET = "uid-990017-zhao"
WRITTEN = "兑换失败了，我叫赵明浩，住在云桥路七号，请联系我"
FILE_TEXT = "这是赵明浩的聊天记录\n".encode() * 20


async def told(town: Town, order_no: str) -> None:
    delivered = line()["delivery"] | {"target": TARGET}
    await town.order(
        order_no,
        buyer={"claim_code": "open sesame"} | BUYER_TEXTS,
        lines=[line(delivery=delivered)],
    )


async def ended_claim(town: Town, storage: DiskStorage, order_no: str) -> str:
    """A claim with words of all sides, a file and its notices, taken back by its buyer."""
    await told(town, order_no)
    opened = await town.open(order_no=order_no, description=WRITTEN)
    buyer = town.act("buyer", BUYER_TEXTS["id"], proof=True)
    await filed(town, storage, opened.claim_no)
    async with town.db.transaction() as tx:
        await post_message(tx, buyer, town.desk, opened.claim_no, WRITTEN, "all")
    async with town.db.transaction() as tx:
        text = "已致电赵明浩，住云桥路七号"
        await post_message(tx, town.agent, town.desk, opened.claim_no, text, "platform")
    await town.settle()
    async with town.db.transaction() as tx:
        await withdraw(tx, buyer, town.desk, opened.claim_no, "我自己解决了，云桥路七号")
    return opened.claim_no


async def filed(town: Town, storage: DiskStorage, claim_no: str) -> None:
    room = FilingRoom(town.db, storage, PillowPictures())
    wanted = Filing(
        claim_no=claim_no,
        slot="redeem_error",
        party="buyer",
        audience="all",
        filename="赵明浩.txt",
        size=None,
    )
    act = town.act("buyer", BUYER_TEXTS["id"], proof=True)
    async with town.db.transaction() as tx:
        upload = await begin_upload(tx, act, town.desk.ids.uuid(), wanted)
    upload = await take_in(room, act, upload, once(FILE_TEXT))
    await complete(room, act, upload.upload_id, act.now, records_into(town.desk))


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def storage_files(storage: DiskStorage) -> list[Path]:
    return list(storage._root.glob("**/*"))


def traces() -> list[str]:
    return [*BUYER_TEXTS.values(), TARGET, "云桥路七号", "赵明浩"]


async def texts_left(db: Database) -> set[str]:
    """Which traces stand in any text, bytea or json column of the database, in clear or encoded.

    The entries themselves are the record: they are searched too.
    """
    left: set[str] = set()
    async with db.connection() as conn:
        for table, column in await columns(conn):
            rows = await conn.fetch(
                f"select {column}::text as text from {table} where {column} is not null"
            )
            whole = "\n".join(row["text"] for row in rows)
            left |= {trace for trace in traces() if stands_in(trace, whole)}
    return left


def stands_in(trace: str, text: str) -> bool:
    raw = trace.encode()
    forms = (trace, trace.casefold(), raw.hex(), base64.b64encode(raw).decode().rstrip("=")[:-1])
    return any(form in text for form in forms)


async def columns(conn: Connection) -> list[tuple[str, str]]:
    rows = await conn.fetch(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'public'
          and data_type in ('text', 'bytea', 'jsonb', 'json', 'ARRAY', 'character varying')
        """
    )
    return [(row["table_name"], row["column_name"]) for row in rows]


async def entries(db: Database) -> list[bytes]:
    async with db.connection() as conn:
        rows = await conn.fetch(
            """
            select entry from event where name <> 'person_erased' and name <> 'fields_erased'
            order by stream, version
            """
        )
    return [row["entry"] for row in rows]
