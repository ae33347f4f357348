"""The appeals of a claim as its sides see them: who disputes what, who answers until when. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from makegood.claims import events as e
from makegood.claims.state import Recorded
from makegood.claims.view import AppealView, DisputedView, MovedPartView, PersonView


def appeals_of(history: Sequence[Recorded], names: Mapping[str, str]) -> list[AppealView]:
    """Every appeal in the order they were filed; `names` are those of our people by id."""
    found: list[AppealView] = []
    decision: e.Decision | None = None
    currency = ""
    for recorded in history:
        match recorded.event:
            case e.ClaimOpened(currency=said):
                currency = said
            case e.ClaimDecided(decision=decided):
                decision = decided
            case e.AppealFiled() as filed if decision is not None:
                found.append(_filed(recorded, filed, decision, currency))
            case e.AppealDecided() as ended if found:
                found[-1] = _ended(found[-1], recorded, ended, names)
            case e.SellerRestored() as restored if found:
                found[-1] = _moved(found[-1], restored.moved, 0)
            case e.BearingCorrected() as corrected if found:
                found[-1] = _moved(found[-1], corrected.moved, corrected.waiting_minor)
            case _:
                pass
    return found


def parts_seen_by(appeals: Sequence[AppealView], party: str) -> list[AppealView]:
    """The appeals as a party may see them: of what moved, its own parts. No party: everything."""
    if not party:
        return list(appeals)
    return [
        msgspec.structs.replace(
            one,
            moved=[part for part in one.moved if party in (part.giver, part.taker)],
            waiting_minor=0,
        )
        for one in appeals
    ]


def _filed(
    recorded: Recorded, filed: e.AppealFiled, decision: e.Decision, currency: str
) -> AppealView:
    return AppealView(
        decision_no=decision.number,
        remedy=decision.remedy,
        amount_minor=decision.amount_minor,
        currency=currency,
        by=filed.by,
        filed_at=recorded.at,
        text=e.words_of(filed.text),
        points=_points(decision.conditions, filed.disputed),
        reviewer=PersonView("platform", filed.reviewer_name),
        due_at=filed.deadline.at,
    )


def _points(conditions: Sequence[e.Condition], disputed: Sequence[str]) -> list[DisputedView]:
    """The conditions that an appeal names, in either language; none: the decision as a whole."""
    return [
        DisputedView(fact=one.fact, label_zh=one.label_zh, label_en=one.label_en)
        for n, one in enumerate(conditions)
        if {one.label_zh, one.label_en, one.fact, f"p{n}"} & set(disputed)
    ]


def _ended(
    appeal: AppealView, recorded: Recorded, ended: e.AppealDecided, names: Mapping[str, str]
) -> AppealView:
    who = names.get(recorded.by.id, appeal.reviewer.name)
    return msgspec.structs.replace(
        appeal,
        outcome=ended.outcome,
        decided_at=recorded.at,
        reviewer=PersonView("platform", who),
        answer=e.words_of(ended.text),
        points=[
            msgspec.structs.replace(point, view=_view_of(point, ended.views))
            for point in appeal.points
        ],
    )


def _moved(appeal: AppealView, parts: Sequence[e.MovedPart], waiting_minor: int) -> AppealView:
    """With what moved since; parts between the same two are one."""
    sums = {(one.giver, one.taker): one for one in appeal.moved}
    for part in parts:
        key = (part.giver, part.taker)
        known = sums.get(key)
        sums[key] = MovedPartView(
            giver=part.giver,
            taker=part.taker,
            amount_minor=part.amount_minor + (known.amount_minor if known else 0),
            currency=appeal.currency,
            numbers=[*(known.numbers if known else []), *([part.number] if part.number else [])],
        )
    return msgspec.structs.replace(appeal, moved=list(sums.values()), waiting_minor=waiting_minor)


def _view_of(point: DisputedView, views: Mapping[str, str]) -> str:
    """What the reviewer held of a point, under whichever of its names it was written."""
    names = (point.label_zh, point.label_en, point.fact)
    return next((views[name] for name in names if name in views), "")
