"""The bundle of a claim: whole, checkable, the same twice, and only what its reader may have."""

import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar

from makegood.claims.actions import post_message, withdraw
from makegood.claims.evidence_actions import Filing, begin_upload
from makegood.claims.filing import FilingRoom, complete, take_in
from makegood.claims.recording import records_into
from makegood.gateways.storage.disk import DiskStorage
from makegood.gateways.storage.pictures import PillowPictures
from makegood.privacy.actions import Eraser, erase_person
from makegood.record.log.keyring import FileKeyBook
from makegood.record.log.policy import policy_of
from makegood.record.log.sequencer import run_round
from makegood.verify.judge import judge, opened
from makegood.verify.pins import Pin
from makegood.verify.verdict import Verdict
from tests.claims.town import Town
from tests.record.log.rooms import ORIGIN, log_room
from tests.verify.javascript import JavaScript, javascript, plain
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in

PAPER = "聊天记录：兑换失败\n".encode() * 9
INTERNAL = "内部：此买家常客"


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def claim_with_everything(street: Town, folder: Path) -> str:
    """A claim with a file, words of all sides and an internal note, in the log but for its end."""
    opened_claim = await street.open()
    claim_no = opened_claim.claim_no
    room = FilingRoom(street.db, DiskStorage(folder, street.vault), PillowPictures())
    wanted = Filing(
        claim_no=claim_no,
        slot="redeem_error",
        party="buyer",
        audience="all",
        filename="聊天.txt",
        size=None,
    )
    async with street.db.transaction() as tx:
        upload = await begin_upload(tx, street.buyer, street.desk.ids.uuid(), wanted)
    upload = await take_in(room, street.buyer, upload, once(PAPER))
    now = street.clock.now()
    await complete(room, street.buyer, upload.upload_id, now, records_into(street.desk))
    async with street.db.transaction() as tx:
        await post_message(tx, street.agent, street.desk, claim_no, INTERNAL, "platform")
    await street.settle()
    log = msgspec.structs.replace(log_room(street.db, folder / "record"), clock=street.clock)
    await run_round(log, "main")
    return claim_no


def pin_of(folder: Path) -> Pin:
    """The log's key as its key file has it: from elsewhere than the bundle."""
    keys = FileKeyBook(folder / "record" / "keys").open("main", ORIGIN)
    return Pin(policy_of(*keys.verifiers))


@pytest.fixture(scope="module")
def page_script() -> Iterator[JavaScript]:
    """The offline page's verifier."""
    with javascript() as running:
        yield running


async def test_each_side_gets_a_bundle_that_all_verifiers_accept(
    street: Town, app: Litestar, buyer: Browser, tmp_path: Path, page_script: JavaScript
) -> None:
    claim_no = await claim_with_everything(street, tmp_path)
    await add_person(street, "op-1", "operator")
    await add_person(street, "sel", "seller", seller_id="s-1")
    await buyer.prove()
    operator, seller = await signed_in(street, app, "op-1"), await signed_in(street, app, "sel")
    pin, now = pin_of(tmp_path), street.clock.now().timestamp()
    sizes = {}
    for name, browser, path in (
        ("buyer", buyer, f"/c/{claim_no}/bundle"),
        ("seller", seller, f"/seller/c/{claim_no}/bundle"),
        ("platform", operator, f"/desk/c/{claim_no}/bundle"),
    ):
        answer = await browser.open(path)
        verdict = judge(answer.content, now, pin)
        assert plain(verdict) == page_script.judge(answer.content, now, pin.policy)
        assert (verdict.state, verdict.files) == ("intact", 1), name
        assert len(answer.content) == int(answer.headers["content-length"])
        assert (INTERNAL.encode() in answer.content) == (name == "platform")
        assert (await browser.open(path)).content == answer.content
        sizes[name] = verdict.fields
    assert sizes["seller"] < sizes["buyer"] < sizes["platform"]


async def test_a_bundle_reads_without_our_software(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    claim_no = await claim_with_everything(street, tmp_path)
    await buyer.prove()
    content = (await buyer.open(f"/c/{claim_no}/bundle")).content
    (tmp_path / "b.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        paper = next(name for name in names if name.startswith("files/"))
        assert archive.read(paper) == PAPER
        court = archive.read("court.zh.html").decode()
        dispute = archive.read("payment-dispute.en.html").decode()
    assert {"read-me.html", "verify.html", "policy/rules.md", "complaint-12315.zh.html"} <= names
    assert paper in court
    assert "Where money and goods went" in dispute


def sheet_of(page: str) -> list[str]:
    """The words of a letter's sheet, without the link that only the site has."""
    [sheet] = re.findall(r'<article class="sheet".*?</article>', page, re.DOTALL)
    bare = re.sub(r'<p class="faint p13"><a href="/library.*?</p>', "", sheet)
    return re.sub(r"<[^>]+>", " ", bare).split()


async def test_the_letter_in_a_bundle_is_the_letter_of_the_site(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    street.supplier.answers["UP-77"] = {"status": "invalid"}
    claim_no = await claim_with_everything(street, tmp_path)
    await buyer.prove()
    site = (await buyer.open(f"/c/{claim_no}/letter?lang=zh")).text
    content = (await buyer.open(f"/c/{claim_no}/bundle")).content
    with zipfile.ZipFile(BytesIO(content)) as archive:
        zh, en = (archive.read(f"letter.{lang}.html").decode() for lang in ("zh", "en"))
    assert sheet_of(zh) == sheet_of(site)
    assert "8. Asked for and not accepted" in en
    assert "/static/" not in zh + en
    assert 'href="files/' in zh


async def test_a_mistyped_reader_gets_nothing_rather_than_everything(
    street: Town, app: Litestar, tmp_path: Path
) -> None:
    claim_no = await claim_with_everything(street, tmp_path / "files")
    operator = await signed_in(street, app, "op", "zh")
    for wanted in ("mediator", "Buyer", "x"):
        answer = await operator.open(f"/desk/c/{claim_no}/bundle?for={wanted}")
        assert answer.status_code == 404


async def test_a_stranger_gets_no_bundle(street: Town, app: Litestar, buyer: Browser) -> None:
    opened_claim = await street.open()
    assert (await buyer.open(f"/c/{opened_claim.claim_no}/bundle")).status_code == 404


async def test_what_was_erased_is_not_in_the_bundle_and_its_proofs_still_hold(
    street: Town, app: Litestar, buyer: Browser, tmp_path: Path
) -> None:
    claim_no = await claim_with_everything(street, tmp_path)
    async with street.db.transaction() as tx:
        await withdraw(tx, street.buyer, street.desk, claim_no)
        await erase_person(
            tx, street.act("operator", "op"), Eraser(street.vault, street.desk.ids), ["b-1"], "duty"
        )
    await add_person(street, "op-1", "operator")
    operator = await signed_in(street, app, "op-1")
    content = (await operator.open(f"/desk/c/{claim_no}/bundle")).content
    found = opened(content, street.clock.now().timestamp(), pin_of(tmp_path))
    assert not isinstance(found, Verdict)
    assert (found.verdict.state, found.verdict.files) == ("not_merged", 0)
    assert "description" not in {one.name for one in found.disclosed}
