"""Whose claim it is: the one check that every operation on a claim begins with."""

from makegood.base.ids import is_claim_no
from makegood.claims.looking import is_party, parties_of
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Call


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
