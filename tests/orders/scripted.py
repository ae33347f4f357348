"""A supplier that answers from a script, and counts how many goods it gave out."""

from collections.abc import Callable
from datetime import datetime

from makegood.orders.supplier import (
    Capability,
    GoodsReply,
    SupplierAnswer,
    SupplierGateway,
    SupplierQuestion,
    SupplierStatus,
    SupplierUnavailable,
)

ALL: frozenset[Capability] = frozenset({"query", "redemption", "withdraw", "reissue", "upgrade"})


class ScriptedSupplier:
    """Gives one new key for each request number.

    `cut` drops that many answers after the act; a `silent` one never answers at all.
    """

    def __init__(
        self,
        at: datetime,
        *,
        cut: int = 0,
        silent: bool = False,
        status: SupplierStatus = "revoked",
        next_key: Callable[[int], str] = lambda number: f"NEW-KEY-{number}",
        capabilities: frozenset[Capability] = ALL,
    ) -> None:
        self.capabilities = capabilities
        self.given: dict[str, str] = {}
        self.withdrawn: list[str] = []
        self._at = at
        self._cut = cut
        self._silent = silent
        self._status = status
        self._next_key = next_key

    async def query(self, question: SupplierQuestion) -> SupplierAnswer:
        return SupplierAnswer(status=self._status, asked_at=self._at)

    async def withdraw(self, request_no: str, question: SupplierQuestion) -> SupplierAnswer:
        self.withdrawn.append(request_no)
        self._maybe_cut()
        return SupplierAnswer(status=self._status, asked_at=self._at)

    async def reissue(self, request_no: str, question: SupplierQuestion) -> GoodsReply:
        self.given.setdefault(request_no, self._next_key(len(self.given) + 1))
        self._maybe_cut()
        return await self.query_reissue(request_no)

    async def query_reissue(self, request_no: str) -> GoodsReply:
        if self._silent:
            raise SupplierUnavailable("silence")
        key = self.given.get(request_no)
        if key is None:
            return GoodsReply(status="not_found", asked_at=self._at)
        return GoodsReply(status="delivered", asked_at=self._at, key=key)

    async def upgrade(self, request_no: str, question: SupplierQuestion, to_sku: str) -> GoodsReply:
        return await self.reissue(request_no, question)

    async def query_upgrade(self, request_no: str) -> GoodsReply:
        return await self.query_reissue(request_no)

    def _maybe_cut(self) -> None:
        if self._cut > 0:
            self._cut -= 1
            raise SupplierUnavailable("the line was cut")


class OneSupplier:
    """A market whose suppliers are all this one (or none)."""

    def __init__(self, gateway: SupplierGateway | None) -> None:
        self._gateway = gateway

    async def gateway_of(self, market_id: str, supplier_id: str) -> SupplierGateway | None:
        return self._gateway
