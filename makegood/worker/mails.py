"""Sends what the outbox holds: writes the letter, hands it over, notes the outcome."""

from datetime import timedelta
from typing import Final

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.people.links.actions import link_token
from makegood.people.links.rules import Purpose, link_url
from makegood.people.markets.actions import Markets
from makegood.people.markets.rules import Market
from makegood.people.proofs import store as proof_store
from makegood.people.proofs.actions import SendCode, address_of, proof_code
from makegood.people.proofs.rules import looks_like_mail, tag_of
from makegood.record.log.given_store import number_at
from makegood.store.database import Connection, Database
from makegood.store.jobs import NotYet, TakenJob
from makegood.store.vault import Vault
from makegood.talk import store
from makegood.talk.actions import SendMail, queue_mail
from makegood.talk.letters import Addresses, Letters
from makegood.talk.mail import (
    ApprovalAsked,
    Content,
    Letter,
    Mail,
    Mailer,
    MailFailed,
    NowClaimable,
    OutsideAsked,
    ProofCode,
    Reader,
    SellerAsked,
    SignInLink,
    StatementReady,
    SupplierAsked,
)

_CLAIM_PAGES: Final[dict[Reader, str]] = {
    "buyer": "/c/",
    "seller": "/seller/c/",
    "staff": "/desk/c/",
}


NOTICE_KEY_PARTS: Final = 5
"""A notice's key is claim, version, kind, party and place, with bars between."""


MAILS_WAIT: Final = timedelta(days=3)
"""How long a mail waits for a mail server to be set; what is older would only confuse."""
LOOK_AGAIN: Final = timedelta(minutes=2)
"""How soon a waiting mail goes out once there is a mail server."""


class MailBusy(Exception):
    """Another worker is sending this mail; the job comes back later."""


class Post(msgspec.Struct, frozen=True):
    """What sending needs."""

    db: Database
    vault: Vault
    clock: Clock
    markets: Markets
    letters: Letters
    mailer: Mailer


async def send_proof_code(post: Post, job: TakenJob) -> None:
    """Queue the mail with the code of a proof whose contact fits; nothing for any other."""
    proof_id = job.payload_as(SendCode).proof_id
    act = _act(post, job)
    async with post.db.transaction() as tx:
        proof = await proof_store.load_proof(tx, job.market_id, proof_id)
        if proof is None or act.now >= proof.expires_at:
            return
        address = address_of(post.vault, job.market_id, proof)
        if address is None or not looks_like_mail(address):
            return
        content = ProofCode(proof_id, tag_of(proof_id))
        mail = Mail(key=f"proof:{proof_id}", to=address, content=content, language=proof.language)
        await queue_mail(tx, act, mail)


async def send_mail(post: Post, job: TakenJob) -> None:
    """Send one mail of the outbox; raises MailFailed when the job shall be tried again."""
    mail_id = job.payload_as(SendMail).mail_id
    letter = await _take(post, job, mail_id)
    if letter is None:
        return
    try:
        await post.mailer.send(letter)
    except MailFailed as failed:
        await _settle(post, job, mail_id, "failed" if failed.permanent else "queued", str(failed))
        if not failed.permanent:
            raise
        return
    await _settle(post, job, mail_id, "sent", "")


async def keep_mail(db: Database, clock: Clock, job: TakenJob) -> None:
    """No mail server is set: the mail waits for one, and is given up when it says nothing new.

    Raises NotYet while it waits.
    """
    mail_id, now = job.payload_as(SendMail).mail_id, clock.now()
    async with db.transaction() as tx:
        if await store.mail_state(tx, job.market_id, mail_id) not in ("queued", "sending"):
            return
        given_up = await store.give_up_mail(
            tx, job.market_id, mail_id, now - MAILS_WAIT, "no mail server was set", now
        )
    if not given_up:
        raise NotYet(now + LOOK_AGAIN)


async def keep_proof_code(db: Database, clock: Clock, job: TakenJob) -> None:
    """No mail server is set: a code waits for one as long as it is good. Raises NotYet."""
    now = clock.now()
    async with db.connection() as conn:
        proof = await proof_store.load_proof(conn, job.market_id, job.payload_as(SendCode).proof_id)
    if proof is not None and now < proof.expires_at:
        raise NotYet(now + LOOK_AGAIN)


async def _take(post: Post, job: TakenJob, mail_id: str) -> Letter | None:
    """Lease the mail and write it out; None when it is settled already or comes too late."""
    act = _act(post, job)
    async with post.db.transaction() as tx:
        taken = await store.take_mail(tx, job.market_id, mail_id, act.now)
        state = await store.mail_state(tx, job.market_id, mail_id)
        number = await _receipt_number(tx, job.market_id, mail_id)
    if taken is None:
        if state == "sending":
            raise MailBusy(mail_id)
        return None
    market = await post.markets.get(job.market_id, act.now)
    assert market is not None, "mails are queued for markets that exist"
    addresses = addresses_of(post.vault, market, taken.content, taken.reader)
    if number:
        receipt = f"{market.settings.base_url}/v/{number}"
        addresses = msgspec.structs.replace(addresses, receipt=receipt)
    return post.letters.write(
        market.settings, taken.mail_id, taken.to, taken.language, taken.content, addresses, act.now
    )


async def _receipt_number(conn: Connection, market_id: str, mail_id: str) -> str | None:
    """The receipt of the step of a claim that a mail is about, as its key says; or None."""
    parts = (await store.mail_key(conn, market_id, mail_id) or "").split("|")
    if len(parts) != NOTICE_KEY_PARTS or not parts[1].isdecimal():
        return None
    return await number_at(conn, market_id, parts[0], int(parts[1]))


async def _settle(
    post: Post, job: TakenJob, mail_id: str, state: store.MailState, problem: str
) -> None:
    async with post.db.transaction() as tx:
        await store.settle_mail(tx, job.market_id, mail_id, state, problem, post.clock.now())


def addresses_of(vault: Vault, market: Market, content: Content, reader: Reader) -> Addresses:
    """The code's digits and the button's address, derived from ids as the mail is written."""
    base = market.settings.base_url
    match content:
        case ProofCode(proof_id=proof_id):
            return Addresses(code=proof_code(vault, market.market_id, proof_id))
        case SignInLink(link_id=link_id):
            return Addresses(url=_link(vault, market, "invitation", link_id))
        case SupplierAsked(link_id=link_id) | StatementReady(link_id=link_id):
            return Addresses(url=_link(vault, market, "supplier_question", link_id))
        case ApprovalAsked(link_id=link_id):
            return Addresses(url=_link(vault, market, "outside_approval", link_id))
        case OutsideAsked(link_id=link_id):
            return Addresses(url=_link(vault, market, "outside", link_id))
        case NowClaimable():
            return Addresses(url=f"{base}/")
        case SellerAsked(claim_no=claim_no):
            return Addresses(url=f"{base}{_CLAIM_PAGES['seller']}{claim_no}")
        case _ if content.link_id is not None:
            return Addresses(url=_link(vault, market, "claim", content.link_id))
        case _:
            return Addresses(url=f"{base}{_CLAIM_PAGES[reader]}{content.claim_no}")


def _link(vault: Vault, market: Market, purpose: Purpose, link_id: str) -> str:
    token = link_token(vault, market.market_id, purpose, link_id)
    return link_url(market.settings.base_url, purpose, token)


def _act(post: Post, job: TakenJob) -> Act:
    return Act(
        market_id=job.market_id, actor=SYSTEM, now=post.clock.now(), request_id=job.request_id
    )
