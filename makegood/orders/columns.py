"""Which CSV column holds which part of an order, and how its cells are read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from makegood.base.money import MINOR_DIGITS
from makegood.orders.order import Order

KNOWN_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "order_no": ("订单号", "订单编号", "trade_no_shop"),
    "placed_at": ("下单时间", "创建时间", "create_time"),
    "paid_at": ("支付时间", "付款时间", "pay_time"),
    "updated_at": ("更新时间", "update_time"),
    "state": ("状态", "订单状态", "status"),
    "total": ("金额", "订单金额", "实付金额", "amount"),
    "currency": ("币种",),
    "buyer_id": ("买家", "买家编号"),
    "contact": ("联系方式", "邮箱", "email"),
    "claim_code": ("查询密码", "search_pwd", "password"),
    "seller_id": ("卖家", "卖家编号", "商户"),
    "seller_name": ("卖家名称", "店铺"),
    "sku": ("商品编号", "商品编码"),
    "title": ("商品", "商品名称", "标题"),
    "category": ("类目", "分类"),
    "quantity": ("数量", "num"),
    "unit_price": ("单价",),
    "list_price": ("原价", "标价"),
    "discount": ("优惠",),
    "service_fee": ("手续费", "服务费"),
    "term_days": ("时长天数",),
    "supplier_id": ("供货商",),
    "supplier_ref": ("供货单号", "上游单号"),
    "listing_text": ("商品描述",),
    "region": ("区服", "地区"),
    "claim_window_days": ("售后天数",),
    "delivery_kind": ("发货方式",),
    "promised_at": ("承诺时间",),
    "delivered_at": ("发货时间", "到账时间"),
    "revealed_at": ("查看时间",),
    "target": ("充值账号",),
    "key": ("卡密", "secret"),
    "gateway": ("支付渠道", "支付方式"),
    "trade_no": ("支付单号", "流水号"),
}
"""Every name a column can stand for, and headings that are understood without a map."""

REQUIRED: Final = ("order_no", "placed_at", "total", "seller_id", "sku", "title")
TIMES: Final = ("placed_at", "paid_at", "updated_at", "promised_at", "delivered_at", "revealed_at")
AMOUNTS: Final = ("total", "unit_price", "list_price", "discount", "service_fee")
_MAX_DIGITS: Final = 18
T = TypeVar("T")


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a CSV is read: headings for names, times of which zone, and words for states.

    Amounts are decimal in whole units of the currency ("98.00").
    """

    headings: Mapping[str, str] = {}
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    states: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}
    """Cells that are the same in every row and in no column: `{"seller_id": "s-1"}`."""

    def __post_init__(self) -> None:
        for name in (*self.headings, *self.constants):
            if name not in KNOWN_NAMES:
                raise ValueError(f"no order has a {name!r}; known are {', '.join(KNOWN_NAMES)}")
        ZoneInfo(self.timezone)

    def places(self, heading: Sequence[str]) -> dict[str, int]:
        """Where each name's column is; raises ValueError for a required one that is missing."""
        found: dict[str, int] = {}
        for name, others in KNOWN_NAMES.items():
            wanted = (self.headings[name],) if name in self.headings else (name, *others)
            place = next((heading.index(word) for word in wanted if word in heading), None)
            if place is not None:
                found[name] = place
        missing = [name for name in REQUIRED if name not in found and name not in self.constants]
        if missing:
            raise ValueError(f"no column for {', '.join(missing)}; name it with --map")
        return found


def order_of_cells(cells: Mapping[str, str], columns: ColumnMap) -> Order:
    """The order of one row.

    Raises ValueError naming the column whose cell cannot be read, and msgspec.ValidationError
    for an order that cannot be.
    """
    full = {**columns.constants, **{name: cell for name, cell in cells.items() if cell}}
    currency = full.get("currency", columns.currency)
    zone = ZoneInfo(columns.timezone)
    times: dict[str, datetime] = {
        name: _time(name, full[name], zone) for name in TIMES if name in full
    }
    amounts: dict[str, int] = {
        name: amount_minor(name, full[name], currency) for name in AMOUNTS if name in full
    }
    paid_at = times.get("paid_at")
    total = _needed("total", amounts)
    order = {
        "order_no": full.get("order_no", ""),
        "placed_at": _needed("placed_at", times),
        "paid_at": paid_at,
        "updated_at": times.get("updated_at") or max(times.values()),
        "state": _state(full, times, columns),
        "total": {"amount_minor": total, "currency": currency},
        "buyer": _buyer(full),
        "seller": {
            "id": full.get("seller_id", ""),
            "name": full.get("seller_name") or full.get("seller_id", ""),
        },
        "lines": [_line(full, times, amounts, total)],
        "payments": _payments(full, paid_at, total),
    }
    return msgspec.convert(order, Order)


def amount_minor(name: str, cell: str, currency: str) -> int:
    """An amount such as `¥1,098.5` in minor units; more decimals than the currency has fail."""
    text = cell.strip().lstrip("¥￥$").replace(",", "").removesuffix("元").strip()
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise ValueError(f"currency: {currency[:10]!r} is none that we keep books in")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name}: not an amount") from None
    if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS:
        raise ValueError(f"{name}: not an amount")
    minor = value.scaleb(digits)
    if minor != minor.to_integral_value():
        raise ValueError(f"{name}: more than {digits} decimals")
    return int(minor)


def _time(name: str, cell: str, zone: tzinfo) -> datetime:
    try:
        told = datetime.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        raise ValueError(f"{name}: not a time") from None
    return (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(UTC)


def _state(cells: Mapping[str, str], times: Mapping[str, datetime], columns: ColumnMap) -> str:
    told = cells.get("state")
    if told is not None:
        return columns.states.get(told, told)
    if "delivered_at" in times:
        return "delivered"
    return "paid" if "paid_at" in times else "unpaid"


def _buyer(cells: Mapping[str, str]) -> dict[str, object]:
    contact = cells.get("contact")
    return {
        "id": cells.get("buyer_id") or contact or f"guest-{cells.get('order_no', '')}",
        "contact": contact,
        "claim_code": cells.get("claim_code"),
    }


def _line(
    cells: Mapping[str, str],
    times: Mapping[str, datetime],
    amounts: Mapping[str, int],
    total_minor: int,
) -> dict[str, object]:
    quantity = _whole("quantity", cells.get("quantity", "1"))
    discount = amounts.get("discount", 0)
    price = amounts.get("unit_price", (total_minor + discount) // max(quantity, 1))
    line: dict[str, object] = {
        "line_no": 1,
        "sku": cells.get("sku", ""),
        "title": cells.get("title", ""),
        "category": cells.get("category", "other"),
        "quantity": quantity,
        "unit_price_minor": price,
        "discount_minor": min(discount, price * max(quantity, 0)),
        "service_fee_minor": amounts.get("service_fee", 0),
        "listing": _listing(cells),
        "delivery": _delivery(cells, times),
    }
    if "list_price" in amounts:
        line["list_price_minor"] = amounts["list_price"]
    if "term_days" in cells:
        line["term_days"] = _whole("term_days", cells["term_days"])
    if "supplier_id" in cells:
        line["supplier"] = {"id": cells["supplier_id"], "order_ref": cells.get("supplier_ref")}
    return line


def _listing(cells: Mapping[str, str]) -> dict[str, object]:
    listing: dict[str, object] = {
        "text": cells.get("listing_text", ""),
        "region": cells.get("region"),
    }
    if "claim_window_days" in cells:
        listing["claim_window_days"] = _whole("claim_window_days", cells["claim_window_days"])
    return listing


def _delivery(cells: Mapping[str, str], times: Mapping[str, datetime]) -> dict[str, object]:
    return {
        "kind": cells.get("delivery_kind") or ("key" if "key" in cells else "top_up"),
        "promised_at": times.get("promised_at"),
        "delivered_at": times.get("delivered_at"),
        "revealed_at": times.get("revealed_at"),
        "target": cells.get("target"),
        "keys": [key for key in cells.get("key", "").splitlines() if key.strip()],
    }


def _payments(
    cells: Mapping[str, str], paid_at: datetime | None, total_minor: int
) -> list[dict[str, object]]:
    if paid_at is None or "gateway" not in cells:
        return []
    payment = {
        "gateway": cells["gateway"],
        "trade_no": cells.get("trade_no", ""),
        "amount_minor": total_minor,
        "paid_at": paid_at,
    }
    return [payment]


def _whole(name: str, cell: str) -> int:
    if not cell.isascii() or not cell.isdigit() or len(cell) > _MAX_DIGITS:
        raise ValueError(f"{name}: not a whole number")
    return int(cell)


def _needed(name: str, found: Mapping[str, T]) -> T:
    if name not in found:
        raise ValueError(f"{name}: is empty")
    return found[name]
