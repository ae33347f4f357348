"""What a buyer does on a claim page, form by form, over the real rules."""

import re
from datetime import timedelta

import httpx
import pytest

from makegood.claims import actions
from makegood.orders.stock.actions import add_stock
from makegood.orders.stock.rules import NewStock
from makegood.people.links.actions import make_link
from makegood.people.proofs.actions import make_order_link, proof_code
from makegood.people.proofs.rules import OrderContact
from tests.claims.town import Town
from tests.orders.making import PAID_AT, line
from tests.web.site_kit import Browser

INVALID = {"status": "invalid"}


async def claim_of(street: Town, **other: str) -> str:
    """A claim that has been checked and acted on."""
    claim_no = (await street.open(**other)).claim_no
    await street.settle()
    return claim_no


async def at_claim(street: Town, buyer: Browser, **other: str) -> str:
    """The same, with the buyer looking at it."""
    claim_no = await claim_of(street, **other)
    await buyer.prove()
    await buyer.open(f"/c/{claim_no}")
    return claim_no


async def test_a_replacement_is_shown_only_on_asking(street: Town, buyer: Browser) -> None:
    street.supplier.answers["UP-77"] = INVALID
    async with street.db.transaction() as tx:
        fresh = NewStock(sku="XH-100", category="game_card", keys=("FRESH-KEY-0001",))
        await add_stock(tx, street.act("market"), street.vault, (), fresh)
    claim_no = await at_claim(street, buyer, wants="reissue")
    before = await buyer.open(f"/c/{claim_no}")
    assert "FRESH-KEY-0001" not in before.text

    shown = await buyer.send(f"/c/{claim_no}/reveal")
    after = await buyer.open(f"/c/{claim_no}")

    assert "FRESH-KEY-0001" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert "FRESH-KEY-0001" not in after.text
    assert "查看了卡密" in after.text


async def test_a_refunded_claim_is_rated_once(street: Town, buyer: Browser) -> None:
    street.supplier.answers["UP-77"] = INVALID
    claim_no = await at_claim(street, buyer)

    rated = await buyer.send(f"/c/{claim_no}/rating", score="4", text="很快")
    again = await buyer.send(f"/c/{claim_no}/rating", score="1", text="")

    assert "您评了 4 星" in rated.text
    assert again.status_code == 409


async def test_a_claim_that_has_ended_requires_nothing_and_still_takes_evidence(
    street: Town, buyer: Browser
) -> None:
    street.supplier.answers["UP-77"] = {"status": "pending"}
    claim_no = await at_claim(street, buyer)
    while_open = (await buyer.open(f"/c/{claim_no}")).text
    assert "· 必填" in while_open
    async with street.db.transaction() as tx:
        await actions.withdraw(tx, street.buyer, street.desk, claim_no)

    ended = (await buyer.open(f"/c/{claim_no}")).text

    assert "· 必填" not in ended
    assert "案件已经结束" in ended
    assert f'action="/c/{claim_no}/evidence' in ended


async def test_a_rating_without_stars_is_an_input_fault(street: Town, buyer: Browser) -> None:
    street.supplier.answers["UP-77"] = INVALID
    claim_no = await at_claim(street, buyer)

    assert (await buyer.send(f"/c/{claim_no}/rating", text="好")).status_code == 422


async def test_an_appeal_names_what_it_disputes(street: Town, buyer: Browser) -> None:
    street.supplier.answers["UP-77"] = INVALID
    claim_no = await at_claim(street, buyer)
    form = await buyer.open(f"/c/{claim_no}/appeal")
    assert "您不认可哪几条" in form.text

    empty = await buyer.send(f"/c/{claim_no}/appeal", text="不同意")
    filed = await buyer.send(f"/c/{claim_no}/appeal", disputed="finding:x", text="金额不对")
    again = await buyer.open(f"/c/{claim_no}/appeal")

    assert empty.status_code == 422
    assert "申诉已提交" in filed.text
    assert again.url.path == f"/c/{claim_no}", "the way back leads to what became of it"
    assert "最晚答复" in again.text
    changing = re.findall(r"<span>(与“[^<]+)</span>", form.text)
    assert changing
    assert len(changing) == len(set(changing))


async def test_the_letter_follows_the_decision(street: Town, buyer: Browser) -> None:
    street.supplier.answers["UP-77"] = INVALID
    claim_no = await at_claim(street, buyer)

    letter = await buyer.open(f"/c/{claim_no}/letter")

    assert "裁定书" in letter.text
    assert "¥98.00" in letter.text
    assert "12315" in letter.text


async def test_before_a_decision_there_is_no_letter(street: Town, buyer: Browser) -> None:
    claim_no = (await street.open()).claim_no
    await buyer.prove()

    assert (await buyer.open(f"/c/{claim_no}/letter")).status_code == 404


async def test_not_arrived_too_early_says_when_to_come_back(street: Town, buyer: Browser) -> None:
    promised = street.clock.now() + timedelta(minutes=12)
    waiting = {"kind": "top_up", "promised_at": promised.isoformat(), "target": "138"}
    await street.order("O-3", lines=[line(category="top_up", delivery=waiting)])
    await buyer.prove("O-3")
    await buyer.open("/o/O-3/claim")
    typed = {"unit": "1.1", "reason": "DLV01", "description": "付款半小时了还没有到账", "at": "1"}

    early = await buyer.send("/o/O-3/claim", **typed, go="next")
    kept = await buyer.send("/o/O-3/remind", unit="1.1", reason="DLV01")
    street.clock.at = promised
    await buyer.open("/o/O-3/claim")
    on_time = await buyer.send("/o/O-3/claim", **typed, go="next")

    assert early.status_code == 409
    assert "还没到承诺的时间" in early.text
    assert "到时会发邮件提醒您" in kept.text
    assert on_time.url.query == b"step=2"


async def test_after_the_window_a_person_still_looks(street: Town, buyer: Browser) -> None:
    old = (PAID_AT - timedelta(days=40)).isoformat()
    sold = line(
        delivery={"kind": "key", "delivered_at": old, "keys": ["OLD-1"]},
        listing={"text": "", "claim_window_days": 7},
    )
    await street.order("O-4", lines=[sold], placed_at=old, paid_at=old, updated_at=old, payments=[])
    await buyer.prove("O-4")
    await buyer.open("/o/O-4/claim")
    typed = {"unit": "1.1", "reason": "KEY01", "description": "今天第一次兑换，提示无效", "at": "1"}

    closed = await buyer.send("/o/O-4/claim", **typed, go="next")

    assert closed.status_code == 409
    assert "售后期已于" in closed.text
    assert "问题在期内就发生了" in closed.text


async def test_a_one_time_code_opens_the_order(street: Town, buyer: Browser) -> None:
    await buyer.open("/proof")
    asked = await buyer.send("/proof/code", order_no="O-1", contact="b1@example.com", next="/")
    proof_id = asked.url.path.rsplit("/", 1)[1]
    code = proof_code(street.vault, "main", proof_id)

    wrong = await buyer.send(f"/proof/{proof_id}", code="000000" if code != "000000" else "1")
    right = await buyer.send(f"/proof/{proof_id}", code=code, next="/o/O-1/claim")

    assert wrong.status_code == 409
    assert right.url.path == "/o/O-1/claim"


async def test_a_code_for_nobody_looks_the_same(street: Town, buyer: Browser) -> None:
    answers: list[httpx.Response] = []
    for order_no, contact in (("O-1", "b1@example.com"), ("O-1", "x@y.zz"), ("O-9", "x@y.zz")):
        await buyer.open("/proof")
        answers.append(await buyer.send("/proof/code", order_no=order_no, contact=contact))

    assert {answer.status_code for answer in answers} == {200}
    assert all("如果订单号和邮箱对得上" in answer.text for answer in answers)


async def test_the_shops_link_works_once_and_leaves_the_address(
    street: Town, buyer: Browser
) -> None:
    async with street.db.transaction() as tx:
        contact = OrderContact(order_no="O-1", buyer_id="b-1")
        token = await make_order_link(
            tx, street.act("market"), street.vault, street.desk.ids, contact
        )

    first = await buyer.open(f"/l/o/{token}")
    second = await buyer.open(f"/l/o/{token}")

    assert first.url.path == "/o/O-1"
    assert token not in str(first.url)
    assert second.status_code == 410
    assert "用过或过期" in second.text


async def test_a_mails_link_leads_to_its_claim(street: Town, buyer: Browser) -> None:
    claim_no = (await street.open()).claim_no
    subject = {"order_no": "O-1", "buyer_id": "b-1", "claim_no": claim_no}
    async with street.db.transaction() as tx:
        token = await make_link(
            tx,
            street.act("system"),
            street.vault,
            street.desk.ids,
            "claim",
            subject,
            timedelta(days=1),
        )

    assert (await buyer.open(f"/l/c/{token}")).url.path == f"/c/{claim_no}"


@pytest.mark.parametrize(
    "path", ["/o/O-1", "/o/O-1/claim", "/o/O-1/claim/file?slot=error_screen", "/c/AS-1-2"]
)
async def test_without_proof_every_page_is_unknown(street: Town, buyer: Browser, path: str) -> None:
    assert (await buyer.open(path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/o/O-1/claim",
        "/o/O-1/claim/draft",
        "/o/O-1/remind",
        "/c/{no}/messages",
        "/c/{no}/offers",
        "/c/{no}/decide-now",
        "/c/{no}/remedy",
        "/c/{no}/person",
        "/c/{no}/withdrawal",
        "/c/{no}/appeal",
        "/c/{no}/rating",
        "/c/{no}/reveal",
    ],
)
async def test_without_proof_every_form_is_unknown(street: Town, buyer: Browser, path: str) -> None:
    claim_no = (await street.open()).claim_no
    await buyer.open("/")
    everything = {
        "text": "x",
        "amount": "1",
        "remedy": "refund",
        "score": "5",
        "unit": "1.1",
        "disputed": "x",
    }

    answer = await buyer.send(path.replace("{no}", claim_no), **everything)

    assert answer.status_code == 404


async def test_a_payment_without_an_order_is_told_and_opened_by_code(
    street: Town, buyer: Browser
) -> None:
    await buyer.open("/charged")
    told = {"trade_no": "T-2026-0001", "amount": "98.00", "contact": "p@example.com"}

    asked = await buyer.send("/charged", **told)
    proof_id = asked.url.path.rsplit("/", 1)[1]
    code = proof_code(street.vault, "main", proof_id)
    page = await buyer.send(f"/proof/{proof_id}", code=code, next="/")

    assert page.url.path == "/o/PAY-T-2026-0001"
    assert "AS-" in page.text


async def test_another_teller_of_the_same_payment_learns_nothing(
    street: Town, buyer: Browser
) -> None:
    await buyer.open("/charged")
    told = {"trade_no": "T-2026-0001", "amount": "98.00"}
    first = await buyer.send("/charged", **told, contact="p@example.com")
    await buyer.open("/charged")
    second = await buyer.send("/charged", **told, contact="q@example.com")

    assert first.status_code == second.status_code == 200
    assert first.url.path.startswith("/proof/")
    assert second.url.path.startswith("/proof/")


async def test_a_wrong_payment_form_marks_its_fields(street: Town, buyer: Browser) -> None:
    await buyer.open("/charged")

    page = await buyer.send("/charged", trade_no="/../x", amount="many", contact="nobody")

    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 3


async def test_a_person_can_be_asked_from_inside_the_form(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    await buyer.open("/o/O-1/claim")
    typed = {"unit": "1.1", "reason": "KEY01", "description": "今天第一次兑换就提示无效，请人看看"}

    page = await buyer.send("/o/O-1/claim", **typed, at="2", go="person")

    assert page.url.path.startswith("/c/AS-")
    assert "已提交并转给人" in page.text
