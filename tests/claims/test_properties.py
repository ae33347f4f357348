"""What holds for every claim whatever anybody tries: random histories over the pure rules."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from makegood.base.actor import SYSTEM, Act, Actor, Role
from makegood.claims import clock, edges, turns
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.carrying import borne_by
from makegood.claims.fold import evolve, fold
from makegood.claims.sight import Sight
from makegood.claims.silence import asks_the_rules
from makegood.claims.state import Claim, Recorded
from makegood.claims.viewing import claim_view
from tests.claims import histories as h

Decide = Callable[[Claim, c.AnyCommand, Act], list[e.AnyEvent] | None]
Evolve = Callable[[Claim | None, Recorded], Claim]
READERS: tuple[tuple[Role, str], ...] = (("buyer", "b-1"), ("seller", "s-1"), ("supplier", "u-1"))
REPEATABLE = (
    c.RecordFacts,
    c.PostMessage,
    c.AskPerson,
    c.Assign,
    c.SetLane,
    c.SetPriority,
    c.SetTags,
    c.NoteMoney,
    c.NoteGoodsWithdrawn,
    c.NoteNotice,
    c.NoteRepairPaid,
    c.Compensate,
    c.PassDeadlines,
)
"""Commands whose second telling changes nothing: they are sent again after a crash."""
UNITS = h.units()


class ClaimMachine(RuleBasedStateMachine):
    """One claim and everybody who can touch it. A twin may replace the rules by a buggy form."""

    decide: Decide = staticmethod(h.attempt)
    evolve: Evolve = staticmethod(evolve)

    @initialize(
        lane=st.sampled_from(("fast", "careful")), priority=st.sampled_from(("P0", "P1", "P2"))
    )
    def opens(self, lane: e.Lane, priority: str) -> None:
        self.now: datetime = h.NOW
        self.history = [h.opening(lane, priority)]
        self.claim = evolve(None, self.history[0])
        self._take([e.ClaimAccepted()], Act("main", SYSTEM, self.now))

    @rule(hours=st.sampled_from((0.01, 1, 13, 25, 49, 80)))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule(data=st.data())
    def deadlines_act(self, data: st.DataObject) -> None:
        """The timer of the next deadline, at its time."""
        upcoming = clock.next_of(self.claim.deadlines)
        if upcoming is None:
            return
        self.now = max(self.now, upcoming.at)
        who = Act("main", SYSTEM, self.now)
        said = data.draw(h.RULINGS)
        passing = c.PassDeadlines(
            ruling=said if asks_the_rules(self.claim) else None,
            clocks=h.clocks(self.claim, self.now),
            escalate_to="qi",
        )
        self._send(passing, who)

    @rule(data=st.data(), role=st.sampled_from(h.ROLES), proof=st.booleans(), other=st.booleans())
    def somebody_tries(self, data: st.DataObject, role: Role, proof: bool, other: bool) -> None:
        who = h.act(role, f"{role}-2" if other else "", proof=proof, at=self.now)
        self._send(data.draw(h.commands(self.claim, who)), who)

    @rule(data=st.data())
    def the_usual_happens(self, data: st.DataObject) -> None:
        """Somebody does what their page offers, so that histories reach their end."""
        usual: tuple[Role, ...] = ("buyer", "seller", "agent", "lead", "system")
        role = data.draw(st.sampled_from(usual))
        who = h.act(role, proof=True, at=self.now)
        for _ in range(4):
            wanted = data.draw(h.commands(self.claim, who))
            if self.decide(self.claim, wanted, who):
                self._send(wanted, who)
                return

    @rule(data=st.data(), proof=st.booleans())
    def the_buyer_gives_up_a_right(self, data: st.DataObject, proof: bool) -> None:
        who = h.act("buyer", "b-1", proof=proof, at=self.now)
        rights: tuple[c.AnyCommand, ...] = (
            c.Withdraw(reason="t"),
            c.Rate(score=5, text="t"),
            c.ChooseRemedy(remedy="explanation"),
        )
        self._send(data.draw(st.sampled_from(rights)), who)

    @invariant()
    def an_open_claim_has_an_owner_and_a_deadline(self) -> None:
        if self.claim.is_open:
            assert self.claim.owner_id
            assert clock.next_of(self.claim.deadlines) is not None, self.claim.state

    @invariant()
    def the_most_urgent_class_never_waits_for_anybody(self) -> None:
        if self.claim.priority == "P0":
            assert all(d.paused_at is None for d in self.claim.deadlines if d.kind == "decision")

    @invariant()
    def nothing_is_asked_or_offered_too_often(self) -> None:
        told = [row.event for row in self.history]
        offers = [event for event in told if isinstance(event, e.OfferMade)]
        assert sum(isinstance(event, e.EvidenceAsked) for event in told) <= 3
        assert len(offers) <= 1 + turns.MAX_COUNTER_OFFERS
        assert len({offer.deadline.at for offer in offers}) <= 1
        assert sum(isinstance(event, e.SupplierAwaited) for event in told) <= 1
        longer = [event.kind for event in told if isinstance(event, e.DeadlineExtended)]
        assert len(longer) == len(set(longer))

    def teardown(self) -> None:
        assert fold(self.history) == self.claim
        for role, id_ in READERS:
            _sees_only_its_own(self.claim, self.history, Actor(role, id_), self.now)

    def _send(self, wanted: c.AnyCommand, who: Act) -> None:
        events = self.decide(self.claim, wanted, who)
        if not events:
            return
        before = self.claim
        self._take(events, who)
        _rights_are_kept(before, wanted, events, who)
        _money_is_whole(events)
        if isinstance(wanted, REPEATABLE):
            assert not self.decide(self.claim, wanted, who), f"again: {wanted}"

    def _take(self, events: list[e.AnyEvent], who: Act) -> None:
        appealed = False
        for event in events:
            before = self.claim
            row = Recorded(before.version + 1, who.now, who.actor, event)
            self.claim = self.evolve(before, row)
            self.history.append(row)
            _follows_an_edge(before, event, self.claim, appealed=appealed)
            appealed = appealed or isinstance(event, e.AppealDecided)
            if isinstance(event, e.ClaimDecided) and event.decision.source == "machine":
                assert before.lane == "fast", "a machine closed a careful claim"
                assert not before.person_asked
            if isinstance(event, e.ClaimClosed):
                assert event.root_cause in ("supplier", "customer", "system", "seller")


def _follows_an_edge(before: Claim, event: e.AnyEvent, after: Claim, *, appealed: bool) -> None:
    if before.state == after.state:
        return
    if isinstance(event, e.AppealDecided):
        assert after.state == before.before_appeal
        return
    if appealed and isinstance(event, e.ClaimDecided):
        return
    known = any(edge.to == after.state and before.state in edge.sources for edge in edges.EDGES)
    assert known, f"{before.state} -> {after.state} by {event}"


def _rights_are_kept(
    before: Claim, wanted: c.AnyCommand, events: list[e.AnyEvent], who: Act
) -> None:
    fresh_buyer = who.actor.role == "buyer" and who.actor.fresh_proof
    for event in events:
        match event:
            case e.ClaimWithdrawn() | e.ClaimRated():
                assert fresh_buyer
            case e.OfferAnswered(number=number, answer="accepted"):
                offer = next(o for o in before.offers if o.made.number == number)
                assert who.actor.role != offer.made.by
                assert fresh_buyer or who.actor.role == "seller"
            case e.RemedyChosen():
                assert fresh_buyer or who.actor.role == "system"
            case e.AppealDecided():
                assert before.decision is not None
                assert who.actor.id not in (before.decision.decided_by, before.approved_by)
            case e.ClaimDecided() if isinstance(wanted, c.ReleaseDecision):
                assert who.actor.id != before.proposed_by
            case _:
                pass
    if isinstance(wanted, c.PassDeadlines):
        _silence_agrees_to_nothing(events)


def _silence_agrees_to_nothing(events: list[e.AnyEvent]) -> None:
    for event in events:
        assert not (isinstance(event, e.OfferAnswered) and event.answer == "accepted")
        assert not isinstance(event, e.SellerAnswered | e.ClaimWithdrawn)
        if isinstance(event, e.ClaimDecided):
            assert event.decision.source == "machine"


def _money_is_whole(events: list[e.AnyEvent]) -> None:
    for event in events:
        if isinstance(event, e.ClaimDecided):
            decision = event.decision
            assert sum(decision.shares.values()) == 100
            assert sum(borne_by(decision, decision.amount_minor).values()) == decision.amount_minor
            assert 0 <= decision.amount_minor <= h.PAID_MINOR


def _sees_only_its_own(claim: Claim, history: list[Recorded], reader: Actor, now: datetime) -> None:
    """Nothing that is for the platform, or for the other side, is anywhere in the view."""
    sight = Sight(claim=claim, history=history, units=UNITS, ruling=None)
    view = claim_view(sight, h.PACK, reader, now)
    shown = repr(view)
    for audience in {"platform", "buyer", "seller"} - {reader.role}:
        assert f"secret {audience}" not in shown
    own = ("all", reader.role)
    hidden = [item for item in claim.evidence if item.audience not in own]
    seen = {item.evidence_id for item in view.evidence}
    assert seen.isdisjoint(item.evidence_id for item in hidden)
    assert view.tasks == []
    assert view.suggestion is None


TestEveryClaim = ClaimMachine.TestCase
TestEveryClaim.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@given(amount=st.integers(0, 10**9), seller=st.integers(0, 100), third=st.integers(0, 100))
@settings(max_examples=200, derandomize=True, database=None)
def test_who_bears_a_refund_sums_to_it_to_the_cent(amount: int, seller: int, third: int) -> None:
    shares = {"seller": seller, "third": min(third, 100 - seller)}
    shares["supplier"] = 100 - sum(shares.values())
    decided = msgspec.structs.replace(h.decision(), shares=shares)
    borne = borne_by(decided, amount)
    assert sum(borne.values()) == amount
    assert all(part > 0 for part in borne.values())
