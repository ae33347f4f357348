"""The first answer again: requests that carry an Idempotency-Key have one effect.

The key is claimed in the same transaction as the effect, so of many equal requests at once one
acts and the others wait for its commit and read its answer. A refused request rolls back and
leaves no trace. Answers are kept for a day, sealed, and bound to their caller and key; an answer
that holds a token (a session, a new key) must not be kept: do not call `keep_answer` for it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from makegood.base.refusal import Refused
from makegood.store.database import Connection
from makegood.store.vault import Vault

KEPT_FOR = timedelta(hours=24)
_PURPOSE = "idempotent answer"


class KeyedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may arrive twice; `caller` names the API key or session that sent it."""

    market_id: str
    caller: str
    key: str
    digest: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered the first time."""

    status: int
    media_type: str
    body: bytes
    headers: dict[str, str] = {}


def keyed_request(
    market_id: str, caller: str, key: str, *, method: str, path: str, body: bytes
) -> KeyedRequest:
    """The request with the digest of what was asked: method, path and body."""
    asked = hashlib.sha256(f"{method} {path}\n".encode() + body).digest()
    return KeyedRequest(market_id=market_id, caller=caller, key=key, digest=asked)


async def first_answer(
    tx: Connection, vault: Vault, request: KeyedRequest, now: datetime
) -> Answer | None:
    """The kept answer, or None after claiming the key for this transaction.

    Refuses (`idempotency_key_reused`) when the same caller used the key for another request.
    """
    if await _claim_key(tx, request, now):
        return None
    row = await tx.fetchrow(
        """
        SELECT body_digest, answer FROM idempotency
        WHERE market_id = $1 AND caller = $2 AND request_key = $3
        """,
        request.market_id,
        request.caller,
        request.key,
    )
    assert row is not None
    if row["body_digest"] != request.digest:
        raise Refused("idempotency_key_reused")
    if row["answer"] is None:
        return None
    plain = vault.open_sealed(request.market_id, _PURPOSE, _row_id(request), row["answer"])
    return msgspec.msgpack.decode(plain, type=Answer)


async def keep_answer(tx: Connection, vault: Vault, request: KeyedRequest, answer: Answer) -> None:
    """Keep the answer of the request whose key this transaction claimed."""
    plain = msgspec.msgpack.encode(answer)
    await tx.execute(
        """
        UPDATE idempotency SET answer = $4
        WHERE market_id = $1 AND caller = $2 AND request_key = $3
        """,
        request.market_id,
        request.caller,
        request.key,
        vault.seal(request.market_id, _PURPOSE, _row_id(request), plain),
    )


async def forget_old_answers(conn: Connection, now: datetime) -> None:
    """Delete answers older than a day."""
    await conn.execute("DELETE FROM idempotency WHERE created_at < $1", now - KEPT_FOR)


async def forget_answers(
    tx: Connection, vault: Vault, market_id: str, tells: Callable[[Answer], bool]
) -> int:
    """Delete the kept answers of a market for which `tells` holds; answers how many.

    Answers are sealed and live for a day, so each is opened and looked at.
    """
    rows = await tx.fetch(
        """
        SELECT caller, request_key, body_digest, answer FROM idempotency
        WHERE market_id = $1 AND answer IS NOT NULL
        """,
        market_id,
    )
    gone = []
    for row in rows:
        request = KeyedRequest(
            market_id=market_id,
            caller=row["caller"],
            key=row["request_key"],
            digest=row["body_digest"],
        )
        plain = vault.open_sealed(market_id, _PURPOSE, _row_id(request), row["answer"])
        if tells(msgspec.msgpack.decode(plain, type=Answer)):
            gone.append(request)
    await tx.execute(
        """
        DELETE FROM idempotency USING unnest($2::text[], $3::text[]) AS gone (caller, request_key)
        WHERE market_id = $1 AND idempotency.caller = gone.caller
          AND idempotency.request_key = gone.request_key
        """,
        market_id,
        [request.caller for request in gone],
        [request.key for request in gone],
    )
    return len(gone)


async def _claim_key(tx: Connection, request: KeyedRequest, now: datetime) -> bool:
    """Whether the key is ours now: it was new, or its day is over."""
    claimed = await tx.fetchval(
        """
        INSERT INTO idempotency AS kept (market_id, caller, request_key, body_digest, created_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (market_id, caller, request_key) DO UPDATE
            SET body_digest = excluded.body_digest, answer = NULL,
                created_at = excluded.created_at
            WHERE kept.created_at < $6
        RETURNING true
        """,
        request.market_id,
        request.caller,
        request.key,
        request.digest,
        now,
        now - KEPT_FOR,
    )
    return claimed is not None


def _row_id(request: KeyedRequest) -> str:
    return f"{request.caller}\x1f{request.key}"
