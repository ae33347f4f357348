"""Checking a receipt, alone or inside the proof that its entry is in the log."""

from typing import Final

from makegood.record.log.checkpoint import parse_checkpoint
from makegood.record.log.note import Note, parse_note
from makegood.record.log.policy import SeenCheckpoint, check_note
from makegood.record.log.proof import parse_proof, require_inclusion
from makegood.record.log.receipt import HEADER, Receipt, parse_receipt
from makegood.record.rules import hash_of
from makegood.verify.anchors import Anchors, cautions_of, require_stamp
from makegood.verify.entries import read_entry
from makegood.verify.pins import Pin, check_old, require_origin, require_signed, witnesses_of
from makegood.verify.times import moment, require_past
from makegood.verify.verdict import Caution, Rejected, State, Verdict

FAMILY: Final = b"makegood.receipt/"


def check_receipt(content: bytes, pin: Pin, now: float) -> Verdict:
    """A receipt alone: what the log promised, which stays a proof even if it was not kept.

    Without a pinned key its signature cannot be checked, and the verdict says so.
    """
    receipt = read_receipt(content, pin)
    require_past(receipt.at, now)
    require_stamp(pin)
    promised: State = "late" if moment(receipt.merge_by) < now else "not_merged"
    return Verdict(
        state=promised if pin.policy else "unpinned",
        kind="receipt",
        origin=receipt.origin,
        pinned=pin.policy is not None,
        number=receipt.number,
        at=receipt.at,
        merge_by=receipt.merge_by,
        cautions=(*cautions_of(None, pin, Anchors()), *_others(parse_note(content), pin)),
    )


def check_proof(content: bytes, beside: bytes | None, pin: Pin, now: float) -> Verdict:
    """A proof, with the receipt that it carries, or a receipt or entry that was laid beside it."""
    proof = parse_proof(content)
    receipt, leaf = _subject(proof.extra, beside, pin)
    note = parse_note(proof.checkpoint)
    seen = _seen(note, pin)
    require_inclusion(proof, leaf, seen.checkpoint)
    if receipt is not None:
        if receipt.origin != seen.checkpoint.origin:
            raise Rejected("wrong_origin", "origin")
        require_past(receipt.at, now)
    check_old(seen, pin)
    require_stamp(pin)
    return Verdict(
        state="intact" if pin.policy else "unpinned",
        kind="proof",
        origin=seen.checkpoint.origin,
        pinned=pin.policy is not None,
        merged=True,
        number=receipt.number if receipt else "",
        at=receipt.at if receipt else "",
        merge_by=receipt.merge_by if receipt else "",
        index=proof.index,
        size=seen.checkpoint.size,
        witnesses=witnesses_of(seen, pin, pinned=True),
        cautions=(*cautions_of(seen, pin, Anchors()), *_others(note, pin)),
    )


def read_receipt(content: bytes, pin: Pin, *, known_only: bool = False) -> Receipt:
    """A receipt, signed by a pinned key where one is pinned.

    Lines of other keys are passed over, or refused with `known_only`.
    """
    note = parse_note(content)
    if note.text.startswith(FAMILY) and not note.text.startswith(f"{HEADER}\n".encode()):
        raise Rejected("other_version", "receipt")
    receipt = parse_receipt(note)
    moment(receipt.at)
    if pin.policy is not None:
        require_origin(pin, receipt.origin)
        require_signed(note, pin.policy.logs, receipt.origin, known_only=known_only)
    return receipt


def _subject(extra: bytes | None, beside: bytes | None, pin: Pin) -> tuple[Receipt | None, bytes]:
    """What the proof is about: its leaf hash, and the receipt if that is how we know it."""
    if extra is not None and beside is None:
        beside = extra
    elif beside is None:
        raise Rejected("unbound", "proof")
    elif extra is not None and extra != beside:
        raise Rejected("damaged", "receipt")
    if not beside.startswith(FAMILY):
        read_entry(beside)
        return None, hash_of(beside)
    receipt = read_receipt(beside, pin)
    return receipt, receipt.leaf_hash


def _seen(note: Note, pin: Pin) -> SeenCheckpoint:
    """The checkpoint of a proof; without a pin only that it is one."""
    if pin.policy is None:
        return SeenCheckpoint(parse_checkpoint(note.text), (), {})
    require_origin(pin, parse_checkpoint(note.text).origin)
    return check_note(note, pin.policy)


def _others(note: Note, pin: Pin) -> tuple[Caution, ...]:
    """Whether keys that the reader did not name signed as well.

    They are passed over, as the format demands: whoever knows only the key of an old receipt must
    be able to read what a witness, or a newer key of the log, has signed beside it.
    """
    if pin.policy is None:
        return ()
    keys = (*pin.policy.logs, *pin.policy.witnesses.values())
    named = {(key.name, key.key_id) for key in keys}
    passed_over = any((one.name, one.key_id) not in named for one in note.signatures)
    return ("others_signed",) if passed_over else ()
