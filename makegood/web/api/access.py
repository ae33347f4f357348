"""Whose claim it is: the one check that every operation on a claim begins with."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from makegood.base.ids import is_claim_no
from makegood.claims.looking import is_party, parties_of
from makegood.claims.state import Claim
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call
from makegood.web.api.shapes import moved

Step: TypeAlias = Callable[[str], Awaitable[Claim]]


async def own_claim(call: Call) -> str:
    """The claim's number if the caller is a party of it; unknown and forbidden look alike."""
    claim_no = call.path["claim_no"]
    if not is_claim_no(claim_no):
        raise Fault("not_found")
    parties = await parties_of(call.conn, call.act.market_id, claim_no)
    if parties is None or not is_party(call.act.actor, parties.seller_id):
        raise Fault("not_found")
    if call.caller.role == "buyer" and not call.caller.holds_order(parties.order_no):
        raise Fault("not_found")
    return claim_no


async def stepped(call: Call, step: Step) -> Answer:
    """Carry out one step on the caller's own claim; answers where the claim stands then."""
    return Answer(body=moved(await step(await own_claim(call))))
