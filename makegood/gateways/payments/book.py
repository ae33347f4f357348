"""The gateways of every market of this install, read again when accounts change."""

from collections.abc import Mapping

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.registry import build_gateways
from makegood.ledger.refund.account_store import list_accounts, open_account
from makegood.ledger.refund.gateway import PaymentGateway
from makegood.store.database import Database
from makegood.store.vault import Vault


class GatewayBook:
    """Gateways by market and channel; `refresh` reads the accounts, `of` answers from memory."""

    def __init__(self, db: Database, vault: Vault, client: httpx.AsyncClient, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._client = client
        self._clock = clock
        self._known: dict[str, dict[str, PaymentGateway]] = {}

    def of(self, market_id: str) -> Mapping[str, PaymentGateway]:
        """The market's gateways by channel; a channel without an account has none."""
        return self._known.get(market_id, {})

    async def refresh(self) -> None:
        """Read every account and build its gateway again."""
        async with self._db.connection() as conn:
            stored = await list_accounts(conn)
        by_market: dict[str, list[Account]] = {}
        for account in stored:
            plain = open_account(self._vault, account)
            by_market.setdefault(account.market_id, []).append(
                msgspec.json.decode(plain, type=Account)
            )
        self._known = {
            market_id: build_gateways(accounts, self._client, self._clock)
            for market_id, accounts in by_market.items()
        }
