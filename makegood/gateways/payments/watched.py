"""A gateway that remembers how it fared, and that an operator may switch off."""

from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from makegood.base.time import Clock
from makegood.ledger.refund.gateway import (
    Abilities,
    Capture,
    Dispute,
    DisputeSource,
    GatewayUnavailable,
    Notice,
    Notification,
    PaymentGateway,
    RefundReply,
    RefundRequest,
    Unsupported,
)
from makegood.ledger.refund.health_store import Health

T = TypeVar("T")


class Watched:
    """Stands before a gateway. Switched off, it sends no refund but still answers questions."""

    def __init__(self, gateway: PaymentGateway, clock: Clock, *, enabled: bool) -> None:
        self._gateway = gateway
        self._clock = clock
        self._enabled = enabled
        self._health = Health()

    @property
    def channel(self) -> str:
        return self._gateway.channel

    @property
    def abilities(self) -> Abilities:
        if self._enabled:
            return self._gateway.abilities
        return msgspec.structs.replace(self._gateway.abilities, can_refund=False)

    @property
    def notice_answer(self) -> str:
        return self._gateway.notice_answer

    async def refund(self, request: RefundRequest) -> RefundReply:
        if not self._enabled:
            return Unsupported(text="this account is switched off")
        return await self._watch(self._gateway.refund(request))

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        return await self._watch(self._gateway.query_refund(request))

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        return await self._watch(self._gateway.query_payment(trade_no=trade_no, order_no=order_no))

    async def query_dispute(self, dispute_ref: str) -> Dispute | None:
        if not isinstance(self._gateway, DisputeSource):
            raise GatewayUnavailable("this gateway tells no disputes", sent=False)
        return await self._watch(self._gateway.query_dispute(dispute_ref))

    async def verify_notification(self, notification: Notification) -> Notice:
        return await self._gateway.verify_notification(notification)

    def take_health(self) -> Health | None:
        """What happened since this was last asked; None for nothing."""
        health, self._health = self._health, Health()
        return health if health.good or health.bad else None

    async def _watch(self, asked: Awaitable[T]) -> T:
        now = self._clock.now()
        try:
            answer = await asked
        except GatewayUnavailable as failure:
            if self._gateway.abilities.answers:
                self._health = msgspec.structs.replace(
                    self._health,
                    bad=self._health.bad + 1,
                    bad_at=now,
                    trouble=failure.trouble,
                    words=str(failure)[:200],
                )
            raise
        self._health = msgspec.structs.replace(
            self._health, good=self._health.good + 1, good_at=now
        )
        return answer
