"""Whether the outside world can be reached: payment gateways and suppliers of every market."""

import asyncio
from urllib.parse import urlsplit

import msgspec

from makegood.doctor.finding import Finding
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.registry import address_of
from makegood.keyfile import KeysMissing, open_vault
from makegood.ledger.refund.account_store import list_accounts, open_account
from makegood.orders.connections import AcgConnection, SignedConnection, load_connection
from makegood.people.markets.store import list_markets, list_suppliers
from makegood.settings import Settings
from makegood.store.database import Connection
from makegood.store.vault import SealBroken, Vault

CONNECT_SECONDS = 5.0
_NO_ACCOUNTS = "refunds go to a person until the market has an account at its payment gateway"

_NAMED = 5
"""Suppliers named in one line; the page lists them all."""
_UNASKED = "claims about their goods go on without their word; choose a way at /ops/suppliers"
_UNREADABLE = "fill the account in again at /ops/gateways; the others are not affected"


class Place(msgspec.Struct, frozen=True):
    """Somewhere a market asks: the check's id, a name for people, the address."""

    id: str
    name: str
    url: str


async def check_outside(conn: Connection, settings: Settings) -> list[Finding]:
    """One finding for each gateway account and supplier; only a connection is made."""
    try:
        vault = open_vault(settings)
        gateways, lost = await _gateways(conn, vault)
        suppliers, unasked = await _suppliers(conn, vault)
    except (KeysMissing, SealBroken):
        return []  # Told by the checks of the keys.
    findings = await asyncio.gather(*(check_place(place) for place in gateways + suppliers))
    if not gateways and not lost:
        lost = [Finding("gateways", "note", "no payment gateway is set", _NO_ACCOUNTS)]
    return [*lost, *findings, *unasked]


async def check_place(place: Place) -> Finding:
    """Whether somebody listens at the address."""
    parts = urlsplit(place.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except (OSError, TimeoutError) as failed:
        text = (
            f"{place.name} at {parts.hostname}:{port} cannot be reached ({type(failed).__name__})"
        )
        advice = "check the address and this machine's way out; its jobs wait and are retried"
        return Finding(place.id, "bad", text, advice)
    return Finding(place.id, "ok", f"{place.name} at {parts.hostname}:{port} can be reached")


async def _gateways(conn: Connection, vault: Vault) -> tuple[list[Place], list[Finding]]:
    """Where accounts are reached, and what to say of those that cannot be opened."""
    places, lost = [], []
    for stored in await list_accounts(conn):
        name = f"gateway {stored.channel} of {stored.market_id}"
        try:
            account: Account = msgspec.json.decode(open_account(vault, stored), type=Account)
        except (SealBroken, msgspec.MsgspecError):
            lost.append(Finding("gateways", "bad", f"{name} cannot be opened", _UNREADABLE))
            continue
        if url := address_of(account):
            places.append(Place("gateways", name, url))
    return places, lost


async def _suppliers(conn: Connection, vault: Vault) -> tuple[list[Place], list[Finding]]:
    """Where suppliers are reached, and what to say of those whom nobody asks."""
    places, unasked = [], []
    for market in await list_markets(conn):
        for supplier in await list_suppliers(conn, market.market_id):
            way = await load_connection(conn, vault, market.market_id, supplier.supplier_id)
            if isinstance(way, SignedConnection | AcgConnection):
                name = f"supplier {supplier.supplier_id} of {market.market_id}"
                places.append(Place("suppliers", name, way.base_url))
            elif way is None:
                unasked.append(f"{supplier.supplier_id} of {market.market_id}")
    if not unasked:
        return places, []
    named = ", ".join(unasked[:_NAMED]) + (" …" if len(unasked) > _NAMED else "")
    text = f"nobody asks {len(unasked)} of the suppliers: {named}"
    return places, [Finding("suppliers", "note", text, _UNASKED)]
