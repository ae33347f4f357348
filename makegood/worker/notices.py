"""Job `claim.notice`: from a step of a claim to the mail that tells a party about it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.money import Money
from makegood.base.time import Clock
from makegood.claims import events as e
from makegood.claims import store, system_actions
from makegood.claims.clock import running
from makegood.claims.desk import Desk
from makegood.claims.frame import pack_of
from makegood.claims.notices import Notice
from makegood.claims.state import Claim, Recorded
from makegood.orders import store as order_store
from makegood.people.links.actions import make_link
from makegood.people.proofs.rules import looks_like_mail
from makegood.people.staff.store import sign_in_names_of_seller
from makegood.policy.model import Pack
from makegood.store.database import Connection, Database
from makegood.store.jobs import TakenJob
from makegood.talk import mail as m
from makegood.talk import phrases
from makegood.talk import store as mail_store
from makegood.talk.actions import mail_id_of, queue_mail
from makegood.talk.mail import Content, FactLine, Mail, Said

LINK_VALID: Final = timedelta(days=30)


class NoticeRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What telling people needs."""

    db: Database
    desk: Desk
    clock: Clock


async def tell(room: NoticeRoom, job: TakenJob) -> None:
    """Queue the mail of one step for every address of the party; none where there is none."""
    notice = job.payload_as(Notice)
    act = Act(job.market_id, SYSTEM, room.clock.now(), job.request_id)
    async with room.db.connection() as conn:
        addresses = await _addresses(conn, act, notice)
    if not addresses:
        return
    async with room.db.transaction() as tx:
        loaded = await store.load(tx, job.market_id, notice.claim_no)
        if loaded is None:
            return
        recorded = next((r for r in loaded.history if r.version == notice.version), None)
        if recorded is None:
            return
        pack = await pack_of(room.desk, loaded.claim, act)
        for place, address in enumerate(addresses):
            link_id = await _link(tx, act, room.desk, loaded.claim, notice.to)
            content = content_of(pack, loaded.claim, recorded, notice, link_id)
            if content is None:
                continue
            key = f"{notice.claim_no}|{notice.version}|{notice.kind}|{notice.to}|{place}"
            mail = Mail(
                key=key,
                to=address,
                content=content,
                reader="seller" if notice.to == "seller" else "buyer",
                subject=notice.claim_no,
            )
            await queue_mail(tx, act, mail)


async def note_sent(room: NoticeRoom, market_id: str, key: str) -> None:
    """A mail about a claim was handed to the mail server: the claim says so."""
    parts = key.split("|")
    if len(parts) != 5:
        return
    claim_no, version, kind, to, _place = parts
    party: e.Party = "seller" if to == "seller" else "buyer"
    async with room.db.transaction() as tx:
        act = Act(market_id, SYSTEM, room.clock.now())
        if await mail_store.mail_state(tx, market_id, mail_id_of(market_id, key)) == "sent":
            await system_actions.note_notice(
                tx, act, room.desk, claim_no, int(version), kind, party
            )


def content_of(  # noqa: C901 - the closed list of notices
    pack: Pack, claim: Claim, recorded: Recorded, notice: Notice, link_id: str
) -> Content | None:
    """What the mail says; None where the step is no longer true."""
    opened, event = claim.opened, recorded.event
    link = link_id or None
    match notice.kind, event:
        case "claim_received", _:
            return m.ClaimReceived(
                claim_no=claim.claim_no,
                title=opened.title,
                reason=_reason(pack, opened.reason),
                due_at=_due(claim),
                then=_then(claim),
                link_id=link,
            )
        case "claim_declined", e.ClaimDeclined(text=text):
            why = e.words_of(text)
            return m.ClaimDeclined(
                claim_no=claim.claim_no, title=opened.title, why=Said(why, why), link_id=link
            )
        case "evidence_asked", e.EvidenceAsked(slots=slots, deadline=deadline):
            return m.EvidenceAsked(
                claim_no=claim.claim_no,
                wanted=tuple(_slot(pack, slot) for slot in slots),
                due_at=deadline.at,
                then=phrases.then_of(deadline.then),
                link_id=link,
            )
        case "seller_asked", e.SellerAsked(deadline=deadline):
            return m.SellerAsked(
                claim_no=claim.claim_no,
                title=opened.title,
                reason=_reason(pack, opened.reason),
                amount=Money(opened.claimed_minor, opened.currency),
                due_at=deadline.at,
                then=phrases.then_of(deadline.then),
            )
        case "offer_made", e.OfferMade() as made:
            return m.OfferMade(
                claim_no=claim.claim_no,
                offer=phrases.REMEDY.get(made.remedy, Said(made.remedy, made.remedy)),
                amount=Money(made.amount_minor, opened.currency) if made.amount_minor else None,
                due_at=made.deadline.at,
                then=phrases.then_of(made.deadline.then),
                link_id=link,
            )
        case "decision_made", e.ClaimDecided(decision=decision):
            return _decision(pack, claim, decision, notice.to, link)
        case "handed_to_person", _:
            return m.HandedToPerson(
                claim_no=claim.claim_no,
                why=phrases.WHY_PERSON,
                due_at=_due(claim) or recorded.at,
                link_id=link,
            )
        case "refund_sent", e.MoneyMoved() as moved:
            return m.RefundSent(
                claim_no=claim.claim_no,
                amount=Money(moved.amount_minor, opened.currency),
                route=phrases.ORIGINAL_ROUTE,
                expected_by=moved.eta_at,
                link_id=link,
            )
        case "refund_arrived", e.MoneyMoved() as moved:
            return m.RefundArrived(
                claim_no=claim.claim_no,
                amount=Money(moved.amount_minor, opened.currency),
                route=phrases.ORIGINAL_ROUTE,
                arrived_at=recorded.at,
                link_id=link,
            )
        case "replacement_ready", _:
            return m.ReplacementReady(claim_no=claim.claim_no, title=opened.title, link_id=link)
        case "deadline_soon", _:
            return _soon(claim, notice.to, link)
        case "message_arrived", _:
            return m.MessageArrived(claim_no=claim.claim_no, sender=_sender(recorded), link_id=link)
        case "survey", _:
            return m.Survey(claim_no=claim.claim_no, title=opened.title, link_id=link)
        case _:
            return None


def _decision(
    pack: Pack, claim: Claim, decision: e.Decision, to: e.Party, link: str | None
) -> m.DecisionMade:
    """The result with the finding, the facts it rests on, the rule, and how to appeal."""
    finding = pack.findings.get(decision.finding)
    if finding is None:
        said = Said(decision.clause_zh, decision.clause_en)
    else:
        words = finding.for_buyer if to == "buyer" else finding.for_seller
        said = Said(words.zh, words.en)
    amount = decision.amount_minor
    return m.DecisionMade(
        claim_no=claim.claim_no,
        title=claim.opened.title,
        outcome=phrases.REMEDY.get(decision.remedy, Said(decision.remedy, decision.remedy)),
        finding=said,
        facts=tuple(_fact(condition) for condition in decision.conditions),
        amount=Money(amount, claim.opened.currency) if amount else None,
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        rule=Said(decision.clause_zh, decision.clause_en),
        appeal_until=decision.appeal_until,
        link_id=link,
    )


def _soon(claim: Claim, to: e.Party, link: str | None) -> m.DeadlineSoon | None:
    """What is about to pass for this side; None when it was done meanwhile."""
    turns = [d for d in running(claim.deadlines) if d.turn == to or d.kind == "negotiation"]
    if not turns:
        return None
    return m.DeadlineSoon(
        claim_no=claim.claim_no,
        task=phrases.TASK.get(turns[0].kind, phrases.ANSWER),
        due_at=turns[0].at,
        then=phrases.then_of(turns[0].then),
        link_id=link,
    )


def _fact(condition: e.Condition) -> FactLine:
    actual = phrases.UNKNOWN if condition.actual is None else _scalar(condition.actual)
    return FactLine(
        text=Said(
            f"{condition.label_zh}：{actual.zh}",
            f"{condition.label_en}: {actual.en}",
        ),
        source=phrases.SOURCE.get(condition.source, phrases.STAFF),
    )


def _scalar(value: bool | int | str) -> Said:
    if isinstance(value, bool):
        return Said("是", "yes") if value else Said("否", "no")
    return Said(str(value), str(value))


def _reason(pack: Pack, code: str) -> Said:
    name = pack.reasons[code].name
    return Said(name.zh, name.en)


def _slot(pack: Pack, code: str) -> Said:
    slot = pack.slots.get(code)
    return Said(slot.name.zh, slot.name.en) if slot else Said(code, code)


def _due(claim: Claim) -> datetime | None:
    running = [d for d in claim.deadlines if d.paused_at is None]
    return min((d.at for d in running), default=None)


def _then(claim: Claim) -> Said | None:
    running = sorted((d for d in claim.deadlines if d.paused_at is None), key=lambda d: d.at)
    return phrases.then_of(running[0].then) if running else None


def _sender(recorded: Recorded) -> Said:
    return {"buyer": phrases.BUYER, "seller": phrases.SELLER}.get(recorded.by.role, phrases.STAFF)


async def _addresses(conn: Connection, act: Act, notice: Notice) -> Sequence[str]:
    """The buyer's contact on the order, or the accounts of the seller that are mail addresses."""
    parties = await store.parties_of(conn, act.market_id, notice.claim_no)
    if parties is None:
        return []
    if notice.to == "seller":
        names = await sign_in_names_of_seller(conn, act.market_id, parties.seller_id)
        return [name for name in names if looks_like_mail(name)]
    found = await order_store.load_order(conn, act.market_id, parties.order_no)
    contact = found.order.buyer.contact if found else None
    return [contact] if contact and looks_like_mail(contact) else []


async def _link(tx: Connection, act: Act, desk: Desk, claim: Claim, to: e.Party) -> str:
    """A one-time link for a buyer, who has no account; a seller signs in."""
    if to == "seller":
        return ""
    subject = {
        "claim_no": claim.claim_no,
        "order_no": claim.opened.order_no,
        "buyer_id": e.words_of(claim.opened.buyer_id),
    }
    token = await make_link(tx, act, desk.vault, desk.ids, "claim", subject, LINK_VALID)
    return token.partition(".")[0]
