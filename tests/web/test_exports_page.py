"""Exports: nothing leaves without a basis, what was given can be had again, and it is on record."""

import io
import json
import zipfile

from litestar import Litestar

from makegood.bundles.exports import store
from makegood.bundles.exports.rules import Export, claim_nos_in
from makegood.record.log.sequencer import run_round
from makegood.record.rules import parse_entry
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in

BASIS = "Consumer law § 32, letter of 20 November"


async def filed(street: Town, app: Litestar) -> tuple[str, Browser]:
    """A claim in the log, and an operator."""
    opened = await street.open()
    await street.settle()
    await run_round(app.state.things.log, "main")
    return opened.claim_no, await signed_in(street, app, "op", "en")


async def ask(operator: Browser, **fields: str) -> int:
    """Post the form; answers the status."""
    form = {"asked_by": "Market office", "kind": "regulator", "basis": BASIS, "case_no": "12315-7"}
    await operator.open("/ops/exports")
    return (await operator.send("/ops/exports", **(form | fields))).status_code


async def exports_of(street: Town) -> list[Export]:
    """All that were asked for."""
    async with street.db.connection() as conn:
        return await store.list_exports(conn, "main")


async def test_an_export_holds_the_bundles_asked_for_and_says_why(
    street: Town, app: Litestar
) -> None:
    claim_no, operator = await filed(street, app)

    status = await ask(operator, claims=claim_no, due="2026-12-01")
    file = await operator.client.get("/ops/exports/1/file")

    assert status == 200
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [f"{claim_no}-platform.zip", "request.json"]
        said = json.loads(archive.read("request.json"))
    assert (said["basis"], said["case_no"], said["claims"]) == (BASIS, "12315-7", [claim_no])


async def test_without_a_basis_or_claims_nothing_is_made(street: Town, app: Litestar) -> None:
    claim_no, operator = await filed(street, app)
    missing = (
        {"basis": ""},
        {"asked_by": " "},
        {"claims": ""},
        {"claims": "AS-261121-AAAAAA"},
        {"claims": "everything"},
    )

    statuses = [await ask(operator, **({"claims": claim_no} | fields)) for fields in missing]

    assert statuses == [409] * len(missing)
    assert [one.file_ref for one in await exports_of(street)] == []


async def test_handing_over_is_noted_once_with_how(street: Town, app: Litestar) -> None:
    claim_no, operator = await filed(street, app)
    await ask(operator, claims=claim_no)

    without = await operator.send("/ops/exports/1", note=" ")
    first = await operator.send("/ops/exports/1", note="by courier to Ms Li")
    second = await operator.send("/ops/exports/1", note="again")

    (export,) = await exports_of(street)
    assert (without.status_code, first.status_code, second.status_code) == (409, 200, 409)
    assert (export.state, export.handed_note) == ("handed_over", "by courier to Ms Li")


async def test_the_record_tells_of_an_export_but_not_of_whom_and_an_erasure_takes_its_file(
    street: Town, app: Litestar
) -> None:
    claim_no, operator = await filed(street, app)
    await ask(operator, claims=claim_no)

    async with street.db.transaction() as tx:
        raw = await tx.fetchval("select entry from event where stream = 'exports'")
        gone = await store.forget_exports_of(tx, "main", [claim_no])

    entry = parse_entry(raw)
    assert entry is not None
    assert entry.public == {"claims": 1, "export": 1, "kind": "regulator"}
    assert {"basis", "asked_by", "claim_nos", "sha256"} <= entry.commitments.keys()
    (export,) = await exports_of(street)
    assert len(gone) == 1
    assert (export.file_ref, export.basis) == ("", BASIS)
    assert (await operator.client.get("/ops/exports/1/file")).status_code == 404


async def test_a_near_deadline_comes_first_and_an_auditor_reads_without_taking(
    street: Town, app: Litestar
) -> None:
    claim_no, operator = await filed(street, app)
    await ask(operator, claims=claim_no, asked_by="Later", due="2030-01-01")
    await ask(operator, claims=claim_no, asked_by="Sooner", due="2026-01-01")
    await add_person(street, "aud", "auditor")
    auditor = await signed_in(street, app, "aud", "en")

    page = await auditor.open("/ops/exports")

    assert "One request is due" in page.text
    assert page.text.index("Sooner") < page.text.index("Later")
    assert (await auditor.client.get("/ops/exports/1/file")).status_code == 404


def test_claim_numbers_are_read_however_they_are_typed() -> None:
    text = " as-261121-7k3qfx，AS-261121-7K3QFX\nAS-261122-000000 "

    assert claim_nos_in(text) == ("AS-261121-7K3QFX", "AS-261122-000000")
