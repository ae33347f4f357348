"""Receipts on the pages of the two sides: each for its own steps, made to be kept."""

from pathlib import Path

import msgspec
from litestar import Litestar

from makegood.record.log.sequencer import run_round
from tests.claims.town import Town
from tests.record.log.rooms import log_room
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in


async def logged(street: Town, folder: Path) -> None:
    """Everything so far is in the log."""
    room = msgspec.structs.replace(log_room(street.db, folder / "record"), clock=street.clock)
    await run_round(room, "main")


async def test_a_buyer_gets_a_receipt_for_filing(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    opened = await street.open()
    await logged(street, tmp_path)
    await buyer.prove()
    text = (await buyer.open(f"/c/{opened.claim_no}")).text
    assert "签名回执" in text
    assert "已写入" in text
    number = text.split("/v/")[1][:9]
    printed = await buyer.open(f"/c/{opened.claim_no}/receipts/{number}")
    assert "log.example/main+" in printed.text, "the key, to be pinned later"
    assert (await buyer.open(f"/v/{number}")).status_code == 200


async def test_a_seller_has_receipts_of_the_own_steps_only(
    street: Town, app: Litestar, buyer: Browser, tmp_path: Path
) -> None:
    opened = await street.open()
    await add_person(street, "sel", "seller", seller_id="s-1")
    await logged(street, tmp_path)
    seller = await signed_in(street, app, "sel")
    before = (await seller.open(f"/seller/c/{opened.claim_no}")).text
    await seller.send(f"/seller/c/{opened.claim_no}/messages", text="我们在查")
    after = (await seller.open(f"/seller/c/{opened.claim_no}")).text
    assert ("签名回执" in before, "签名回执" in after) == (False, True)
    number = after.split("/v/")[1][:9]
    await buyer.prove()
    assert (await buyer.open(f"/c/{opened.claim_no}/receipts/{number}")).status_code == 404


async def test_a_step_that_was_not_logged_in_time_says_so(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    await street.open()
    await logged(street, tmp_path)
    await street.order("O-2")
    late = await street.open(order_no="O-2")
    street.clock.at = street.clock.at.replace(minute=street.clock.at.minute + 5)
    await buyer.prove("O-2")
    assert "没有按时写入" in (await buyer.open(f"/c/{late.claim_no}")).text
