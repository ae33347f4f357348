"""The bundle for somebody outside: what both sides see, proven, and nothing of one side alone."""

import zipfile
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar

from makegood.base.actor import Act
from makegood.claims.actions import post_message
from makegood.claims.evidence_actions import Filing, begin_upload
from makegood.claims.filing import FilingRoom, complete, take_in
from makegood.claims.outside.actions import ask_outside
from makegood.claims.outside.store import cases_of
from makegood.claims.recording import records_into
from makegood.claims.view import Audience
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.record.log.sequencer import run_round
from makegood.verify.bundle import Opened
from makegood.verify.judge import judge
from makegood.verify.judge import opened as opened_bundle
from tests.claims.town import Town
from tests.record.log.rooms import log_room
from tests.verify.javascript import JavaScript, javascript, plain
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in
from tests.web.test_bundle import pin_of
from tests.web.test_outside import SECRET, case, opened, referred

ASIDE: dict[Audience, str] = {
    "buyer": "只给买家看的话",
    "seller": "只给卖家看的话",
    "platform": "只给平台看的话",
    "all": "双方都能看的话",
}


@pytest.fixture(scope="module")
def page_script() -> Iterator[JavaScript]:
    """The offline page's verifier."""
    with javascript() as running:
        yield running


async def asked_outside(town: Town, folder: Path) -> str:
    """A claim handed outside, with words and files for each audience, in the log."""
    claim_no = await referred(town)
    for audience, text in ASIDE.items():
        async with town.db.transaction() as tx:
            await post_message(tx, town.agent, town.desk, claim_no, text, audience)
        by = town.seller if audience == "seller" else town.buyer
        await file(town, folder, claim_no, by, audience)
    await town.settle()
    log = msgspec.structs.replace(log_room(town.db, folder / "record"), clock=town.clock)
    await run_round(log, "main")
    return claim_no


async def file(town: Town, folder: Path, claim_no: str, by: Act, audience: Audience) -> None:
    """A file of one party that says for whom it is."""
    room = FilingRoom(town.db, DiskStorage(folder, town.vault), PillowPictures())
    wanted = Filing(
        claim_no=claim_no,
        slot="redeem_error",
        party="seller" if audience == "seller" else "buyer",
        audience=audience,
        filename=f"name-of-{audience}.txt",
        size=None,
    )

    async def content() -> AsyncIterator[bytes]:
        yield f"file for {audience}\n".encode()

    async with town.db.transaction() as tx:
        upload = await begin_upload(tx, by, town.desk.ids.uuid(), wanted)
    upload = await take_in(room, by, upload, content())
    await complete(room, by, upload.upload_id, town.clock.now(), records_into(town.desk))


def read(town: Town, folder: Path, content: bytes) -> Opened:
    found = opened_bundle(content, town.clock.now().timestamp(), pin_of(folder))
    assert isinstance(found, Opened), found
    return found


def fields(bundle: Opened) -> set[tuple[int, str]]:
    """Which fields a bundle opens."""
    return {(one.version, one.name) for one in bundle.disclosed}


async def test_it_opens_what_both_sides_see_and_all_verifiers_accept_it(
    street: Town, app: Litestar, tmp_path: Path, page_script: JavaScript
) -> None:
    claim_no = await asked_outside(street, tmp_path)
    browser = await opened(street, app, claim_no)
    assert 'href="/outside/bundle"' in (await browser.open("/outside")).text
    content = (await browser.open("/outside/bundle")).content
    pin, now = pin_of(tmp_path), street.clock.now().timestamp()
    verdict = judge(content, now, pin)
    assert (verdict.state, verdict.number, verdict.files) == ("intact", claim_no, 1)
    assert plain(verdict) == page_script.judge(content, now, pin.policy)

    await add_person(street, "op-1", "operator")
    operator = await signed_in(street, app, "op-1")
    sides = [
        fields(
            read(
                street,
                tmp_path,
                (await operator.open(f"/desk/c/{claim_no}/bundle?for={s}")).content,
            )
        )
        for s in ("buyer", "seller")
    ]
    theirs = read(street, tmp_path, content)
    assert theirs.manifest.audience == "outside"
    assert fields(theirs) == sides[0] & sides[1]
    assert all(fields(theirs) < side for side in sides)


async def test_nothing_of_one_side_is_in_any_of_its_files(
    street: Town, app: Litestar, tmp_path: Path
) -> None:
    claim_no = await asked_outside(street, tmp_path)
    browser = await opened(street, app, claim_no)
    content = (await browser.open("/outside/bundle")).content
    with zipfile.ZipFile(BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert "商品页写的是国服还是国际服" in files["question.txt"].decode()
    whole = b"".join(files.values()).decode("utf-8", "replace")
    assert ASIDE["all"] in whole
    assert "file for all\n" in whole
    kept = [text for audience, text in ASIDE.items() if audience != "all"]
    kept += [f"file for {one}\n" for one in ASIDE if one != "all"]
    kept += [f"name-of-{one}" for one in ASIDE] + [SECRET, "b-1"]
    assert [text for text in kept if text in whole] == []


async def test_a_stranger_and_the_link_of_another_claim_open_nothing_of_it(
    street: Town, app: Litestar, tmp_path: Path
) -> None:
    claim_no = await asked_outside(street, tmp_path)
    assert (await Browser(app).open("/outside/bundle")).status_code == 404
    other_no = await referred(street, order_no="O-6")
    other = await opened(street, app, other_no)
    await street.settle()
    answer = await other.open("/outside/bundle")
    assert f"{other_no}-outside.zip" in answer.headers["content-disposition"]
    assert claim_no.encode() not in answer.content


async def test_the_staff_hands_out_the_same_by_other_means(
    street: Town, app: Litestar, tmp_path: Path
) -> None:
    claim_no = await asked_outside(street, tmp_path)
    browser = await opened(street, app, claim_no)
    await add_person(street, "op-1", "operator")
    operator = await signed_in(street, app, "op-1")
    handed = await operator.open(f"/desk/c/{claim_no}/bundle?for=outside")
    taken = await browser.open("/outside/bundle")
    assert handed.content == taken.content
    assert b"question.txt" in handed.content


async def test_an_earlier_question_goes_with_the_bundle_that_it_was_asked_with(
    street: Town, app: Litestar, tmp_path: Path
) -> None:
    claim_no = await asked_outside(street, tmp_path)
    async with street.db.connection() as conn:
        [first] = await cases_of(conn, "main", claim_no)
    browser = await opened(street, app, claim_no)
    await browser.open("/outside")
    await browser.send("/outside", text="页面写的是国服")
    async with street.db.transaction() as tx:
        lead = street.act("lead", "qi")
        later = case(street, claim_no, "publisher", question="这张卡激活过吗？")
        await ask_outside(tx, lead, street.desk, street.desk.ids, later)
    await add_person(street, "op-1", "operator")
    operator = await signed_in(street, app, "op-1")
    path = f"/desk/c/{claim_no}/bundle?for=outside"
    newest, earlier = [
        (await operator.open(p)).content for p in (path, f"{path}&case={first.ref_no}")
    ]
    assert ("这张卡激活过吗".encode() in newest, first.question.encode() in newest) == (True, False)
    assert first.question.encode() in earlier
    assert (await operator.open(f"{path}&case=nobody")).content.count(b"question.txt") == 0
