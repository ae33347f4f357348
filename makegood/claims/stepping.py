"""One step of a claim: lock, load, decide, record, carry out, in the caller's transaction."""

from collections.abc import Callable

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims.carrying import carry_out
from makegood.claims.decide import decide
from makegood.claims.desk import Desk, barred_from
from makegood.claims.frame import Frame, frame
from makegood.claims.saving import Held, append, hold
from makegood.claims.state import STAFF, Claim
from makegood.store.database import Connection

Make = Callable[[Claim, Frame], c.AnyCommand]


async def step(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    make: Make,
    *,
    expected_version: int | None = None,
) -> Claim:
    """Lock, load, decide, record, and carry out whatever was decided by it."""
    held = await hold(tx, act, claim_no)
    return (await step_held(tx, act, desk, held, make, expected_version=expected_version)).claim


async def step_held(
    tx: Connection,
    act: Act,
    desk: Desk,
    held: Held,
    make: Make,
    *,
    expected_version: int | None = None,
) -> Held:
    """The same for a claim that this transaction holds already."""
    if expected_version is not None and held.claim.version != expected_version:
        raise Refused("stale_version", version=held.claim.version)
    await check_apart(act, desk, held.claim)
    look = await frame(tx, act, desk, held.claim)
    events = decide(held.claim, make(held.claim, look), act)
    held = await append(tx, act, desk, held, events)
    return await carry_out(tx, act, desk, held, look.units, look.clocks)


async def check_apart(act: Act, desk: Desk, claim: Claim) -> None:
    """A complaint about one of us stays out of that person's line: they do not even find it."""
    about = claim.opened.about_staff
    if not about or act.actor.role not in STAFF:
        return
    if act.actor.id in barred_from(about, await desk.rosters.get(act.market_id, act.now)):
        raise Refused("not_found", claim_no=claim.claim_no)
