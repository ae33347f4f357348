"""The invented market: who sells, who supplies, who works there, and what is sold."""

from datetime import date
from typing import Final, Literal

import msgspec

from makegood.base.business_time import Calendar, Slot
from makegood.people.contracts.rules import Contract, Standard
from makegood.people.markets.rules import AutoLane, MarketSettings
from makegood.people.markets.terms import DepositTerms, MoneyTerms

Reach = Literal["signed", "acg", "page"]
PASSWORD: Final = "demo-password-2026"
"""The password of every invented account; the demo listens on this machine only."""


class DemoSeller(msgspec.Struct, frozen=True):
    """A seller and the name its person signs in with."""

    seller_id: str
    name: str
    sign_in_name: str


class DemoPerson(msgspec.Struct, frozen=True):
    """Somebody of the staff; `lead` is the sign-in name of the direct lead."""

    sign_in_name: str
    name: str
    role: Literal["agent", "lead", "operator", "auditor"]
    lead: str = ""


class DemoSupplier(msgspec.Struct, frozen=True):
    """A supplier and how it is reached; one that answers by page has a person who signs in."""

    supplier_id: str
    name: str
    reach: Reach
    sign_in_name: str = ""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold: prices in minor units; `supplier_id` empty for a seller's own stock."""

    sku: str
    title: str
    category: str
    delivery: str
    price_minor: int
    list_minor: int
    seller_id: str
    supplier_id: str = ""
    term_days: int | None = None
    listing: str
    tracked: bool = False


SELLERS: Final = (
    DemoSeller("s-xm", "小满会员店", "xiaoman@demo.test"),
    DemoSeller("s-jd", "极点数卡", "jidian@demo.test"),
    DemoSeller("s-lm", "老猫账号铺", "laomao@demo.test"),
    DemoSeller("s-yq", "云雀软件", "yunque@demo.test"),
)
STAFF: Final = (
    DemoPerson("chief@demo.test", "安澜", "operator"),
    DemoPerson("zhouqi@demo.test", "周琪", "lead", "chief@demo.test"),
    DemoPerson("xuzhiyuan@demo.test", "许知远", "agent", "zhouqi@demo.test"),
    DemoPerson("chenmo@demo.test", "陈默", "agent", "zhouqi@demo.test"),
    DemoPerson("luheng@demo.test", "陆衡", "agent", "zhouqi@demo.test"),
    DemoPerson("shenyan@demo.test", "沈砚", "auditor"),
)
SUPPLIERS: Final = (
    DemoSupplier("u-xh", "星河卡源", "signed"),
    DemoSupplier("u-dk", "点卡联盟", "acg"),
    DemoSupplier("u-sr", "手工代充", "page", "shougong@demo.test"),
)
PRODUCTS: Final = (
    Product(
        sku="XH-100",
        title="星海点卡 100 元",
        category="game_card",
        delivery="key",
        price_minor=9800,
        list_minor=10000,
        seller_id="s-jd",
        supplier_id="u-xh",
        listing="官方点卡，国服通用，付款后自动发货",
        tracked=True,
    ),
    Product(
        sku="XH-30",
        title="星海点卡 30 元",
        category="game_card",
        delivery="key",
        price_minor=2950,
        list_minor=3000,
        seller_id="s-jd",
        supplier_id="u-xh",
        listing="官方点卡，国服通用，付款后自动发货",
    ),
    Product(
        sku="LB-50",
        title="蓝贝礼品卡 50 元",
        category="gift_card",
        delivery="key",
        price_minor=4800,
        list_minor=5000,
        seller_id="s-xm",
        supplier_id="u-dk",
        listing="全国门店与网店通用，有效期一年",
    ),
    Product(
        sku="YP-365",
        title="云屏视频会员 年卡",
        category="membership",
        delivery="membership",
        price_minor=12000,
        list_minor=16800,
        seller_id="s-xm",
        supplier_id="u-xh",
        term_days=365,
        listing="官方直充，365 天，支持电视端",
    ),
    Product(
        sku="HF-100",
        title="话费直充 100 元",
        category="top_up",
        delivery="top_up",
        price_minor=9950,
        list_minor=10000,
        seller_id="s-xm",
        supplier_id="u-xh",
        listing="三网通用，30 分钟内到账",
    ),
    Product(
        sku="QY-60",
        title="奇域月石 60 枚 代充",
        category="top_up",
        delivery="top_up",
        price_minor=600,
        list_minor=600,
        seller_id="s-jd",
        supplier_id="u-sr",
        listing="人工代充，工作时间 30 分钟内到账",
    ),
    Product(
        sku="HY-60",
        title="幻域 60 级账号 华东二区",
        category="account",
        delivery="account",
        price_minor=68000,
        list_minor=68000,
        seller_id="s-lm",
        listing="60 级，含三件传说装备，可换绑，包赔 30 天",
    ),
    Product(
        sku="RJ-PRO",
        title="云雀专业版 授权码",
        category="licence",
        delivery="key",
        price_minor=19900,
        list_minor=29900,
        seller_id="s-yq",
        listing="一码一机，终身授权，支持 Windows 与 macOS",
    ),
)
SETTINGS: Final = MarketSettings(
    name_zh="云桥寄售",
    name_en="Yunqiao Market",
    base_url="http://127.0.0.1:8000",
    auto_lane=AutoLane(guest_cap_minor=20_000, guest_day_cap_minor=60_000, claims_per_30_days=2),
    support_contact="after-sales@demo.test",
    order_no_hint="YQ 开头，共 12 位 / starts with YQ, 12 characters",
    # Visitors sign in by link and have no authenticator to prove themselves with again.
    money=MoneyTerms(fresh_minutes=12 * 60, deposits=DepositTerms(asked=True)),
)


class TryOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One of the four orders a visitor is asked to try."""

    order_no: str
    sku: str
    supplier_ref: str
    reason: str
    wants: str
    title_zh: str
    title_en: str
    revealed: bool = False


QUERY_PASSWORD: Final = "demo"
TRY: Final = (
    TryOrder(
        order_no="YQ2600000001",
        sku="XH-30",
        supplier_ref="XH-try-invalid",
        reason="KEY01",
        wants="refund",
        title_zh="卡密无效：机器核实后几秒内退款",
        title_en="An invalid code: refunded by machine within seconds",
    ),
    TryOrder(
        order_no="YQ2600000002",
        sku="XH-100",
        supplier_ref="XH-try2-invalid",
        reason="KEY01",
        wants="reissue",
        title_zh="卡密无效：补发一张新卡",
        title_en="An invalid code: replaced by a new one",
    ),
    TryOrder(
        order_no="YQ2600000003",
        sku="RJ-PRO",
        supplier_ref="",
        reason="SND04",
        wants="refund",
        title_zh="与描述不符：转给卖家限时回应",
        title_en="Not as described: goes to the seller, who must answer in time",
    ),
    TryOrder(
        order_no="YQ2600000004",
        sku="XH-100",
        supplier_ref="XH-try4",
        reason="CHG01",
        wants="refund",
        title_zh="误购但已查看卡密：不支持，并说明理由",
        title_en="Bought by mistake but already revealed: refused, with the reason",
        revealed=True,
    ),
)


def product(sku: str) -> Product:
    """The product of a stock keeping unit."""
    return next(one for one in PRODUCTS if one.sku == sku)


def seller_name(seller_id: str) -> str:
    """The name a seller is shown by."""
    return next(one.name for one in SELLERS if one.seller_id == seller_id)


CONTRACT_EVERY: Final = 40
"""One of so many complaints comes from the business customer."""
CONTRACT: Final = Contract(
    contract_id="yunqi",
    name="云起网吧连锁",
    tier="enterprise",
    buyer_ids=(),
    begins_on=date(2026, 1, 1),
    minutes={"first_response": 5, "next_reply": 60, "decision": 480},
    calendar=Calendar(week=[*([[Slot(9 * 60, 12 * 60), Slot(13 * 60 + 30, 18 * 60)]] * 5), [], []]),
    standards=(
        Standard(reason="KEY", remedies=("reissue", "refund_full"), within_minutes=120),
        Standard(reason="*", within_minutes=960),
    ),
)
