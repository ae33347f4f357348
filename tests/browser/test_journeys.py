"""One whole product in one process tree, and each of its people on their own way through it."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from makegood.demo.tree import ports
from tests.browser.people import SOON_MS, WIDE, become, file_claim, prove, somebody
from tests.claims.evidence_kit import picture
from tests.ground.tree import START_SECONDS, Tree
from tests.orders.making import line, told

PASSWORD = "demo"
BUYERS = "open sesame"
SELLER, SUPPLIER, AGENT, OPERATOR = "云雀软件", "手工代充", "许知远", "安澜"
WRONG_SYSTEM = "页面写支持 macOS，装上提示只支持 Windows，昨天晚上装的"
NOTHING_CAME = "代充说半小时到账，现在快一个小时了还没到"
LICENCE = line(
    sku="RJ-PRO",
    title="云雀专业版 授权码",
    category="licence",
    supplier=None,
    unit_price_minor=19900,
)
TOP_UP = line(
    sku="QY-60",
    title="奇域月石 60 枚 代充",
    category="top_up",
    supplier={"id": "u-sr", "order_ref": "SR-1"},
    delivery={"kind": "top_up", "target": "8820 4412 2260"},
    unit_price_minor=19900,
)


@pytest.fixture(scope="module")
def tree() -> Iterator[Tree]:
    """A running product with its outside world, and an empty past."""
    folder = Path(tempfile.mkdtemp(prefix="mg-"))
    tree = Tree(folder, "--demo", MAKEGOOD_DEMO_ORDERS="10", MAKEGOOD_DEMO_CLAIMS="0")
    try:
        tree.wait_until_serving(3 * START_SECONDS)
        yield tree
    finally:
        tree.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def market(tree: Tree) -> str:
    """Where the product answers."""
    return tree.address


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A screenshot that a buyer has."""
    path = tmp_path / "error.png"
    path.write_bytes(picture())
    return path


async def make_key(operator: Page, market: str) -> str:
    """An API key for a shop system, as an operator makes one."""
    await become(operator, market, OPERATOR)
    await operator.goto(f"{market}/ops/keys")
    await operator.locator("input[name=name]").fill("shop")
    await operator.locator("select[name=role]").select_option("market")
    await operator.locator("button[name=do][value=create]").click()
    return await operator.locator(".copy").inner_text()


async def sell(tree: Tree, key: str, order_no: str, goods: dict[str, object]) -> None:
    """An order of an hour ago: paid at the gateway, told by the shop system."""
    at = datetime.now(UTC) - timedelta(hours=1)
    paid = {
        "gateway": "epay2",
        "trade_no": f"T-{order_no}",
        "amount_minor": 19900,
        "paid_at": at.isoformat(),
    }
    order = told(
        order_no,
        placed_at=at.isoformat(),
        paid_at=at.isoformat(),
        updated_at=at.isoformat(),
        total={"amount_minor": 19900, "currency": "CNY"},
        seller={"id": "s-yq", "name": SELLER},
        lines=[goods],
        payments=[paid],
    )
    capture = {
        "trade_no": paid["trade_no"],
        "order_no": order_no,
        "amount_minor": 19900,
        "paid_at": at.timestamp(),
    }
    gateway = f"http://127.0.0.1:{ports(tree.folder).gateway}"
    async with httpx.AsyncClient(trust_env=False) as shop:
        answer = await shop.post(f"{gateway}/admin/pay", json={"payments": [capture]})
        answer.raise_for_status()
        answer = await shop.put(
            f"{tree.address}/api/v1/orders/{order_no}",
            json=order,
            headers={"authorization": f"Bearer {key}"},
        )
        assert answer.is_success, answer.text


async def test_a_buyer_gets_money_back_while_looking(
    market: str, chromium: Browser, shot: Path
) -> None:
    async with somebody(chromium) as buyer:
        await prove(buyer, market, "YQ2600000001", PASSWORD)
        await file_claim(buyer, "KEY01", "今天上午第一次兑换就提示卡密无效", shot)
        await expect(buyer.locator("#money")).to_contain_text("已到账", timeout=SOON_MS)
        await expect(buyer.locator("#why")).to_contain_text("R-")


async def test_a_seller_accepts_and_the_buyer_sees_it_live(
    market: str, chromium: Browser, shot: Path
) -> None:
    async with somebody(chromium) as buyer, somebody(chromium) as seller:
        await prove(buyer, market, "YQ2600000003", PASSWORD)
        claim_no = await file_claim(buyer, "SND04", WRONG_SYSTEM, shot)
        await expect(buyer.locator("#now")).to_contain_text("等卖家回应", timeout=SOON_MS)

        await become(seller, market, SELLER)
        await seller.goto(f"{market}/seller/c/{claim_no}")
        await seller.locator("input[name=kind][value=accept]").check()
        await seller.get_by_role("button", name="下一步").click()
        await seller.get_by_role("button", name="接受").click()
        await expect(seller.get_by_text("已接受，正在执行")).to_be_visible()

        await expect(buyer.locator("#money")).to_contain_text("已到账", timeout=SOON_MS)


async def test_an_agent_decides_what_operator_shop_buyer_and_seller_brought_about(
    tree: Tree, market: str, chromium: Browser, shot: Path
) -> None:
    async with (
        somebody(chromium, WIDE) as operator,
        somebody(chromium) as buyer,
        somebody(chromium) as seller,
        somebody(chromium, WIDE) as agent,
    ):
        await sell(tree, await make_key(operator, market), "O-501", LICENCE)
        await prove(buyer, market, "O-501", BUYERS)
        claim_no = await file_claim(buyer, "SND04", WRONG_SYSTEM, shot)
        await expect(buyer.locator("#now")).to_contain_text("等卖家回应", timeout=SOON_MS)

        await become(seller, market, SELLER)
        await seller.goto(f"{market}/seller/c/{claim_no}")
        await seller.locator("input[name=kind][value=contest]").check()
        await seller.locator("#text").fill("页面写明只支持 Windows")
        await seller.get_by_role("button", name="下一步").click()
        await expect(seller.get_by_text("申辩已提交，等平台裁定")).to_be_visible()

        await become(agent, market, AGENT)
        await agent.goto(f"{market}/desk/c/{claim_no}/depart")
        await agent.locator("#finding").select_option("not_as_described")
        await agent.locator("#remedy").select_option("refund_full")
        await agent.locator("#share-seller").fill("100")
        await agent.locator("#why").fill("下单时的商品页写明支持 macOS，买家的截图与此不符。")
        await agent.get_by_role("button", name="提交").click()
        await expect(agent.get_by_text("裁定已提交，正在执行")).to_be_visible()

        await expect(buyer.locator("#money")).to_contain_text("已到账", timeout=SOON_MS)
        await expect(buyer.locator("#why")).to_contain_text(AGENT)
        await seller.reload()
        await expect(seller.get_by_role("heading", name="裁定", exact=True)).to_be_visible()


async def test_a_supplier_without_an_api_answers_and_the_buyer_sees_what_was_said(
    tree: Tree, market: str, chromium: Browser, shot: Path
) -> None:
    async with (
        somebody(chromium, WIDE) as operator,
        somebody(chromium) as buyer,
        somebody(chromium) as supplier,
    ):
        await sell(tree, await make_key(operator, market), "O-502", TOP_UP)
        await prove(buyer, market, "O-502", BUYERS)
        claim_no = await file_claim(buyer, "DLV01", NOTHING_CAME, shot)
        await expect(buyer.locator("#now")).to_contain_text("等供货商", timeout=SOON_MS)

        await become(supplier, market, SUPPLIER)
        await expect(supplier.get_by_text(claim_no)).to_be_visible()
        await supplier.locator("select[name=status]").select_option("failed")
        await supplier.locator("input[name=accepts]").check()
        await supplier.get_by_role("button", name="提交答复").click()
        await expect(supplier.get_by_text("答复已提交")).to_be_visible()

        said = re.compile(r"卡源答复\s*失败")
        await expect(buyer.locator("#main")).to_contain_text(said, timeout=SOON_MS)
        await expect(buyer.locator("#now")).not_to_contain_text("等供货商")
