"""Count an attempt before it is judged, so that a hundred at once are a hundred attempts."""

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.people.slowdown import store
from makegood.people.slowdown.rules import (
    FREE_OWN,
    Counter,
    failures_now,
    own_wait_s,
    retry_after_s,
    source_of,
    source_wait_s,
)
from makegood.store.database import Database
from makegood.store.vault import Vault

Kind: TypeAlias = Literal["sign_in", "second_factor", "proof"]

_REFUSALS: Final[dict[Kind, str]] = {
    "sign_in": "sign_in_slowed",
    "second_factor": "sign_in_slowed",
    "proof": "proof_locked",
}


class Attempt(msgspec.Struct, frozen=True):
    """One attempt: of what kind, at what (an account's name, an order), from which address."""

    kind: Kind
    subject: str
    address: str


async def count_attempt(db: Database, vault: Vault, act: Act, attempt: Attempt) -> None:
    """Count the attempt as failed for now, in a transaction of its own.

    Refused with `retry_after_s` when this source has to wait. The count must outlive the
    caller's refusal, so this does not run inside the caller's transaction.
    """
    scopes, subjects = _counters_of(vault, act, attempt)
    async with db.transaction() as tx:
        known = await store.lock_counters(tx, act.market_id, scopes, subjects, act.now)
        wait_s = max(retry_after_s(known[scope], act.now) for scope in scopes[:2])
        if wait_s == 0:
            counters = _counted(act, [known[scope] for scope in scopes])
            await store.write_counters(tx, act.market_id, scopes, subjects, counters)
    if wait_s > 0:
        raise Refused(_REFUSALS[attempt.kind], retry_after_s=int(wait_s) + 1)


async def forgive_attempt(db: Database, vault: Vault, act: Act, attempt: Attempt) -> None:
    """Take the counted attempt back: it succeeded."""
    scopes, subjects = _counters_of(vault, act, attempt)
    async with db.transaction() as tx:
        await store.lock_counters(tx, act.market_id, scopes, subjects, act.now)
        await store.forgive(tx, act.market_id, scopes, subjects, act.now)


async def attempts_left(db: Database, vault: Vault, act: Act, attempt: Attempt) -> int:
    """How many more attempts this source has before it must wait between them."""
    scopes, subjects = _counters_of(vault, act, attempt)
    async with db.transaction() as tx:
        known = await store.lock_counters(tx, act.market_id, scopes, subjects, act.now)
    return max(0, FREE_OWN - failures_now(known[scopes[0]], act.now))


def _counters_of(vault: Vault, act: Act, attempt: Attempt) -> tuple[list[str], list[bytes]]:
    source = source_of(attempt.address)
    keys = {
        f"{attempt.kind}.own": f"{source}\x1f{attempt.subject}",
        f"{attempt.kind}.source": source,
        f"{attempt.kind}.subject": attempt.subject,
    }
    hashes = [
        vault.keyed_hash("slowdown", f"{act.market_id}\x1f{scope}\x1f{key}")
        for scope, key in keys.items()
    ]
    return list(keys), hashes


def _counted(act: Act, counters: list[Counter]) -> list[Counter]:
    own, source, subject = (failures_now(counter, act.now) + 1 for counter in counters)
    waits_s = (own_wait_s(own, subject), source_wait_s(source), 0.0)
    return [
        Counter(failures, _later(act, wait_s), act.now)
        for failures, wait_s in zip((own, source, subject), waits_s, strict=True)
    ]


def _later(act: Act, wait_s: float) -> datetime:
    return act.now + timedelta(seconds=wait_s)
