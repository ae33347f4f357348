"""A buyer with an order and a query password files a claim on plain forms."""

from litestar import Litestar

from tests.claims.town import Town
from tests.web.site_kit import Browser

TYPED = {
    "unit": "1.1",
    "reason": "KEY01",
    "description": "今天上午第一次兑换就提示卡密无效，整屏截图在手里",
    "slot_redeem_account": "8820 4412 2260",
    "wants": "refund",
    "at": "1",
}


async def test_nothing_about_an_order_is_shown_before_proof(street: Town, buyer: Browser) -> None:
    real = await buyer.open("/o/O-1")
    unknown = await buyer.open("/o/O-2")

    assert (real.status_code, unknown.status_code) == (404, 404)
    assert "星海" not in real.text


async def test_the_query_password_opens_the_order(street: Town, buyer: Browser) -> None:
    page = await buyer.prove()

    assert page.url.path == "/o/O-1"
    assert "星海点卡" in page.text
    assert "XH-SECRET" not in page.text


async def test_a_wrong_password_says_nothing_about_the_order(street: Town, buyer: Browser) -> None:
    wrong = await buyer.prove(password="guess")
    unknown = await buyer.prove(order_no="O-404", password="guess")

    assert (wrong.status_code, unknown.status_code) == (409, 409)
    assert "没有对上" in wrong.text
    assert "没有对上" in unknown.text


async def test_a_claim_goes_from_form_to_refund(street: Town, buyer: Browser) -> None:
    street.supplier.answers["UP-77"] = {"status": "invalid"}
    await buyer.prove()
    await buyer.open("/o/O-1/claim")

    first = await buyer.send("/o/O-1/claim", **TYPED, go="next")
    assert first.url.query == b"step=2", first.text[:2000]
    page = await buyer.send("/o/O-1/claim", **{**TYPED, "at": "2"}, go="later")
    assert page.url.query == b"step=3"
    case = await buyer.send("/o/O-1/claim", **{**TYPED, "at": "4"}, go="submit")
    assert case.url.path.startswith("/c/AS-"), case.text[:2000]

    await street.settle()
    settled = await buyer.open(case.url.path)
    assert "¥" in settled.text
    assert settled.status_code == 200


async def test_an_order_with_a_claim_is_not_called_too_late(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    before = await buyer.open("/")
    await buyer.open("/o/O-1/claim")
    await buyer.send("/o/O-1/claim", **TYPED, go="later")
    await buyer.send("/o/O-1/claim", **TYPED, go="submit")
    after = await buyer.open("/")

    assert 'href="/o/O-1/claim"' in before.text
    assert 'href="/o/O-1/claim"' not in after.text
    assert "已过售后期" not in after.text


async def test_submitting_twice_opens_one_claim(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    await buyer.open("/o/O-1/claim")
    await buyer.send("/o/O-1/claim", **TYPED, go="later")

    one = await buyer.send("/o/O-1/claim", **TYPED, go="submit")
    await buyer.open("/o/O-1/claim")
    two = await buyer.send("/o/O-1/claim", **TYPED, go="submit")

    assert one.url.path == two.url.path


async def test_a_draft_is_there_after_the_line_was_lost(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    await buyer.open("/o/O-1/claim")
    await buyer.client.post(
        "/o/O-1/claim/draft", data={"_token": buyer.token, "description": "写到一半"}
    )

    page = await buyer.open("/o/O-1/claim")

    assert "写到一半" in page.text


async def test_what_is_missing_keeps_the_buyer_at_its_step(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    await buyer.open("/o/O-1/claim")

    page = await buyer.send("/o/O-1/claim", at="1", go="next")

    assert page.status_code == 422
    assert "请选一个问题" in page.text


async def test_a_vague_description_gets_one_question_once(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    await buyer.open("/o/O-1/claim")
    vague = {**TYPED, "description": "不行"}

    asked = await buyer.send("/o/O-1/claim", **vague, go="next")
    passed = await buyer.send("/o/O-1/claim", **vague, go="next")

    assert asked.status_code == 422
    assert passed.status_code == 200


async def test_every_step_of_a_claim_page_answers(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    claim_no = (await street.open()).claim_no
    await buyer.open(f"/c/{claim_no}")

    said = await buyer.send(f"/c/{claim_no}/messages", text="补充一点", key="k-00000001")
    assert "补充一点" in said.text
    asked = await buyer.send(f"/c/{claim_no}/person", text="")
    assert asked.status_code == 200
    confirm = await buyer.open(f"/c/{claim_no}/confirm/withdraw")
    assert confirm.status_code == 200
    gone = await buyer.send(f"/c/{claim_no}/withdrawal", reason="已解决")
    assert "您已撤回" in gone.text


async def test_a_message_sent_twice_is_one(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    claim_no = (await street.open()).claim_no
    await buyer.open(f"/c/{claim_no}")

    for _ in range(3):
        await buyer.send(f"/c/{claim_no}/messages", text="同一句话", key="k-00000001")

    assert (await buyer.open(f"/c/{claim_no}")).text.count("同一句话") == 1


async def test_another_buyers_claim_is_an_unknown_page(street: Town, buyer: Browser) -> None:
    await street.order("O-2", buyer={"id": "b-2", "claim_code": "other"})
    claim_no = (await street.open()).claim_no
    await buyer.prove("O-2", "other")

    theirs = await buyer.open(f"/c/{claim_no}")
    unknown = await buyer.open("/c/AS-261121-000000")

    assert theirs.status_code == unknown.status_code == 404


async def test_a_form_from_another_site_changes_nothing(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    claim_no = (await street.open()).claim_no
    await buyer.open(f"/c/{claim_no}")

    foreign = await buyer.client.post(
        f"/c/{claim_no}/messages",
        data={"_token": buyer.token, "text": "x"},
        headers={"origin": "http://evil.test"},
    )
    bare = await buyer.client.post(f"/c/{claim_no}/messages", data={"text": "x"})

    assert (foreign.status_code, bare.status_code) == (403, 403)


async def test_giving_up_a_right_needs_a_fresh_proof(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    claim_no = (await street.open()).claim_no
    await street.later(minutes=40)
    await buyer.open(f"/c/{claim_no}")

    asked = await buyer.send(f"/c/{claim_no}/withdrawal", reason="")

    assert asked.url.path == "/proof"
    assert "再确认一次" in asked.text


async def test_choosing_a_reason_brings_its_evidence_and_keeps_the_rest(
    street: Town, buyer: Browser
) -> None:
    await buyer.prove()
    await buyer.open("/o/O-1/claim")
    await buyer.client.post(
        "/o/O-1/claim/draft", data={"_token": buyer.token, "unit": "1.1", "description": "写好了"}
    )

    part = await buyer.client.get(
        "/o/O-1/claim/template?reason=KEY02", headers={"hx-request": "true"}
    )
    whole = await buyer.open("/o/O-1/claim")

    assert "兑换失败的截图" in part.text
    assert "<html" not in part.text
    assert "写好了" in whole.text


async def test_a_proven_buyer_is_told_what_another_buyers_order_would_close(
    street: Town, buyer: Browser, app: Litestar
) -> None:
    await buyer.prove()
    page = await buyer.open("/proof?order=O-2")
    assert "这台设备已经验证过 O-1。" in page.text
    assert "已经验证过" not in (await buyer.open("/proof?order=O-1")).text
    assert "已经验证过" not in (await Browser(app).open("/proof?order=O-2")).text


async def test_an_order_opened_without_proof_need_not_be_typed_again(
    street: Town, buyer: Browser
) -> None:
    page = await buyer.open("/proof?next=/o/O-1/claim")

    assert 'value="O-1"' in page.text
    assert 'value="O-1"' not in (await buyer.open("/proof?next=/c/O-1")).text
