"""Which version of the rules an order follows: by when it was paid and by its number. Pure."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

StageKind = Literal["first", "begin", "widen", "whole", "rollback"]

SHARES: Final = (10, 50, 100)
"""What part of new orders follows a new version, step by step."""
CHECKOUT: Final = timedelta(days=1)
"""How long before the payment a buyer may have read and confirmed a version."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """From `from_at` on, `share` percent of new orders follow `candidate`, the rest `stable`."""

    stage_no: int
    from_at: datetime
    pack_id: str
    stable: int
    candidate: int | None = None
    share: int = 0
    kind: StageKind
    draft_id: str = ""
    by_id: str = ""


class Ref(msgspec.Struct, frozen=True):
    """A version of a pack as decisions cite it: `default@3`."""

    pack_id: str
    version: int

    def __str__(self) -> str:
        return f"{self.pack_id}@{self.version}"


def parse_ref(text: str) -> Ref | None:
    """A citation read back; None for anything else."""
    pack_id, _, version = text.partition("@")
    if not pack_id or not version.isascii() or not version.isdigit() or len(version) > 6:
        return None
    return Ref(pack_id, int(version)) if not version.startswith("0") else None


def stage_at(stages: Sequence[Stage], at: datetime) -> Stage:
    """The stage that had begun at that time; what was before the first follows the first."""
    begun = [stage for stage in stages if stage.from_at <= at]
    return begun[-1] if begun else stages[0]


def was_deciding(stages: Sequence[Stage], ref: Ref, paid_at: datetime) -> bool:
    """Whether a version decided for anybody when an order was paid, or shortly before.

    A version that is only announced decides nothing, whatever a checkout showed; and one that
    ended long ago cannot be kept alive by a checkout that still shows it.
    """
    ends = [stage.from_at for stage in stages[1:]]
    for stage, end in zip(stages, [*ends, None], strict=True):
        over = end is not None and end < paid_at - CHECKOUT
        if over or stage.from_at > paid_at or stage.pack_id != ref.pack_id:
            continue
        if ref.version in (stage.stable, stage.candidate):
            return True
    return False


def version_for(stages: Sequence[Stage], order_no: str, at: datetime) -> Ref:
    """The version an order follows that was paid at this time."""
    stage = stage_at(stages, at)
    if stage.candidate is not None and draw(stage, order_no) < stage.share:
        return Ref(stage.pack_id, stage.candidate)
    return Ref(stage.pack_id, stage.stable)


def draw(stage: Stage, order_no: str) -> int:
    """A number 0..99 of this order for this version: the same on every machine.

    Who is among the first ten percent is still among the first fifty.
    """
    said = f"{stage.pack_id}@{stage.candidate}:{order_no}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big") % 100
