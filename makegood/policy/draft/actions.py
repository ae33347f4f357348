"""What is done with drafts of the rules; each in the caller's transaction."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.people.approvals.rules import Approver
from makegood.policy import pack_store, publishing
from makegood.policy.compare import compare
from makegood.policy.draft import flow, store
from makegood.policy.draft.editing import Edit, apply, place_of
from makegood.policy.draft.examples import with_fitting_examples
from makegood.policy.draft.looking import Inspection, blockers, inspect
from makegood.policy.draft.model import (
    MOVING,
    WHY_LETTERS,
    Draft,
    EditNote,
    Named,
    note_of,
    with_editor,
)
from makegood.policy.model import Pack
from makegood.policy.packfile import (
    digest_of,
    read_pack_file,
    read_parts,
    write_parts,
)
from makegood.policy.shelf import Shelf
from makegood.policy.stages import Ref, Stage, StageKind
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

STEP_JOB: Final = "policy.step"


class StepDraft(msgspec.Struct, frozen=True):
    """The payload of the job that begins or widens an announced version."""

    draft_id: str


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """Why the rules should change, and by what it will be measured."""

    title: str
    why: str
    evidence: str
    metric: str
    metric_before: str
    metric_after: str = ""
    gaps_seen: bool = False


async def start_draft(
    tx: Connection, act: Act, ids: Ids, shelf: Shelf, title: str, by: Named
) -> Draft:
    """A new draft that begins as the version in force."""
    base = await shelf.in_force(act.market_id, act.now)
    return await _keep_new(tx, act, ids, base, base.source, title, by)


async def import_draft(
    tx: Connection, act: Act, ids: Ids, shelf: Shelf, raw: bytes, title: str, by: Named
) -> Draft:
    """A pack from outside as a draft: it decides nothing before it went the way of every draft.

    Raises:
        PackRefused: with file, row and column, for anything a pack may not hold.
    """
    pack = read_pack_file(raw)
    base = await shelf.in_force(act.market_id, act.now)
    parts = read_parts(pack.source)
    parts["pack"]["name"] = base.name
    parts["pack"]["version"] = base.version
    return await _keep_new(tx, act, ids, base, write_parts(parts), title, by)


async def edit_draft(
    tx: Connection, act: Act, draft_id: str, seen: int, edit: Edit, by: Named
) -> Draft:
    """One edit of the draft that the person saw as `seen`.

    Raises:
        Refused: `not_found`, `stale_version`, `rule_state`, `rule_edit_impossible`.
    """
    draft = await _editable(tx, act, draft_id, seen)
    source = write_parts(
        with_fitting_examples(apply(read_parts(draft.source), edit), getattr(edit, "table", ""))
    )
    if source == draft.source:
        return draft
    note = note_of(draft, act.now, by, str(edit.__struct_config__.tag), place_of(edit))
    return await _write(tx, act, draft, note, source, by)


async def undo_last(tx: Connection, act: Act, draft_id: str, seen: int, by: Named) -> Draft:
    """The draft as it was before the newest edit that stands."""
    draft = await _editable(tx, act, draft_id, seen)
    undone = await store.undo_edit(tx, act.market_id, draft_id)
    if undone is None:
        raise Refused("rule_edit_impossible", why="undo")
    note, before = undone
    return await _write(
        tx,
        act,
        draft,
        note_of(draft, act.now, by, "undo", f"{note.what} {note.detail}"),
        before,
        by,
    )


async def describe(
    tx: Connection, act: Act, draft_id: str, seen: int, said: Described, by: Named
) -> Draft:
    """Write down why, on what evidence, and the figure before (and later after) the change."""
    draft = await _locked(tx, act, draft_id)
    if draft.state != "editing":
        kept = msgspec.structs.replace(draft, metric_after=said.metric_after.strip()[:WHY_LETTERS])
        await store.update_draft(tx, act.market_id, kept)
        return kept
    _check_seen(draft, seen)
    values = {
        name: value.strip()[:WHY_LETTERS] if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(said).items()
    }
    values["title"] = values["title"] or draft.title
    changed = msgspec.structs.replace(
        draft, **values, editors=with_editor(draft.editors, by), changed_at=act.now
    )
    await store.update_draft(tx, act.market_id, changed)
    return changed


async def submit(tx: Connection, act: Act, shelf: Shelf, draft_id: str, seen: int) -> Draft:
    """Give the draft to a second person.

    Raises:
        Refused: `rule_unfinished` with the first thing in the way, `rule_outdated`.
    """
    draft = await _locked(tx, act, draft_id)
    _check_seen(draft, seen)
    base = await _base(shelf, act, draft)
    done = flow.submitted(draft, blockers(draft, inspect(draft, base)), act.now)
    await store.update_draft(tx, act.market_id, done)
    return done


async def take_back(tx: Connection, act: Act, draft_id: str) -> Draft:
    """Edit on before the review."""
    draft = await _locked(tx, act, draft_id)
    done = flow.taken_back(draft, act.now)
    await store.update_draft(tx, act.market_id, done)
    return done


async def return_draft(
    tx: Connection, act: Act, draft_id: str, reviewer: Approver, text: str
) -> Draft:
    """Send a draft back with a reason."""
    draft = await _locked(tx, act, draft_id)
    done = flow.returned(draft, reviewer, text, act.now)
    await store.update_draft(tx, act.market_id, done)
    return done


async def announce(
    tx: Connection,
    act: Act,
    ids: Ids,
    shelf: Shelf,
    draft_id: str,
    reviewer: Approver,
    text: str,
    *,
    early: bool,
) -> Draft:
    """Release a draft: it becomes the next version, public at once, deciding after its notice.

    Raises:
        Refused: `rule_busy` while another version is under way, `rule_outdated`,
            `rule_not_favourable`, and what `flow.announced` refuses.
    """
    draft = await _locked(tx, act, draft_id)
    base = await _base(shelf, act, draft)
    found = inspect(draft, base)
    if blockers(draft, found) or found.pack is None or found.comparison is None:
        raise Refused("rule_unfinished", why="faults")
    if await store.moving_draft(tx, act.market_id) is not None:
        raise Refused("rule_busy")
    version = await pack_store.last_version(tx, act.market_id, draft.pack_id) + 1
    favours = found.comparison.favours_buyers
    done = flow.announced(
        draft, reviewer, text, version, act.now, early=early, favours_buyers=favours
    )
    done = msgspec.structs.replace(done, source=_numbered(draft.source, version))
    await _publish(tx, act, ids, done, reviewer)
    await store.update_draft(tx, act.market_id, done)
    assert done.effective_at is not None, "an announced version has a beginning"
    await enqueue(tx, [_step_job(act, done, done.effective_at)])
    return done


async def step_version(
    tx: Connection, act: Act, ids: Ids, shelf: Shelf, draft_id: str, *, expected: int | None = None
) -> Draft | None:
    """Begin an announced version or let the next share of orders follow it, when it is due.

    `expected` is the share that a person saw when asking to go on before the step's time.
    None when there is nothing to do any more: the job may run twice.
    """
    draft = await _locked(tx, act, draft_id)
    due_at = draft.next_step_at or draft.effective_at
    if draft.state not in MOVING or due_at is None:
        return None
    if expected is not None and expected != draft.share:
        raise Refused("stale_version")
    if expected is None and act.now < due_at:
        return None
    done = flow.widened(draft, act.now)
    kinds: dict[int, StageKind] = {10: "begin", 50: "widen", 100: "whole"}
    await _stage(tx, act, ids, shelf, done, kinds[done.share])
    await store.update_draft(tx, act.market_id, done)
    if done.next_step_at is not None:
        await enqueue(tx, [_step_job(act, done, done.next_step_at)])
    return done


async def withdraw(tx: Connection, act: Act, ids: Ids, draft_id: str, why: str) -> Draft:
    """Give a draft up, or an announced version before it decided anything."""
    draft = await _locked(tx, act, draft_id)
    if draft.state == "notice" and not why.strip():
        raise Refused("reason_needed")
    done = flow.withdrawn(draft, why.strip(), act.now)
    if draft.state == "notice":
        await publishing.record(tx, act, ids, "rule_version_withdrawn", _cited(draft))
    await store.update_draft(tx, act.market_id, done)
    return done


async def roll_back(
    tx: Connection, act: Act, ids: Ids, shelf: Shelf, draft_id: str, why: str
) -> Draft:
    """New orders follow the version before it again; orders paid meanwhile keep theirs.

    Raises:
        Refused: `rule_not_favourable` where buyers could lose by an immediate way back.
    """
    draft = await _locked(tx, act, draft_id)
    if draft.version is None:
        raise Refused("rule_state", state=draft.state)
    now_stands = await shelf.in_force(act.market_id, act.now)
    if draft.state == "in_force" and int(now_stands.version) != draft.version:
        raise Refused("rule_outdated")
    before = await _version(shelf, act, draft, draft.base_version)
    after = await _version(shelf, act, draft, draft.version)
    favours = compare(after, before).favours_buyers
    done = flow.rolled_back(draft, why, act.now, favours_buyers=favours)
    await _stage(tx, act, ids, shelf, done, "rollback")
    await store.update_draft(tx, act.market_id, done)
    return done


async def look_at(shelf: Shelf, act: Act, draft: Draft) -> tuple[Pack, Inspection]:
    """The version a draft began from, and everything that differs."""
    base = await _version(shelf, act, draft, draft.base_version)
    return base, inspect(draft, base)


async def _keep_new(
    tx: Connection, act: Act, ids: Ids, base: Pack, source: bytes, title: str, by: Named
) -> Draft:
    draft = Draft(
        draft_id=ids.uuid().replace("-", "")[-10:],
        pack_id=base.name,
        base_version=int(base.version),
        state="editing",
        edit_no=0,
        source=source,
        title=title.strip()[:120],
        author_id=by[0],
        author_name=by[1],
        created_at=act.now,
        changed_at=act.now,
    )
    await store.insert_draft(tx, act.market_id, draft)
    return draft


async def _publish(tx: Connection, act: Act, ids: Ids, draft: Draft, reviewer: Approver) -> None:
    assert draft.version is not None, "an announced draft has a number"
    read_pack_file(draft.source)
    digest = digest_of(draft.source)
    await pack_store.insert_pack(tx, act.market_id, digest, draft.source, act.now)
    version = pack_store.Version(
        pack_id=draft.pack_id,
        version=draft.version,
        digest=digest,
        draft_id=draft.draft_id,
        published_at=act.now,
        published_by=reviewer.person_id,
    )
    if not await pack_store.insert_version(tx, act.market_id, version):
        raise Refused("stale_version")
    await publishing.record(tx, act, ids, "rule_version_announced", _cited(draft))


async def _stage(
    tx: Connection, act: Act, ids: Ids, shelf: Shelf, draft: Draft, kind: StageKind
) -> None:
    assert draft.version is not None, "only a published version has stages"
    stages = await pack_store.list_stages(tx, act.market_id)
    trial = kind in ("begin", "widen")
    stage = Stage(
        stage_no=len(stages) + 1,
        from_at=act.now,
        pack_id=draft.pack_id,
        stable=draft.version if kind == "whole" else draft.base_version,
        candidate=draft.version if trial else None,
        share=draft.share if trial else 0,
        kind=kind,
        draft_id=draft.draft_id,
        by_id=act.actor.id,
    )
    if not await pack_store.insert_stage(tx, act.market_id, stage):
        raise Refused("stale_version")
    fields = _cited(draft) | {"kind": kind, "share": draft.share, "stable": stage.stable}
    await publishing.record(tx, act, ids, "rule_stage_began", fields)
    shelf.forget(act.market_id)


def _cited(draft: Draft) -> dict[str, str | int]:
    """What the public record says of a version."""
    return {
        "rules": str(Ref(draft.pack_id, draft.version or 0)),
        "digest": digest_of(draft.source),
        "base": str(Ref(draft.pack_id, draft.base_version)),
        "effective_at": rfc3339(draft.effective_at) if draft.effective_at else "",
        "early": int(draft.early),
    }


def _numbered(source: bytes, version: int) -> bytes:
    parts = read_parts(source)
    parts["pack"]["version"] = str(version)
    return write_parts(parts)


async def _base(shelf: Shelf, act: Act, draft: Draft) -> Pack:
    """The version in force, which must be the one that the draft began from."""
    base = await shelf.in_force(act.market_id, act.now)
    if (base.name, int(base.version)) != (draft.pack_id, draft.base_version):
        raise Refused("rule_outdated", version=base.version)
    return base


async def _version(shelf: Shelf, act: Act, draft: Draft, version: int) -> Pack:
    return await shelf.cited(act.market_id, str(Ref(draft.pack_id, version)), act.now)


async def _locked(tx: Connection, act: Act, draft_id: str) -> Draft:
    draft = await store.lock_draft(tx, act.market_id, draft_id)
    if draft is None:
        raise Refused("not_found")
    return draft


async def _editable(tx: Connection, act: Act, draft_id: str, seen: int) -> Draft:
    draft = await _locked(tx, act, draft_id)
    flow.check_state(draft, "editing")
    _check_seen(draft, seen)
    return draft


def _check_seen(draft: Draft, seen: int) -> None:
    if draft.edit_no != seen:
        raise Refused("stale_version")


async def _write(
    tx: Connection, act: Act, draft: Draft, note: EditNote, source: bytes, by: Named
) -> Draft:
    await store.insert_edit(tx, act.market_id, draft, note)
    changed = msgspec.structs.replace(
        draft,
        source=source,
        edit_no=note.edit_no,
        editors=with_editor(draft.editors, by),
        gaps_seen=False,
        changed_at=act.now,
    )
    await store.update_draft(tx, act.market_id, changed)
    return changed


def _step_job(act: Act, draft: Draft, at: datetime) -> Job:
    return Job(
        kind=STEP_JOB,
        market_id=act.market_id,
        payload=StepDraft(draft.draft_id),
        run_at=at,
        subject=draft.draft_id,
        request_id=act.request_id,
        job_id=f"{STEP_JOB}:{draft.draft_id}:{draft.share}",
    )
