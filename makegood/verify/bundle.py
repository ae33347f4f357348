"""Checking a bundle: archive, manifest, history, proofs, opened fields, evidence files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from makegood.record import rules as record
from makegood.record.canonical import canonical
from makegood.record.log.note import parse_note
from makegood.record.log.policy import Policy, SeenCheckpoint, check_checkpoint, parse_policy
from makegood.record.log.proof import parse_proof, require_inclusion
from makegood.record.log.strict import (
    decode_base64,
    decode_hash,
    encode_base64,
)
from makegood.verify.anchors import Anchors, cautions_of, check_anchors
from makegood.verify.archive import read_archive
from makegood.verify.entries import read_entry
from makegood.verify.pins import (
    Pin,
    check_old,
    known_with,
    require_origin,
    require_pinned,
    require_signed,
    witnesses_of,
)
from makegood.verify.receipts import read_receipt
from makegood.verify.strict_json import read_json
from makegood.verify.times import LATEST, moment, require_past
from makegood.verify.verdict import Rejected, State, Verdict

FORMAT: Final = "makegood.bundle"
VERSION: Final = 1
NOTE_HEADER: Final = "makegood.bundle/v1"
MANIFEST: Final = "manifest.json"
MANIFEST_NOTE: Final = "manifest.note"
DISCLOSED: Final = "disclosed.json"
CLOSED: Final = "closed.json"
POLICY: Final = "policy.txt"
CHECKPOINT: Final = "checkpoint.txt"
EVIDENCE_ADDED: Final = "evidence_added"

Files = Mapping[str, memoryview]


class ListedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the bundle as the manifest names it."""

    name: str
    sha256: str
    size: int


class FiledEvidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which event says that this file was filed."""

    name: str
    version: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bundle says it holds; signed as a whole by the log's key."""

    audience: str
    claim_no: str
    entries: int
    evidence: list[FiledEvidence]
    files: list[ListedFile]
    format: str
    left_out: list[ListedFile]
    """Evidence that is too large to be in the bundle."""
    market: str
    origin: str
    stream: str
    """The claim's pseudonym in the log, in base64."""
    unmerged: list[int]
    """Versions of entries that no checkpoint covered yet; their receipts are here instead."""
    version: int


class Disclosed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One opened field of one event."""

    name: str
    salt: str
    value: Any
    version: int


class Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field that stays closed to the reader; `why` is whose it is, or a short code."""

    name: str
    version: int
    why: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that holds: its verdict and what may be shown of it."""

    verdict: Verdict
    manifest: Manifest
    entries: list[record.Entry]
    disclosed: list[Disclosed]
    closed: list[Closed]
    """Empty also in bundles of releases that did not list what stays closed."""


def open_bundle(content: bytes, pin: Pin, now: float) -> Opened:
    """Check every byte of a bundle; `now` is in seconds since 1970.

    Raises Rejected or Malformed at the first thing that does not fit.
    """
    files = read_archive(content)
    manifest = _manifest(files)
    require_origin(pin, manifest.origin)
    policy = known_with(pin, _claimed(files, manifest))
    _check_signature(files, manifest, policy, pin)
    entries = _entries(files, manifest)
    seen = _check_proofs(files, manifest, entries, policy, pin)
    first_due = _check_receipts(files, manifest, policy)
    disclosed = _disclosed(files, entries)
    closed = _closed(files, entries, disclosed)
    _check_evidence(manifest, entries, disclosed)
    for entry in entries:
        require_past(entry.at, now)
    anchors = _anchors(files, seen, pin, now)
    verdict = Verdict(
        state=_state(pin, manifest, first_due, now),
        kind="bundle",
        origin=manifest.origin,
        pinned=pin.policy is not None,
        merged=not manifest.unmerged,
        number=manifest.claim_no,
        at=entries[-1].at,
        size=seen.checkpoint.size if seen else 0,
        entries=len(entries),
        fields=len(disclosed),
        closed=dict(Counter(one.why for one in closed)),
        files=len(manifest.evidence),
        witnesses=witnesses_of(seen, pin, pinned=True),
        claimed=witnesses_of(seen, pin, pinned=False),
        stamps=anchors.stamps,
        carried=anchors.carried,
        cautions=cautions_of(seen, pin, anchors),
    )
    return Opened(
        verdict=verdict, manifest=manifest, entries=entries, disclosed=disclosed, closed=closed
    )


def entry_name(version: int) -> str:
    """Where an entry's exact bytes lie."""
    return f"entries/{version:04d}.json"


def proof_name(version: int) -> str:
    """Where an entry's proof lies."""
    return f"proofs/{version:04d}.tlog-proof"


def receipt_name(version: int) -> str:
    """Where the receipt of an entry lies that is not in the log yet."""
    return f"receipts/{version:04d}.txt"


def manifest_text(origin: str, manifest: bytes) -> bytes:
    """The text of the note that signs a manifest."""
    digest = encode_base64(sha256(manifest).digest())
    return f"{NOTE_HEADER}\n{origin}\nmanifest {digest}\n".encode()


def _manifest(files: Files) -> Manifest:
    if next(iter(files)) != MANIFEST or MANIFEST_NOTE not in files:
        raise Rejected("damaged", "manifest")
    said = read_json(bytes(files[MANIFEST]), "manifest")
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Rejected("damaged", "manifest")
    if said.get("version") != VERSION or isinstance(said["version"], bool):
        raise Rejected("other_version", "manifest")
    manifest: Manifest = _as(Manifest, said, "manifest")
    listed = {one.name: one for one in manifest.files}
    if list(listed) != sorted(files.keys() - {MANIFEST, MANIFEST_NOTE}):
        raise Rejected("damaged", "files")
    if len(listed) != len(manifest.files):
        raise Rejected("damaged", "files")
    for name, one in listed.items():
        held = files[name]
        if one.size != len(held) or one.sha256 != sha256(held).hexdigest():
            raise Rejected("damaged", "files")
    return manifest


def _claimed(files: Files, manifest: Manifest) -> Policy:
    """The operator's own policy; its logs must be this bundle's."""
    policy = parse_policy(bytes(_file(files, POLICY)))
    if not policy.logs or any(key.name != manifest.origin for key in policy.logs):
        raise Rejected("damaged", "policy")
    return policy


def _check_signature(files: Files, manifest: Manifest, policy: Policy, pin: Pin) -> None:
    note = parse_note(bytes(files[MANIFEST_NOTE]))
    if note.text != manifest_text(manifest.origin, bytes(files[MANIFEST])):
        raise Rejected("damaged", "manifest")
    signed = require_signed(note, policy.logs, manifest.origin, known_only=True)
    require_pinned(pin, signed)


def _entries(files: Files, manifest: Manifest) -> list[record.Entry]:
    """The whole history of the claim, from its first entry on, without a gap."""
    count = sum(1 for name in files if name.startswith("entries/"))
    if manifest.entries < 1 or manifest.entries != count:
        raise Rejected("damaged", "chain")
    stream = decode_base64(manifest.stream)
    if len(stream) != record.PSEUDONYM_BYTES:
        raise Rejected("damaged", "chain")
    entries, prev = [], record.NO_ENTRY
    for version in range(1, count + 1):
        raw = bytes(_file(files, entry_name(version)))
        entry = read_entry(raw)
        if (entry.seq, entry.prev, entry.stream) != (version, prev, stream):
            raise Rejected("damaged", "chain")
        entries.append(entry)
        prev = record.hash_of(raw)
    return entries


def _check_proofs(
    files: Files,
    manifest: Manifest,
    entries: Sequence[record.Entry],
    policy: Policy,
    pin: Pin,
) -> SeenCheckpoint | None:
    """Every merged entry lies in the tree of the one checkpoint that the bundle holds."""
    unmerged = set(manifest.unmerged)
    wanted = [version for version in range(1, len(entries) + 1) if version not in unmerged]
    if sorted(unmerged) != manifest.unmerged or len(wanted) + len(unmerged) != len(entries):
        raise Rejected("damaged", "manifest")
    if sum(1 for name in files if name.startswith("proofs/")) != len(wanted):
        raise Rejected("damaged", "proof")
    if not wanted:
        if CHECKPOINT in files:
            raise Rejected("damaged", "checkpoint")
        return None
    checkpoint = bytes(_file(files, CHECKPOINT))
    seen = check_checkpoint(checkpoint, policy, known_only=True)
    if seen.checkpoint.origin != manifest.origin:
        raise Rejected("wrong_origin", "origin")
    require_pinned(pin, seen.logs)
    check_old(seen, pin)
    for version in wanted:
        raw = bytes(files[entry_name(version)])
        _check_proof(bytes(_file(files, proof_name(version))), raw, checkpoint, seen)
    return seen


def _check_proof(content: bytes, raw: bytes, checkpoint: bytes, seen: SeenCheckpoint) -> None:
    proof = parse_proof(content)
    if proof.checkpoint != checkpoint or proof.extra is not None:
        raise Rejected("damaged", "proof")
    require_inclusion(proof, record.hash_of(raw), seen.checkpoint)


def _check_receipts(files: Files, manifest: Manifest, policy: Policy) -> float:
    """Receipts stand for entries that are not in the log yet; answers the first promised time."""
    if sum(1 for name in files if name.startswith("receipts/")) != len(manifest.unmerged):
        raise Rejected("damaged", "receipt")
    due = LATEST
    for version in manifest.unmerged:
        content = bytes(_file(files, receipt_name(version)))
        receipt = read_receipt(content, Pin(policy), known_only=True)
        leaf = record.hash_of(bytes(files[entry_name(version)]))
        if receipt.leaf_hash != leaf or receipt.origin != manifest.origin:
            raise Rejected("damaged", "receipt")
        due = min(due, moment(receipt.merge_by))
    return due


def _disclosed(files: Files, entries: Sequence[record.Entry]) -> list[Disclosed]:
    """Every opened field fits the commitment in its entry, in the order of the history."""
    said = read_json(bytes(_file(files, DISCLOSED)), "disclosed")
    disclosed: list[Disclosed] = _as(list[Disclosed], said, "disclosed")
    places = [(one.version, one.name) for one in disclosed]
    if places != sorted(set(places)):
        raise Rejected("damaged", "disclosed")
    for one in disclosed:
        if not 1 <= one.version <= len(entries):
            raise Rejected("damaged", "disclosed")
        committed = entries[one.version - 1].commitments.get(one.name)
        salt = decode_hash(one.salt)
        if committed is None or not record.opens(salt, one.name, canonical(one.value), committed):
            raise Rejected("damaged", "disclosed")
    return disclosed


def _closed(
    files: Files, entries: Sequence[record.Entry], disclosed: Sequence[Disclosed]
) -> list[Closed]:
    """What stays closed: together with the opened fields, everything the entries committed to."""
    if CLOSED not in files:
        return []
    closed: list[Closed] = _as(list[Closed], read_json(bytes(files[CLOSED]), "closed"), "closed")
    places = [(one.version, one.name) for one in closed]
    opened = [(one.version, one.name) for one in disclosed]
    committed = [(entry.seq, name) for entry in entries for name in sorted(entry.commitments)]
    if places != sorted(places) or sorted(places + opened) != committed:
        raise Rejected("damaged", "closed")
    return closed


def _check_evidence(
    manifest: Manifest, entries: Sequence[record.Entry], disclosed: Sequence[Disclosed]
) -> None:
    """Every evidence file is the one whose fingerprint its event committed to."""
    prints = {one.version: one.value for one in disclosed if one.name == "sha256"}
    listed = {one.name: one.sha256 for one in manifest.files if one.name.startswith("files/")}
    names = [one.name for one in manifest.evidence]
    if names != sorted(set(names)) or listed.keys() != set(names):
        raise Rejected("damaged", "evidence")
    for one in manifest.evidence:
        if not 1 <= one.version <= len(entries):
            raise Rejected("damaged", "evidence")
        filed = entries[one.version - 1].name == EVIDENCE_ADDED
        if not filed or prints.get(one.version) != listed[one.name]:
            raise Rejected("damaged", "evidence")


def _anchors(files: Files, seen: SeenCheckpoint | None, pin: Pin, now: float) -> Anchors:
    checkpoint = bytes(files[CHECKPOINT]) if seen else b""
    text = parse_note(checkpoint).text if seen else b""
    return check_anchors(files, text, checkpoint, pin, now)


def _state(pin: Pin, manifest: Manifest, merge_by: float, now: float) -> State:
    if pin.policy is None:
        return "unpinned"
    if not manifest.unmerged:
        return "intact"
    return "late" if merge_by < now else "not_merged"


def _file(files: Files, name: str) -> memoryview:
    if name not in files:
        raise Rejected("damaged", "files")
    return files[name]


def _as(shape: Any, said: Any, reason: str) -> Any:
    try:
        return msgspec.convert(said, shape)
    except msgspec.ValidationError as wrong:
        raise Rejected("damaged", reason) from wrong
