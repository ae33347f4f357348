"""A shop of one person: declared when it opens, its second person outside, rules included."""

from datetime import timedelta

import pytest
from litestar import Litestar
from pyotp import TOTP

from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions
from makegood.claims.staff_actions import Ruled
from makegood.people.approvals.outside import outside_approvers
from makegood.people.approvals.store import list_proposals
from makegood.people.markets.store import load_market
from makegood.people.staff.actions import disable_account
from makegood.people.staff.store import list_accounts
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in
from tests.web.test_money_pages import approval_token
from tests.web.test_rules_pages import WHY, begun, edit, seen
from tests.web.test_seller import STORY


async def declared(street: Town, app: Litestar) -> tuple[Browser, str]:
    """The one operator, having declared; and the approver's id."""
    alone = await signed_in(street, app, "op")
    await alone.open("/setup")
    await alone.open("/setup/team")
    page = await alone.send(
        "/setup/team", do="solo", outside_name="罗律师", outside_contact="luo@law.example"
    )
    assert page.status_code == 200, page.text[:500]
    async with street.db.connection() as conn:
        (approver,) = await outside_approvers(conn, "main")
    return alone, approver.approver_id


async def in_review(alone: Browser) -> str:
    """The path of a draft that nobody here can release."""
    draft = await begun(alone)
    await edit(
        alone, draft, "R-04", do="row", row="R-04.1",
        **{"op.delivery.delivered": "true", "op.delivery.minutes_late": "le",
           "n.delivery.minutes_late": "10"},
    )  # fmt: skip
    page = await alone.open(draft)
    await alone.send(f"{draft}/describe", seen=seen(page.text), **WHY)
    page = await alone.open(draft)
    await alone.send(f"{draft}/submit", seen=seen(page.text))
    return draft


async def opened_link(street: Town, app: Litestar) -> tuple[Browser, str, TOTP, str]:
    """The approver's browser, the link's path, the authenticator, and what the page says."""
    path = f"/approve/{await approval_token(street)}"
    lawyer = Browser(app)
    page = await lawyer.open(path)
    secret = page.text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    return lawyer, path, TOTP(secret), page.text


async def test_one_person_declares_it_and_takes_it_back(street: Town, app: Litestar) -> None:
    alone, approver = await declared(street, app)

    terms = await alone.open("/ops/money?part=outside")
    assert "一个人经营，外部复核人：罗律师" in terms.text
    async with street.db.connection() as conn:
        market = await load_market(conn, "main")
    assert market is not None
    assert market.settings.solo is not None

    await alone.open("/ops/money?part=outside")
    ended = await alone.send("/ops/money", part="outside", end=approver)
    assert "没有外部复核人" in ended.text
    async with street.db.connection() as conn:
        market = await load_market(conn, "main")
    assert market is not None
    assert market.settings.solo is None


async def test_somebody_who_signs_in_here_is_nobody_from_outside(
    street: Town, app: Litestar
) -> None:
    alone = await signed_in(street, app, "op")
    await alone.open("/setup")
    await alone.open("/setup/team")

    own = alone.client.cookies and await street_name(street)
    refused = await alone.send("/setup/team", do="solo", outside_name="我", outside_contact=own)

    assert refused.status_code == 409
    async with street.db.connection() as conn:
        assert await outside_approvers(conn, "main") == []


async def street_name(street: Town) -> str:
    async with street.db.connection() as conn:
        name: str = await conn.fetchval("SELECT sign_in_name FROM account WHERE account_id = 'op'")
        return name


async def test_a_rule_change_is_released_from_outside(street: Town, app: Litestar) -> None:
    alone, approver = await declared(street, app)
    draft = await in_review(alone)
    page = await alone.open(draft)
    assert "发给 罗律师" in page.text

    sent = await alone.send(f"{draft}/outside", approver=approver)
    assert "链接已发给外部复核人" in sent.text
    lawyer, path, totp, shown = await opened_link(street, app)
    assert WHY["why"] in shown
    assert "可能吃亏" in shown
    file = await lawyer.open(f"{path}/rules.json")
    assert file.json()["pack"]["name"] == "default"
    await lawyer.open(path)
    wrong = await lawyer.send(path, do="approved", code="000000")
    assert wrong.status_code == 409
    done = await lawyer.send(path, do="approved", code=totp.at(street.clock.now()))

    assert "已放行并执行" in done.text
    assert "公示中" in (await alone.open(draft)).text
    assert "罗律师" in (await alone.open(draft)).text
    assert (await alone.open("/rules/default@2")).status_code == 200


async def test_what_was_changed_since_is_not_released(street: Town, app: Litestar) -> None:
    alone, approver = await declared(street, app)
    draft = await in_review(alone)
    await alone.open(draft)
    await alone.send(f"{draft}/outside", approver=approver)
    lawyer, path, totp, _ = await opened_link(street, app)

    await alone.send(f"{draft}/back")
    async with street.db.connection() as conn:
        (gone,) = await list_proposals(conn, "main", ["open", "withdrawn"])
    assert gone.state == "withdrawn"
    refused = await lawyer.send(path, do="approved", code=totp.at(street.clock.now()))

    assert refused.status_code == 409
    assert (await alone.open("/rules/default@2")).status_code == 404


async def test_from_outside_a_draft_is_sent_back_with_a_reason(street: Town, app: Litestar) -> None:
    alone, approver = await declared(street, app)
    draft = await in_review(alone)
    await alone.open(draft)
    await alone.send(f"{draft}/outside", approver=approver)
    lawyer, path, totp, _ = await opened_link(street, app)

    code = totp.at(street.clock.now())
    await lawyer.send(path, do="returned", code=code, text="十分钟太长")

    page = await alone.open(draft)
    assert "十分钟太长" in page.text
    assert "/submit" in page.text


async def decided_alone(street: Town) -> str:
    """A claim that the one person who decides here has decided against its buyer."""
    async with street.db.transaction() as tx:
        for other in await list_accounts(tx, "main"):
            if other.role in ("agent", "lead") and other.account_id != "qi":
                await disable_account(tx, street.act("operator", "op"), other.account_id)
    street.clock.at += timedelta(minutes=1)
    opened = await street.open("SND01", description=STORY)
    await street.file_all(opened.claim_no)
    async with street.db.transaction() as tx:
        await actions.decide_now(tx, street.buyer, street.desk, opened.claim_no)
    ruled = Ruled(finding="as_described", remedy="explanation", reason_text="页面写的就是教育版")
    alone = street.act("lead", "qi")
    async with street.db.transaction() as tx:
        await staff_actions.decide_claim(tx, alone, street.desk, opened.claim_no, ruled)
    return opened.claim_no


async def test_an_appeal_against_the_one_person_is_decided_from_outside(
    street: Town, app: Litestar
) -> None:
    await declared(street, app)
    claim_no = await decided_alone(street)
    alone = await signed_in(street, app, "qi")
    async with street.db.transaction() as tx:
        await actions.appeal(
            tx, street.buyer, street.desk, claim_no, disputed=["whole"], text="标题写的是专业版"
        )

    page = await alone.open(f"/desk/appeals/{claim_no}")
    assert "由 罗律师 从外部复核" in page.text
    sent = await alone.send(
        f"/desk/appeals/{claim_no}",
        outcome="changed",
        finding="not_as_described",
        remedy="refund_full",
        amount="98",
        share_seller="100",
        text="标题确实写的是专业版，应全额退款",
    )
    assert "链接已发给外部复核人" in sent.text
    assert (await street.view(claim_no)).state == "appealed"
    lawyer, path, totp, shown = await opened_link(street, app)
    assert "标题写的是专业版" in shown
    assert "应全额退款" in shown
    done = await lawyer.send(path, do="approved", code=totp.at(street.clock.now()))
    assert "已放行并执行" in done.text, done.text[-1500:]
    await street.settle()

    view = await street.view(claim_no)
    assert view.decision is not None
    assert view.decision.remedy == "refund_full"
    assert view.decision.decided_by.name == "罗律师"
    assert sum(street.gateway.paid_back.values()) == 9800


async def test_without_a_declaration_nobody_reviews(street: Town) -> None:
    claim_no = await decided_alone(street)
    with pytest.raises(Refused, match="approval_needs_other_person"):
        async with street.db.transaction() as tx:
            await actions.appeal(
                tx, street.buyer, street.desk, claim_no, disputed=["whole"], text="标题写的是专业版"
            )
