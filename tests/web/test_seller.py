"""A seller answers on plain forms; a supplier answers by a link that works once."""

from datetime import timedelta

from litestar import Litestar

from makegood.base.ids import UnitRef
from makegood.orders.questions import ask_question
from makegood.orders.supplier import SupplierQuestion
from makegood.people.links.actions import link_token
from makegood.people.markets.actions import put_suppliers
from tests.claims.evidence_kit import picture
from tests.claims.town import Town, unit_line
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in

STORY = "商品页写的是专业版，激活后显示教育版，卖家不承认，已经试过两台电脑"


async def waiting(street: Town, order_no: str = "O-9") -> str:
    """A claim that waits for the seller."""
    total = {"amount_minor": 9800, "currency": "CNY"}
    await street.order(order_no, lines=unit_line(unit_price_minor=9800), total=total, payments=[])
    opened = await street.open("SND01", order_no, description=STORY)
    await street.file_all(opened.claim_no)
    return opened.claim_no


async def shopkeeper(street: Town, app: Litestar, seller_id: str = "s-1") -> Browser:
    """The person of a seller, signed in."""
    await add_person(street, f"of-{seller_id}", "seller", seller_id=seller_id, name="小满")
    return await signed_in(street, app, f"of-{seller_id}")


async def test_the_start_page_names_deadline_and_consequence(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)

    page = await seller.open("/seller")

    assert "1 件等您回应" in page.text
    assert claim_no in page.text
    assert "按核验事实裁定" in page.text


async def test_each_choice_states_its_cost_before_it_is_chosen(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)

    page = await seller.open(f"/seller/c/{claim_no}")

    assert "不能撤回" in page.text
    assert "成立不付，不成立按裁定付" in page.text
    assert "失去的是这一轮，不会直接判您输" in page.text


async def test_accepting_asks_once_more_and_then_decides(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)
    await seller.open(f"/seller/c/{claim_no}")

    asked = await seller.send(f"/seller/c/{claim_no}/answer", kind="accept")
    assert "确认接受" in asked.text
    assert (await street.view(claim_no)).decision is None
    await seller.send(f"/seller/c/{claim_no}/answer", kind="accept", sure="yes")

    assert (await street.view(claim_no)).decision is not None


async def test_several_claims_are_accepted_at_once(street: Town, app: Litestar) -> None:
    numbers = [await waiting(street, "O-9"), await waiting(street, "O-10")]
    seller = await shopkeeper(street, app)
    query = "&".join(f"claim={number}" for number in numbers)

    page = await seller.open(f"/seller/accept?{query}")
    assert "接受 2 件" in page.text
    done = await seller.send("/seller/accept", claim=numbers)

    assert "已接受 2 件" in done.text


async def test_a_contest_is_read_by_a_person(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)
    await seller.open(f"/seller/c/{claim_no}")

    page = await seller.send(
        f"/seller/c/{claim_no}/answer", kind="contest", text="标题写的就是教育版"
    )

    assert "申辩已提交" in page.text
    assert (await street.view(claim_no)).state == "in_review"


async def test_another_seller_does_not_find_the_claim(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    async with street.db.transaction() as tx:
        await tx.execute(
            """
            insert into seller (market_id, seller_id, name, created_at, updated_at)
            values ('main', 's-2', '极点数卡', $1, $1)
            """,
            street.clock.now(),
        )
    other = await shopkeeper(street, app, "s-2")

    assert (await other.open(f"/seller/c/{claim_no}")).status_code == 404
    assert (await other.open(f"/desk/c/{claim_no}")).status_code == 404


async def test_a_supplier_answers_once_by_link(street: Town, app: Litestar) -> None:
    async with street.db.transaction() as tx:
        await put_suppliers(tx, street.act("market"), {"u-7": "北辰卡源"})
        asked, _ = await ask_question(
            tx, street.act("system", "system"), street.desk.ids, question(), timedelta(hours=12)
        )
    token = link_token(street.vault, "main", "supplier_question", asked.link_id)
    supplier = Browser(app)

    page = await supplier.open(f"/s/{token}")
    assert page.url.path == "/supplier"
    assert "北辰卡源" in page.text
    assert "****9F2C" in page.text
    done = await supplier.send(f"/supplier/{asked.question_no}", status="redeemed", note="售前")
    assert "答复已提交" in done.text
    again = await Browser(app).open(f"/s/{token}")
    assert again.status_code in (404, 409, 410)
    assert (await Browser(app).open("/supplier")).status_code == 404


def question() -> SupplierQuestion:
    """What the supplier is asked."""
    return SupplierQuestion(
        unit=UnitRef("O-1", 1, 1),
        supplier_id="u-7",
        order_ref="UP-77",
        sku="XH-100",
        title="星海点卡 100 元",
        delivery_kind="key",
        target=None,
        key_tail="9F2C",
        paid_at=None,
        claim_no="AS-261120-JZ0001",
        reason="KEY02",
    )


async def test_a_seller_files_evidence_by_form(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)
    page = await seller.open(f"/seller/c/{claim_no}")
    slot = page.text.split('id="slot"')[1].split('value="')[1].split('"')[0]

    answer = await seller.client.post(
        f"/seller/c/{claim_no}/evidence?_token={seller.token}",
        data={"slot": slot},
        files={"file": ("proof.png", picture(), "image/png")},
    )

    assert answer.status_code == 200, answer.text[:800]
    view = await street.view(claim_no)
    assert any(item.party == "seller" and item.slot == slot for item in view.evidence)


async def test_a_seller_settles_a_claim_before_the_check_is_over(
    street: Town, app: Litestar
) -> None:
    street.supplier.silent = True
    opened = await street.open("KEY01")
    await street.settle()
    assert (await street.view(opened.claim_no)).state == "waiting_supplier"
    seller = await shopkeeper(street, app)

    page = await seller.open(f"/seller/c/{opened.claim_no}")
    assert "现在就处理" in page.text
    asked = await seller.send(f"/seller/c/{opened.claim_no}/answer", kind="accept")
    assert "确认接受" in asked.text
    await seller.send(f"/seller/c/{opened.claim_no}/answer", kind="accept", sure="yes")
    await street.settle()

    view = await street.view(opened.claim_no)
    assert view.decision is not None
    assert view.decision.decided_by.role == "seller"
    assert sum(street.gateway.paid_back.values()) == 9800
