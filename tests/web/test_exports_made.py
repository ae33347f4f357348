"""Making exports: killed, run twice, stopped, failed or overtaken by an erasure, none is half."""

import asyncio
import io
import zipfile
from hashlib import sha256

import pytest
from litestar import Litestar

from makegood.base.actor import Act
from makegood.gateways.storage.disk import DiskStorage
from makegood.privacy.actions import CLEAN_JOB, Eraser, erase_account, erase_person
from makegood.record.log.sequencer import run_round
from makegood.store import jobs
from makegood.store.jobs import TakenJob
from makegood.worker.exports import TRIES
from makegood.worker.privacy import clean_up
from tests.claims.town import Town
from tests.privacy.people import BUYER_TEXTS, FILE_TEXT, WRITTEN, ended_claim
from tests.web.export_kit import Interrupted, Office, opened_office
from tests.web.staff_kit import signed_in


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_a_killed_worker_leaves_no_half_file_whoever_goes_on(
    street: Town, app: Litestar, steps: int
) -> None:
    office, job = await asked_office(street, app)
    await office.die_after(job, steps)
    left = office.kept()

    await office.carry_out(job)

    (file,) = office.kept()
    assert file not in left
    export = await office.export()
    assert (export.state, export.claims_done, await office.events()) == ("made", 1, 1)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_what_was_stopped_after_a_kill_leaves_nothing(
    street: Town, app: Litestar, steps: int
) -> None:
    office, job = await asked_office(street, app)
    await office.die_after(job, steps)
    assert await office.press(1, "cancel") == 200

    await office.carry_out(job)

    assert office.kept() == []
    assert (await office.export()).state == "cancelled"


async def test_the_same_job_run_twice_makes_one_file_and_one_note(
    street: Town, app: Litestar
) -> None:
    office, job = await asked_office(street, app)

    await office.carry_out(job)
    first = await office.export()
    await office.carry_out(job)

    assert await office.export() == first
    assert (len(office.kept()), await office.events()) == (1, 1)


async def test_a_run_that_was_overtaken_writes_nothing_more(street: Town, app: Litestar) -> None:
    office, numbers = await opened_office(street, app, "O-1", "O-2")
    await office.ask(*numbers)
    (job,) = await office.due()

    slow = Interrupted(office.binder, 2, lambda: office.carry_out(job))
    await office.carry_out(job, slow)

    export = await office.export()
    assert (export.state, export.run, await office.events()) == ("made", 2, 1)
    assert len(office.kept()) == 1
    assert (await office.operator.client.get("/ops/exports/1/file")).status_code == 200


async def test_two_exports_noted_at_once_are_both_on_record(street: Town, app: Litestar) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    for _ in range(3):
        await office.ask(claim_no)
    taken = await office.due()

    await asyncio.gather(*map(office.carry_out, taken))

    assert [(await office.export(no)).state for no in (1, 2, 3)] == ["made"] * 3
    assert await office.events() == 3


async def test_an_export_is_stopped_while_it_waits_and_while_it_is_made(
    street: Town, app: Litestar
) -> None:
    office, numbers = await opened_office(street, app, "O-1", "O-2")
    await office.ask(*numbers)
    await office.press(1, "cancel")
    await office.work()
    assert ((await office.export()).state, office.kept()) == ("cancelled", [])

    await office.press(1, "make")
    await office.work(Interrupted(office.binder, 2, lambda: office.press(1, "cancel")))
    export = await office.export()
    assert (export.state, export.claims_done) == ("cancelled", 1)
    assert (office.kept(), await office.events()) == ([], 0)
    assert "Make it again" in (await office.operator.open("/ops/exports/1")).text

    await office.press(1, "make")
    await office.work()
    assert (await office.export()).state == "made"


async def test_a_failure_says_what_is_wrong_and_is_tried_again_by_a_person(
    street: Town, app: Litestar
) -> None:
    opened = await street.open()
    office = Office(street, app, await signed_in(street, app, "op", "en"))
    await office.ask(opened.claim_no)
    await office.work()
    failed = (await office.operator.open("/ops/exports/1")).text

    await run_round(app.state.things.log, "main")
    await office.press(1, "make")
    await office.work()

    assert "The log has not begun yet" in failed
    assert "Make it again" in failed
    assert (await office.export()).state == "made"


async def test_a_file_that_the_storage_lost_is_told_at_once(street: Town, app: Litestar) -> None:
    office, claim_no, _ = await persons_office(street, app)
    await office.things.storage.delete("main", sha256(FILE_TEXT).hexdigest())
    await office.ask(claim_no)
    await office.work()

    page = await office.operator.open("/ops/exports/1")
    assert "One evidence file cannot be read" in page.text
    assert office.kept() == []


async def test_an_unknown_trouble_is_tried_some_times_before_a_person_is_told(
    street: Town, app: Litestar
) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    await office.ask(claim_no)

    async def trouble() -> None:
        raise OSError("the disk is away")

    states = []
    for attempt in range(TRIES):
        async with street.db.connection() as conn:
            (job,) = await jobs.take(conn, street.clock.now(), kinds=["export.make"])
        assert job.attempts == attempt + 1
        with pytest.raises(OSError, match="the disk is away"):
            await office.carry_out(job, Interrupted(office.binder, 1, trouble))
        async with street.db.connection() as conn:
            await jobs.retry_later(conn, job, street.clock.now(), "OSError")
        states.append((await office.export()).state)

    assert states == ["making"] * (TRIES - 1) + ["failed"]
    assert "Several tries failed" in (await office.operator.open("/ops/exports/1")).text
    assert office.kept() == []


async def test_an_erasure_takes_the_files_that_hold_the_person(street: Town, app: Litestar) -> None:
    office, claim_no, other = await persons_office(street, app)
    await office.ask(claim_no, other)
    await office.ask(other)
    await office.work()
    assert WRITTEN in await given(office, 1)

    await erase(street, office)

    assert [(await office.export(no)).gone for no in (1, 2)] == ["erased", ""]
    assert (await office.operator.client.get("/ops/exports/1/file")).status_code == 404
    assert len(office.kept()) == 1, "the other request's file"
    await office.press(1, "make")
    await office.work()
    again = await given(office, 1)
    assert [text for text in (WRITTEN, *BUYER_TEXTS.values()) if text in again] == []


@pytest.mark.parametrize("at", [1, 2])
async def test_an_erasure_reaches_a_file_that_is_just_being_made(
    street: Town, app: Litestar, at: int
) -> None:
    office, claim_no, other = await persons_office(street, app)
    await office.ask(claim_no, other)
    (job,) = await office.due()

    await office.carry_out(job, Interrupted(office.binder, at, lambda: erase(street, office)))
    assert office.kept() == [], "nothing read before the erasure is kept"
    await office.work()

    assert (await office.export()).state == "made"
    assert WRITTEN not in await given(office, 1)


async def test_an_erasure_between_the_file_and_its_row_wins(street: Town, app: Litestar) -> None:
    office, claim_no, other = await persons_office(street, app)
    await office.ask(claim_no, other)
    (job,) = await office.due()
    await office.die_after(job, 4)

    await erase(street, office)
    await office.carry_out(job)

    assert len(office.kept()) == 1
    assert WRITTEN not in await given(office, 1)


async def test_the_name_of_an_erased_member_of_staff_goes_with_the_files_that_tell_it(
    street: Town, app: Litestar
) -> None:
    office, claim_no, _ = await persons_office(street, app)
    before = office.kept()
    await office.ask(claim_no)
    await office.work()
    async with street.db.transaction() as tx:
        name = await tx.fetchval(
            "update account set disabled_at = now() where account_id = 'xu' returning display_name"
        )
    assert name in await given(office, 1)

    async with street.db.transaction() as tx:
        await erase_account(tx, *who_erases(street), "xu", "requested")
    await clean(street, office)

    assert ((await office.export()).gone, office.kept()) == ("erased", before)


async def asked_office(street: Town, app: Litestar) -> tuple[Office, TakenJob]:
    """An operator who has asked for an export of one claim, and the worker's job for it."""
    office, (claim_no,) = await opened_office(street, app, "O-1")
    await office.ask(claim_no)
    (job,) = await office.due()
    return office, job


async def persons_office(street: Town, app: Litestar) -> tuple[Office, str, str]:
    """An operator, the ended claim of a person with traces everywhere, and another's claim."""
    storage = app.state.things.storage
    assert isinstance(storage, DiskStorage)
    claim_no = await ended_claim(street, storage, "O-70")
    office, (other,) = await opened_office(street, app, "O-1")
    return office, claim_no, other


def who_erases(street: Town) -> tuple[Act, Eraser]:
    """An operator, and what they erase with."""
    return street.act("operator", "op"), Eraser(street.vault, street.desk.ids)


async def erase(street: Town, office: Office) -> None:
    """Erase the person, and delete the files that go with them."""
    async with street.db.transaction() as tx:
        await erase_person(tx, *who_erases(street), [BUYER_TEXTS["id"]], "requested")
    await clean(street, office)


async def clean(street: Town, office: Office) -> None:
    """The job that follows an erasure."""
    async with street.db.connection() as conn:
        taken = await jobs.take(conn, street.clock.now(), kinds=[CLEAN_JOB])
    for job in taken:
        await clean_up(street.db, office.things.storage, street.clock, job)
    async with street.db.connection() as conn:
        await jobs.done(conn, taken)


async def given(office: Office, export_no: int) -> str:
    """Everything readable in an export's file, as one text."""
    answer = await office.operator.client.get(f"/ops/exports/{export_no}/file")
    texts = []
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(content)) as bundle:
                    texts += [
                        bundle.read(one).decode("utf-8", "replace") for one in bundle.namelist()
                    ]
            texts.append(content.decode("utf-8", "replace"))
    return "\n".join(texts)
