"""Proving to be the buyer: a code to the order's contact, or the query password."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from makegood.orders.sealing import claim_code_hash, contact_hash
from makegood.orders.store import load_order_contact
from makegood.people.proofs.actions import Asked, begin_proof, finish_proof, prove_by_password
from makegood.people.proofs.rules import OrderContact
from makegood.people.proofs.sessions import BuyerSignedIn
from makegood.web.api.faults import input_fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import Input, Number
from makegood.web.words import choose_language

Typed = Annotated[str, Meta(min_length=1, max_length=200)]


class ProofWanted(Input, frozen=True, kw_only=True):
    """The order and either its contact (a code is sent) or its query password."""

    order_no: Number
    contact: Typed | None = None
    claim_code: Typed | None = None


class CodeGiven(Input, frozen=True, kw_only=True):
    """The six digits that were sent."""

    code: Typed


class ProofBegun(msgspec.Struct, frozen=True):
    """The same for everyone: a code was sent if the contact fits; `tag` marks its mail."""

    proof_id: str
    tag: str


class BuyerSession(msgspec.Struct, frozen=True):
    """A buyer's session for one order: send `token` as the bearer."""

    token: str
    order_no: str
    expires_at: datetime


async def begin(call: Call) -> Answer:
    """Send a code if it fits (202), or open a session for the right query password (201)."""
    wanted = call.body_as(ProofWanted)
    if (wanted.contact is None) == (wanted.claim_code is None):
        raise input_fault("contact", "send either contact or claim_code")
    async with call.things.db.connection() as conn:
        order = await load_order_contact(conn, call.act.market_id, wanted.order_no)
    if wanted.claim_code is not None:
        return await _by_password(call, order, wanted.order_no, wanted.claim_code)
    assert wanted.contact is not None
    asked = Asked(
        order_no=wanted.order_no,
        contact=wanted.contact,
        contact_hash=contact_hash(call.things.vault, call.act.market_id, wanted.contact),
        address=address_of(call),
        language=choose_language(None, None, call.header(b"accept-language")),
    )
    begun = await begin_proof(call.things.gate, call.act, order, asked)
    return Answer(status=202, body=ProofBegun(begun.proof_id, begun.tag))


async def finish(call: Call) -> Answer:
    """Open a session when the digits fit."""
    code = call.body_as(CodeGiven).code
    signed_in = await finish_proof(
        call.things.gate, call.act, call.path["proof_id"], code, call.caller
    )
    return _session(signed_in)


def address_of(call: Call) -> str:
    """The network address that the call came from."""
    client = call.scope.get("client")
    return client[0] if client else ""


async def _by_password(
    call: Call, order: OrderContact | None, order_no: str, password: str
) -> Answer:
    typed = claim_code_hash(call.things.vault, call.act.market_id, order_no, password)
    signed_in = await prove_by_password(
        call.things.gate, call.act, order, order_no, typed, address_of(call), call.caller
    )
    return _session(signed_in)


def _session(signed_in: BuyerSignedIn) -> Answer:
    body = BuyerSession(signed_in.token, signed_in.order_no, signed_in.expires_at)
    return Answer(status=201, body=body)


OPERATIONS: Final = (
    Operation(
        name="beginProof",
        method="POST",
        path="/proofs",
        action="proof.begin",
        summary="Ask for a one-time code, or prove with the query password. Tells nothing else.",
        run=begin,
        reads="json",
        uses="nothing",
        body=ProofWanted,
        answer=BuyerSession,
        status=201,
        other_answers={202: ProofBegun},
        refusals=("proof_failed", "proof_locked"),
        keeps_answer=False,
        example={"order_no": "O-1001", "contact": "b1@example.com"},
    ),
    Operation(
        name="finishProof",
        method="POST",
        path="/proofs/{proof_id}",
        action="proof.finish",
        summary="Give the code; answers a short-lived session for this order.",
        run=finish,
        reads="json",
        uses="nothing",
        body=CodeGiven,
        answer=BuyerSession,
        status=201,
        refusals=("proof_failed", "proof_locked"),
        keeps_answer=False,
        example={"code": "314159"},
    ),
)
