"""All SQL of drafts and their edits."""

import zlib
from datetime import datetime
from typing import Final

from makegood.policy.draft.model import Draft, EditNote
from makegood.store.database import Connection, Record

COLUMNS: Final = (
    "draft_id, pack_id, base_version, state, edit_no, source, title, why, evidence, metric,"
    " metric_before, metric_after, gaps_seen, author_id, author_name, editors, created_at,"
    " changed_at, submitted_at, reviewer_id, reviewer_name, reviewed_at, review_text, version,"
    " early, effective_at, share, next_step_at, ended_at, ended_why"
)
NAMES: Final = tuple(name.strip() for name in COLUMNS.split(","))
_SET: Final = ", ".join(f"{name} = ${place}" for place, name in enumerate(NAMES[1:], start=3))
_VALUES: Final = ", ".join(f"${place}" for place in range(2, len(NAMES) + 2))
LISTED: Final = 50


async def insert_draft(tx: Connection, market_id: str, draft: Draft) -> None:
    """Keep a new draft."""
    await tx.execute(
        f"insert into policy_draft (market_id, {COLUMNS}) values ($1, {_VALUES})",
        market_id,
        *_row_of(draft),
    )


async def update_draft(tx: Connection, market_id: str, draft: Draft) -> None:
    """Write a draft that this transaction holds."""
    draft_id, *rest = _row_of(draft)
    await tx.execute(
        f"update policy_draft set {_SET} where market_id = $1 and draft_id = $2",
        market_id,
        draft_id,
        *rest,
    )


async def load_draft(conn: Connection, market_id: str, draft_id: str) -> Draft | None:
    """A draft, or None."""
    row = await conn.fetchrow(
        f"select {COLUMNS} from policy_draft where market_id = $1 and draft_id = $2",
        market_id,
        draft_id,
    )
    return _draft(row) if row else None


async def lock_draft(tx: Connection, market_id: str, draft_id: str) -> Draft | None:
    """A draft that nobody else changes until this transaction ends."""
    row = await tx.fetchrow(
        f"select {COLUMNS} from policy_draft where market_id = $1 and draft_id = $2 for update",
        market_id,
        draft_id,
    )
    return _draft(row) if row else None


async def draft_of_version(
    conn: Connection, market_id: str, pack_id: str, version: int
) -> Draft | None:
    """The draft a version came from; None for a shipped one."""
    row = await conn.fetchrow(
        f"""
        select {COLUMNS} from policy_draft
        where market_id = $1 and pack_id = $2 and version = $3
        """,
        market_id,
        pack_id,
        version,
    )
    return _draft(row) if row else None


async def list_drafts(conn: Connection, market_id: str) -> list[Draft]:
    """The newest drafts."""
    rows = await conn.fetch(
        f"""
        select {COLUMNS} from policy_draft where market_id = $1
        order by changed_at desc, draft_id limit {LISTED}
        """,
        market_id,
    )
    return [_draft(row) for row in rows]


async def moving_draft(conn: Connection, market_id: str) -> Draft | None:
    """The announced version that does not decide everything yet; there is at most one."""
    row = await conn.fetchrow(
        f"""
        select {COLUMNS} from policy_draft
        where market_id = $1 and state in ('notice', 'trial')
        """,
        market_id,
    )
    return _draft(row) if row else None


async def insert_edit(tx: Connection, market_id: str, draft: Draft, note: EditNote) -> None:
    """Keep an edit with the form of the draft before it."""
    await tx.execute(
        """
        insert into policy_edit
            (market_id, draft_id, edit_no, at, by_id, by_name, what, detail, before)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        market_id,
        draft.draft_id,
        note.edit_no,
        note.at,
        note.by_id,
        note.by_name,
        note.what,
        note.detail,
        zlib.compress(draft.source),
    )


async def undo_edit(tx: Connection, market_id: str, draft_id: str) -> tuple[EditNote, bytes] | None:
    """Mark the newest edit that stands as undone; answers it with the form before it."""
    row = await tx.fetchrow(
        """
        update policy_edit set undone = true
        where market_id = $1 and draft_id = $2 and edit_no = (
            select max(edit_no) from policy_edit
            where market_id = $1 and draft_id = $2 and not undone and what <> 'undo')
        returning edit_no, at, by_id, by_name, what, detail, before
        """,
        market_id,
        draft_id,
    )
    if row is None:
        return None
    values = dict(row)
    before = zlib.decompress(values.pop("before"))
    return EditNote(**values), before


async def list_edits(conn: Connection, market_id: str, draft_id: str) -> list[EditNote]:
    """The edits of a draft that stand, the newest first."""
    rows = await conn.fetch(
        """
        select edit_no, at, by_id, by_name, what, detail from policy_edit
        where market_id = $1 and draft_id = $2 and not undone order by edit_no desc limit 200
        """,
        market_id,
        draft_id,
    )
    return [EditNote(**row) for row in rows]


async def due_drafts(conn: Connection, now: datetime) -> list[tuple[str, str]]:
    """Announced or tried versions whose next step is due, as market and draft."""
    rows = await conn.fetch(
        """
        select market_id, draft_id from policy_draft
        where state in ('notice', 'trial') and coalesce(next_step_at, effective_at) <= $1
        """,
        now,
    )
    return [(row["market_id"], row["draft_id"]) for row in rows]


def _row_of(draft: Draft) -> list[object]:
    return [list(draft.editors) if name == "editors" else getattr(draft, name) for name in NAMES]


def _draft(row: Record) -> Draft:
    values = dict(row)
    values["editors"] = tuple(values["editors"])
    values["source"] = bytes(values["source"])
    return Draft(**values)
