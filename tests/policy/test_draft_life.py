"""A draft from its first edit to every order: who may release it, when it decides, the way back."""

from datetime import datetime, timedelta

import msgspec
import pytest

from makegood.base.actor import Act, Actor
from makegood.base.refusal import Refused
from makegood.people.approvals.rules import Approver
from makegood.policy import pack_store
from makegood.policy.draft import actions
from makegood.policy.draft.actions import Described
from makegood.policy.draft.editing import AddRow, Edit, RemoveRow, SetCell, SetResult
from makegood.policy.draft.model import Draft, Named
from makegood.policy.draft.store import load_draft
from makegood.policy.packfile import read_pack_file
from makegood.policy.shelf import Shelf
from makegood.policy.stages import Ref, version_for
from makegood.record import store as record_store
from makegood.record.chain import check_chain
from makegood.store.database import Database
from tests.claims.town import TownIds
from tests.policy.given import PACK

FANG: Named = ("fang", "方晴")
WHY = Described(
    title="迟到 10 分钟内不算迟到",
    why="供货商的钟和我们的差几分钟。",
    evidence="AS-261101-AAAAA",
    metric="迟到类申诉率",
    metric_before="12% (n=340)",
)
KINDER: list[Edit] = [
    SetResult("R-04", "R-04.1", "delivered_late", "yes", {"platform": 100}),
]
HARSHER: list[Edit] = [SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 10")]


class Room:
    """A market with rules, a clock that the test moves, and two people."""

    def __init__(self, db: Database, now: datetime) -> None:
        self.db, self.now, self.ids = db, now, TownIds()
        self.shelf = Shelf(db, PACK)

    def act(self, person: str = "fang") -> Act:
        return Act("main", Actor("operator", person), self.now)

    def reviewer(self, person: str = "lin", minutes_ago: int = 1) -> Approver:
        proven = self.now - timedelta(minutes=minutes_ago)
        return Approver(person_id=person, name="林", role="lead", proven_at=proven)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def draft(self, edits: list[Edit]) -> Draft:
        async with self.db.transaction() as tx:
            draft = await actions.start_draft(tx, self.act(), self.ids, self.shelf, "x", FANG)
            for edit in edits:
                draft = await actions.edit_draft(
                    tx, self.act(), draft.draft_id, draft.edit_no, edit, FANG
                )
            return await actions.describe(tx, self.act(), draft.draft_id, draft.edit_no, WHY, FANG)

    async def submit(self, draft: Draft) -> Draft:
        async with self.db.transaction() as tx:
            return await actions.submit(tx, self.act(), self.shelf, draft.draft_id, draft.edit_no)

    async def announce(
        self, draft: Draft, reviewer: Approver | None = None, *, early: bool = False
    ) -> Draft:
        async with self.db.transaction() as tx:
            return await actions.announce(
                tx, self.act("lin"), self.ids, self.shelf, draft.draft_id,
                reviewer or self.reviewer(), "看过", early=early,
            )  # fmt: skip

    async def step(self, draft: Draft) -> Draft | None:
        async with self.db.transaction() as tx:
            return await actions.step_version(tx, self.act(), self.ids, self.shelf, draft.draft_id)

    async def roll_back(self, draft: Draft) -> Draft:
        async with self.db.transaction() as tx:
            return await actions.roll_back(
                tx, self.act(), self.ids, self.shelf, draft.draft_id, "看错了"
            )

    async def versions(self) -> set[str]:
        """The versions that a hundred orders paid now follow."""
        stages = await self.shelf.stages("main", self.now)
        return {str(version_for(stages, f"O-{number}", self.now)) for number in range(100)}


@pytest.fixture
def room(db: Database, now: datetime) -> Room:
    return Room(db, now)


async def test_a_draft_decides_nothing_until_its_notice_is_over_and_then_step_by_step(
    room: Room,
) -> None:
    draft = await room.announce(await room.submit(await room.draft(HARSHER)))
    assert draft.version == 2
    assert await room.versions() == {"default@1"}
    room.later(days=7, seconds=-1)
    assert await room.step(draft) is None
    room.later(seconds=1)
    begun = await room.step(draft)
    assert begun is not None
    assert (begun.state, begun.share) == ("trial", 10)
    assert await room.versions() == {"default@1", "default@2"}
    assert await room.step(draft) is None, "a job that runs twice does nothing"
    room.later(hours=24)
    await room.step(draft)
    room.later(hours=24)
    whole = await room.step(draft)
    assert whole is not None
    assert (whole.state, whole.share) == ("in_force", 100)
    assert await room.versions() == {"default@2"}


async def test_an_order_keeps_the_version_that_held_when_it_was_paid(room: Room) -> None:
    before = room.now
    draft = await room.announce(await room.submit(await room.draft(HARSHER)))
    for days in (7, 1, 1):
        room.later(days=days)
        await room.step(draft)
    old = await room.shelf.for_order("main", "O-1", before, room.now)
    new = await room.shelf.for_order("main", "O-1", room.now, room.now)
    said = await room.shelf.for_order("main", "O-1", room.now, room.now, confirmed="default@1")
    assert (old.version, new.version, said.version) == ("1", "2", "1")
    assert (await room.shelf.cited("main", "default@1", room.now)).digest == PACK.digest


async def test_nobody_reviews_a_draft_that_they_wrote_in(room: Room) -> None:
    draft = await room.submit(await room.draft(HARSHER))
    for person in ("fang", "lin"):
        reviewer = room.reviewer(person, minutes_ago=1 if person == "fang" else 31)
        with pytest.raises(Refused, match=r"approval_needs|second_factor_stale"):
            await room.announce(draft, reviewer)
    with pytest.raises(Refused, match="second_factor_needed"):
        await room.announce(draft, msgspec.structs.replace(room.reviewer(), proven_at=None))


async def test_an_unfinished_draft_cannot_be_submitted_or_compiled(room: Room) -> None:
    draft = await room.draft([SetResult("R-04", "R-04.1", "delivered_late", "yes", {"seller": 60})])
    with pytest.raises(Refused, match="rule_unfinished"):
        await room.submit(draft)
    with pytest.raises(ValueError, match="shares sum to 60"):
        read_pack_file(draft.source)


async def test_a_new_gap_must_be_looked_at_before_a_review(room: Room) -> None:
    draft = await room.draft([RemoveRow("R-20", "R-20.3")])
    with pytest.raises(Refused, match="gap"):
        await room.submit(draft)
    seen = msgspec.structs.replace(WHY, gaps_seen=True)
    async with room.db.transaction() as tx:
        draft = await actions.describe(tx, room.act(), draft.draft_id, draft.edit_no, seen, FANG)
    assert (await room.submit(draft)).state == "in_review"


async def test_only_what_no_buyer_loses_by_begins_early(room: Room) -> None:
    harsher = await room.submit(await room.draft(HARSHER))
    with pytest.raises(Refused, match="rule_not_favourable"):
        await room.announce(harsher, early=True)
    kinder = await room.submit(await room.draft(KINDER))
    begun = await room.announce(kinder, early=True)
    assert begun.effective_at == room.now
    assert await room.step(begun) is not None


async def test_one_version_at_a_time_is_under_way(room: Room) -> None:
    first, second = await room.draft(HARSHER), await room.draft(KINDER)
    await room.announce(await room.submit(first))
    second = await room.submit(second)
    with pytest.raises(Refused, match="rule_busy"):
        await room.announce(second)


async def test_a_draft_from_an_old_version_is_begun_anew(room: Room) -> None:
    late = await room.draft(KINDER)
    draft = await room.announce(await room.submit(await room.draft(HARSHER)))
    for days in (7, 1, 1):
        room.later(days=days)
        await room.step(draft)
    with pytest.raises(Refused, match="rule_outdated"):
        await room.submit(late)


async def test_a_trial_can_be_stopped_and_orders_paid_meanwhile_keep_theirs(room: Room) -> None:
    draft = await room.announce(await room.submit(await room.draft(HARSHER)))
    room.later(days=7)
    await room.step(draft)
    paid_at = room.now
    stages = await room.shelf.stages("main", paid_at)
    numbers = [f"O-{number}" for number in range(100)]
    tried = next(one for one in numbers if version_for(stages, one, paid_at).version == 2)
    room.later(hours=1)
    assert (await room.roll_back(draft)).state == "rolled_back"
    assert await room.versions() == {"default@1"}
    kept = await room.shelf.for_order("main", tried, paid_at, room.now)
    assert kept.version == "2"


async def test_a_version_in_force_goes_back_at_once_only_in_favour_of_buyers(room: Room) -> None:
    draft = await room.announce(await room.submit(await room.draft(KINDER)), early=True)
    for hours in (0, 24, 24):
        room.later(hours=hours)
        await room.step(draft)
    with pytest.raises(Refused, match="rule_not_favourable"):
        await room.roll_back(draft)


async def test_an_example_goes_with_the_rule_it_showed_and_comes_back_with_undo(
    room: Room,
) -> None:
    draft = await room.draft([RemoveRow("R-07", "R-07.5")])
    assert "R-07.5" not in {one.rule for one in read_pack_file(draft.source).examples}
    async with room.db.transaction() as tx:
        back = await actions.undo_last(tx, room.act(), draft.draft_id, draft.edit_no, FANG)
    assert "R-07.5" in {one.rule for one in read_pack_file(back.source).examples}


async def test_undo_brings_back_what_was_there(room: Room) -> None:
    draft = await room.draft([AddRow("R-04", "R-04.1"), *HARSHER])
    async with room.db.transaction() as tx:
        once = await actions.undo_last(tx, room.act(), draft.draft_id, draft.edit_no, FANG)
        twice = await actions.undo_last(tx, room.act(), draft.draft_id, once.edit_no, FANG)
        assert twice.source == PACK.source
        with pytest.raises(Refused, match="rule_edit_impossible"):
            await actions.undo_last(tx, room.act(), draft.draft_id, twice.edit_no, FANG)


async def test_two_people_editing_at_once_do_not_overwrite_each_other(room: Room) -> None:
    draft = await room.draft(HARSHER)
    async with room.db.transaction() as tx:
        with pytest.raises(Refused, match="stale_version"):
            await actions.edit_draft(
                tx, room.act(), draft.draft_id, draft.edit_no - 1, KINDER[0], FANG
            )


async def test_every_step_is_in_the_public_record_and_versions_are_never_changed(
    room: Room,
) -> None:
    draft = await room.announce(await room.submit(await room.draft(HARSHER)))
    room.later(days=7)
    await room.step(draft)
    await room.roll_back(draft)
    async with room.db.connection() as conn:
        events = await record_store.load(conn, "main", "rules")
        kept = await load_draft(conn, "main", draft.draft_id)
        assert kept is not None
        source = await pack_store.load_source(conn, "main", kept_ref(kept))
    names = [event.name for event in events]
    assert names == ["rule_version_announced", "rule_stage_began", "rule_stage_began"]
    assert list(check_chain(events)) == []
    assert events[0].fields()["digest"] == read_pack_file(source or b"").digest


def kept_ref(draft: Draft) -> Ref:
    return Ref(draft.pack_id, draft.version or 0)


@pytest.mark.parametrize("table", ["policy_pack", "policy_version", "policy_stage"])
async def test_the_database_itself_refuses_to_change_a_version(room: Room, table: str) -> None:
    await room.shelf.stages("main", room.now)
    async with room.db.connection() as conn:
        with pytest.raises(Exception, match="append-only"):
            await conn.execute(f"delete from {table}")
