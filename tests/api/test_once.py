"""The same thing sent a hundred times at once has one effect."""

import asyncio
from collections import Counter
from typing import Any

import httpx
from litestar import Litestar

from makegood.base.money import Money
from makegood.ledger.actions import totals
from makegood.ledger.coupons.actions import issue_coupon
from makegood.ledger.coupons.codes import code_of
from makegood.ledger.coupons.rules import NewCoupon
from tests.api.kit import COMPLAINT, Line, key_of
from tests.claims.town import Town

TIMES = 100


async def at_once(line: Line, path: str, body: Any, key: str = "") -> list[httpx.Response]:
    return await asyncio.gather(*(line.post(path, body, key) for _ in range(TIMES)))


async def opened(buyer: Line) -> str:
    claim_no: str = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    return claim_no


async def test_the_same_claim_a_hundred_times_is_one_claim(buyer: Line, agent: Line) -> None:
    answers = await at_once(buyer, "/claims", COMPLAINT)
    assert Counter(a.status_code for a in answers) == {201: 1, 200: TIMES - 1}
    assert len({a.json()["claim_no"] for a in answers}) == 1
    assert len((await agent.get("/claims")).json()["items"]) == 1


async def test_the_same_claim_with_a_key_gets_the_first_answer_a_hundred_times(
    buyer: Line,
) -> None:
    answers = await at_once(buyer, "/claims", COMPLAINT, key="k-1")
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1


async def test_the_same_external_id_is_one_claim_whatever_the_order(
    market: Line, town: Town
) -> None:
    await town.order("O-2")
    sent = {**COMPLAINT, "channel": "telegram", "external_id": "77"}
    first = await market.post("/claims", sent)
    again = await market.post("/claims", {**sent, "order_no": "O-2"})
    assert (again.status_code, again.json()["claim_no"]) == (200, first.json()["claim_no"])


async def test_the_same_message_a_hundred_times_is_one_message(buyer: Line) -> None:
    claim_no = await opened(buyer)
    answers = await at_once(buyer, f"/claims/{claim_no}/messages", {"text": "在吗"}, key="m-1")
    assert {a.status_code for a in answers} == {200}
    events = (await buyer.get(f"/claims/{claim_no}/events")).json()["items"]
    assert [item["text"] for item in events].count("在吗") == 1


async def test_the_same_evidence_a_hundred_times_is_one_item(buyer: Line) -> None:
    claim_no = await opened(buyer)

    async def file() -> httpx.Response:
        return await buyer.client.post(
            f"/claims/{claim_no}/evidence",
            data={"slot": "error_screen"},
            files={"file": ("words.txt", "兑换页面提示卡密无效".encode())},
            headers={"idempotency-key": "e-1"},
        )

    answers = await asyncio.gather(*(file() for _ in range(TIMES)))
    assert Counter(a.status_code for a in answers) == {201: TIMES}, answers[0].text
    assert len((await buyer.get(f"/claims/{claim_no}")).json()["evidence"]) == 1


async def test_a_key_used_for_something_else_is_refused(buyer: Line) -> None:
    claim_no = await opened(buyer)
    path = f"/claims/{claim_no}/messages"
    assert (await buyer.post(path, {"text": "一"}, key="k-9")).status_code == 200
    reused = await buyer.post(path, {"text": "二"}, key="k-9")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await buyer.post(f"/claims/{claim_no}/person-request", {"text": "一"}, key="k-9")
    assert elsewhere.status_code == 422


async def test_a_key_belongs_to_its_caller(buyer: Line, market: Line) -> None:
    claim_no = await opened(buyer)
    path = f"/claims/{claim_no}/messages"
    await buyer.post(path, {"text": "一"}, key="same")
    assert (await market.post(path, {"text": "二"}, key="same")).status_code == 200


async def test_an_answer_with_a_token_is_never_kept(app: Litestar, town: Town) -> None:
    market = Line(app, await key_of(town, "market"))
    links = [await market.post("/orders/O-1/links", {}, key="l-1") for _ in range(2)]
    assert {answer.status_code for answer in links} == {201}
    async with town.db.connection() as conn:
        kept = await conn.fetchval("select answer from idempotency where request_key = 'l-1'")
    assert kept is None


async def test_what_is_not_there_is_told_in_the_same_words_whoever_looked(market: Line) -> None:
    coupon = await market.post("/coupons/MC-0000/redemptions", {"order_no": "O-9"})
    claim = await market.get("/claims/AS-000000-000000")
    assert (coupon.status_code, claim.status_code) == (404, 404)
    assert coupon.json() == claim.json()


async def test_a_coupon_is_redeemed_exactly_once(market: Line, town: Town) -> None:
    vault, act = town.desk.vault, town.act("system")
    async with town.db.transaction() as tx:
        new = NewCoupon(claim_no="AS-1", cause="late", money=Money(500))
        given = await issue_coupon(tx, act, vault, new)
    path = f"/coupons/{code_of(vault, act.market_id, given.coupon_no)}/redemptions"
    part = {"order_no": "O-9", "amount": {"amount_minor": 200, "currency": "CNY"}}
    assert (await market.post(path, part)).json()["code"] == "coupon_whole"
    answers = await at_once(market, path, {"order_no": "O-9"})
    assert Counter(a.status_code for a in answers) == {200: TIMES}
    assert {a.json()["amount"]["amount_minor"] for a in answers} == {500}
    other = await market.post(path, {"order_no": "O-10"})
    assert (other.status_code, other.json()["code"]) == (409, "coupon_used")
    unknown = await market.post("/coupons/MC-0000/redemptions", {"order_no": "O-9"})
    assert unknown.status_code == 404
    async with town.db.connection() as conn:
        spent = await totals(conn, act.market_id, ["shop_coupons", "coupon_liability"])
    assert (spent["shop_coupons"].posted_minor, spent["coupon_liability"].posted_minor) == (-500, 0)


async def test_a_payout_waits_for_open_claims_and_happens_once(
    market: Line, buyer: Line, town: Town
) -> None:
    claim_no = await opened(buyer)
    asked = (await market.post("/orders/O-1/payout", {})).json()
    assert (asked["allowed_minor"], asked["held"][0]["claim_no"]) == (0, claim_no)
    paid = {"order_no": "O-1", "amount": {"amount_minor": 9800, "currency": "CNY"}}
    assert (await market.post("/payouts", paid)).json()["code"] == "insufficient_funds"
    await buyer.post(f"/claims/{claim_no}/withdrawal", {})
    town.clock.at = town.clock.at.replace(year=town.clock.at.year + 1)
    assert (await market.post("/orders/O-1/payout", {})).json()["allowed_minor"] == 9800
    answers = await at_once(market, "/payouts", paid, key="p-1")
    assert {a.status_code for a in answers} == {201}
    assert (await market.post("/orders/O-1/payout", {})).json()["allowed_minor"] == 0
