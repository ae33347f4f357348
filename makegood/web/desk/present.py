"""What desk pages show beside the claim itself: groups, tabs, icons, rings. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Literal

import msgspec
from markupsafe import Markup

from makegood.claims.view import ClaimRow, ClaimView, StepView
from makegood.web.words import Words

Tab = Literal["all", "buyer", "seller", "internal", "system"]
TABS: Final[tuple[Tab, ...]] = ("all", "buyer", "seller", "internal", "system")
RING_SPAN: Final = timedelta(hours=24)
"""A full ring in a list means a day or more left."""

STEP_ICONS: Final[dict[str, str]] = {
    "claim_opened": "inbox",
    "claim_accepted": "check",
    "facts_recorded": "chip",
    "check_finished": "chip",
    "supplier_awaited": "hourglass",
    "seller_asked": "store",
    "seller_answered": "store",
    "evidence_asked": "flag",
    "evidence_added": "image",
    "turn_lost": "alert",
    "deadline_extended": "clock",
    "offer_made": "tag",
    "offer_answered": "tag",
    "review_started": "user",
    "person_asked": "user",
    "handed_over": "users",
    "task_answered": "users",
    "owner_changed": "user",
    "escalated": "up-t",
    "decision_proposed": "scale",
    "decision_returned": "scale",
    "claim_decided": "scale",
    "money_moved": "wallet",
    "remedy_done": "check-c",
    "remedy_failed": "alert",
    "key_revealed": "eye",
    "notice_sent": "mail",
    "claim_rated": "star",
    "appeal_filed": "scale",
    "appeal_decided": "scale",
    "bearing_corrected": "wallet",
    "payout_held": "lock",
    "payout_freed": "wallet",
    "sales_held": "lock",
    "sales_freed": "wallet",
    "claim_reopened": "redo",
    "claim_withdrawn": "x-c",
    "claim_declined": "x-c",
    "claim_closed": "lock",
}


class Group(msgspec.Struct, frozen=True):
    """Rows of one class, in the order of the queue."""

    key: str
    rows: list[ClaimRow]


class Disputed(msgspec.Struct, frozen=True):
    """One finding that an appeal disputes."""

    key: str
    label: str
    actual: bool | int | str | None
    source: str


def grouped(rows: Iterable[ClaimRow]) -> list[Group]:
    """Rows by class. The queue is ordered by class first, so no row changes its place."""
    return [Group(key, list(found)) for key, found in groupby(rows, lambda row: row.priority)]


def late_count(rows: Iterable[ClaimRow], now: datetime) -> int:
    """How many of the rows have passed their next deadline."""
    return sum(1 for row in rows if row.next_deadline_at and row.next_deadline_at < now)


def ring(at: datetime, now: datetime) -> str:
    """What part of a day is left, 0 to 1, for the ring of a list's clock."""
    return f"{max(0.0, min(1.0, (at - now) / RING_SPAN)):.2f}"


def clock_kind(kind: str) -> str:
    """The family of a deadline: hand-overs carry their task's id behind a colon."""
    return kind.partition(":")[0]


def fact_icon(value: bool | int | str | None) -> str:
    """A fact's shape: yes, no, unknown or a plain value."""
    if value is None:
        return "help"
    if isinstance(value, bool):
        return "check-c" if value else "x-c"
    return "info"


def step_icon(what: str) -> str:
    """The icon of a step in the history."""
    return STEP_ICONS.get(what, "info")


def step_words(words: Words, step: StepView) -> Markup:
    """A step in one short sentence; an unknown one shows its own name."""
    return words.code("desk.step", step.what)


def step_detail(words: Words, step: StepView) -> str:
    """What a step was about, in a few words; empty where its name says it all."""
    said = step.with_
    match step.what:
        case "money_moved":
            kind = words.code("money.kind", _text(said, "kind"))
            state = words.code(f"money.state.{_text(said, 'kind')}", _text(said, "state"))
            return " ".join(filter(None, (str(kind), _amount(words, step), str(state))))
        case "claim_decided" | "decision_proposed" | "offer_made":
            remedy = str(words.code("remedy", _text(said, "remedy"))) if said.get("remedy") else ""
            return " ".join(filter(None, (remedy, _amount(words, step))))
        case "payout_held" | "payout_freed" | "sales_held":
            return _amount(words, step)
        case "facts_recorded":
            return words.text("desk.items", n=said.get("count", 0))
        case "owner_changed":
            return _text(said, "owner_name")
        case "lane_changed":
            return str(words.code("desk.lanes", _text(said, "lane")))
        case "escalated" | "review_started":
            return str(words.code("desk.why", _text(said, "why")))
        case _:
            return ""


def _text(said: Mapping[str, bool | int | str | None], name: str) -> str:
    return str(said.get(name) or "")


def _amount(words: Words, step: StepView) -> str:
    amount = step.with_.get("amount_minor")
    return words.amount(amount) if isinstance(amount, int) and amount else ""


def in_tab(step: StepView, tab: Tab) -> bool:
    """Whether a step belongs to a tab of the conversation."""
    staff = step.by.role == "platform"
    match tab:
        case "all":
            return True
        case "internal":
            return step.audience == "platform"
        case "system":
            return step.by.role == "machine"
        case "buyer" | "seller":
            return step.by.role == tab or (staff and step.audience in (tab, "all"))


def tab_of(name: str) -> Tab:
    """The tab of that name, else the one with everything."""
    return next((tab for tab in TABS if tab == name), "all")


def tabs_of(steps: Sequence[StepView]) -> list[tuple[Tab, int]]:
    """Every tab with the number of its steps."""
    return [(tab, sum(in_tab(step, tab) for step in steps)) for tab in TABS]


def disputed_points(
    claim: ClaimView, words: Words, disputed: Sequence[str], finding: str
) -> list[Disputed]:
    """The conditions that an appeal names, in either language; all when it names none known.

    A decision without conditions is disputed as a whole: then `finding`, in words, is the point.
    """
    assert claim.decision is not None, "an appeal is about a decision"
    points = [
        Disputed(f"p{n}", words.pick(c.label_zh, c.label_en), c.actual, c.source)
        for n, c in enumerate(claim.decision.conditions)
    ]
    own = [{c.label_zh, c.label_en, f"p{n}"} for n, c in enumerate(claim.decision.conditions)]
    named = [point for point, names in zip(points, own, strict=True) if names & set(disputed)]
    return named or points or [Disputed("whole", finding, None, "")]
