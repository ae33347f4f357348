"""API keys: for whom they are made, and under which name they act."""

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base.actor import Actor

KeyRole: TypeAlias = Literal["market", "seller", "agent", "operator", "auditor"]

KEY_PREFIX: Final = "mg_"
USE_NOTED_EVERY: Final = timedelta(seconds=60)
"""The last use is written at most this often."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as shown in lists; the secret itself is stored nowhere."""

    key_id: str
    role: KeyRole
    seller_id: str | None
    name: str
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is made for; `seller_id` with role `seller` and only then."""

    role: KeyRole
    seller_id: str | None = None
    name: str = ""


def actor_of(key: ApiKey) -> Actor:
    """Who acts when this key is used: the seller for a seller's key, otherwise the key itself."""
    return Actor(role=key.role, id=key.seller_id or f"key-{key.key_id}")


def fits_role(new: NewKey) -> bool:
    """Whether a seller is named exactly when the key is a seller's."""
    return (new.role == "seller") == bool(new.seller_id)
