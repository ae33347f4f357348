"""Reading claims: one for a reader, lists, what can be claimed before anything is submitted."""

from collections.abc import Mapping
from typing import Final

import msgspec

from makegood.base.actor import Act, Actor
from makegood.base.refusal import Refused
from makegood.claims import intake, listing, listing_store, opening, store
from makegood.claims.commands import Ruling
from makegood.claims.desk import Desk
from makegood.claims.frame import frame, pack_of, units_of
from makegood.claims.listing import ClaimFilter, Page
from makegood.claims.opening import Existing, OpenClaim
from makegood.claims.rows import Parties
from makegood.claims.sight import Sight
from makegood.claims.state import STAFF, Claim
from makegood.claims.stepping import check_apart
from makegood.claims.view import ClaimView
from makegood.claims.viewing import claim_view
from makegood.ledger.coupons.codes import code_of
from makegood.orders.facts import UnitFacts
from makegood.policy.model import Pack
from makegood.store.database import Connection

OUTSIDER: Final = Actor(role="mediator", id="")
"""Whose eyes a claim is shown to outside: no party, and not of the staff."""


class PreCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer may do with a unit and a reason: before anything is submitted.

    `refusal` is empty when a claim would be accepted now; `existing` is the live claim's number.
    """

    units: list[UnitFacts]
    existing: str
    refusal: str
    detail: dict[str, object]


async def view_claim(conn: Connection, act: Act, desk: Desk, claim_no: str) -> ClaimView:
    """The claim for whoever asks.

    Raises:
        Refused: `not_found` for an unknown number and for everybody who is not a party.
    """
    loaded = await store.load(conn, act.market_id, claim_no)
    if loaded is None or not is_party(act.actor, loaded.claim.opened.seller_id):
        raise Refused("not_found")
    await check_apart(act, desk, loaded.claim)
    ruling: Ruling | None = None
    if act.actor.role in STAFF and loaded.claim.is_open:
        look = await frame(conn, act, desk, loaded.claim)
        units, ruling = look.units, look.ruling
    else:
        units = await units_of(conn, act.market_id, loaded.claim)
    roster = await desk.rosters.get(act.market_id, act.now)
    sight = Sight(
        claim=loaded.claim,
        history=loaded.history,
        units=units,
        ruling=ruling,
        coupon_codes=_coupon_codes(act, desk, loaded.claim),
        roster_names={line.account_id: line.display_name for line in roster},
    )
    pack = await pack_of(desk, loaded.claim, act)
    return claim_view(sight, pack, act.actor, act.now)


async def view_for_outside(conn: Connection, act: Act, desk: Desk, claim_no: str) -> ClaimView:
    """The claim as somebody outside sees it: what both sides see, and nothing of one side alone.

    Raises:
        Refused: `not_found` for an unknown number.
    """
    loaded = await store.load(conn, act.market_id, claim_no)
    if loaded is None:
        raise Refused("not_found")
    units = await units_of(conn, act.market_id, loaded.claim)
    sight = Sight(claim=loaded.claim, history=loaded.history, units=units, ruling=None)
    pack = await pack_of(desk, loaded.claim, act)
    return claim_view(sight, pack, OUTSIDER, act.now)


def _coupon_codes(act: Act, desk: Desk, claim: Claim) -> dict[str, str]:
    """The codes of a claim's coupons by their numbers: for its buyer, and nobody else."""
    if act.actor.role != "buyer":
        return {}
    numbers = {moved.number for moved in claim.money if moved.kind == "coupon"}
    numbers |= {given.coupon for given in claim.compensations}
    return {number: code_of(desk.vault, act.market_id, number) for number in numbers}


async def rules_of(act: Act, desk: Desk, claim: ClaimView) -> Pack:
    """The rules that judged a claim; those in force where nobody judged by rules."""
    cited = claim.decision.rules if claim.decision is not None else ""
    if not cited:
        return await desk.shelf.in_force(act.market_id, act.now)
    return await desk.shelf.cited(act.market_id, cited, act.now)


async def parties_of(conn: Connection, market_id: str, claim_no: str) -> Parties | None:
    """Order and seller of a claim, for a door that only asks whose it is; None if unknown."""
    return await store.parties_of(conn, market_id, claim_no)


def is_party(actor: Actor, seller_id: str) -> bool:
    """Whether this role may see a claim of this seller; a buyer's order is checked by the door.

    A buyer's session covers orders, which only the web knows; it compares the view's order
    with the session before it shows anything.
    """
    if actor.role == "seller":
        return actor.id == seller_id
    return actor.role != "supplier"


async def list_claims(conn: Connection, act: Act, filter_: ClaimFilter) -> Page:
    """A page of claims; a seller sees only its own whatever the filter says."""
    if act.actor.role == "seller":
        filter_ = msgspec.structs.replace(filter_, seller_id=act.actor.id)
    where = listing.where(filter_, act.actor.id, act.now)
    if not filter_.q.strip():
        return await listing_store.list_page(conn, act.market_id, where)
    grams, words = listing.search_terms(filter_.q)
    if not words:
        return Page([], "")
    return await listing_store.search_page(conn, act.market_id, where, grams, words)


async def queue_counts(conn: Connection, act: Act) -> Mapping[str, int]:
    """How many claims each queue holds, up to 100."""
    return await listing_store.queue_counts(conn, act.market_id, act.actor.id, act.now)


async def check_before(conn: Connection, act: Act, desk: Desk, command: OpenClaim) -> PreCheck:
    """Whether this complaint would be taken on now, and if not why and when.

    Raises:
        Refused: `not_found`, `not_a_unit`: then there is nothing to show at all.
    """
    view = await store.load_intake(conn, act.market_id, command.order_no)
    if view is None:
        raise Refused("not_found")
    units = opening.claimed_units(view, command)
    pack = await intake.pack_for(desk, view, command, act)
    try:
        found = intake.check(pack, view, command, act)
    except Refused as refused:
        return PreCheck(units=units, existing="", refusal=refused.code, detail=refused.detail)
    live = found.claim_no if isinstance(found, Existing) else ""
    return PreCheck(units=units, existing=live, refusal="", detail={})
