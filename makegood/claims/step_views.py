"""The lines of a claim's history, as each side may read them."""

from typing import Final

from makegood.base.actor import Actor
from makegood.claims import events as e
from makegood.claims import view as v
from makegood.claims.ruling import MACHINE_NAME
from makegood.claims.sight import Sight, sees
from makegood.claims.state import Recorded

HIDDEN_STEPS: Final = ("notice_sent", "tags_changed")
"""Bookkeeping that no party needs in the shared history; the staff sees it."""
_SHOWN: Final = frozenset(
    {
        "amount_minor",
        "answer",
        "finding",
        "body",
        "by",
        "cause",
        "channel",
        "department",
        "how",
        "kind",
        "lane",
        "media_type",
        "number",
        "outcome",
        "owner_name",
        "party",
        "price_minor",
        "priority",
        "reason",
        "refusal",
        "remedy",
        "reviewer_name",
        "root_cause",
        "score",
        "slot",
        "state",
        "turn",
        "unit_no",
        "wants",
        "why",
    }
)
"""Fields of events that every reader of a step may see: no ids of people or suppliers."""


def step_lines(recorded: Recorded, sight: Sight, reader: Actor, *, staff: bool) -> list[v.StepView]:
    """One line of history, or none where this reader may not see it."""
    name = e.event_name(recorded.event)
    audience = audience_of(recorded.event)
    if not sees(audience, reader, staff=staff) or (name in HIDDEN_STEPS and not staff):
        return []
    if isinstance(recorded.event, e.FactsRecorded):
        return _fact_steps(recorded, sight, reader, staff=staff)
    shown = _shown(recorded.event)
    if isinstance(recorded.event, e.Escalated) and not staff:
        shown.pop("why", None)  # What colleagues write to each other is theirs.
    return [_line(recorded, sight, name, audience, shown)]


def _fact_steps(
    recorded: Recorded, sight: Sight, reader: Actor, *, staff: bool
) -> list[v.StepView]:
    """Facts appear as one line that counts those this reader may see."""
    assert isinstance(recorded.event, e.FactsRecorded)
    seen = [f for f in recorded.event.facts if sees(f.audience, reader, staff=staff)]
    if not seen:
        return []
    sources = ", ".join(dict.fromkeys(f.source for f in seen))
    shown: dict[str, e.Scalar] = {"count": len(seen), "sources": sources}
    return [_line(recorded, sight, "facts_recorded", "all", shown)]


def _line(
    recorded: Recorded,
    sight: Sight,
    name: str,
    audience: v.Audience,
    shown: dict[str, e.Scalar],
) -> v.StepView:
    text = getattr(recorded.event, "text", "")
    return v.StepView(
        version=recorded.version,
        what=name,
        by=_by(recorded, sight),
        at=recorded.at,
        audience=audience,
        with_=shown,
        text=e.words_of(text),
    )


def _shown(event: e.AnyEvent) -> dict[str, e.Scalar]:
    """The short fields of an event that fill the words of its line."""
    shown: dict[str, e.Scalar] = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name in _SHOWN and isinstance(value, bool | int | str):
            shown[name] = value
    if isinstance(event, e.ClaimDecided):
        decision = event.decision
        shown |= {
            "finding": decision.finding,
            "remedy": decision.remedy,
            "amount_minor": decision.amount_minor,
            "rule_id": decision.rule_id,
        }
    return shown


def audience_of(event: e.AnyEvent) -> v.Audience:
    """Who besides the platform sees that this happened."""
    match event:
        case e.MessagePosted(audience=audience) | e.EvidenceAdded(audience=audience):
            return audience
        case (
            e.HandedOver()
            | e.TaskAnswered()
            | e.TagsChanged()
            | e.DecisionProposed()
            | e.DecisionReturned()
        ):
            return "platform"
        case e.KeyRevealed():
            return "buyer"
        case e.SellerRestored() | e.BearingCorrected() | e.SalesHeld() | e.SalesFreed():
            return "seller"
        case _:
            return "all"


def _by(recorded: Recorded, sight: Sight) -> v.PersonView:
    """Who did it. A decision is its decider's, whoever's step let the rules speak."""
    if isinstance(recorded.event, e.ClaimDecided) and recorded.event.decision.source == "machine":
        return v.PersonView("machine", MACHINE_NAME)
    return _person(recorded.by, sight)


def _person(by: Actor, sight: Sight) -> v.PersonView:
    match by.role:
        case "buyer" | "market":
            return v.PersonView("buyer", sight.buyer_name)
        case "seller":
            return v.PersonView("seller", sight.claim.opened.seller_name)
        case "supplier":
            return v.PersonView("supplier", "")
        case "system":
            return v.PersonView("machine", MACHINE_NAME)
        case _:
            return v.PersonView("platform", sight.roster_names.get(by.id, sight.claim.owner_name))
