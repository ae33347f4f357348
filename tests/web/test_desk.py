"""An agent's day at the desk on plain forms: queue, ruling, evidence, hand-over, release."""

import re
from datetime import timedelta

import pytest
from litestar import Litestar

from makegood.claims.intake import Opened
from tests.claims.evidence_kit import picture
from tests.claims.town import Town, unit_line
from tests.orders.making import PAID_AT, line
from tests.web.staff_kit import signed_in

VAGUE = "商品页写的是专业版，激活后显示教育版，卖家不承认，已经试过两台电脑"


async def disputed(street: Town, amount: int = 9800) -> Opened:
    """A claim that the machine cannot settle and the seller contested."""
    lines = unit_line(unit_price_minor=amount)
    await street.order(
        "O-9", lines=lines, total={"amount_minor": amount, "currency": "CNY"}, payments=[]
    )
    opened = await street.open("SND01", "O-9", description=VAGUE)
    await street.file_all(opened.claim_no)
    return opened


async def test_a_queue_lists_claims_with_deadline_owner_and_class(
    street: Town, app: Litestar
) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")

    page = await agent.open("/desk/q/all")

    assert page.status_code == 200
    assert opened.claim_no in page.text
    assert "P2 一般" in page.text
    assert "逾期" in page.text


async def test_an_empty_queue_says_why(street: Town, app: Litestar) -> None:
    agent = await signed_in(street, app, "xu")

    page = await agent.open("/desk/q/appeals")

    assert "没有要复核的申诉" in page.text


async def test_strangers_and_sellers_do_not_find_the_desk(street: Town, app: Litestar) -> None:
    from tests.web.site_kit import Browser

    nobody = Browser(app)

    assert (await nobody.open("/desk/q/all")).status_code == 404
    assert (await nobody.open("/ops")).status_code == 404
    assert (await nobody.open("/seller")).status_code == 404


async def test_search_finds_chinese_words(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")

    found = await agent.open("/desk/find?q=教育版")
    missed = await agent.open("/desk/find?q=没有这个词")

    assert opened.claim_no in found.text
    assert opened.claim_no not in missed.text


async def test_a_ruling_needs_its_reason_and_shares(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    await agent.open(f"{base}/depart")
    view = await street.view(opened.claim_no)
    form = {
        "version": view.version,
        "finding": "not_as_described",
        "remedy": "refund_full",
        "amount": "98.00",
        "share_seller": "90",
        "reason_text": "商品页标题写专业版，收到的是教育版，快照和激活截图都能对上。",
        "differs": "版本",
    }

    short = await agent.send(f"{base}/depart", **{**form, "share_seller": "90"})

    assert short.status_code == 409
    assert "合计要等于 100%" in short.text
    assert "商品页标题写专业版" in short.text


async def test_an_internal_note_is_not_for_the_parties(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    await agent.open(base)

    page = await agent.send(f"{base}/messages", text="卖家上个月同样的事", audience="platform")

    assert "卖家上个月同样的事" in page.text
    shown = await street.view(opened.claim_no, street.buyer)
    assert all("上个月" not in step.text for step in shown.steps)


async def test_a_bulk_assignment_can_be_undone(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    before = (await street.view(opened.claim_no)).owner.name
    other = "chen" if before == "许知远" else "xu"
    agent = await signed_in(street, app, "qi")
    await agent.open("/desk/q/all")

    page = await agent.send(
        "/desk/bulk", claim=opened.claim_no, do="assign", owner=other, back="/desk/q/all"
    )

    assert "已分派 1 件" in page.text
    assert (await street.view(opened.claim_no)).owner.name != before
    undo = page.text.split('name="claim" value="')[1].split('"')[0]
    await agent.send("/desk/bulk", claim=undo, do="undo", back="/desk/q/all")
    assert (await street.view(opened.claim_no)).owner.name == before


async def test_a_hand_over_shows_its_promised_time(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    await agent.open(f"{base}/hand-over")

    page = await agent.send(
        f"{base}/hand-over", department="finance", due_hours="2", text="请核对入账流水"
    )

    assert page.url.path == base
    assert "请核对入账流水" in page.text
    assert "财务" in page.text


async def test_a_stale_confirmation_changes_nothing(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    await agent.open(base)
    view = await street.view(opened.claim_no)
    assert view.suggestion is None or view.version > 0

    page = await agent.send(
        f"{base}/depart",
        version=view.version - 1,
        finding="spec_mismatch",
        remedy="refund_full",
        amount="98.00",
        share_seller="100",
        differs="版本",
        reason_text="商品页标题写专业版，收到的是教育版，快照和激活截图都能对上。",
    )

    assert page.status_code in (409, 412)
    assert (await street.view(opened.claim_no)).decision is None


async def test_a_proposal_that_is_gone_is_not_confirmed(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    await street.later(hours=13)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    await agent.open(base)
    view = await street.view(opened.claim_no)
    assert view.suggestion is None
    assert "decide" in view.may

    for page in (
        await agent.open(f"{base}/rule"),
        await agent.send(f"{base}/rule", version=view.version),
    ):
        assert page.status_code == 409
        assert "有人刚刚改过" in page.text
    assert (await street.view(opened.claim_no)).decision is None


async def test_a_stated_fact_changes_what_the_rules_propose(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    form = await agent.open(f"{base}/state-fact")
    assert form.status_code == 200

    page = await agent.send(f"{base}/state-fact", fact="goods.matches_listing=False")

    assert page.url.path == base, page.text[:3000]
    facts = (await street.view(opened.claim_no)).facts
    assert ("goods.matches_listing", False, "agent") in {
        (fact.name, fact.value, fact.source) for fact in facts
    }


async def membership(street: Town) -> str:
    """A claim about a membership that dropped; the supplier does not know why."""
    goods = line(category="membership", title="会员 10 次", delivery={
        "kind": "membership", "delivered_at": PAID_AT.isoformat(),
    })  # fmt: skip
    await street.order("O-31", lines=[goods])
    opened = await street.open("MBR01", "O-31", description="会员用到第四次就掉了，后台显示已取消")
    await street.file_all(opened.claim_no)
    return opened.claim_no


@pytest.mark.parametrize(
    ("figures", "proposed"),
    [
        ({"usage.units_used": "4", "usage.units_total": "10"}, 5880),
        ({"usage.balance_used_minor": "25.00"}, 7350),
        ({}, 9800),
    ],
)
async def test_what_was_used_of_something_prepaid_is_stated_and_the_rest_proposed(
    street: Town, app: Litestar, figures: dict[str, str], proposed: int
) -> None:
    claim_no = await membership(street)
    agent = await signed_in(street, app, "xu")
    address = f"/desk/c/{claim_no}/state-fact"
    assert "已经用了多少" in (await agent.open(address)).text

    fields = {f"figure.{name}": text for name, text in figures.items()}
    await agent.send(address, fact="membership.changed_by=supplier", **fields)

    view = await street.view(claim_no)
    outcome = view.decision or view.suggestion
    assert outcome is not None, view.state
    assert (outcome.finding, outcome.amount_minor) == ("membership_dropped_supplier", proposed)


@pytest.mark.parametrize(
    "figures",
    [
        {"usage.units_used": "4"},
        {"usage.units_used": "four", "usage.units_total": "10"},
        {"usage.balance_used_minor": "-5"},
        {"usage.stopped_at": "2036-01-01T00:00"},
        {"usage.stopped_at": "soon"},
        {},
    ],
)
async def test_a_figure_that_cannot_be_is_refused_and_nothing_is_recorded(
    street: Town, app: Litestar, figures: dict[str, str]
) -> None:
    claim_no = await membership(street)
    agent = await signed_in(street, app, "xu")
    address = f"/desk/c/{claim_no}/state-fact"
    await agent.open(address)

    page = await agent.send(address, **{f"figure.{name}": text for name, text in figures.items()})

    assert page.status_code >= 400
    assert "这不是一项事实" in page.text
    facts = (await street.view(claim_no)).facts
    assert not [fact for fact in facts if fact.source == "agent"]


async def test_an_appeal_is_first_judged_blind(street: Town, app: Litestar) -> None:
    from tests.browser.desk_scenes import furnish

    scene = await furnish(street)
    reviewer = await signed_in(street, app, "xu")
    address = f"/desk/appeals/{scene.appealed}"

    page = await reviewer.open(address)
    assert "快照里标题写明教育版" not in page.text.split("r-side")[0]
    opened = await reviewer.send(
        address, view_whole="unclear", text="两份截图的时间对不上，先不下结论"
    )
    assert "快照里标题写明教育版" in opened.text
    done = await reviewer.send(
        address, view_whole="keep", outcome="upheld", text="快照和截图一致，维持原裁定。"
    )
    assert done.url.path == f"/desk/c/{scene.appealed}", done.text[:3000]
    assert (await street.view(scene.appealed)).decision is not None


async def test_the_first_decider_cannot_review(street: Town, app: Litestar) -> None:
    from tests.browser.desk_scenes import furnish

    scene = await furnish(street)
    first = await signed_in(street, app, "chen")

    page = await first.open(f"/desk/appeals/{scene.appealed}")

    assert page.status_code == 409
    assert "disabled" in page.text


async def test_only_one_person_rules_at_a_time(street: Town, app: Litestar) -> None:
    opened = await disputed(street)
    await street.later(hours=13)
    first = await signed_in(street, app, "xu")
    second = await signed_in(street, app, "chen")
    base = f"/desk/c/{opened.claim_no}"

    mine = await first.open(f"{base}/depart")
    theirs = await second.open(f"{base}/depart")
    later = street.clock
    later.at += timedelta(seconds=61)
    free = await second.open(f"{base}/depart")

    assert "裁定锁在您手里" in mine.text
    assert "许知远 正在裁定这件" in theirs.text
    assert "裁定锁在您手里" in free.text


async def test_a_ruling_above_the_limit_waits_for_another_person(
    street: Town, app: Litestar
) -> None:
    opened = await disputed(street, amount=68000)
    await street.later(hours=13)
    agent = await signed_in(street, app, "xu")
    base = f"/desk/c/{opened.claim_no}"
    await agent.open(f"{base}/depart")
    view = await street.view(opened.claim_no)
    finding = next(iter(street.desk.pack.findings))

    page = await agent.send(
        f"{base}/depart",
        version=view.version,
        finding=finding,
        remedy="refund_full",
        amount="680.00",
        share_seller="100",
        differs="版本",
        reason_text="商品页标题写专业版，收到的是教育版，快照和激活截图都能对上。",
    )
    assert "等第二个人复核" in page.text, page.text[:3000]
    own = await agent.open(f"{base}/approve")
    assert own.status_code == 404

    lead = await signed_in(street, app, "qi")
    waiting = await lead.open("/desk/q/approvals")
    assert opened.claim_no in waiting.text
    asked = await lead.open(f"{base}/approve")
    assert "¥" in asked.text
    done = await lead.send(f"{base}/approve", outcome="release")
    assert "已放行" in done.text
    assert (await street.view(opened.claim_no)).decision is not None
    again = await lead.send(f"{base}/approve", outcome="release")
    assert again.status_code == 409, "released in another tab meanwhile"


async def test_a_refund_by_hand_needs_reference_and_proof(street: Town, app: Litestar) -> None:
    paid = [
        {
            "gateway": "usdt",
            "trade_no": "T-77",
            "amount_minor": 9800,
            "paid_at": "2026-11-20T08:00:00Z",
            "kind": "online",
        }
    ]
    await street.order("O-30", payments=paid)
    street.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await street.open("KEY01", "O-30")
    await street.file_all(opened.claim_no)
    view = await street.view(opened.claim_no)
    number = next(move.number for move in view.money if move.state == "manual")
    agent = await signed_in(street, app, "xu")
    path = f"/desk/c/{opened.claim_no}/money/{number}"
    await agent.open(path)

    bare = await agent.client.post(f"{path}?_token={agent.token}", files={"file": ("a.png", b"")})
    assert bare.status_code == 409
    done = await agent.client.post(
        f"{path}?_token={agent.token}",
        data={"reference": "2026112288"},
        files={"file": ("proof.png", picture(), "image/png")},
    )

    assert "已登记，等另一个人确认" in done.text, done.text[:1500]
    moved = (await street.view(opened.claim_no)).money
    assert [move.state for move in moved if move.number == number] == ["manual"]
    waiting = await agent.open(path)
    assert "2026112288" in waiting.text
    assert "登记的人不能自己确认" in waiting.text
    assert (await agent.open(f"{path}/proof")).content == picture()

    operator = await signed_in(street, app, "op")
    listed = await operator.open("/ops/approvals?kind=manual_payment")
    proposal_no = re.findall(r'class="card proposal" id="([^"]+)"', listed.text)[0]
    await operator.send(f"/ops/approvals/{proposal_no}", do="approved")
    moved = (await street.view(opened.claim_no)).money
    assert [move.state for move in moved if move.number == number] == ["arrived"]


async def test_a_buyer_is_called_by_the_role_in_the_readers_language(
    street: Town, app: Litestar
) -> None:
    opened = await disputed(street)
    agent = await signed_in(street, app, "xu", "en")

    for path in (f"/desk/c/{opened.claim_no}", f"/desk/c/{opened.claim_no}/peek"):
        page = (await agent.open(path)).text
        assert "Buyer" in page
        assert "买家" not in page
