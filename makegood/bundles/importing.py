"""Taking in a bundle of another install for mediation: checked first, kept as it is, read only."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.bundles import foreign_store
from makegood.bundles.foreign_store import ForeignBundle
from makegood.claims.files import Storage
from makegood.record.appending import append_events
from makegood.record.rules import NewEvent
from makegood.store.database import Connection, Database
from makegood.verify.archive import read_archive
from makegood.verify.bundle import Opened
from makegood.verify.judge import opened
from makegood.verify.pins import Pin
from makegood.verify.verdict import Verdict

LARGEST_IMPORT: Final = 200 * 1024 * 1024
"""Larger bundles are checked with `makegood verify`; here one is held in memory at a time."""
STREAM: Final = "bundles"


@dataclass(frozen=True, slots=True)
class Intake:
    """Where bundles from outside go."""

    db: Database
    storage: Storage
    ids: Ids


async def import_bundle(
    intake: Intake, act: Act, content: bytes, pin: Pin, pin_text: str, note: str
) -> ForeignBundle | Verdict:
    """Check a bundle and keep it; the verdict instead when it does not hold.

    A bundle that nothing pins is kept and marked so. The same file twice is kept once.
    """
    found = opened(content, act.now.timestamp(), pin)
    if isinstance(found, Verdict):
        return found
    digest = sha256(content).hexdigest()
    await intake.storage.put(act.market_id, digest, _once(content))
    bundle = _listed(act, intake.ids, found, content, digest, pin_text, note)
    async with intake.db.transaction() as tx:
        if await foreign_store.add(tx, act.market_id, bundle):
            await append_events(tx, act, intake.ids, STREAM, [_event(bundle)])
            return bundle
        known = await foreign_store.listed(tx, act.market_id)
    return next(one for one in known if one.sha256 == digest)


async def open_kept(
    storage: Storage, market_id: str, bundle: ForeignBundle, pin: Pin, now: float
) -> tuple[Opened | Verdict, bytes]:
    """A kept bundle, checked again as it is now, with its bytes."""
    content = b"".join([piece async for piece in storage.open(market_id, bundle.sha256)])
    return opened(content, now, pin), content


def file_in(content: bytes, name: str) -> bytes | None:
    """An evidence file of a checked bundle; other files are not handed out."""
    files = read_archive(content)
    return bytes(files[name]) if name in files and name.startswith("files/") else None


async def forget_bundle(tx: Connection, act: Act, ids: Ids, bundle_id: str) -> str | None:
    """Take a bundle off the list, on record; answers the hash of the file to delete."""
    digest = await foreign_store.remove(tx, act.market_id, bundle_id)
    if digest is not None:
        fields = {"sha256": digest}
        event = NewEvent("bundle_forgotten", 1, fields, frozenset(fields))
        await append_events(tx, act, ids, STREAM, [event])
    return digest


def _listed(
    act: Act, ids: Ids, found: Opened, content: bytes, digest: str, pin: str, note: str
) -> ForeignBundle:
    return ForeignBundle(
        bundle_id=ids.uuid(),
        sha256=digest,
        size=len(content),
        origin=found.manifest.origin,
        claim_no=found.manifest.claim_no,
        audience=found.manifest.audience,
        entries=len(found.entries),
        state=found.verdict.state,
        pin=pin,
        note=note,
        imported_at=act.now,
        imported_by=act.actor.id,
    )


def _event(bundle: ForeignBundle) -> NewEvent:
    fields = {"sha256": bundle.sha256, "origin": bundle.origin, "state": bundle.state}
    return NewEvent("bundle_imported", 1, fields, frozenset(fields))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
