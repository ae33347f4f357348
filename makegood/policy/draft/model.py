"""A draft of the rules: one file in the making, why it is made, and how far it has come."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

DraftState = Literal[
    "editing", "in_review", "notice", "trial", "in_force", "withdrawn", "rolled_back"
]

MOVING: Final = ("notice", "trial")
"""States of a published version that does not decide everything yet: one at a time."""
OPEN: Final = ("editing", "in_review", *MOVING)
NOTICE_DAYS: Final = 7
"""How long a change is public before it decides anything (电子商务法 art. 34)."""
STEP_HOURS: Final = 24
"""How long each share of a trial lasts before the next one begins by itself."""
WHY_LETTERS: Final = 2_000

Named: TypeAlias = tuple[str, str]
"""A person's account id and shown name."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One draft. `source` is a pack's one file; it may be half-finished."""

    draft_id: str
    pack_id: str
    base_version: int
    state: DraftState
    edit_no: int
    """Grows by one with every edit, so that results about an earlier form are known as stale."""
    source: bytes
    title: str
    why: str = ""
    evidence: str = ""
    """What the change rests on: claim numbers and links, one a line."""
    metric: str = ""
    metric_before: str = ""
    metric_after: str = ""
    gaps_seen: bool = False
    """The author has looked at new gaps and means them: such cases go to a person."""
    author_id: str
    author_name: str
    editors: tuple[str, ...] = ()
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None = None
    reviewer_id: str = ""
    reviewer_name: str = ""
    reviewed_at: datetime | None = None
    review_text: str = ""
    version: int | None = None
    """Its number, from the moment it is announced."""
    early: bool = False
    """It began before the notice time was over, because it favours buyers in every case."""
    effective_at: datetime | None = None
    """When it begins to decide."""
    share: int = 0
    """Percent of new orders that follow it now."""
    next_step_at: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str = ""


class EditNote(msgspec.Struct, frozen=True, kw_only=True):
    """One edit of a draft, for its history."""

    edit_no: int
    at: datetime
    by_id: str
    by_name: str
    what: str
    detail: str


def note_of(draft: Draft, at: datetime, by: Named, what: str, detail: str) -> EditNote:
    """The note of the next edit of this draft."""
    return EditNote(
        edit_no=draft.edit_no + 1,
        at=at,
        by_id=by[0],
        by_name=by[1],
        what=what,
        detail=detail[:200],
    )


def with_editor(editors: tuple[str, ...], by: Named) -> tuple[str, ...]:
    """Everybody who wrote in the draft, each once; none of them reviews it."""
    return editors if by[0] in editors else (*editors, by[0])
