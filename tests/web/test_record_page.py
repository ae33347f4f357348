"""The operator's record page: honest when empty, loud when something does not match."""

from litestar import Litestar

from makegood.record.log.note import COSIGNATURE_V1, Ed25519Signer
from makegood.record.log.policy import parse_policy
from makegood.record.log.sequencer import run_round
from tests.anchors.programs import TsaProgram
from tests.claims.town import Town
from tests.record.log.rooms import ORIGIN
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in

VKEY = str(Ed25519Signer("witness.example/w1", b"w" * 32, COSIGNATURE_V1).verifier)


async def test_an_empty_record_invites_a_witness(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op", "en")

    page = await operator.open("/ops/record")

    assert page.status_code == 200
    assert "Invite a witness" in page.text


async def test_places_are_added_by_their_forms_and_listed_without_their_secrets(
    street: Town, app: Litestar, tsa: TsaProgram
) -> None:
    operator = await signed_in(street, app, "op", "en")
    key = "ab" * 32
    forms = (
        {"kind": "tsa", "name": "Time", "url": tsa.url, "root_pem": tsa.root_pem},
        {"kind": "witness", "name": "Sellers", "url": "http://w.example", "vkey": VKEY},
        {"kind": "evm", "name": "Chain", "url": "http://c.example", "key": key},
        {"kind": "other", "name": "Notary", "adapter": "notary", "settings": "user = me"},
    )
    for form in forms:
        await operator.open("/ops/record/places")
        page = await operator.send("/ops/record/places", do="add", interest="none", **form)
        assert page.status_code == 200, page.text[-2000:]

    page = await operator.open("/ops/record/places")
    assert all(form["name"] in page.text for form in forms)
    assert key not in page.text


async def test_a_wrong_setting_is_marked_and_nothing_is_stored(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op", "en")
    wrong = (
        ({"kind": "tsa", "url": "http://t.example", "root_pem": "no"}, "tsa-root_pem-err"),
        ({"kind": "witness", "url": "http://w.example", "vkey": "no"}, "witness-vkey-err"),
        ({"kind": "witness", "url": "file:///etc/passwd", "vkey": VKEY}, "witness-url-err"),
        ({"kind": "evm", "url": "http://c.example", "key": "short"}, "evm-key-err"),
    )
    for form, mark in wrong:
        await operator.open("/ops/record/places")
        page = await operator.send(
            "/ops/record/places", do="add", name="N", interest="none", **form
        )
        assert page.status_code == 409
        assert mark in page.text
    async with street.db.connection() as conn:
        assert await conn.fetchval("select count(*) from anchor_place") == 0


async def test_a_forked_log_is_an_alarm_on_the_record_and_on_the_start_page(
    street: Town, app: Litestar
) -> None:
    operator = await signed_in(street, app, "op", "en")
    await run_round(app.state.things.log, "main")
    async with street.db.connection() as conn:
        await conn.execute("update log_head set trouble = 'forked', trouble_at = now()")

    record, home = await operator.open("/ops/record"), await operator.open("/ops")

    assert "The record is no longer signed" in record.text
    assert "history" in record.text
    assert "The record is no longer signed" in home.text


async def test_an_auditor_reads_and_changes_nothing_and_an_agent_sees_no_page(
    street: Town, app: Litestar
) -> None:
    await add_person(street, "aud", "auditor")
    auditor = await signed_in(street, app, "aud")
    agent = await signed_in(street, app, street.agent.actor.id)

    assert (await auditor.open("/ops/record")).status_code == 200
    assert "root_pem" not in (await auditor.open("/ops/record/places")).text
    assert (await auditor.send("/ops/record/check")).status_code == 404
    assert (await agent.open("/ops/record")).status_code == 404


async def test_rows_and_the_policy_are_there_for_everybody(street: Town, app: Litestar) -> None:
    stranger = Browser(app)
    none_yet = await stranger.client.get("/public/log-policy")
    await run_round(app.state.things.log, "main")
    await street.open()
    await run_round(app.state.things.log, "main")

    policy = await stranger.client.get("/public/log-policy")
    rows = await stranger.client.get("/public/rows.jsonl", params={"seller": "s-1"})

    assert (none_yet.status_code, policy.status_code, rows.status_code) == (404, 200, 200)
    assert parse_policy(policy.content).logs[0].name == ORIGIN
    assert rows.content == b""
