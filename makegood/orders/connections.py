"""How each supplier is reached. Addresses and secrets are sealed as one value."""

from typing import Annotated, Final, TypeAlias, assert_never

import msgspec
from msgspec import Meta

from makegood.base.actor import Act
from makegood.orders import connection_store
from makegood.orders.supplier import Capability
from makegood.people.markets.rules import Language
from makegood.store.database import Connection
from makegood.store.vault import Vault

_PURPOSE: Final = "supplier_connection"
_Url = Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/[^\s?#]*)?$", max_length=500)]


class SignedConnection(msgspec.Struct, frozen=True, kw_only=True, tag="signed"):
    """A supplier that speaks our signed HTTP protocol."""

    base_url: _Url
    account: str
    secret: str
    capabilities: frozenset[Capability] = frozenset({"query", "redemption"})


class AcgConnection(msgspec.Struct, frozen=True, kw_only=True, tag="acg"):
    """An acg-faka shop that the seller docks with, by user id and key of that shop."""

    base_url: _Url
    app_id: str
    app_key: str


class PageConnection(msgspec.Struct, frozen=True, kw_only=True, tag="page"):
    """A supplier without any API: a person there answers on our page."""

    answer_within_hours: Annotated[int, Meta(ge=1, le=168)] = 12
    language: Language = "zh"


SupplierConnection: TypeAlias = SignedConnection | AcgConnection | PageConnection


async def connect_supplier(
    tx: Connection, act: Act, vault: Vault, supplier_id: str, connection: SupplierConnection
) -> None:
    """Say how a supplier is reached from now on."""
    plain = msgspec.json.encode(connection)
    sealed = vault.seal(act.market_id, _PURPOSE, supplier_id, plain)
    await connection_store.upsert(tx, act, supplier_id, sealed, capabilities_of(connection))


def capabilities_of(connection: SupplierConnection) -> frozenset[Capability]:
    """What can be asked of a supplier that is reached this way."""
    match connection:
        case SignedConnection(capabilities=capabilities):
            return capabilities
        case AcgConnection():
            return frozenset({"query"})
        case PageConnection():
            return frozenset({"query", "redemption"})
    assert_never(connection)


async def disconnect_supplier(tx: Connection, act: Act, supplier_id: str) -> None:
    """Forget how a supplier is reached; its questions then go to a person."""
    await connection_store.delete(tx, act.market_id, supplier_id)


async def load_connection(
    conn: Connection, vault: Vault, market_id: str, supplier_id: str
) -> SupplierConnection | None:
    """How a supplier is reached; None when it cannot be asked."""
    sealed = await connection_store.load(conn, market_id, supplier_id)
    if sealed is None:
        return None
    plain = vault.open_sealed(market_id, _PURPOSE, supplier_id, sealed)
    # msgspec infers a union only when it is spelled out here.
    connection: SupplierConnection = msgspec.json.decode(
        plain, type=SignedConnection | AcgConnection | PageConnection
    )
    return connection
