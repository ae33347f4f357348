"""What the parties do with a claim: each function is one step in the caller's transaction."""

from collections.abc import Sequence
from typing import Literal

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.desk import Desk, reviewer_for
from makegood.claims.frame import Frame
from makegood.claims.may import has_new_evidence
from makegood.claims.offers import payer_of
from makegood.claims.remedies import COUPON, FULL_REFUND, GOODS
from makegood.claims.ruling import agreed_decision
from makegood.claims.saving import hold
from makegood.claims.solo_appeals import outside_reviewer
from makegood.claims.state import STAFF, Claim
from makegood.claims.stepping import step, step_held
from makegood.claims.view import Audience
from makegood.ledger.coupons.actions import reserve_coupon, sources_of_payer
from makegood.reading.rules import mask_secrets
from makegood.store.database import Connection

# --- both sides -----------------------------------------------------------------------------


async def post_message(
    tx: Connection, act: Act, desk: Desk, claim_no: str, text: str, audience: Audience = "all"
) -> Claim:
    """Write on the claim. The same text by the same person in the same second is one message."""
    masked = mask_secrets(text)
    message_id = derived_id("message", claim_no, act.actor.role, act.actor.id, act.request_id, text)
    message = c.PostMessage(message_id=message_id, text=masked, audience=audience)
    return await step(tx, act, desk, claim_no, message)


async def file_evidence(
    tx: Connection, act: Act, desk: Desk, claim_no: str, item: e.EvidenceAdded
) -> Claim:
    """Put an item that storage holds on record; a request it completes goes on by itself."""
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.AddEvidence(item=item, ruling=look.ruling, clocks=look.clocks),
    )


async def make_offer(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    *,
    remedy: str,
    amount_minor: int,
    text: str,
) -> Claim:
    """The seller's offer or either side's counter-offer.

    A coupon that the seller offers is reserved out of its money in the same commit.

    Raises:
        Refused: `offer_not_covered` for a coupon that the seller cannot pay for,
            `insufficient_funds` where the buyer asks for such a one.
    """
    by = _party(act)
    async with tx.transaction():
        claim = await step(
            tx,
            act,
            desk,
            claim_no,
            lambda claim, look: c.MakeOffer(
                by=by,
                remedy=remedy,
                amount_minor=0 if remedy in GOODS else amount_minor,
                text=mask_secrets(text),
                clocks=look.clocks,
            ),
        )
        if remedy == COUPON:
            await _cover_coupon(tx, act, claim, claim.offers[-1].made)
    return claim


async def _cover_coupon(tx: Connection, act: Act, claim: Claim, made: e.OfferMade) -> None:
    """A seller's own money is set aside for its coupon; a buyer asks for what could be paid."""
    money = Money(made.amount_minor, claim.opened.currency)
    if made.by == "seller":
        payer = payer_of(claim, made.number)
        await reserve_coupon(tx, act, payer, claim.claim_no, money)
    else:
        await sources_of_payer(tx, act.market_id, payer_of(claim, None), money)


async def accept_offer(tx: Connection, act: Act, desk: Desk, claim_no: str, number: int) -> Claim:
    """Take the other side's standing offer; a buyer with fresh proof."""

    def make(claim: Claim, look: Frame) -> c.AnyCommand:
        offer = next((o.made for o in claim.offers if o.made.number == number), None)
        if offer is None:
            raise Refused("already_answered")
        decision = agreed_decision(
            claim,
            look.ruling,
            remedy=offer.remedy,
            amount_minor=offer.amount_minor,
            source="settlement",
            decided_by=act.actor.id,
            name=claim.opened.seller_name,
            appeal_until=look.clocks.appeal_window.at,
        )
        return c.AcceptOffer(by=_party(act), number=number, decision=decision, clocks=look.clocks)

    return await step(tx, act, desk, claim_no, make)


async def decline_offer(tx: Connection, act: Act, desk: Desk, claim_no: str, number: int) -> Claim:
    """Decline the other side's standing offer; the facts, then a person, decide."""
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.DeclineOffer(
            by=_party(act), number=number, ruling=look.ruling, clocks=look.clocks
        ),
    )


async def decide_now(tx: Connection, act: Act, desk: Desk, claim_no: str) -> Claim:
    """Ask that the platform decides now on what is on record."""
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.DecideNow(ruling=look.ruling, clocks=look.clocks),
    )


async def extend_deadline(tx: Connection, act: Act, desk: Desk, claim_no: str, kind: str) -> Claim:
    """Ask once for more time for one's own evidence: as long again, from now."""

    def make(claim: Claim, look: Frame) -> c.AnyCommand:
        fresh = (
            look.clocks.buyer_evidence if kind == "buyer_evidence" else look.clocks.seller_evidence
        )
        return c.ExtendDeadline(kind=kind, at=fresh.at)

    return await step(tx, act, desk, claim_no, make)


async def appeal(
    tx: Connection, act: Act, desk: Desk, claim_no: str, *, disputed: Sequence[str], text: str
) -> Claim:
    """Dispute named findings before another person.

    Raises:
        Refused: `approval_needs_other_person` where the market has nobody else, outside neither.
    """
    held = await hold(tx, act, claim_no)
    decided_by = held.claim.decision.decided_by if held.claim.decision else ""
    roster = await desk.rosters.get(act.market_id, act.now)
    apart = (decided_by, held.claim.approved_by)
    found = reviewer_for(roster, desk.ids.secret(8), apart, held.claim.opened.about_staff)
    if found is not None:
        reviewer_id, reviewer_name = found.account_id, found.display_name
    else:
        reviewer_id, reviewer_name = await outside_reviewer(tx, act, desk, apart)
    done = await step_held(
        tx,
        act,
        desk,
        held,
        lambda claim, look: c.Appeal(
            by=_party(act),
            disputed=list(disputed),
            text=mask_secrets(text),
            reviewer_id=reviewer_id,
            reviewer_name=reviewer_name,
            new_evidence=has_new_evidence(claim),
            clocks=look.clocks,
        ),
    )
    return done.claim


# --- the buyer ------------------------------------------------------------------------------


async def ask_for_person(
    tx: Connection, act: Act, desk: Desk, claim_no: str, text: str = ""
) -> Claim:
    """A person looks at it; always possible."""
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.AskPerson(text=mask_secrets(text), clocks=look.clocks),
    )


async def withdraw(tx: Connection, act: Act, desk: Desk, claim_no: str, reason: str = "") -> Claim:
    """Take the claim back; fresh proof only."""
    command = c.Withdraw(reason=mask_secrets(reason))
    return await step(tx, act, desk, claim_no, command)


async def choose_remedy(tx: Connection, act: Act, desk: Desk, claim_no: str, remedy: str) -> Claim:
    """Choose among the remedies the decision left open; fresh proof only."""
    command = c.ChooseRemedy(remedy=remedy)
    return await step(tx, act, desk, claim_no, command)


async def reopen(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    *,
    text: str,
    evidence_ids: Sequence[str],
) -> Claim:
    """Look again because of evidence filed after the end."""
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.Reopen(
            text=mask_secrets(text), evidence_ids=list(evidence_ids), clocks=look.clocks
        ),
    )


async def rate(
    tx: Connection, act: Act, desk: Desk, claim_no: str, score: int, text: str = ""
) -> Claim:
    """Rate the handling 1 to 5, once, with fresh proof."""
    command = c.Rate(score=score, text=mask_secrets(text))
    return await step(tx, act, desk, claim_no, command)


# --- the seller -----------------------------------------------------------------------------


async def answer_as_seller(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    kind: Literal["accept", "contest"],
    text: str,
) -> Claim:
    """Accept (which decides the claim) or contest (which a person reads)."""

    def make(claim: Claim, look: Frame) -> c.AnyCommand:
        wants = claim.opened.wants
        goods = wants in GOODS and wants in look.ruling.remedies
        remedy = wants if goods else FULL_REFUND
        agreed = agreed_decision(
            claim,
            look.ruling,
            remedy=remedy,
            amount_minor=0 if goods else claim.opened.claimed_minor,
            source="seller",
            decided_by=act.actor.id,
            name=claim.opened.seller_name,
            appeal_until=look.clocks.appeal_window.at,
        )
        return c.AnswerAsSeller(
            kind=kind,
            text=mask_secrets(text),
            agreed=agreed,
            ruling=look.ruling,
            clocks=look.clocks,
        )

    return await step(tx, act, desk, claim_no, make)


def _party(act: Act) -> e.Party:
    """The side that acts; the staff and keys act for the buyer, never for the seller."""
    if act.actor.role in STAFF:
        raise Refused("not_your_turn")
    return "seller" if act.actor.role == "seller" else "buyer"
