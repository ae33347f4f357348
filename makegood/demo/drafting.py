"""A draft of the rules for the demo, its backtest asked for: somebody wants to change them."""

from makegood.base.actor import Act
from makegood.claims.backtests.actions import start_backtest
from makegood.claims.desk import Desk
from makegood.people.approvals.rules import Approver
from makegood.people.staff.roster import RosterLine
from makegood.policy.draft import actions as drafts
from makegood.policy.draft.actions import Described
from makegood.policy.draft.editing import Edit, SetCell, SetResult
from makegood.store.database import Database

EDITS: tuple[Edit, ...] = (
    SetResult("R-07", "R-07.3", "key_invalid_supplier", "yes", {"supplier": 80, "seller": 20}),
    SetResult("R-42", "R-42.1", "mistake_revealed", "person", {"buyer": 100}),
)
WHY = Described(
    title="死卡卖家分担两成，误购已查看改由人看",
    why="有卖家一直卖坏卡多的批次；误购被机器驳回的买家里，有一半后来又来问。",
    evidence="近 60 天死卡案件、误购案件",
    metric="同一批次死卡率",
    metric_before="",
)


ON_TIME: tuple[Edit, ...] = (
    SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 3"),
    SetCell("R-04", "R-04.2", "delivery.minutes_late", "> 3"),
    SetCell("R-04", "R-04.3", "delivery.minutes_late", "> 3"),
)
WHY_ON_TIME = Described(
    title="晚 3 分钟以内不算延迟",
    why="支付通道的回调常常晚一两分钟到，供货方那时已经发出。",
    evidence="近 60 天延迟到账案件里，晚 3 分钟以内的",
    metric="延迟到账案件占比",
    metric_before="每 100 单 0.9 件 (n=4,000)",
)


async def draft_and_backtest(db: Database, act: Act, desk: Desk, person: tuple[str, str]) -> None:
    """Begin the draft and ask for its backtest; a worker runs it."""
    async with db.transaction() as tx:
        draft = await drafts.start_draft(tx, act, desk.ids, desk.shelf, WHY.title, person)
        for edit in EDITS:
            draft = await drafts.edit_draft(tx, act, draft.draft_id, draft.edit_no, edit, person)
        draft = await drafts.describe(tx, act, draft.draft_id, draft.edit_no, WHY, person)
        await start_backtest(tx, act, desk.ids, draft, person[1])


async def announce_change(
    db: Database, act: Act, desk: Desk, person: tuple[str, str], reviewer: RosterLine
) -> None:
    """A second change that somebody else has released: public, and deciding in seven days."""
    checked = Approver(
        person_id=reviewer.account_id, name=reviewer.display_name, role="lead", proven_at=act.now
    )
    async with db.transaction() as tx:
        draft = await drafts.start_draft(tx, act, desk.ids, desk.shelf, WHY_ON_TIME.title, person)
        for edit in ON_TIME:
            draft = await drafts.edit_draft(tx, act, draft.draft_id, draft.edit_no, edit, person)
        draft = await drafts.describe(tx, act, draft.draft_id, draft.edit_no, WHY_ON_TIME, person)
        await drafts.submit(tx, act, desk.shelf, draft.draft_id, draft.edit_no)
        await drafts.announce(
            tx, act, desk.ids, desk.shelf, draft.draft_id, checked, "按笔核对过", early=False
        )
