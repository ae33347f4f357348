"""Bugs planted in the rules of a claim; each must be caught by the property that guards it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from makegood.base.actor import SYSTEM, Act, Actor
from makegood.claims import clock, silence, turns
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.commands import Ruling
from makegood.claims.fold import evolve
from makegood.claims.sight import Sight
from makegood.claims.state import Claim, Recorded
from makegood.claims.view import ClaimView
from makegood.claims.viewing import claim_view
from makegood.policy.model import Pack
from tests.claims import histories as h
from tests.claims.test_properties import ClaimMachine

Evolve = Callable[[Claim | None, Recorded], Claim]
Pass = Callable[[Claim, c.PassDeadlines, Act], list[e.AnyEvent]]
Offer = Callable[[Claim, c.MakeOffer, Act], list[e.AnyEvent]]
Returned = Callable[[Claim], int]
View = Callable[[Sight, Pack, Actor, datetime], ClaimView]
MachineMay = Callable[[Claim, Ruling], bool]


def told(events: list[e.AnyEvent], lane: e.Lane = "fast", folds: Evolve = evolve) -> Claim:
    """An accepted claim to which these things happened, an hour apart."""
    begun = h.opening(lane)
    claim = folds(None, begun)
    for hours, event in enumerate([e.ClaimAccepted(), *events]):
        at = h.NOW + timedelta(hours=hours)
        claim = folds(claim, Recorded(claim.version + 1, at, SYSTEM, event))
    return claim


def due(kind: str, hours: float) -> e.Deadline:
    at = h.NOW + timedelta(hours=hours)
    return e.Deadline(kind=kind, at=at, then="decide_on_facts", turn="seller", set_at=h.NOW)


def passing(claim: Claim, at: datetime) -> c.PassDeadlines:
    return c.PassDeadlines(ruling=ruling(), clocks=h.clocks(claim, at), escalate_to="qi")


def ruling(lane: e.Lane = "fast") -> Ruling:
    return Ruling(
        decision=h.decision(),
        certain=True,
        auto=True,
        lane=lane,
        priority="P2",
        wait_for_supplier=False,
        hears_seller=False,
        missing=[],
        why_person="",
    )


def a_turn_takes_nothing_from_the_decision(folds: Evolve) -> None:
    """Property: the time in which a side has the turn is given back to the decision."""
    asked = e.SellerAsked(deadline=due("seller_reply", 13))
    answered = e.SellerAnswered(kind="contest", text="")
    review = e.ReviewStarted(why="seller_contested")
    quiet = [e.KeyRevealed(unit_no=1, generation=1) for _ in range(9)]
    claim = told([asked, *quiet, answered, review], folds=folds)
    (decision,) = (d for d in claim.deadlines if d.kind == "decision")
    assert decision.at == h.NOW + timedelta(hours=24 + 11)


def fold_that_forgets_the_pause(claim: Claim | None, row: Recorded) -> Claim:
    """The bug: the clock goes on from where it would have been."""
    after = evolve(claim, row)
    if claim is None or not isinstance(row.event, e.ReviewStarted):
        return after
    kept = {d.kind: d.at for d in claim.deadlines}
    moved = tuple(msgspec.structs.replace(d, at=kept.get(d.kind, d.at)) for d in after.deadlines)
    return msgspec.structs.replace(after, deadlines=moved)


def a_moved_deadline_does_nothing(passes: Pass) -> None:
    """Property: the timer of an extended deadline finds nothing to do."""
    asked = e.EvidenceAsked(
        party="buyer", slots=["error_screen"], text="", number=1, deadline=due("buyer_evidence", 48)
    )
    longer = e.DeadlineExtended(kind="buyer_evidence", at=h.NOW + timedelta(hours=96))
    first = e.CheckFinished(unanswered=[])
    claim = told([first, asked, longer])
    at = h.NOW + timedelta(hours=48)
    assert passes(claim, passing(claim, at), h.act("system", at=at)) == []


def handler_that_trusts_its_timer(
    claim: Claim, command: c.PassDeadlines, who: Act
) -> list[e.AnyEvent]:
    """The bug: whatever comes next has passed, since the timer rang."""
    upcoming = clock.next_of(claim.deadlines)
    assert upcoming is not None
    late = msgspec.structs.replace(who, now=upcoming.at)
    return silence.pass_deadlines(claim, command, late)


def talking_has_one_budget(offers: Offer) -> None:
    """Property: every offer ends at the time at which the first one ends."""
    claim, ends = told([e.SellerAsked(deadline=due("seller_reply", 12))]), set()
    for number, by in enumerate(("seller", "buyer", "seller")):
        who = h.act("buyer" if by == "buyer" else "seller", at=h.NOW + timedelta(hours=2 + number))
        wanted = c.MakeOffer(
            by="buyer" if by == "buyer" else "seller",
            remedy="price_reduction",
            amount_minor=1000 + number,
            text="",
            clocks=h.clocks(claim, who.now),
        )
        made = offers(claim, wanted, who)
        ends |= {offer.deadline.at for offer in made if isinstance(offer, e.OfferMade)}
        claim, _ = h.record(claim, made, who)
    assert len(ends) == 1


def offer_that_renews_the_budget(claim: Claim, command: c.MakeOffer, who: Act) -> list[e.AnyEvent]:
    """The bug: each offer has a day of its own."""
    fresh = msgspec.structs.replace(claim, negotiation_until=None)
    return turns.make_offer(fresh, command, who)


def a_machine_leaves_careful_claims_alone(may: MachineMay) -> None:
    """Property: in the careful lane, after a contest, or when a person was asked for, never."""
    assert may(told([]), ruling())
    assert not may(told([], lane="careful"), ruling())
    assert not may(told([e.PersonAsked(text="")]), ruling())
    contest = e.SellerAnswered(kind="contest", text="")
    assert not may(told([contest]), ruling())


def machine_that_only_looks_at_certainty(claim: Claim, found: Ruling) -> bool:
    """The bug: sure is sure."""
    return found.certain and found.decision is not None


def an_appeal_pays_only_what_is_missing(returned: Returned) -> None:
    """Property: the changed decision counts what is back already and what is on its way."""
    half = h.decision("price_reduction", 3000)
    first = e.ClaimDecided(decision=half, deadlines=[])
    for state in ("wanted", "sent", "accepted", "manual", "arrived"):
        claim = told([first, h.moved("R-1", "refund", state)])
        assert returned(claim) == 100, state
    assert returned(told([first, h.moved("R-1", "refund", "refused")])) == 0


def honest_returned(claim: Claim) -> int:
    from makegood.claims.carrying import returned_minor

    return returned_minor(claim)


def returned_that_counts_arrivals_only(claim: Claim) -> int:
    """The bug: what is on its way is sent a second time after the appeal."""
    return sum(m.amount_minor for m in claim.money if m.kind == "refund" and m.state == "arrived")


def a_note_stays_with_the_staff(shows: View) -> None:
    """Property: no party finds an internal note in any corner of its view."""
    note = e.MessagePosted(message_id="m-1", text="secret platform words", audience="platform")
    begun, row = h.opening(), Recorded(2, h.NOW, Actor("agent", "xu"), note)
    claim = evolve(evolve(None, begun), row)
    sight = Sight(claim=claim, history=[begun, row], units=h.units(), ruling=None)
    assert "secret platform" in repr(claim_view(sight, h.PACK, Actor("agent", "xu"), h.NOW))
    for reader in (Actor("buyer", "b-1"), Actor("seller", "s-1")):
        assert "secret platform" not in repr(shows(sight, h.PACK, reader, h.NOW))


def view_that_is_the_same_for_all(
    sight: Sight, pack: Pack, reader: Actor, now: datetime
) -> ClaimView:
    """The bug: one cached view serves everybody."""
    return claim_view(sight, pack, Actor("agent", "xu"), now)


PAIRS = [
    (a_turn_takes_nothing_from_the_decision, evolve, fold_that_forgets_the_pause),
    (a_moved_deadline_does_nothing, silence.pass_deadlines, handler_that_trusts_its_timer),
    (talking_has_one_budget, turns.make_offer, offer_that_renews_the_budget),
    (
        a_machine_leaves_careful_claims_alone,
        turns.machine_may_decide,
        machine_that_only_looks_at_certainty,
    ),
    (an_appeal_pays_only_what_is_missing, honest_returned, returned_that_counts_arrivals_only),
    (a_note_stays_with_the_staff, claim_view, view_that_is_the_same_for_all),
]


@pytest.mark.parametrize(("holds", "right", "wrong"), PAIRS, ids=[one[2].__name__ for one in PAIRS])
def test_the_property_holds_and_catches_the_planted_bug(
    holds: Callable[[object], None], right: object, wrong: object
) -> None:
    holds(right)
    with pytest.raises(AssertionError):
        holds(wrong)


def decide_that_believes_the_session(
    claim: Claim, wanted: c.AnyCommand, who: Act
) -> list[e.AnyEvent] | None:
    """The bug: an old session of the buyer is proof enough."""
    proved = msgspec.structs.replace(who.actor, fresh_proof=True)
    return h.attempt(claim, wanted, msgspec.structs.replace(who, actor=proved))


def fold_that_loses_the_last_stop(claim: Claim | None, row: Recorded) -> Claim:
    """The bug: a decision ends every promise, also the one that nothing is forgotten."""
    after = evolve(claim, row)
    if not isinstance(row.event, e.RemedyFailed | e.ReviewStarted):
        return after
    return msgspec.structs.replace(after, deadlines=())


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("decide", decide_that_believes_the_session),
        ("evolve", fold_that_loses_the_last_stop),
    ],
)
def test_random_histories_find_the_planted_bug(name: str, twin: object) -> None:
    machine = type("BuggyClaim", (ClaimMachine,), {name: staticmethod(twin)})  # type: ignore[arg-type]
    quick = settings(
        max_examples=30,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=quick)
