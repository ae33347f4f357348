"""The gateways of every market of this install, read again when accounts change.

One account that cannot be read (a wrong key, a lost root key) is set aside with its reason; all
others go on. An account that did not change keeps its gateway: reading RSA keys takes its time.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeAlias

import httpx
import msgspec
import structlog

from makegood.base.time import Clock
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.registry import build_gateway
from makegood.gateways.payments.watched import Watched
from makegood.ledger.refund.account_store import SealedAccount, list_accounts, open_account
from makegood.ledger.refund.gateway import PaymentGateway
from makegood.ledger.refund.health_store import Health, add_health
from makegood.store.database import Database
from makegood.store.vault import SealBroken, Vault

_Key: TypeAlias = tuple[str, str, bytes]
log = structlog.get_logger("makegood.gateways")


class GatewayBook:
    """Gateways by market and channel; `refresh` reads the accounts, `of` answers from memory."""

    def __init__(self, db: Database, vault: Vault, client: httpx.AsyncClient, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._client = client
        self._clock = clock
        self._built: dict[_Key, Watched | None] = {}
        self._known: dict[str, dict[str, PaymentGateway]] = {}

    def of(self, market_id: str) -> Mapping[str, PaymentGateway]:
        """The market's gateways by channel; a channel without a good account has none."""
        return self._known.get(market_id, {})

    async def refresh(self) -> None:
        """Read the accounts, build what is new, and note how the gateways fared since."""
        async with self._db.connection() as conn:
            stored = await list_accounts(conn)
        self._built = {key: self._gateway(key, one) for one in stored for key in [_key(one)]}
        known: dict[str, dict[str, PaymentGateway]] = {}
        for (market_id, channel, _), gateway in self._built.items():
            if gateway is not None:
                known.setdefault(market_id, {})[channel] = gateway
        self._known = known
        await self._note_health()

    def _gateway(self, key: _Key, account: SealedAccount) -> Watched | None:
        if key in self._built:
            return self._built[key]
        try:
            plain = open_account(self._vault, account)
            config: Account = msgspec.json.decode(plain, type=Account)
            gateway = build_gateway(config, self._client, self._clock)
        except (ValueError, SealBroken, msgspec.MsgspecError) as error:
            why = type(error).__name__
            log.error("gateway account set aside", channel=account.channel, why=why)
            return None
        return Watched(gateway, self._clock, enabled=account.enabled)

    async def _note_health(self) -> None:
        told: list[tuple[str, str, Health]] = []
        for (market_id, channel, _), gateway in self._built.items():
            health = gateway.take_health() if gateway is not None else None
            if health is not None:
                told.append((market_id, channel, health))
        if told:
            async with self._db.transaction() as tx:
                await add_health(tx, told)


def _key(account: SealedAccount) -> _Key:
    """Changes with whatever the account is made of."""
    content = sha256(account.sealed + bytes([account.enabled])).digest()
    return account.market_id, account.channel, content
