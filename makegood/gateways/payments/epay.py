"""What both versions of the epay dialect share: addresses, amounts, fields, orders, words."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from makegood.gateways.payments.amounts import amount_minor
from makegood.ledger.refund.gateway import Capture, CaptureState, GatewayUnavailable

_PAGES = re.compile(
    r"/(?:submit\.php|mapi\.php|api\.php|api/pay/[a-z]+|pay/submit|api)?/?(?:[?#].*)?$"
)
_NOT_FOUND = ("不存在", "未找到", "not found", "not exist", "no such")
_CREDENTIALS = ("密钥", "签名", "商户不存在", "商户id", "pid", "sign", "key")
_UNSUPPORTED = ("不支持", "未开启", "未开通", "unsupported", "not supported")
_STATES: Final[dict[str, CaptureState]] = {
    "0": "unpaid",
    "1": "paid",
    "2": "refunded",
    "3": "frozen",
}
_EPAY_ZONE = ZoneInfo("Asia/Shanghai")
"""epay prints times of its own server, which these systems run in China."""


def base_url(url: str) -> str:
    """The gateway's root address, also when an operator pasted one of its pages."""
    return _PAGES.sub("", url.strip())


def signed_text(fields: Mapping[str, str]) -> str:
    """The text that is signed: fields by name, without empty values and the signature itself."""
    return "&".join(
        f"{name}={fields[name]}"
        for name in sorted(fields)
        if fields[name] != "" and name not in ("sign", "sign_type")
    )


def text_of(answer: Mapping[str, object]) -> str:
    """The gateway's own words, cut to a length fit for a record."""
    return str(answer.get("msg", ""))[:200]


def says_not_found(answer: Mapping[str, object]) -> bool:
    """Whether a refusal means that the gateway has no such order or refund."""
    return _contains(answer, _NOT_FOUND)


def refused(answer: Mapping[str, object]) -> GatewayUnavailable:
    """Why a question was not answered; words about keys and signatures mean credentials."""
    text = f"order query refused: {text_of(answer)}"
    wrong = _contains(answer, _CREDENTIALS)
    return GatewayUnavailable(text, trouble="credentials" if wrong else "unclear")


def says_unsupported(answer: Mapping[str, object]) -> bool:
    """Whether a refusal means that this server cannot refund at all."""
    return _contains(answer, _UNSUPPORTED)


def capture_of(answer: Mapping[str, object], currency: str) -> Capture:
    """An order of the gateway. Raises GatewayUnavailable when it is not whole."""
    state = _STATES.get(str(answer.get("status")))
    trade_no, order_no = answer.get("trade_no"), answer.get("out_trade_no")
    if state is None or not trade_no or not order_no:
        raise GatewayUnavailable("the order makes no sense")
    paid = amount_minor(answer.get("money"), currency)
    return Capture(
        trade_no=str(trade_no),
        order_no=str(order_no),
        amount_minor=paid,
        state=state,
        currency=currency,
        refunded_minor=_refunded(answer, state, paid, currency),
        paid_at=_time(answer.get("endtime")),
    )


def numbers(trade_no: str, order_no: str) -> list[dict[str, str]]:
    """The two ways to name an order, one at a time: servers refuse both together.

    The trade number comes first; the order number is tried when that one is not found.
    """
    ways = [("trade_no", trade_no), ("out_trade_no", order_no)]
    return [{name: value} for name, value in ways if value]


def _refunded(
    answer: Mapping[str, object], state: CaptureState, paid: int, currency: str
) -> int | None:
    """What went back: as stated, or all of it when the state says so, or not told."""
    stated = answer.get("refundmoney")
    if stated not in (None, ""):
        return amount_minor(stated, currency)
    return paid if state == "refunded" else None


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=_EPAY_ZONE)
    except ValueError:
        return None


def _contains(answer: Mapping[str, object], words: tuple[str, ...]) -> bool:
    text = text_of(answer).lower()
    return any(word in text for word in words)
