"""Somebody outside is asked: a link to what both sides see, one answer, one reminder."""

from datetime import timedelta

import pytest
from litestar import Litestar

from makegood.base.refusal import Refused
from makegood.claims import actions
from makegood.claims.outside.actions import ask_outside
from makegood.claims.outside.rules import KINDS, OutsideCase, OutsideKind
from makegood.claims.outside.store import open_case_of
from makegood.people.links.actions import link_token
from makegood.store.jobs import TakenJob, take
from makegood.worker import outside
from tests.claims.test_promises import waiting_for_seller
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

SECRET = "招商银行 尾号 8842"


async def referred(town: Town, kind: OutsideKind = "mediator", order_no: str = "O-5") -> str:
    """A claim in somebody's hands outside; the buyer also filed a bank line for the staff alone."""
    claim_no = await waiting_for_seller(town, order_no)
    async with town.db.transaction() as tx:
        await actions.answer_as_seller(tx, town.seller, town.desk, claim_no, "contest", "没有问题")
        await actions.post_message(tx, town.agent, town.desk, claim_no, SECRET, "platform")
        await ask_outside(
            tx, town.act("lead", "qi"), town.desk, town.desk.ids, case(town, claim_no, kind)
        )
    return claim_no


def case(town: Town, claim_no: str, kind: OutsideKind = "mediator", **other: object) -> OutsideCase:
    fields: dict[str, object] = {
        "ref_no": "",
        "link_id": "",
        "claim_no": claim_no,
        "kind": kind,
        "body": "消费者协会",
        "contact": "help@mediator.example",
        "question": "商品页写的是国服还是国际服？",
        "asked_at": town.clock.now(),
        "asked_by": "",
        "due_at": town.clock.now() + timedelta(hours=72),
    }
    return OutsideCase(**(fields | other))  # type: ignore[arg-type]


async def opened(town: Town, app: Litestar, claim_no: str) -> Browser:
    """A browser that came by the link."""
    async with town.db.connection() as conn:
        asked = await open_case_of(conn, "main", claim_no)
    assert asked is not None
    browser = Browser(app)
    await browser.open(f"/x/{link_token(town.vault, 'main', 'outside', asked.link_id)}")
    return browser


async def test_a_mediator_sees_what_both_sides_see_and_answers_once(
    street: Town, app: Litestar
) -> None:
    claim_no = await referred(street)
    browser = await opened(street, app, claim_no)
    assert browser.page is not None
    assert browser.page.url.path == "/outside"
    assert "商品页写的是国服还是国际服" in browser.page.text
    assert SECRET not in browser.page.text
    assert "没有问题" in browser.page.text, "what the seller answered"
    sent = await browser.send(
        "/outside", text="页面写的是国服", finding="not_as_described", remedy="refund_full"
    )
    assert "已收到您的答复" in sent.text
    assert "建议的方案：全额退款" in sent.text
    view = await street.view(claim_no)
    assert view.state == "in_review"
    [said] = [step for step in view.steps if step.what == "outside_answered"]
    assert said.text == "页面写的是国服"
    assert (said.with_["finding"], said.with_["body"]) == ("not_as_described", "消费者协会")
    again = await browser.client.post("/outside", data={"_token": "x", "text": "再说一次"})
    assert again.status_code in (403, 409)


async def test_a_stranger_finds_nothing(street: Town, app: Litestar) -> None:
    claim_no = await referred(street)
    stranger = Browser(app)
    unknown = await stranger.open("/outside")
    assert unknown.status_code == 404
    assert "请再打开邀请邮件里的链接" in unknown.text
    assert (await stranger.open("/x/no.such")).status_code == 410
    async with street.db.connection() as conn:
        items = await conn.fetch("select evidence_id from evidence where claim_no = $1", claim_no)
    for item in items:
        assert (await stranger.open(f"/outside/files/{item['evidence_id']}")).status_code == 404


async def test_only_a_mediator_may_find_and_recommend(street: Town, app: Litestar) -> None:
    claim_no = await referred(street, "publisher")
    browser = await opened(street, app, claim_no)
    back = await browser.send("/outside", text="没有这条记录", finding="not_as_described")
    assert back.status_code == 409
    assert "没有这条记录" in back.text
    assert (await street.view(claim_no)).state == "external"


async def test_findings_of_the_problem_come_first_and_say_who_bears_it(
    street: Town, app: Litestar
) -> None:
    browser = await opened(street, app, await referred(street))
    assert browser.page is not None
    own, _, others = browser.page.text.partition("<optgroup")
    assert "与描述不符：卖家 100%</option>" in own
    assert "卡密无效：供货商 100%</option>" in others
    assert "卡密无效：卖家 100%</option>" in others


async def test_a_link_that_comes_too_late_says_so_and_asks_nothing(
    street: Town, app: Litestar
) -> None:
    claim_no = await referred(street)
    async with street.db.connection() as conn:
        asked = await open_case_of(conn, "main", claim_no)
    assert asked is not None
    await street.later(hours=73)
    browser = Browser(app)
    late = await browser.open(f"/x/{link_token(street.vault, 'main', 'outside', asked.link_id)}")
    assert "平台已经不再等这份答复" in late.text
    assert "<textarea" not in late.text
    sent = await browser.send("/outside", text="页面写的是国服")
    assert sent.status_code == 409, "also from a page that was open before"
    assert (await street.view(claim_no)).state == "in_review"


async def test_an_empty_answer_or_too_much_money_is_sent_back(street: Town, app: Litestar) -> None:
    browser = await opened(street, app, await referred(street))
    for wrong in ({"text": " "}, {"text": "退", "amount": "99999"}, {"text": "退", "remedy": "x"}):
        assert (await browser.send("/outside", **wrong)).status_code == 409


@pytest.mark.parametrize("kind", KINDS)
async def test_the_question_is_mailed_and_reminded_of_once(street: Town, kind: OutsideKind) -> None:
    await referred(street, kind)
    async with street.db.transaction() as tx:
        later = street.clock.now() + timedelta(days=2)
        jobs = await take(tx, later, kinds=["outside.ask", "outside.remind"])
    assert [job.kind for job in sorted(jobs, key=lambda job: job.kind)] == [
        "outside.ask",
        "outside.remind",
    ]
    for job in [*jobs, *jobs]:
        await run(street, job)
    async with street.db.connection() as conn:
        mails = await conn.fetchval("select count(*) from mail where address like 'help@%'")
    assert mails == 2


async def run(town: Town, job: TakenJob) -> None:
    ask = outside.ask if job.kind == "outside.ask" else outside.remind
    await ask(town.db, town.clock, job)


async def test_silence_returns_the_claim_to_a_person(street: Town) -> None:
    claim_no = await referred(street)
    await street.later(hours=73)
    assert (await street.view(claim_no)).state == "in_review"


@pytest.mark.parametrize("hours", [-1, 0, 24 * 31])
async def test_a_promised_time_must_be_in_sight(street: Town, hours: int) -> None:
    claim_no = await waiting_for_seller(street, "O-6")
    due_at = street.clock.now() + timedelta(hours=hours)
    async with street.db.transaction() as tx:
        lead = street.act("lead", "qi")
        asked = case(street, claim_no, due_at=due_at)
        with pytest.raises(Refused, match=r"too_early|outside_too_late"):
            await ask_outside(tx, lead, street.desk, street.desk.ids, asked)


async def test_nobody_outside_is_asked_nothing(street: Town, app: Litestar) -> None:
    claim_no = await waiting_for_seller(street, "O-5")
    async with street.db.transaction() as tx:
        await actions.answer_as_seller(
            tx, street.seller, street.desk, claim_no, "contest", "没有问题"
        )
    browser = await signed_in(street, app, "qi")
    async with browser.client:
        await browser.open(f"/desk/c/{claim_no}/refer")
        page = await browser.send(f"/desk/c/{claim_no}/refer", kind="publisher", question="几级？")

    assert page.status_code == 409
    assert "几级？" in page.text
    async with street.db.connection() as conn:
        assert await open_case_of(conn, "main", claim_no) is None
