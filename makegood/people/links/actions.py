"""One-time links: their token is derived from the vault's key, so a stolen table opens nothing."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.people.links import store
from makegood.people.links.rules import Purpose
from makegood.store.database import Connection
from makegood.store.vault import Vault

_TOKEN_BYTES: Final = 24


async def make_link(
    tx: Connection,
    act: Act,
    vault: Vault,
    ids: Ids,
    purpose: Purpose,
    subject: Mapping[str, str],
    valid_for: timedelta,
) -> str:
    """A new link's token, to be put after the address; works once until `valid_for` is over."""
    link_id = ids.uuid()
    expires_at = act.now + valid_for
    await store.insert_link(tx, act.market_id, link_id, purpose, subject, act.now, expires_at)
    return link_token(vault, act.market_id, purpose, link_id)


def link_token(vault: Vault, market_id: str, purpose: Purpose, link_id: str) -> str:
    """The token of a stored link: what mails put into their addresses when they are sent."""
    mac = vault.keyed_hash("one_time_link", f"{market_id}\x1f{purpose}\x1f{link_id}")
    return f"{link_id}.{urlsafe_b64encode(mac[:_TOKEN_BYTES]).decode()}"


async def read_link(
    conn: Connection, act: Act, vault: Vault, purpose: Purpose, token: str
) -> dict[str, str]:
    """What the link is about, without using it up; refused `link_expired` when it does not work."""
    link_id = _genuine_id(vault, act.market_id, purpose, token)
    return _known(await store.live_subject(conn, act.market_id, link_id, purpose, act.now))


async def use_link(
    tx: Connection, act: Act, vault: Vault, purpose: Purpose, token: str
) -> dict[str, str]:
    """Use the link up and answer what it is about; refused `link_expired` the second time."""
    link_id = _genuine_id(vault, act.market_id, purpose, token)
    return _known(await store.use_up(tx, act.market_id, link_id, purpose, act.now))


def _genuine_id(vault: Vault, market_id: str, purpose: Purpose, token: str) -> str:
    """The link's id when the token is ours, otherwise an id that no link has.

    The database is asked in both cases, so that the time taken does not tell them apart.
    """
    link_id = token.partition(".")[0]
    expected = link_token(vault, market_id, purpose, link_id)
    return (
        link_id if hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode()) else ""
    )


def _known(subject: dict[str, str] | None) -> dict[str, str]:
    if subject is None:
        raise Refused("link_expired")
    return subject
