"""Exports: nothing leaves without a basis, what was given can be had again, and it is on record."""

import io
import json
import zipfile
from datetime import timedelta

from litestar import Litestar

from makegood.bundles.exports.making import expire_files
from makegood.bundles.exports.rules import KEPT, claim_nos_in
from makegood.record.rules import parse_entry
from tests.claims.town import Town
from tests.web.export_kit import BASIS, Interrupted, opened_office
from tests.web.staff_kit import add_person, signed_in


async def test_an_export_holds_the_bundles_asked_for_and_says_why(
    street: Town, app: Litestar
) -> None:
    office, (first, second) = await opened_office(street, app, "O-1", "O-2")

    status = await office.ask(first, second, due="2026-12-01")
    await office.work()
    file = await office.operator.client.get("/ops/exports/1/file")

    assert status == 200
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.testzip() is None
        names = sorted([f"{first}-platform.zip", f"{second}-platform.zip", "request.json"])
        assert sorted(archive.namelist()) == names
        said = json.loads(archive.read("request.json"))
        with zipfile.ZipFile(io.BytesIO(archive.read(names[0]))) as bundle:
            assert bundle.testzip() is None
    assert (said["basis"], said["case_no"], said["claims"]) == (BASIS, "12315-7", [first, second])
    assert len(file.content) == (await office.export()).bytes


async def test_without_a_basis_or_claims_nothing_is_made(street: Town, app: Litestar) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    missing = (
        {"basis": ""},
        {"asked_by": " "},
        {"claims": ""},
        {"claims": "AS-261121-AAAAAA"},
        {"claims": "everything"},
    )

    statuses = [await office.ask(claim_no, **fields) for fields in missing]

    assert statuses == [409] * len(missing)
    assert await office.due() == []
    assert "Nothing was given yet" in (await office.operator.open("/ops/exports")).text


async def test_the_page_says_how_far_a_file_is_and_works_without_script(
    street: Town, app: Litestar
) -> None:
    office, numbers = await opened_office(street, app, "O-1", "O-2")
    await office.ask(*numbers)
    queued = (await office.operator.open("/ops/exports/1")).text
    seen = []

    async def look() -> None:
        seen.append((await office.operator.open("/ops/exports/1")).text)
        seen.append((await office.operator.open("/ops/exports")).text)

    await office.work(Interrupted(office.binder, 2, look))
    done = (await office.operator.open("/ops/exports/1")).text

    assert "0 of 2 claims done" in queued
    assert 'href="/ops/exports/1">Refresh</a>' in queued
    assert "/ops/exports/1/file" not in queued
    assert ["1 of 2 claims done" in text for text in seen] == [True, True]
    assert 'aria-valuenow="50"' in seen[0]
    assert "/ops/exports/1/file" in done
    assert "Refresh" not in done


async def test_a_file_is_kept_for_its_time_then_deleted_and_can_be_made_again(
    street: Town, app: Litestar
) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    await office.ask(claim_no)
    await office.work()
    client = office.operator.client

    street.clock.at += KEPT - timedelta(seconds=1)
    office.operator = await signed_in(street, app, "op", "en")
    client = office.operator.client
    assert (await client.get("/ops/exports/1/file")).status_code == 200
    street.clock.at += timedelta(seconds=1)
    assert (await client.get("/ops/exports/1/file")).status_code == 404
    await expire_files(office.room())

    assert office.kept() == []
    assert "kept long enough" in (await office.operator.open("/ops/exports/1")).text
    assert await office.press(1, "make") == 200
    await office.work()
    assert (await client.get("/ops/exports/1/file")).status_code == 200


async def test_handing_over_is_noted_once_with_how(street: Town, app: Litestar) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    operator = office.operator
    await office.ask(claim_no)
    early = await operator.send("/ops/exports/1", note="before there is a file")
    await office.work()

    without = await operator.send("/ops/exports/1", note=" ")
    first = await operator.send("/ops/exports/1", note="by courier to Ms Li")
    second = await operator.send("/ops/exports/1", note="again")

    export = await office.export()
    statuses = [answer.status_code for answer in (early, without, first, second)]
    assert statuses == [409, 409, 200, 409]
    assert (export.state, export.handed_note) == ("handed_over", "by courier to Ms Li")
    assert await office.press(1, "make") == 409


async def test_the_record_tells_of_an_export_but_not_of_whom(street: Town, app: Litestar) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    await office.ask(claim_no)
    await office.work()

    async with street.db.connection() as conn:
        raw = await conn.fetchval("select entry from event where stream = 'exports'")

    entry = parse_entry(raw)
    assert entry is not None
    assert entry.public == {"claims": 1, "export": 1, "kind": "regulator"}
    assert {"basis", "asked_by", "claim_nos", "sha256"} <= entry.commitments.keys()


async def test_a_near_deadline_comes_first_and_an_auditor_reads_without_taking(
    street: Town, app: Litestar
) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    await office.ask(claim_no, asked_by="Later", due="2030-01-01")
    await office.ask(claim_no, asked_by="Sooner", due="2026-01-01")
    await office.work()
    await add_person(street, "aud", "auditor")
    auditor = await signed_in(street, app, "aud", "en")

    page = await auditor.open("/ops/exports")
    one = await auditor.open("/ops/exports/1")
    pressed = await auditor.send("/ops/exports/1", do="cancel")

    assert "One request is due" in page.text
    assert page.text.index("Sooner") < page.text.index("Later")
    assert one.status_code == 200
    assert "/ops/exports/1/file" not in one.text
    assert pressed.status_code == 404
    assert (await auditor.client.get("/ops/exports/1/file")).status_code == 404


async def test_who_may_not_read_exports_finds_none(street: Town, app: Litestar) -> None:
    office, (claim_no,) = await opened_office(street, app, "O-1")
    await office.ask(claim_no)
    agent = await signed_in(street, app, "xu", "en")

    paths = ("/ops/exports", "/ops/exports/1", "/sse/export/1", "/ops/exports/1/file")
    assert [(await agent.client.get(path)).status_code for path in paths] == [404] * 4
    assert (await office.operator.open("/ops/exports/2")).status_code == 404


def test_claim_numbers_are_read_however_they_are_typed() -> None:
    text = " as-261121-7k3qfx，AS-261121-7K3QFX\nAS-261122-000000 "

    assert claim_nos_in(text) == ("AS-261121-7K3QFX", "AS-261122-000000")
