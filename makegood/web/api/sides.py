"""What buyer and seller do on a claim: write, offer, agree, appeal, rate."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from makegood.claims import actions
from makegood.web.api.calling import need
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call
from makegood.web.api.shapes import (
    AmountMinor,
    Code,
    Input,
    MaybeText,
    Nothing,
    Text,
)
from makegood.web.api.steps import step, stepped

OfferedRemedy = Literal[
    "refund_full",
    "refund_prorated",
    "price_reduction",
    "reissue",
    "replacement",
    "repair",
]
EvidenceId = Annotated[str, Meta(min_length=1, max_length=80)]


class NewMessage(Input, frozen=True, kw_only=True):
    """A message to all parties, or `internal` among the staff."""

    text: Text
    audience: Literal["all", "internal"] = "all"


class SellerAnswer(Input, frozen=True, kw_only=True):
    """Accept, contest, or offer a remedy (`amount_minor` for money)."""

    kind: Literal["accept", "contest", "offer"]
    text: MaybeText = ""
    remedy: OfferedRemedy | None = None
    amount_minor: AmountMinor = 0

    def __post_init__(self) -> None:
        if self.kind == "offer" and self.remedy is None:
            raise ValueError("an offer needs a remedy")


class NewOffer(Input, frozen=True, kw_only=True):
    """A counter-offer."""

    remedy: OfferedRemedy
    amount_minor: AmountMinor = 0
    text: MaybeText = ""


class Words(Input, frozen=True, kw_only=True):
    """A word with a step, if any."""

    text: MaybeText = ""


class Appeal(Input, frozen=True, kw_only=True):
    """Which findings are disputed, and why."""

    disputed: Annotated[list[Code], Meta(min_length=1, max_length=40)]
    text: Text


class Reopening(Input, frozen=True, kw_only=True):
    """What is new, and the evidence that shows it."""

    text: Text
    evidence_ids: Annotated[list[EvidenceId], Meta(min_length=1, max_length=40)]


class Rating(Input, frozen=True, kw_only=True):
    """One to five, and a word."""

    score: Annotated[int, Meta(ge=1, le=5)]
    text: Annotated[str, Meta(max_length=1000)] = ""


class Choice(Input, frozen=True, kw_only=True):
    """One of the remedies that the decision left open."""

    remedy: Code


class Extension(Input, frozen=True, kw_only=True):
    """Whose evidence needs more time; once."""

    kind: Literal["buyer_evidence", "seller_evidence"]


async def post_message(call: Call) -> Answer:
    """Write on the claim."""
    message = call.body_as(NewMessage)
    if message.audience == "internal":
        need(call, "claim.message_internal")
        return await stepped(call, actions.post_message, message.text, "platform")
    return await stepped(call, actions.post_message, message.text)


async def answer(call: Call) -> Answer:
    """The seller's one answer."""
    said = call.body_as(SellerAnswer)
    if said.kind == "offer":
        assert said.remedy is not None, "an offer without a remedy is refused as it is read"
        return await _offer(call, said.remedy, said.amount_minor, said.text)
    return await stepped(call, actions.answer_as_seller, said.kind, said.text)


async def counter(call: Call) -> Answer:
    """Answer the standing offer with another."""
    offer = call.body_as(NewOffer)
    return await _offer(call, offer.remedy, offer.amount_minor, offer.text)


async def accept_offer(call: Call) -> Answer:
    """Take the standing offer; a buyer with fresh proof."""
    number = _number(call)
    return await stepped(call, actions.accept_offer, number)


async def decline_offer(call: Call) -> Answer:
    """Decline the standing offer."""
    number = _number(call)
    return await stepped(call, actions.decline_offer, number)


async def decide_now(call: Call) -> Answer:
    """Stop talking; the platform decides."""
    return await stepped(call, actions.decide_now)


async def extend(call: Call) -> Answer:
    """Ask once for more time for one's own evidence."""
    kind = call.body_as(Extension).kind
    return await stepped(call, actions.extend_deadline, kind)


async def ask_person(call: Call) -> Answer:
    """A person looks at it."""
    text = call.body_as(Words).text
    return await stepped(call, actions.ask_for_person, text)


async def withdraw(call: Call) -> Answer:
    """Take the claim back."""
    text = call.body_as(Words).text
    return await stepped(call, actions.withdraw, text)


async def appeal(call: Call) -> Answer:
    """Dispute named findings before another person."""
    wanted = call.body_as(Appeal)
    return await stepped(call, actions.appeal, disputed=wanted.disputed, text=wanted.text)


async def reopen(call: Call) -> Answer:
    """Look again because of new evidence."""
    wanted = call.body_as(Reopening)
    return await stepped(call, actions.reopen, text=wanted.text, evidence_ids=wanted.evidence_ids)


async def rate(call: Call) -> Answer:
    """Rate the handling, once."""
    rating = call.body_as(Rating)
    return await stepped(call, actions.rate, rating.score, rating.text)


async def choose_remedy(call: Call) -> Answer:
    """Choose among the remedies that the decision left open."""
    remedy = call.body_as(Choice).remedy
    return await stepped(call, actions.choose_remedy, remedy)


async def _offer(call: Call, remedy: str, amount_minor: int, text: str) -> Answer:
    return await stepped(
        call, actions.make_offer, remedy=remedy, amount_minor=amount_minor, text=text
    )


def _number(call: Call) -> int:
    text = call.path["number"]
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise Fault("not_found")
    return int(text)


OPERATIONS: Final = (
    step(
        "postMessage",
        "messages",
        "claim.message",
        "Write to all parties, or internally among the staff.",
        post_message,
        NewMessage,
        {"text": "补发的卡密可以用了，谢谢", "audience": "all"},
    ),
    step(
        "answerClaim",
        "answer",
        "claim.answer",
        "The seller accepts, contests, or offers a remedy.",
        answer,
        SellerAnswer,
        {"kind": "contest", "text": "核销记录显示已充值成功"},
        "already_answered",
        "offer_limit",
        "offer_not_covered",
        "negotiation_over",
        "exceeds_paid",
        "amount_not_positive",
        "remedy_not_available",
        "no_live_replacement",
    ),
    step(
        "counterOffer",
        "offers",
        "claim.counter_offer",
        "Answer the standing offer with another: three in all.",
        counter,
        NewOffer,
        {"remedy": "price_reduction", "amount_minor": 4900, "text": "退一半就可以"},
        "offer_limit",
        "offer_not_covered",
        "negotiation_over",
        "exceeds_paid",
        "amount_not_positive",
        "remedy_not_available",
        "no_live_replacement",
    ),
    step(
        "acceptOffer",
        "offers/{number}/acceptance",
        "claim.agree",
        "Take the other side's standing offer; a buyer with fresh proof.",
        accept_offer,
        Nothing,
        {},
        "already_answered",
        "negotiation_over",
        "fresh_proof_needed",
        "exceeds_paid",
        "no_live_replacement",
    ),
    step(
        "declineOffer",
        "offers/{number}/refusal",
        "claim.disagree",
        "Decline the other side's standing offer.",
        decline_offer,
        Nothing,
        {},
        "already_answered",
    ),
    step(
        "decideNow",
        "decide-now",
        "claim.decide_now",
        "Either side: the platform decides now on what is on record.",
        decide_now,
        Nothing,
        {},
    ),
    step(
        "extendDeadline",
        "extension",
        "claim.extend",
        "Ask once for more time for one's own evidence.",
        extend,
        Extension,
        {"kind": "buyer_evidence"},
        "already_answered",
    ),
    step(
        "askForPerson",
        "person-request",
        "claim.ask_person",
        "A person looks at it; possible at any time.",
        ask_person,
        Words,
        {"text": "机器没有看懂我的截图"},
    ),
    step(
        "withdrawClaim",
        "withdrawal",
        "claim.withdraw",
        "Take the claim back; fresh proof only.",
        withdraw,
        Words,
        {"text": "已经可以用了"},
        "fresh_proof_needed",
    ),
    step(
        "chooseRemedy",
        "remedy",
        "claim.choose_remedy",
        "Choose among the remedies that the decision left open; fresh proof only.",
        choose_remedy,
        Choice,
        {"remedy": "reissue"},
        "already_answered",
        "exceeds_paid",
        "fresh_proof_needed",
        "no_live_replacement",
        "remedy_not_available",
    ),
    step(
        "appealDecision",
        "appeal",
        "claim.appeal",
        "Dispute named findings before another person, once per decision.",
        appeal,
        Appeal,
        {"disputed": ["key.revealed"], "text": "这张卡密我没有打开过"},
        "already_appealed",
        "appeal_window_over",
        "approval_needs_other_person",
        "fresh_proof_needed",
    ),
    step(
        "reopenClaim",
        "reopening",
        "claim.reopen",
        "Look again because of evidence that was not there before.",
        reopen,
        Reopening,
        {"text": "找到了充值失败的截图", "evidence_ids": ["018f-…"]},
        "already_decided",
        "claim_exists",
        "not_new_evidence",
    ),
    step(
        "rateClaim",
        "rating",
        "claim.rate",
        "Rate the handling 1 to 5, once; fresh proof only.",
        rate,
        Rating,
        {"score": 5, "text": "很快"},
        "already_answered",
        "fresh_proof_needed",
    ),
)
