"""Every e-mail there is, as a closed union: what each one says, and to whom it may go.

No e-mail ever holds a card code, a one-time code or a link's token. Codes and tokens are derived
from an id when the mail is written out, so the outbox has nothing to steal.
"""

from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

from makegood.base.money import Money
from makegood.base.trouble import OutsideFailed
from makegood.people.markets.rules import Language


class Said(msgspec.Struct, frozen=True):
    """One sentence in both languages."""

    zh: str
    en: str


class FactLine(msgspec.Struct, frozen=True):
    """A fact that a decision rests on, with who states it and when it was so."""

    text: Said
    source: Said
    at: datetime | None = None


class ProofCode(msgspec.Struct, frozen=True, tag="proof_code"):
    """The one-time code; its digits are derived from the proof when the mail is written."""

    proof_id: str
    tag: str


class SignInLink(msgspec.Struct, frozen=True, tag="sign_in_link"):
    """An invitation, or a new link after a lost password."""

    link_id: str
    display_name: str


class ClaimReceived(msgspec.Struct, frozen=True, kw_only=True, tag="claim_received"):
    """To the buyer: the claim stands, what comes next and by when."""

    claim_no: str
    title: str
    reason: Said
    due_at: datetime | None = None
    then: Said | None = None
    link_id: str | None = None


class ClaimDeclined(msgspec.Struct, frozen=True, kw_only=True, tag="claim_declined"):
    """To the buyer: not accepted, why, and that a person can look at it."""

    claim_no: str
    title: str
    why: Said
    link_id: str | None = None


class EvidenceAsked(msgspec.Struct, frozen=True, kw_only=True, tag="evidence_asked"):
    """To the buyer or seller: what is asked for, by when, and what happens without it."""

    claim_no: str
    wanted: tuple[Said, ...]
    due_at: datetime
    then: Said
    link_id: str | None = None


class SellerAsked(msgspec.Struct, frozen=True, kw_only=True, tag="seller_asked"):
    """To the seller: a claim to answer."""

    claim_no: str
    title: str
    reason: Said
    amount: Money
    due_at: datetime
    then: Said


class OfferMade(msgspec.Struct, frozen=True, kw_only=True, tag="offer_made"):
    """To the other side of a negotiation: what is offered and until when."""

    claim_no: str
    offer: Said
    amount: Money | None = None
    due_at: datetime
    then: Said
    link_id: str | None = None


class DecisionMade(msgspec.Struct, frozen=True, kw_only=True, tag="decision_made"):
    """To both sides: what was found, on which facts, what follows, by which rule, how to appeal."""

    claim_no: str
    title: str
    outcome: Said
    finding: Said
    facts: tuple[FactLine, ...]
    amount: Money | None = None
    rule_id: str
    rule_version: str
    rule: Said
    appeal_until: datetime | None = None
    link_id: str | None = None


class HandedToPerson(msgspec.Struct, frozen=True, kw_only=True, tag="handed_to_person"):
    """To the buyer: a person has it now, and decides by this time."""

    claim_no: str
    why: Said
    due_at: datetime
    link_id: str | None = None


class RefundSent(msgspec.Struct, frozen=True, kw_only=True, tag="refund_sent"):
    """To the buyer: the refund was ordered by the original route."""

    claim_no: str
    amount: Money
    route: Said
    expected_by: datetime | None = None
    link_id: str | None = None


class RefundArrived(msgspec.Struct, frozen=True, kw_only=True, tag="refund_arrived"):
    """To the buyer: the payment channel confirmed the refund."""

    claim_no: str
    amount: Money
    route: Said
    arrived_at: datetime
    link_id: str | None = None


class ReplacementReady(msgspec.Struct, frozen=True, kw_only=True, tag="replacement_ready"):
    """To the buyer: a replacement waits on the page. Never the code itself."""

    claim_no: str
    title: str
    link_id: str | None = None


class DeadlineSoon(msgspec.Struct, frozen=True, kw_only=True, tag="deadline_soon"):
    """To whoever must act: the time that is left, and what happens without an answer."""

    claim_no: str
    task: Said
    due_at: datetime
    then: Said
    link_id: str | None = None


class MessageArrived(msgspec.Struct, frozen=True, kw_only=True, tag="message_arrived"):
    """To a party: someone wrote on the claim. The text itself stays on the page."""

    claim_no: str
    sender: Said
    link_id: str | None = None


class Survey(msgspec.Struct, frozen=True, kw_only=True, tag="survey"):
    """To the buyer: how was it handled. No answer changes nothing."""

    claim_no: str
    title: str
    link_id: str | None = None


class NowClaimable(msgspec.Struct, frozen=True, kw_only=True, tag="reminder_now_claimable"):
    """To a buyer who came too early: the promised time has passed, a claim is accepted now."""

    order_no: str
    title: str


class SupplierAsked(msgspec.Struct, frozen=True, kw_only=True, tag="supplier_asked"):
    """To a supplier without an API: the question, by when, and what happens in silence."""

    question: Said
    order_ref: str
    due_at: datetime
    then: Said
    link_id: str


class OutsideAsked(msgspec.Struct, frozen=True, kw_only=True, tag="outside_asked"):
    """To a mediator, publisher, channel or regulator: the question, by when, and then what."""

    claim_no: str
    question: str
    due_at: datetime
    then: Said
    link_id: str
    reminder: bool = False


class ApprovalAsked(msgspec.Struct, frozen=True, kw_only=True, tag="approval_asked"):
    """To an approver from outside: one operation to release or send back."""

    what: Said
    why: str
    proposed_by: str
    amount: Money | None = None
    link_id: str


class StatementReady(msgspec.Struct, frozen=True, kw_only=True, tag="statement_ready"):
    """To a supplier: a month's statement, what is due, and that lines can be disputed."""

    month: str
    amount: Money
    due_at: datetime
    link_id: str


Content: TypeAlias = (
    ProofCode
    | SignInLink
    | ClaimReceived
    | ClaimDeclined
    | EvidenceAsked
    | SellerAsked
    | OfferMade
    | DecisionMade
    | HandedToPerson
    | RefundSent
    | RefundArrived
    | ReplacementReady
    | DeadlineSoon
    | MessageArrived
    | Survey
    | NowClaimable
    | SupplierAsked
    | ApprovalAsked
    | StatementReady
    | OutsideAsked
)


Reader: TypeAlias = Literal["buyer", "seller", "staff"]
"""Whose page of the claim the button leads to."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail to send. The same `key` never makes a second one."""

    key: str
    to: str
    content: Content
    language: Language = "zh"
    reader: Reader = "buyer"
    subject: str = ""
    """What it is about: the claim number, by which a page lists its mails."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail written out, ready for a mail server. `message_id` is the same on every try."""

    sender_name: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    language: Language
    sent_at: datetime


class MailFailed(OutsideFailed):
    """The mail server did not take a letter; `permanent` when trying again is of no use."""

    def __init__(self, problem: str, *, permanent: bool) -> None:
        super().__init__(problem)
        self.permanent = permanent


class Mailer(Protocol):
    """Hands letters to a mail server."""

    async def send(self, letter: Letter) -> None:
        """Return when the server has taken it; raises MailFailed."""
        ...
