"""Checking receipts on the public page: by number, by file, in every state, by anybody."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from benchmarks.tampering import back_up, restore
from makegood.base.actor import SYSTEM, Act
from makegood.record.log.actions import restart_log
from makegood.record.log.given_store import Given, given_in_stream
from makegood.record.log.sequencer import run_round
from makegood.sources import SystemIds
from makegood.verify.judge import judge
from makegood.verify.pins import NO_PIN
from makegood.web.public.verify import LARGEST_FILE
from tests.anchors.programs import TsaProgram
from tests.claims.town import Town
from tests.record.log.rooms import log_room
from tests.verify.making import KEY, NOW, Log, bundle, history
from tests.verify.test_anchors import SOON, anchored, stamp
from tests.web.site_kit import Browser


async def given(street: Town, claim_no: str) -> Given:
    """The newest receipt of the buyer."""
    async with street.db.connection() as conn:
        found = await given_in_stream(conn, "main", claim_no, ["buyer"], [], street.clock.now())
    return found[0]


async def merged(street: Town, tmp_path: Path) -> Given:
    """A claim that is in the public log."""
    opened = await street.open()
    room = log_room(street.db, tmp_path / "record")
    await run_round(msgspec.structs.replace(room, clock=street.clock), "main")
    return await given(street, opened.claim_no)


async def test_a_number_leads_to_an_unchanged_receipt(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    receipt = await merged(street, tmp_path)
    typed = receipt.number.lower().replace("0", "o")
    answer = await buyer.open(f"/v?number={typed}")
    assert answer.url.path == f"/v/{receipt.number}"
    assert "签发后没有改过" in answer.text
    assert "AS-" not in answer.text, "a claim's number is no public knowledge"


async def test_the_proof_is_one_file_that_checks_anywhere(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    receipt = await merged(street, tmp_path)
    proof = await buyer.open(f"/v/{receipt.number}.tlog-proof")
    verdict = judge(proof.content, street.clock.now().timestamp(), NO_PIN)
    assert (verdict.state, verdict.number) == ("unpinned", receipt.number)


async def test_a_receipt_that_waits_says_until_when(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    await merged(street, tmp_path)
    await street.order("O-2")
    opened = await street.open(order_no="O-2")
    waiting = await given(street, opened.claim_no)
    assert "还没写进公开记录" in (await buyer.open(f"/v/{waiting.number}")).text
    await street.later(minutes=5)
    assert "没有按时写进公开记录" in (await buyer.open(f"/v/{waiting.number}")).text


async def test_an_unknown_number_shows_no_near_match(buyer: Browser) -> None:
    answer = await buyer.open("/v/7K2M-9QXA")
    assert answer.status_code == 404
    assert "没有找到这个编号" in answer.text


async def sent(
    buyer: Browser, content: bytes, beside: bytes | None = None, **fields: str
) -> httpx.Response:
    """A file handed in on the page, with what it is about where it does not say that itself."""
    await buyer.open("/v")
    files = {"file": ("r.txt", content)}
    if beside is not None:
        files["beside"] = ("entry.json", beside)
    return await buyer.client.post(f"/v?_token={buyer.token}", files=files, data=fields)


async def test_a_changed_receipt_is_shown_beside_the_real_one(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    receipt = await merged(street, tmp_path)
    real = (await buyer.open(f"/v/{receipt.number}.txt")).content
    assert "签名是真的" in (await sent(buyer, real)).text
    forged = real.replace(b"\nat 2", b"\nat 1")
    answer = await sent(buyer, forged)
    assert "对不上" in answer.text
    assert "您手里的" in answer.text


async def test_a_bundle_of_another_log_is_told_apart(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    await merged(street, tmp_path)
    assert "来自别的记录" in (await sent(buyer, bundle())).text


async def test_what_rests_on_the_shops_own_key_does_not_say_that_the_reader_named_it(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    receipt = await merged(street, tmp_path)
    proof = (await buyer.open(f"/v/{receipt.number}.tlog-proof")).content
    own = (await sent(buyer, proof)).text
    assert "由本站公布的密钥签名" in own
    assert "您指定的" not in own
    policy = (await buyer.open("/public/log-policy")).text
    assert "由您指定的密钥签名" in (await sent(buyer, proof, pin=policy)).text
    assert "不是本站的记录签发的" in (await sent(buyer, bundle())).text


async def test_a_pin_that_is_none_is_said_at_once(buyer: Browser) -> None:
    answer = await sent(buyer, b"anything", pin="hello")
    assert answer.status_code == 422
    assert "既不是密钥" in answer.text


async def test_a_bare_proof_asks_what_it_is_about_and_takes_it(buyer: Browser) -> None:
    events = history()
    bare = Log(events).proof(0)
    key = str(KEY.verifier)
    asked = (await sent(buyer, bare, pin=key)).text
    assert "证明的是哪一条" in asked
    assert 'name="beside"' in asked
    assert "写下之后没有改过" in (await sent(buyer, bare, events[0].entry, pin=key)).text
    assert "对不上" in (await sent(buyer, bare, events[1].entry, pin=key)).text


async def test_what_is_older_than_a_checkpoint_that_the_reader_kept_is_pointed_out(
    street: Town, buyer: Browser
) -> None:
    street.clock.at = datetime.fromtimestamp(NOW, UTC)
    key = str(KEY.verifier)
    own = Log(history()).checkpoint.decode()
    newer = Log(history(), after=99).checkpoint.decode()
    assert "写下之后没有改过" in (await sent(buyer, bundle(), pin=key, seen=own)).text
    assert "比您手里的还旧" in (await sent(buyer, bundle(), pin=key, seen=newer)).text
    unread = await sent(buyer, bundle(), pin=key, seen="hello")
    assert unread.status_code == 422
    assert "这不是上面的密钥签过的检查点" in unread.text
    assert key in unread.text, "a mistake in one field does not cost the others"


async def test_a_bundle_with_pictures_is_taken_and_a_larger_one_is_told_where_to_go(
    street: Town, buyer: Browser
) -> None:
    street.clock.at = datetime.fromtimestamp(NOW, UTC)
    large = await sent(buyer, bundle() + bytes(3 * 1024 * 1024), pin=str(KEY.verifier))
    assert large.status_code == 200
    assert "压缩包坏了" in large.text
    larger = await sent(buyer, b"PK" + bytes(LARGEST_FILE + 1024 * 1024))
    assert larger.status_code == 413
    assert "离线验真页" in larger.text
    assert "没有读" in larger.text


async def test_a_time_stamp_is_held_to_the_authority_that_the_reader_names(
    street: Town, buyer: Browser, tsa: TsaProgram, stranger: TsaProgram
) -> None:
    street.clock.at = datetime.fromtimestamp(SOON, UTC)
    content, key = anchored({"anchors/1-tsa.tsr": stamp(tsa)}), str(KEY.verifier)
    checked = (await sent(buyer, content, pin=key, authority=tsa.root_pem)).text
    assert "您指定的机构的时间戳" in checked
    assert "没有改过" in checked
    other = (await sent(buyer, content, pin=key, authority=stranger.root_pem)).text
    assert "没有您要求的时间戳" in other
    assert "没有核对" in (await sent(buyer, content, pin=key)).text


async def test_what_holds_no_root_certificate_is_said_at_once(buyer: Browser) -> None:
    answer = await sent(buyer, b"anything", authority="hello")
    assert answer.status_code == 422
    assert "没有自己给自己签名的根证书" in answer.text


async def test_a_receipt_of_an_entry_that_is_gone_proves_the_omission(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    await merged(street, tmp_path)
    room = msgspec.structs.replace(log_room(street.db, tmp_path / "record"), clock=street.clock)
    async with street.db.connection() as conn:
        await back_up(conn)
    await street.order("O-2")
    opened = await street.open(order_no="O-2")
    await run_round(room, "main")
    lost = await given(street, opened.claim_no)
    receipt = (await buyer.open(f"/v/{lost.number}.txt")).text
    async with street.db.connection() as conn:
        await restore(conn)
    act = Act("main", SYSTEM, street.clock.now())
    async with street.db.transaction() as tx:
        await restart_log(tx, act, room, SystemIds(), "restored from the backup of noon")
    await run_round(room, "main")
    answer = await sent(buyer, receipt.encode())
    assert "公开记录里没有这一条" in answer.text
    assert "restored from the backup of noon" in answer.text
