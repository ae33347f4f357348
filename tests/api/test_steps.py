"""Steps on a claim over the API: each party's own, with the answers they get."""

import json
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from makegood.ledger.refund.gateway import Capture, CaptureState
from makegood.people.keys.rules import KeyRole
from tests.api.kit import COMPLAINT, Line, buyer_token, key_of
from tests.claims.town import Town, unit_line
from tests.orders.making import told
from tests.web.test_paid_repair import priced


async def opened(buyer: Line, **other: Any) -> str:
    answer = await buyer.post("/claims", {**COMPLAINT, **other})
    assert answer.status_code == 201, answer.text
    claim_no: str = answer.json()["claim_no"]
    return claim_no


async def test_an_order_is_told_read_and_told_again(market: Line) -> None:
    order = told("O-7")
    order.pop("order_no")
    first = await market.put("/orders/O-7", order)
    assert first.json() == {"order_no": "O-7", "version": 1, "changed": True}
    again = await market.put("/orders/O-7", order)
    assert again.json() == {"order_no": "O-7", "version": 1, "changed": False}
    read = (await market.get("/orders/O-7")).json()
    assert (read["version"], read["order"]["seller"]["id"]) == (1, "s-1")
    other = await market.put("/orders/O-8", {**order, "order_no": "O-7"})
    assert other.json()["fields"][0]["name"] == "order_no"


async def test_an_import_answers_a_line_for_each_line(market: Line) -> None:
    lines = [json.dumps(told("O-21")), "{", json.dumps(told("O-22"))]
    answer = await market.client.post(
        "/orders/import",
        content="\n".join(lines).encode(),
        headers={"content-type": "application/x-ndjson"},
    )
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [result["ok"] for result in results] == [True, False, True]


async def test_internal_notes_are_the_staffs(buyer: Line, agent: Line, seller: Line) -> None:
    claim_no = await opened(buyer)
    note = {"text": "像是批量问题", "audience": "internal"}
    assert (await agent.post(f"/claims/{claim_no}/messages", note)).status_code == 200
    assert (await buyer.post(f"/claims/{claim_no}/messages", note)).status_code == 404
    for line in (buyer, seller):
        assert "批量" not in (await line.get(f"/claims/{claim_no}/events")).text


async def test_offers_go_back_and_forth_until_one_is_taken(
    app: Litestar, town: Town, seller: Line
) -> None:
    await town.order("O-3", lines=unit_line(supplier=None))
    buyer = Line(app, await buyer_token(app, "O-3"))
    region = "买的是国服卡，收到的是国际服，昨天晚上发现的"
    claim_no = await opened(buyer, order_no="O-3", reason="SND01", description=region)
    await town.settle()
    await town.file_all(claim_no)
    path, offer = f"/claims/{claim_no}", {"remedy": "price_reduction", "text": "退一部分"}
    for line, step, body in (
        (seller, "answer", {"kind": "offer", "amount_minor": 2000, **offer}),
        (buyer, "offers", {"amount_minor": 6000, **offer}),
        (seller, "offers", {"amount_minor": 4000, **offer}),
    ):
        answer = await line.post(f"{path}/{step}", body)
        assert (answer.status_code, answer.json()["state"]) == (200, "negotiating"), answer.text
    standing = (await buyer.get(path)).json()["offers"][-1]["number"]
    assert (await seller.post(f"{path}/offers/{standing}/acceptance", {})).status_code == 409
    taken = await buyer.post(f"{path}/offers/{standing}/acceptance", {})
    assert taken.status_code == 200, taken.text
    await town.settle()
    assert sum(town.gateway.paid_back.values()) == 4000
    rated = await buyer.post(f"{path}/rating", {"score": 5, "text": "很快"})
    assert rated.status_code == 200, rated.text


async def test_an_agent_decides_and_everybody_reads_the_letter(
    town: Town, buyer: Line, agent: Line, seller: Line
) -> None:
    claim_no = await opened(buyer)
    await buyer.post(f"/claims/{claim_no}/person-request", {"text": "请人看"})
    await town.settle()
    claim = (await agent.get(f"/claims/{claim_no}")).json()
    assert claim["state"] == "in_review", claim["state"]
    ruling = {
        "finding": next(iter(town.desk.pack.findings)),
        "remedy": "explanation",
        "reason_text": "核验记录说明了原因，双方都已看过",
        "reason_for_departure": "核验记录说明了原因，双方都已看过",
        "shares": {"buyer": 100},
    }
    decided = await agent.post(
        f"/claims/{claim_no}/decision", ruling, **{"if-match": f'"{claim["version"]}"'}
    )
    assert decided.status_code == 200, decided.text
    letter = (await seller.get(f"/claims/{claim_no}/letter")).json()
    assert (letter["claim_no"], letter["remedy"]) == (claim_no, "explanation")
    page = await buyer.client.get(f"/claims/{claim_no}/letter", headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert claim_no in page.text


async def test_staff_steps_are_recorded(town: Town, buyer: Line, agent: Line) -> None:
    claim_no = await opened(buyer)
    await buyer.post(f"/claims/{claim_no}/person-request", {})
    due = town.clock.now().replace(year=town.clock.now().year + 1).isoformat()
    question = {"department": "finance", "owner_id": "chen", "question": "到账了吗", "due_at": due}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("tags", {"tags": ["KEY02"]}),
        ("lane", {"lane": "careful", "text": "金额较大"}),
        ("assignment", {"owner_id": "chen"}),
        ("handovers", question),
        ("escalation", {"text": "超出权限"}),
        ("evidence-requests", {"party": "buyer", "slots": ["error_screen"], "text": "请补图"}),
    ]
    for step, body in steps:
        answer = await agent.post(f"/claims/{claim_no}/{step}", body)
        assert answer.status_code == 200, f"{step}: {answer.text}"
    claim = (await agent.get(f"/claims/{claim_no}")).json()
    [task] = claim["tasks"]
    answered = await agent.post(f"/claims/{claim_no}/tasks/{task['task_id']}", {"text": "到了"})
    assert answered.status_code == 200
    unknown = await agent.post(f"/claims/{claim_no}/facts", {"name": "no.such", "value": True})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "not_a_fact")


async def test_evidence_is_filed_and_read_with_ranges(buyer: Line, agent: Line) -> None:
    claim_no = await opened(buyer)
    filed = await buyer.client.post(
        f"/claims/{claim_no}/evidence",
        data={"slot": "error_screen"},
        files={"file": ("a.txt", "提示卡密无效".encode())},
    )
    assert filed.status_code == 201, filed.text
    item = filed.json()["evidence"]
    assert len(item["sha256"]) == 64
    whole = await agent.client.get(f"/files/{item['evidence_id']}")
    assert whole.content.decode() == "提示卡密无效"
    part = await agent.client.get(f"/files/{item['evidence_id']}", headers={"range": "bytes=0-2"})
    assert (part.status_code, part.content.decode()) == (206, "提")
    assert (await agent.get("/files/unknown")).status_code == 404


async def test_a_file_that_is_none_of_ours_is_refused(buyer: Line) -> None:
    claim_no = await opened(buyer)
    page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    refused = await buyer.client.post(
        f"/claims/{claim_no}/evidence",
        data={"slot": "error_screen"},
        files={"file": ("a.svg", page)},
    )
    assert (refused.status_code, refused.json()["code"]) == (415, "file_type_not_accepted")


async def test_stock_is_counted_and_a_seller_keeps_its_own(market: Line, seller: Line) -> None:
    keys = {"sku": "XH-100", "category": "game_card", "keys": ["A-1", "A-2", "A-2"]}
    assert (await market.post("/stock", keys)).json() == {"added": 2, "known": 1}
    own = await seller.post("/stock", {**keys, "keys": ["B-1"]})
    assert own.status_code == 201
    assert (await seller.post("/stock", {**keys, "seller_id": "s-9"})).status_code == 404
    assert [row["free"] for row in (await seller.get("/stock")).json()["items"]] == [1]
    assert "A-1" not in (await market.get("/stock")).text


async def test_the_policy_names_reasons_and_windows(stranger: Line) -> None:
    policy = (await stranger.get("/policies/XH-100", category="membership")).json()
    assert policy["claim_window_days"] == 30
    assert "MBR01" in {reason["code"] for reason in policy["reasons"]}


async def test_a_payment_without_an_order_is_confirmed_by_its_gateway(
    market: Line, town: Town
) -> None:
    town.gateway.captures = [
        Capture(trade_no="T-77", order_no="lost", amount_minor=9800, state="paid")
    ]
    told_of = {
        "trade_no": "T-77",
        "amount": {"amount_minor": 9800, "currency": "CNY"},
        "contact": "p@example.com",
    }
    first = await market.post("/claims", told_of)
    assert (first.status_code, first.json()["state"]) == (201, "open"), first.text
    again = await market.post("/claims", told_of)
    assert (again.status_code, again.json()["claim_no"]) == (200, first.json()["claim_no"])
    await town.settle()
    assert list(town.gateway.paid_back.values()) == [9800]


async def test_problems_speak_the_readers_language(app: Litestar, town: Town) -> None:
    for language, word in (("zh", "没有找到"), ("en", "Not found")):
        role: KeyRole = "market"
        line = Line(app, await key_of(town, role), language)
        answer: httpx.Response = await line.get("/claims/AS-261121-00000X")
        assert answer.json()["title"] == word


async def test_a_repair_is_paid_only_by_a_payment_under_the_claims_number_and_currency(
    town: Town, buyer: Line
) -> None:
    claim_no = await priced(town)
    path = f"/claims/{claim_no}/repair-payment"
    wrong = {"T-1": ("O-1", "CNY", "paid"), "T-2": (claim_no, "JPY", "paid")}
    wrong["T-3"] = (claim_no, "CNY", "unpaid")
    for trade_no, (order_no, currency, state) in wrong.items():
        town.gateway.captures = [
            Capture(
                trade_no=trade_no,
                order_no=order_no,
                amount_minor=1960,
                currency=currency,
                state=msgspec.convert(state, CaptureState),
            )
        ]
        refused = await buyer.post(path, {"gateway": "epay", "trade_no": trade_no})
        assert refused.json()["fields"][0]["name"] == "trade_no", trade_no

    town.gateway.captures = [
        Capture(trade_no="T-4", order_no=claim_no, amount_minor=1960, state="paid")
    ]
    paid = await buyer.post(path, {"gateway": "epay", "trade_no": "T-4"})
    assert paid.status_code == 200
    again = await buyer.post(path, {"gateway": "epay", "trade_no": "T-4"})
    assert again.json()["code"] == "claim_not_open"
