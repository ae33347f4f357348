"""Erasing a person: nothing of them is left outside the record, and the record still holds."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from makegood.base.refusal import Refused
from makegood.claims.actions import post_message, withdraw
from makegood.claims.evidence_actions import Filing, begin_upload
from makegood.claims.filing import FilingRoom, complete, take_in
from makegood.claims.recording import records_into
from makegood.claims.replay import replay_claims
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.privacy.actions import (
    CLEAN_JOB,
    Eraser,
    erase_person,
    find_person,
    lift_hold,
    place_hold,
    purge,
)
from makegood.store.database import Connection, Database
from makegood.store.jobs import take
from makegood.worker.privacy import clean_up
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


@pytest.fixture
def storage(town: Town, tmp_path: Path) -> DiskStorage:
    """Evidence files on this test's own disk."""
    return DiskStorage(tmp_path / "files", town.vault)


async def test_nothing_of_an_erased_person_is_left_outside_the_record(
    town: Town, db: Database, storage: DiskStorage
) -> None:
    numbers = [await ended_claim(town, storage, f"O-{n}") for n in (1, 2)]
    before = await entries(db)
    found = await texts_left(db)
    assert found == set(traces()), "the search finds what is there to be erased"

    await erase(town, db)
    await run_clean_up(town, db, storage)

    assert await texts_left(db) == set()
    assert [p for p in storage_files(storage) if p.is_file()] == []
    assert (await entries(db))[: len(before)] == before
    async with db.connection() as conn:
        assert [one.differences for one in await replay_claims(conn, "main", numbers)] == [(), ()]


async def test_an_erased_claim_still_opens_for_the_staff(
    town: Town, db: Database, storage: DiskStorage
) -> None:
    claim_no = await ended_claim(town, storage, "O-1")
    await erase(town, db)
    view = await town.view(claim_no)
    assert (view.description, view.state) == ("", "withdrawn")
    assert [step.what for step in view.steps if step.text] == []


async def test_an_open_claim_stands_in_the_way(town: Town, db: Database) -> None:
    await told(town, "O-1")
    opened = await town.open(description=WRITTEN)
    with pytest.raises(Refused, match="erasure_held") as refused:
        await erase(town, db)
    assert refused.value.detail == {"subject": opened.claim_no}


@pytest.mark.parametrize("kind", ["person", "claim"])
async def test_a_hold_stands_in_the_way_until_it_is_lifted(
    town: Town, db: Database, storage: DiskStorage, kind: str
) -> None:
    claim_no = await ended_claim(town, storage, "O-1")
    operator = town.act("operator", "op")
    async with db.transaction() as tx:
        subject = claim_no if kind == "claim" else BUYER_TEXTS["id"]
        hold = await place_hold(
            tx, operator, town.desk.ids, "claim" if kind == "claim" else "person", subject, "court"
        )
    with pytest.raises(Refused, match="erasure_held"):
        await erase(town, db)
    async with db.transaction() as tx:
        await lift_hold(tx, operator, hold.hold_id)
    await erase(town, db)
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from legal_hold") == 0


async def test_a_contact_leads_to_the_person(town: Town, db: Database) -> None:
    await told(town, "O-1")
    async with db.connection() as conn:
        asked = f" {BUYER_TEXTS['contact'].upper()} "
        preview = await find_person(conn, town.act("operator", "op"), town.vault, asked)
    assert preview is not None
    assert preview.person.buyer_ids == (BUYER_TEXTS["id"],)


async def test_what_was_kept_long_enough_is_forgotten_and_what_is_held_is_not(
    town: Town, db: Database, storage: DiskStorage
) -> None:
    old, held = [await ended_claim(town, storage, f"O-{n}") for n in (1, 2)]
    async with db.transaction() as tx:
        operator = town.act("operator", "op")
        await place_hold(tx, operator, town.desk.ids, "claim", held, "a court asked")
    eraser = Eraser(town.vault, town.desk.ids)
    town.clock.at = town.clock.at.replace(year=town.clock.at.year + 4)
    rounds = []
    for _ in range(3):
        async with db.transaction() as tx:
            rounds.append(await purge(tx, town.act("system"), eraser, 3))
    assert [(done.claims, done.orders) for done in rounds if done] == [(1, 0), (0, 1)]
    assert (await town.view(old)).description == ""
    assert (await town.view(held)).description == WRITTEN


async def erase(town: Town, db: Database) -> None:
    async with db.transaction() as tx:
        await erase_person(
            tx,
            town.act("operator", "op"),
            Eraser(town.vault, town.desk.ids),
            [BUYER_TEXTS["id"]],
            "requested",
        )


async def run_clean_up(town: Town, db: Database, storage: DiskStorage) -> None:
    async with db.connection() as conn:
        jobs = await take(conn, town.clock.now(), kinds=[CLEAN_JOB])
    for job in jobs:
        await clean_up(db, storage, town.clock, job)
    async with db.connection() as conn:
        await conn.execute("delete from job where kind = $1", CLEAN_JOB)


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
