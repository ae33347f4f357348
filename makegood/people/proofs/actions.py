"""Proving to be the buyer: code by mail, query password, or a link from the shop system.

Nothing here says whether an order exists. The same rows are written and the same hashes are
compared for an unknown order, a wrong contact and the right one; the mail that tells them apart
is sent later, by the worker.
"""

import hmac
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.people.caller import Caller
from makegood.people.links.actions import make_link, use_link
from makegood.people.markets.rules import Language
from makegood.people.proofs import store
from makegood.people.proofs.rules import (
    CODE_VALID,
    LINK_VALID,
    OrderContact,
    digits_of,
    fits,
    mail_delay,
    tag_of,
    typed_digits,
)
from makegood.people.proofs.sessions import BuyerSignedIn, begin_buyer_session
from makegood.people.slowdown.actions import Attempt, count_attempt, forgive_attempt
from makegood.store.database import Connection, Database
from makegood.store.jobs import Job, enqueue
from makegood.store.vault import Vault

SEND_CODE_JOB: Final = "proof.send_code"
_ADDRESS: Final = "proof_address"


class Gate(msgspec.Struct, frozen=True):
    """What proving needs. It opens short transactions itself, because a counted attempt must
    outlive the refusal that follows it."""

    db: Database
    vault: Vault
    ids: Ids


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor typed: the order number, the contact with its keyed hash, the language."""

    order_no: str
    contact: str
    contact_hash: bytes
    address: str
    """The network address the request came from."""
    language: Language = "zh"


class Begun(msgspec.Struct, frozen=True):
    """A begun proof, the same for everyone; `tag` marks the mail that belongs to it."""

    proof_id: str
    tag: str


class SendCode(msgspec.Struct, frozen=True):
    """The payload of the job that mails the code, if the contact fits."""

    proof_id: str


async def begin_proof(gate: Gate, act: Act, order: OrderContact | None, asked: Asked) -> Begun:
    """Begin a proof by code. `order` is None when there is no such order.

    Refused `proof_locked` with `retry_after_s` only by the visitor's own earlier attempts.
    """
    attempt = Attempt("proof", asked.order_no, asked.address)
    await count_attempt(gate.db, gate.vault, act, attempt)
    proof = _new_proof(gate, act, order, asked)
    async with gate.db.transaction() as tx:
        mails = await store.count_fitting(tx, act.market_id, proof.order_no, act.now)
        await store.insert_proof(tx, act.market_id, proof)
        await enqueue(tx, [_send_job(act, proof, mails)])
    return Begun(proof.proof_id, tag_of(proof.proof_id))


async def finish_proof(
    gate: Gate, act: Act, proof_id: str, code: str, before: Caller | None = None
) -> BuyerSignedIn:
    """Begin a buyer session when the code fits; refused `proof_failed` in every other case."""
    proof_id = proof_id if proof_id.isascii() and proof_id.isprintable() else ""
    async with gate.db.transaction() as tx:
        counted = await store.count_try(tx, act.market_id, proof_id, act.now)
        proof = await store.load_proof(tx, act.market_id, proof_id)
    right = hmac.compare_digest(
        typed_digits(code).encode(), proof_code(gate.vault, act.market_id, proof_id).encode()
    )
    if proof is None or not (counted and right and proof.fits):
        raise Refused("proof_failed")
    order = OrderContact(order_no=proof.order_no, buyer_id=proof.buyer_id)
    async with gate.db.transaction() as tx:
        if not await store.use_proof(tx, act.market_id, proof_id, act.now):
            raise Refused("proof_failed")
        return await begin_buyer_session(tx, act, gate.vault, gate.ids, order, "code", before)


async def prove_by_password(
    gate: Gate,
    act: Act,
    order: OrderContact | None,
    order_no: str,
    typed_hash: bytes,
    address: str,
    before: Caller | None = None,
) -> BuyerSignedIn:
    """Begin a buyer session when the query password of the order fits.

    `typed_hash` is the keyed hash of what was typed, made for this order number. Refused
    `proof_failed`, or `proof_locked` with `retry_after_s`.
    """
    attempt = Attempt("proof", order_no, address)
    await count_attempt(gate.db, gate.vault, act, attempt)
    right = fits(order.claim_code_hash if order else None, typed_hash)
    if order is None or not right:
        raise Refused("proof_failed")
    await forgive_attempt(gate.db, gate.vault, act, attempt)
    async with gate.db.transaction() as tx:
        return await begin_buyer_session(
            tx, act, gate.vault, gate.ids, order, "query_password", before
        )


async def make_order_link(
    tx: Connection, act: Act, vault: Vault, ids: Ids, order: OrderContact
) -> str:
    """The token of a one-time link for the shop system's own order page."""
    subject = {"order_no": order.order_no, "buyer_id": order.buyer_id}
    return await make_link(tx, act, vault, ids, "order", subject, LINK_VALID)


async def use_order_link(
    tx: Connection, act: Act, vault: Vault, ids: Ids, token: str, before: Caller | None = None
) -> BuyerSignedIn:
    """Begin a buyer session by the shop system's link; refused `link_expired` the second time."""
    subject = await use_link(tx, act, vault, "order", token)
    order = OrderContact(order_no=subject["order_no"], buyer_id=subject["buyer_id"])
    return await begin_buyer_session(tx, act, vault, ids, order, "shop_link", before)


async def use_claim_link(
    tx: Connection, act: Act, vault: Vault, ids: Ids, token: str, before: Caller | None = None
) -> tuple[BuyerSignedIn, str]:
    """Begin a buyer session by a link out of a mail; answers the claim number it leads to too."""
    subject = await use_link(tx, act, vault, "claim", token)
    order = OrderContact(order_no=subject["order_no"], buyer_id=subject["buyer_id"])
    signed_in = await begin_buyer_session(tx, act, vault, ids, order, "mail_link", before)
    return signed_in, subject.get("claim_no", "")


def proof_code(vault: Vault, market_id: str, proof_id: str) -> str:
    """The six digits of a proof: derived with our key, so they are stored nowhere."""
    return digits_of(vault.keyed_hash("proof_code", f"{market_id}\x1f{proof_id}"))


def address_of(vault: Vault, market_id: str, proof: store.Proof) -> str | None:
    """Where the code goes: only for a contact that fits, and not after the proof was used."""
    if not proof.fits or proof.address_sealed is None:
        return None
    return vault.open_sealed(market_id, _ADDRESS, proof.proof_id, proof.address_sealed).decode()


def _new_proof(gate: Gate, act: Act, order: OrderContact | None, asked: Asked) -> store.Proof:
    proof_id = gate.ids.uuid()
    contact = asked.contact.strip().encode("utf-8", "replace")
    return store.Proof(
        proof_id=proof_id,
        order_no=order.order_no if order else "",
        buyer_id=order.buyer_id if order else "",
        address_sealed=gate.vault.seal(act.market_id, _ADDRESS, proof_id, contact),
        language=asked.language,
        fits=fits(order.contact_hash if order else None, asked.contact_hash),
        created_at=act.now,
        expires_at=act.now + CODE_VALID,
    )


def _send_job(act: Act, proof: store.Proof, mails_this_hour: int) -> Job:
    return Job(
        kind=SEND_CODE_JOB,
        market_id=act.market_id,
        payload=SendCode(proof.proof_id),
        run_at=act.now + mail_delay(mails_this_hour),
        subject=proof.proof_id,
        request_id=act.request_id,
    )
