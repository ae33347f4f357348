"""The one door to the rules of a claim: a command in, the events that follow from it out."""

from collections import Counter
from typing import assert_never

from makegood.base.actor import Act
from makegood.claims import care, outcome, silence, turns
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.state import Claim


def decide(claim: Claim, command: c.AnyCommand, act: Act) -> list[e.AnyEvent]:  # noqa: C901 - the closed list of commands
    """The events a command leads to, none where it changes nothing. Raises Refused."""
    match command:
        case c.RecordFacts(facts=facts):
            care.check_staff(act, "state_fact")
            return _record(claim, facts)
        case c.FinishCheck():
            return turns.finish_check(claim, command, act)
        case c.ConfirmPayment():
            return care.confirm_payment(claim, command, act)
        case c.DoubtPayment():
            return care.doubt_payment(claim, command, act)
        case c.AnswerAsSeller():
            return turns.answer_as_seller(claim, command, act)
        case c.MakeOffer():
            return turns.make_offer(claim, command, act)
        case c.AcceptOffer():
            return turns.accept_offer(claim, command, act)
        case c.DeclineOffer():
            return turns.decline_offer(claim, command, act)
        case c.DecideNow():
            return turns.decide_now(claim, command, act)
        case c.AskEvidence():
            return turns.ask_evidence(claim, command, act)
        case c.AddEvidence():
            return turns.add_evidence(claim, command, act)
        case c.ExtendDeadline():
            return turns.extend_deadline(claim, command, act)
        case c.PassDeadlines():
            return silence.pass_deadlines(claim, command, act)
        case c.AskPerson():
            return care.ask_person(claim, command, act)
        case c.PostMessage():
            return care.post_message(claim, command, act)
        case c.HandOver():
            return care.hand_over(claim, command, act)
        case c.AnswerTask():
            return care.answer_task(claim, command, act)
        case c.Assign():
            return care.assign(claim, command, act)
        case c.SetLane():
            return care.set_lane(claim, command, act)
        case c.SetPriority():
            return care.set_priority(claim, command, act)
        case c.SetTags():
            return care.set_tags(claim, command, act)
        case c.Escalate():
            return care.escalate(claim, command, act)
        case c.Decide():
            return outcome.decide(claim, command, act)
        case c.ReleaseDecision():
            return outcome.release(claim, command, act)
        case c.ReturnDecision():
            return outcome.send_back(claim, command, act)
        case c.ChooseRemedy():
            return outcome.choose_remedy(claim, command, act)
        case c.NoteMoney():
            return outcome.note_money(claim, command, act)
        case c.NoteGoodsWithdrawn():
            return _withdraw_goods(claim, command)
        case c.FinishWithoutMoney():
            return outcome.finish_without_money(claim, command, act)
        case c.FailRemedy():
            return outcome.fail_remedy(claim, command, act)
        case c.Compensate():
            return outcome.compensate(claim, command)
        case c.OfferRepair():
            return care.offer_repair(claim, command, act)
        case c.NoteRepairPaid():
            return care.note_repair_paid(claim, command, act)
        case c.NoteReveal(unit_no=unit_no, generation=generation):
            return [e.KeyRevealed(unit_no=unit_no, generation=generation)]
        case c.NoteNotice():
            return _notice(claim, command)
        case c.Rate():
            return outcome.rate(claim, command, act)
        case c.Withdraw():
            return outcome.withdraw(claim, command, act)
        case c.Appeal():
            return outcome.appeal(claim, command, act)
        case c.DecideAppeal():
            return outcome.decide_appeal(claim, command, act)
        case c.Reopen():
            return outcome.reopen(claim, command, act)
        case c.Decline():
            return outcome.decline(claim, command, act)
        case c.ReferOutside():
            return care.refer_outside(claim, command, act)
        case c.NoteOutsideAnswer():
            return care.note_outside_answer(claim, command, act)
        case unreachable:
            assert_never(unreachable)


def _record(claim: Claim, facts: list[e.StatedFact]) -> list[e.AnyEvent]:
    """Only what is new: what a source said last about a name is not recorded again.

    A source speaks of several units in one breath, so its last words are as many as it says now.
    """
    said: dict[tuple[str, str, str], list[e.StatedFact]] = {}
    for fact in facts:
        said.setdefault((fact.name, fact.source, fact.source_id), []).append(fact)
    known: dict[tuple[str, str, str], list[e.Scalar]] = {}
    for fact in claim.facts:
        known.setdefault((fact.name, fact.source, fact.source_id), []).append(fact.value)
    fresh = [
        fact
        for key, words in said.items()
        if Counter(f.value for f in words) != Counter(known.get(key, [])[-len(words) :])
        for fact in words
    ]
    return [e.FactsRecorded(facts=fresh)] if fresh else []


def _notice(claim: Claim, command: c.NoteNotice) -> list[e.AnyEvent]:
    sent = e.NoticeSent(
        about=command.about, kind=command.kind, to=command.to, channel=command.channel
    )
    return [] if sent in claim.notices else [sent]


def _withdraw_goods(claim: Claim, command: c.NoteGoodsWithdrawn) -> list[e.AnyEvent]:
    if any(gone.unit_no == command.unit_no for gone in claim.withdrawn_goods):
        return []
    return [e.GoodsWithdrawn(unit_no=command.unit_no, how=command.how)]
