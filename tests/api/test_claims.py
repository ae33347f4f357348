"""Claims over the API: opened, read by their parties, found again."""

from tests.api.kit import COMPLAINT, Line
from tests.claims.town import Town


async def test_a_buyer_opens_a_claim_and_reads_it(buyer: Line) -> None:
    opened = await buyer.post("/claims", COMPLAINT)
    assert opened.status_code == 201, opened.text
    body = opened.json()
    assert body["state"] == "verifying"
    assert len(body["receipt"]) == 64
    assert {"kind", "at", "then"} <= body["deadlines"][0].keys()
    read = await buyer.get(f"/claims/{body['claim_no']}")
    assert read.json()["claim_no"] == body["claim_no"]
    events = await buyer.get(f"/claims/{body['claim_no']}/events")
    assert next(item["version"] for item in events.json()["items"]) == 1


async def test_the_same_unit_again_answers_with_its_claim(buyer: Line) -> None:
    first = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    again = await buyer.post("/claims", COMPLAINT)
    assert (again.status_code, again.json()["claim_no"]) == (200, first)


async def test_a_claim_is_found_by_its_words_in_chinese(buyer: Line, agent: Line) -> None:
    claim_no = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    found = await agent.get("/claims", q="卡密无效")
    assert [row["claim_no"] for row in found.json()["items"]] == [claim_no]
    assert (await agent.get("/claims", q="不存在的词")).json() == {"items": [], "next_cursor": None}


async def test_a_stranger_is_asked_who_he_is_and_another_seller_finds_nothing(
    stranger: Line, buyer: Line, town: Town
) -> None:
    claim_no = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    refused = await stranger.get(f"/claims/{claim_no}")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.json()["code"] == "unauthenticated"


async def test_what_is_missing_is_named(buyer: Line) -> None:
    answer = await buyer.post("/claims", {"order_no": 7})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["fields"][0]["name"] == "order_no"
