"""Payments that no machine can refund: a person sends the money and shows the proof."""

from makegood.gateways.payments.accounts import ManualAccount
from makegood.ledger.refund.gateway import (
    Abilities,
    Capture,
    GatewayUnavailable,
    Notice,
    NoticeRefused,
    Notification,
    RefundReply,
    RefundRequest,
    Unknown,
    Unsupported,
)

_TEXT = "refunds of this kind of payment are made by hand"


class Manual:
    """An account without any interface."""

    abilities = Abilities(can_refund=False, answers=False)
    notice_answer = "success"

    def __init__(self, account: ManualAccount) -> None:
        self._account = account

    @property
    def channel(self) -> str:
        return self._account.channel

    async def refund(self, request: RefundRequest) -> RefundReply:
        return Unsupported(text=_TEXT)

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        return Unknown(text=_TEXT)

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        raise GatewayUnavailable(_TEXT, sent=False)

    async def verify_notification(self, notification: Notification) -> Notice:
        raise NoticeRefused("this account sends no notifications")
