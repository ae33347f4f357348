"""Anchors in a bundle: time stamps are checked where the reader pins their authority; the rest
is named as carried, so that nobody takes a file for a check."""

from collections.abc import Mapping
from datetime import UTC

import msgspec

from makegood.base.time import rfc3339
from makegood.record.anchors.timestamp import TimestampInvalid, verify_timestamp
from makegood.record.log.policy import SeenCheckpoint
from makegood.verify.pins import Pin, witnesses_of
from makegood.verify.times import require_past
from makegood.verify.verdict import Caution, Rejected

FOLDER = "anchors/"
STAMP = ".tsr"
CHAIN = ".chain.pem"
_BESIDE = (".pem", "/anchors.json")
"""Certificates and descriptions beside the anchors; they prove nothing by themselves."""


class Anchors(msgspec.Struct, frozen=True):
    """What a bundle's anchors amount to."""

    stamps: tuple[str, ...] = ()
    """Time and signer of each time stamp by the pinned authority, oldest first."""
    carried: tuple[str, ...] = ()
    """Files that nobody checked."""


def check_anchors(
    files: Mapping[str, memoryview], text: bytes, checkpoint: bytes, pin: Pin, now: float
) -> Anchors:
    """Time stamps over the checkpoint's `text`, as far as the reader pins who makes them.

    Raises Rejected: `no_timestamp` where an authority is pinned and none of its stamps is here;
    `future` for a stamp from a time to come.
    """
    held = {
        name: bytes(content)
        for name, content in sorted(files.items())
        if name.startswith(FOLDER) and not name.endswith(_BESIDE)
    }
    good = {name: stamped for name in held if (stamped := _stamped(files, name, text, pin))}
    for stamped in good.values():
        require_past(stamped.partition(" ")[0], now)
    require_stamp(pin, tuple(good.values()))
    carried = (
        name
        for name, content in held.items()
        if name not in good and not _are_lines_of(content, checkpoint)
    )
    return Anchors(tuple(sorted(good.values())), tuple(carried))


def require_stamp(pin: Pin, stamps: tuple[str, ...] = ()) -> None:
    """Refuse what bears no time stamp of the authority that the reader asks for."""
    if pin.authority is not None and not stamps:
        raise Rejected("no_timestamp", "stamp")


def cautions_of(seen: SeenCheckpoint | None, pin: Pin, anchors: Anchors) -> tuple[Caution, ...]:
    """What the verdict does not rest on, said aloud."""
    return (*_of_witnesses(seen, pin), *(("anchors_not_checked",) if anchors.carried else ()))


def _of_witnesses(seen: SeenCheckpoint | None, pin: Pin) -> tuple[Caution, ...]:
    if seen is None:
        return ("no_checkpoint",)
    if pin.policy is None or not pin.policy.witnesses:
        return ("no_witness_named",)
    return () if witnesses_of(seen, pin, pinned=True) else ("no_witness_seen",)


def _stamped(files: Mapping[str, memoryview], name: str, text: bytes, pin: Pin) -> str:
    """Time and signer of a good stamp; nothing for any other file, and without a pin.

    Without a checkpoint there is nothing to stamp: a stamp over no text at all says nothing.
    """
    if pin.authority is None or not text or not name.endswith(STAMP):
        return ""
    chain = bytes(files.get(name + CHAIN, b"")).decode("ascii", "replace")
    chains = pin.authority.intermediates_pem + chain
    try:
        found = verify_timestamp(
            bytes(files[name]), text, pin.authority.roots_pem, chains, nonce=None
        )
    except TimestampInvalid:
        return ""
    return f"{rfc3339(found.at.astimezone(UTC))} {found.signer}"


def _are_lines_of(content: bytes, checkpoint: bytes) -> bool:
    """Whether these are signature lines that stand in the checkpoint, where they are checked."""
    return set(content.split(b"\n")) <= set(checkpoint.split(b"\n"))
