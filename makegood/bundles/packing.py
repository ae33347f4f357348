"""How a bundle is put together: files in a fixed order, a manifest over them, a signature: pure."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from makegood.record.canonical import canonical
from makegood.record.log.note import Signer, sign_note
from makegood.record.log.policy import Policy, format_policy
from makegood.record.log.strict import encode_base64
from makegood.verify.archive import is_name
from makegood.verify.bundle import (
    CHECKPOINT,
    CLOSED,
    DISCLOSED,
    FORMAT,
    MANIFEST,
    MANIFEST_NOTE,
    POLICY,
    VERSION,
    Closed,
    Disclosed,
    FiledEvidence,
    ListedFile,
    Manifest,
    entry_name,
    manifest_text,
    proof_name,
    receipt_name,
)

MOST_EVIDENCE_BYTES: Final = 900 * 1024 * 1024
"""Evidence beyond this is named with its fingerprint and left out; a bundle stays below 1 GiB."""


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A filed item that goes into the bundle, by the fingerprint that its event committed to."""

    name: str
    sha256: str
    size: int
    version: int


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """All that a bundle is made of, except the bytes of evidence files."""

    market: str
    origin: str
    claim_no: str
    audience: str
    stream: bytes
    entries: Sequence[bytes]
    proofs: Mapping[int, bytes]
    """By version; an entry without a proof has a receipt."""
    receipts: Mapping[int, bytes]
    checkpoint: bytes | None
    policy: Policy
    disclosed: Sequence[Disclosed]
    closed: Sequence[Closed]
    evidence: Sequence[EvidenceFile]
    left_out: Sequence[EvidenceFile] = ()
    pages: Mapping[str, bytes] = {}
    """Everything for people, and anchors: names and contents."""


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle ready to be written: small files in memory, evidence by name, in their order."""

    manifest: Manifest
    order: list[str]
    small: Mapping[str, bytes]
    evidence: Mapping[str, EvidenceFile]


def pack(contents: Contents, signers: Iterable[Signer]) -> Packed:
    """Put a bundle together. The same contents and keys give the same bytes."""
    small = dict(sorted(_small_files(contents).items()))
    evidence = {one.name: one for one in contents.evidence}
    if not all(is_name(name) for name in (*small, *evidence)):
        raise AssertionError("a bundle's file names are plain")
    manifest = _manifest(contents, small)
    spelled = canonical(msgspec.to_builtins(manifest))
    note = sign_note(manifest_text(contents.origin, spelled), signers)
    head = {MANIFEST: spelled, MANIFEST_NOTE: bytes(note)}
    return Packed(
        manifest=manifest,
        order=[*head, *sorted((*small, *evidence))],
        small={**head, **small},
        evidence=evidence,
    )


def _small_files(contents: Contents) -> dict[str, bytes]:
    files = {
        POLICY: format_policy(contents.policy),
        DISCLOSED: canonical(_in_order(contents.disclosed)),
        CLOSED: canonical(_in_order(contents.closed)),
        **contents.pages,
    }
    if contents.checkpoint is not None and contents.proofs:
        files[CHECKPOINT] = contents.checkpoint
    for version, entry in enumerate(contents.entries, start=1):
        files[entry_name(version)] = entry
    files.update({proof_name(v): proof for v, proof in contents.proofs.items()})
    files.update({receipt_name(v): receipt for v, receipt in contents.receipts.items()})
    return files


def _in_order(fields: Sequence[Disclosed] | Sequence[Closed]) -> list[Any]:
    said: list[dict[str, Any]] = [msgspec.to_builtins(one) for one in fields]
    return sorted(said, key=lambda one: (one["version"], one["name"]))


def _manifest(contents: Contents, small: Mapping[str, bytes]) -> Manifest:
    listed = [
        ListedFile(name=name, sha256=sha256(content).hexdigest(), size=len(content))
        for name, content in small.items()
    ] + [_listed(one) for one in contents.evidence]
    return Manifest(
        audience=contents.audience,
        claim_no=contents.claim_no,
        entries=len(contents.entries),
        evidence=[
            FiledEvidence(name=one.name, version=one.version)
            for one in sorted(contents.evidence, key=lambda one: one.name)
        ],
        files=sorted(listed, key=lambda one: one.name),
        format=FORMAT,
        left_out=[_listed(one) for one in sorted(contents.left_out, key=lambda one: one.name)],
        market=contents.market,
        origin=contents.origin,
        stream=encode_base64(contents.stream),
        unmerged=sorted(contents.receipts),
        version=VERSION,
    )


def _listed(one: EvidenceFile) -> ListedFile:
    return ListedFile(name=one.name, sha256=one.sha256, size=one.size)
