"""Gathering what a bundle holds: the claim's history, proofs, opened fields, files, anchors."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.bundles.disclosing import Audience, closed_fields, opened_fields
from makegood.bundles.packing import MOST_EVIDENCE_BYTES, Contents, EvidenceFile
from makegood.claims import events as e
from makegood.claims import store as claim_store
from makegood.claims.evidence import Evidence, extension_of
from makegood.claims.evidence_store import evidence_of_claim
from makegood.claims.state import Recorded
from makegood.record import store as record_store
from makegood.record.anchors.files import anchors_of, best_anchored_size, policy_of_market
from makegood.record.log import entry_store
from makegood.record.log import store as log_store
from makegood.record.log.entry_store import Placed
from makegood.record.log.keyring import LogKeys
from makegood.record.log.note import Note, Verifier, parse_note
from makegood.record.log.policy import Policy
from makegood.record.log.reading import prove_entries_at
from makegood.record.log.receipt import receipt_of, sign_receipt
from makegood.record.log.sequencer import LogRoom
from makegood.record.log.store import Head
from makegood.record.rules import SealedEvent
from makegood.store.database import Connection
from makegood.store.vault import Vault
from makegood.verify.bundle import Disclosed


class Basis(msgspec.Struct, frozen=True):
    """The checkpoint in which a bundle proves its entries, and what others said about it."""

    size: int
    checkpoint: bytes
    anchors: Mapping[str, bytes]


class Gathered(msgspec.Struct, frozen=True):
    """A bundle without its pages, and the keys that sign it."""

    contents: Contents
    keys: LogKeys
    policy_version: str
    """The version of the rules that the claim cites."""


async def gather(
    conn: Connection, act: Act, room: LogRoom, vault: Vault, claim_no: str, audience: Audience
) -> Gathered:
    """Everything about a claim that this audience may have.

    Raises:
        Refused: `not_found` for an unknown claim; `record_not_ready` before the log has begun.
    """
    sealed = await record_store.load(conn, act.market_id, claim_no)
    loaded = await claim_store.load(conn, act.market_id, claim_no)
    if loaded is None:
        raise Refused("not_found", claim_no=claim_no)
    head = await log_store.load_head(conn, act.market_id)
    if head is None or head.note is None:
        raise Refused("record_not_ready")
    keys = room.keys.open(act.market_id, head.origin)
    policy = await policy_of_market(conn, vault, act.market_id, keys.verifiers)
    places = await entry_store.places_of(conn, act.market_id, claim_no)
    needed = max((one.idx + 1 for one in places.values() if one.idx is not None), default=0)
    basis = await basis_for(conn, vault, head, needed, policy)
    proofs = await _proofs(conn, act.market_id, places, basis)
    disclosed = list(opened_fields(sealed, loaded.history, audience))
    items = await evidence_of_claim(conn, act.market_id, claim_no)
    evidence, left_out = _evidence(items, loaded.history, disclosed)
    contents = Contents(
        market=act.market_id,
        origin=head.origin,
        claim_no=claim_no,
        audience=audience,
        stream=sealed[0].pseudonym,
        entries=[event.entry for event in sealed],
        proofs=proofs,
        receipts=_receipts(sealed, proofs, head.origin, keys),
        checkpoint=basis.checkpoint,
        policy=policy,
        disclosed=disclosed,
        closed=list(closed_fields(sealed, loaded.history, audience)),
        evidence=evidence,
        left_out=left_out,
        pages=basis.anchors,
    )
    return Gathered(contents, keys, loaded.claim.opened.policy_version)


async def basis_for(
    conn: Connection, vault: Vault, head: Head, needed: int, policy: Policy
) -> Basis:
    """The checkpoint of at least `needed` entries that most places outside have seen, else the
    newest.

    Of its signatures those of keys that the policy names are kept, so that a reader can know
    every line of it.
    """
    assert head.note is not None, "asked before"
    size = await best_anchored_size(conn, head.market_id, needed)
    anchored = await anchors_of(conn, vault, head.market_id, size) if size else None
    if anchored is None:
        return Basis(head.signed_size, known_lines(head.note, policy), {})
    checkpoint = known_lines(anchored.checkpoint, policy)
    return Basis(anchored.size, checkpoint, anchored.files)


def known_lines(note: bytes, policy: Policy) -> bytes:
    """A note with those signature lines whose keys a policy names."""
    parsed = parse_note(note)
    keys: list[Verifier] = [*policy.logs, *policy.witnesses.values()]
    named = {(key.name, key.key_id) for key in keys}
    lines = tuple(one for one in parsed.signatures if (one.name, one.key_id) in named)
    return bytes(Note(parsed.text, lines))


async def _proofs(
    conn: Connection, market_id: str, places: Mapping[int, Placed], basis: Basis
) -> dict[int, bytes]:
    """By version: the proof of every entry that the checkpoint covers."""
    merged = {
        version: placed.idx
        for version, placed in sorted(places.items())
        if placed.idx is not None and placed.idx < basis.size
    }
    indexes = list(merged.values())
    proofs = await prove_entries_at(conn, market_id, indexes, basis.checkpoint, basis.size)
    return {version: bytes(proofs[idx]) for version, idx in merged.items()}


def _receipts(
    sealed: Iterable[SealedEvent], proofs: Mapping[int, bytes], origin: str, keys: LogKeys
) -> dict[int, bytes]:
    """By version: the receipt of every entry that waits for its place."""
    return {
        event.version: sign_receipt(receipt_of(event, origin), keys.active)
        for event in sealed
        if event.version not in proofs
    }


def _evidence(
    items: Sequence[Evidence], history: Sequence[Recorded], disclosed: Sequence[Disclosed]
) -> tuple[list[EvidenceFile], list[EvidenceFile]]:
    """The items whose fingerprint is opened: those that fit into a bundle, and the rest."""
    opened = {one.version for one in disclosed if one.name == "sha256"}
    versions = {
        recorded.event.evidence_id: recorded.version
        for recorded in history
        if isinstance(recorded.event, e.EvidenceAdded)
    }
    inside: list[EvidenceFile] = []
    outside: list[EvidenceFile] = []
    room = MOST_EVIDENCE_BYTES
    for item in items:
        version = versions.get(item.evidence_id, 0)
        if version not in opened:
            continue
        name = f"files/e{version:04d}-{item.sha256[:12]}.{extension_of(item)}"
        file = EvidenceFile(name=name, sha256=item.sha256, size=item.size, version=version)
        fits = item.size <= room
        room -= item.size if fits else 0
        (inside if fits else outside).append(file)
    return inside, outside
