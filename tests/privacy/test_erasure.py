"""Erasing a person: nothing of them is left outside the record, and the record still holds."""

from pathlib import Path

import pytest

from makegood.base.refusal import Refused
from makegood.claims.replay import replay_claims
from makegood.gateways.storage.disk import DiskStorage
from makegood.privacy.actions import (
    CLEAN_JOB,
    Eraser,
    erase_person,
    find_person,
    lift_hold,
    place_hold,
    purge,
)
from makegood.store.database import Database
from makegood.store.jobs import take
from makegood.worker.privacy import clean_up
from tests.claims.town import Town
from tests.privacy.people import (
    BUYER_TEXTS,
    WRITTEN,
    ended_claim,
    entries,
    storage_files,
    texts_left,
    told,
    traces,
)

BESIDE = (
    """insert into outside_case (market_id, ref_no, claim_no, kind, body, contact, language,
                                 question, link_id, asked_at, asked_by, due_at, answer, answered_at)
       values ('main', 'X-1', $1, 'mediator', 'board', '', 'zh', $2 || $3, 'l-1', now(), 'op',
               now() + interval '1 day', jsonb_build_object('text', $2::text), now())""",
    """insert into supplier_dispute (market_id, dispute_no, supplier_id, claim_no, amount_minor,
                                     currency, text, files, opened_at, due_at, state)
       values ('main', 'D-1', 'u-1', $1, 100, 'CNY', $2 || $3, '[]', now(), now(), 'open')""",
    """insert into ledger_refusal (market_id, at, actor_role, actor_id, request_id, action, code,
                                   detail)
       values ('main', now(), 'buyer', $3, $1, '', '', to_jsonb($2::text))""",
)
"""Rows of other rooms that may tell of a person: claim, words, buyer's id."""


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


async def test_what_stands_beside_a_claim_is_emptied_too(
    town: Town, db: Database, storage: DiskStorage
) -> None:
    claim_no = await ended_claim(town, storage, "O-1")
    async with db.transaction() as tx:
        for statement in BESIDE:
            await tx.execute(statement, claim_no, WRITTEN, BUYER_TEXTS["id"])
    await erase(town, db)
    await run_clean_up(town, db, storage)
    assert await texts_left(db) == set()


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
