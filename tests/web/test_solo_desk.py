"""The one person of a declared shop works the desk too; nobody else's rights grow by it."""

import msgspec
import pytest
from litestar import Litestar

from makegood.base.actor import Actor
from makegood.people.approvals.outside import outside_approvers
from makegood.people.approvals.solo import at_the_desk, end_approver
from makegood.people.caller import Caller
from makegood.people.markets.rules import MarketSettings, SoloMode
from makegood.people.markets.store import load_market
from makegood.people.staff.actions import disable_account
from makegood.people.staff.store import count_deciders, list_accounts
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in
from tests.web.test_desk import disputed
from tests.web.test_solo_shop import declared

REASON = "商品页标题写专业版，收到的是教育版，快照和激活截图都能对上。"
STEPS = ("depart", "rule", "ask", "hand-over", "set-lane", "state-fact", "tags", "decline")


async def left_alone(street: Town) -> None:
    """Nobody but the operator signs in here."""
    async with street.db.transaction() as tx:
        for other in await list_accounts(tx, "main"):
            if other.role in ("agent", "lead"):
                await disable_account(tx, street.act("operator", "op"), other.account_id)


async def ruled(street: Town, alone: Browser, claim_no: str, amount: str = "98.00") -> str:
    """The page after the one person decided for the buyer."""
    await alone.open(f"/desk/c/{claim_no}/depart")
    view = await street.view(claim_no)
    page = await alone.send(
        f"/desk/c/{claim_no}/depart",
        version=view.version,
        finding="not_as_described",
        remedy="refund_full",
        amount=amount,
        share_seller="100",
        reason_text=REASON,
        differs="版本",
    )
    return str(page.text)


async def test_the_one_person_decides_at_the_desk(street: Town, app: Litestar) -> None:
    alone, _ = await declared(street, app)
    await left_alone(street)
    opened = await disputed(street)

    for step in STEPS:
        page = await alone.open(f"/desk/c/{opened.claim_no}/{step}")
        assert page.status_code != 404, step
    await ruled(street, alone, opened.claim_no)

    view = await street.view(opened.claim_no)
    assert view.decision is not None
    assert view.decision.remedy == "refund_full"
    assert view.decision.decided_by.name == "运营"


async def test_what_goes_up_stays_with_the_one_person(street: Town, app: Litestar) -> None:
    alone, _ = await declared(street, app)
    await left_alone(street)
    opened = await disputed(street)
    base = f"/desk/c/{opened.claim_no}"

    await alone.open(base)
    await alone.send(f"{base}/take")
    await alone.open(f"{base}/escalate")
    page = await alone.send(f"{base}/escalate", text="要再看一遍")

    assert page.status_code == 200
    view = await street.view(opened.claim_no)
    assert view.owner.name == "运营"
    assert opened.claim_no in (await alone.open("/desk/q/mine")).text


async def test_above_the_limit_the_one_person_does_not_release_the_own_ruling(
    street: Town, app: Litestar
) -> None:
    alone, _ = await declared(street, app)
    await left_alone(street)
    opened = await disputed(street, amount=600000)

    page = await ruled(street, alone, opened.claim_no, "6000.00")
    assert "等第二个人复核" in page
    await alone.open(f"/desk/c/{opened.claim_no}")
    refused = await alone.send(f"/desk/c/{opened.claim_no}/approve", outcome="release")

    assert refused.status_code == 409
    assert (await street.view(opened.claim_no)).decision is None


async def test_an_operator_who_declared_nothing_decides_nothing(
    street: Town, app: Litestar
) -> None:
    opened = await disputed(street)
    operator = await signed_in(street, app, "op")

    assert await refused_steps(operator, opened.claim_no) == list(STEPS)


async def test_another_operator_of_the_same_shop_decides_nothing(
    street: Town, app: Litestar
) -> None:
    await declared(street, app)
    await add_person(street, "second", "operator")
    opened = await disputed(street)
    other = await signed_in(street, app, "second")

    assert await refused_steps(other, opened.claim_no) == list(STEPS)


async def refused_steps(browser: Browser, claim_no: str) -> list[str]:
    """The steps whose page and form are not found for this person."""
    base = f"/desk/c/{claim_no}"
    pages = [step for step in STEPS if (await browser.open(f"{base}/{step}")).status_code == 404]
    await browser.open("/ops")
    return [step for step in pages if (await browser.send(f"{base}/{step}")).status_code == 404]


async def test_with_the_declaration_the_right_ends_at_once(street: Town, app: Litestar) -> None:
    alone, approver = await declared(street, app)
    opened = await disputed(street)
    assert (await alone.open(f"/desk/c/{opened.claim_no}/depart")).status_code == 200

    async with street.db.transaction() as tx:
        market = await load_market(tx, "main")
        assert market is not None
        await end_approver(tx, street.act("operator", "op"), market, approver)

    assert await refused_steps(alone, opened.claim_no) == list(STEPS)


async def test_away_from_the_desk_the_one_person_stays_the_operator(
    street: Town, app: Litestar
) -> None:
    alone, _ = await declared(street, app)

    desk = await alone.open("/desk/q/mine")
    assert desk.status_code == 200
    assert 'href="/ops"' in desk.text
    for path in ("/ops/money", "/ops/staff", "/setup/team"):
        assert (await alone.open(path)).status_code == 200, path


async def test_the_one_person_counts_as_somebody_who_decides(street: Town, app: Litestar) -> None:
    alone, _ = await declared(street, app)
    await left_alone(street)

    check = await alone.open("/setup/check")
    assert "罗律师" in check.text
    assert "现在没有人能裁定案件" not in check.text
    async with street.db.connection() as conn:
        (approver,) = await outside_approvers(conn, "main")
        assert await count_deciders(conn, "main") == 0
        assert await count_deciders(conn, "main", "op") == 1
        assert await count_deciders(conn, "main", approver.approver_id) == 0


CALLER = Caller(
    market_id="main",
    actor=Actor("operator", "op"),
    via="staff_session",
    account_id="op",
    two_factor=True,
)
SETTINGS = MarketSettings(name_zh="店", name_en="Shop", base_url="http://127.0.0.1")
ALONE = msgspec.structs.replace(SETTINGS, solo=SoloMode("罗律师", "luo@law.example", "op"))


def test_only_the_own_session_of_who_declared_it_is_lead_at_the_desk() -> None:
    assert at_the_desk(CALLER, ALONE).role == "lead"
    assert at_the_desk(CALLER, ALONE).account_id == "op"
    assert at_the_desk(CALLER, SETTINGS) == CALLER


@pytest.mark.parametrize(
    "caller",
    [
        msgspec.structs.replace(CALLER, via="api_key"),
        msgspec.structs.replace(CALLER, account_id="second"),
        msgspec.structs.replace(CALLER, account_id=""),
        msgspec.structs.replace(CALLER, actor=Actor("auditor", "op")),
        msgspec.structs.replace(CALLER, actor=None),
    ],
    ids=["key", "another account", "no account", "another role", "nobody"],
)
def test_nobody_else_becomes_lead(caller: Caller) -> None:
    assert at_the_desk(caller, ALONE) == caller


def test_an_older_declaration_gives_nobody_the_desk() -> None:
    older = msgspec.structs.replace(SETTINGS, solo=SoloMode("罗律师", "luo@law.example"))
    unnamed = msgspec.structs.replace(CALLER, account_id="")
    assert at_the_desk(CALLER, older) == CALLER
    assert at_the_desk(unnamed, older) == unnamed
