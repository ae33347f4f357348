"""From how a supplier is reached to its gateway; `bootstrap` builds one for all markets."""

from datetime import datetime, timedelta
from typing import Final, assert_never

import httpx

from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.gateways.suppliers.acg import AcgSupplier
from makegood.gateways.suppliers.page import PageSupplier
from makegood.gateways.suppliers.signed import SignedSupplier
from makegood.orders.connections import (
    AcgConnection,
    PageConnection,
    SignedConnection,
    SupplierConnection,
    load_connection,
)
from makegood.orders.supplier import SupplierGateway
from makegood.store.database import Database
from makegood.store.vault import Vault

KNOWN_FOR: Final = timedelta(seconds=10)
"""How long a supplier's connection is remembered before it is read again."""


class SupplierBook:
    """Every supplier's gateway, made from its stored connection."""

    def __init__(
        self, db: Database, vault: Vault, client: httpx.AsyncClient, clock: Clock, ids: Ids
    ) -> None:
        self._db = db
        self._vault = vault
        self._client = client
        self._clock = clock
        self._ids = ids
        self._known: dict[tuple[str, str], tuple[datetime, SupplierGateway | None]] = {}

    async def gateway_of(self, market_id: str, supplier_id: str) -> SupplierGateway | None:
        """The gateway of a supplier; None when nobody said how it is reached."""
        key, now = (market_id, supplier_id), self._clock.now()
        known = self._known.get(key)
        if known is not None and now - known[0] < KNOWN_FOR:
            return known[1]
        async with self._db.connection() as conn:
            connection = await load_connection(conn, self._vault, market_id, supplier_id)
        gateway = self._build(market_id, connection) if connection is not None else None
        self._known[key] = (now, gateway)
        return gateway

    def _build(self, market_id: str, connection: SupplierConnection) -> SupplierGateway:
        match connection:
            case SignedConnection():
                return SignedSupplier(connection, self._client, self._clock)
            case AcgConnection():
                return AcgSupplier(connection, self._client, self._clock)
            case PageConnection():
                return PageSupplier(connection, market_id, self._db, self._ids, self._clock)
        assert_never(connection)
