"""One step of a claim: lock, load, decide, record, carry out, in the caller's transaction."""

from collections.abc import Callable

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims.carrying import carry_out
from makegood.claims.decide import decide
from makegood.claims.desk import Desk, barred_from
from makegood.claims.frame import Frame, clocks_now, frame, units_of
from makegood.claims.saving import Held, append, hold
from makegood.claims.state import STAFF, Claim
from makegood.store.database import Connection

Make = Callable[[Claim, Frame], c.AnyCommand]
"""Makes a command that says what the rules say now; looking at them costs most of a step."""


async def step(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    command: c.AnyCommand | Make,
) -> Claim:
    """Lock, load, decide, record, and carry out whatever was decided by it."""
    held = await hold(tx, act, claim_no)
    return (await step_held(tx, act, desk, held, command)).claim


async def step_held(
    tx: Connection,
    act: Act,
    desk: Desk,
    held: Held,
    command: c.AnyCommand | Make,
    *,
    expected_version: int | None = None,
) -> Held:
    """The same for a claim that this transaction holds already."""
    if expected_version is not None and held.claim.version != expected_version:
        raise Refused("stale_version", version=held.claim.version)
    await check_apart(act, desk, held.claim)
    if isinstance(command, c.Command):
        held = await append(tx, act, desk, held, decide(held.claim, command, act))
        return await carry_on(tx, act, desk, held)
    look = await frame(tx, act, desk, held.claim)
    events = decide(held.claim, command(held.claim, look), act)
    held = await append(tx, act, desk, held, events)
    return await carry_out(tx, act, desk, held, look.units, look.clocks)


async def carry_on(tx: Connection, act: Act, desk: Desk, held: Held) -> Held:
    """Carry out what stands decided, after a step that did not look at the rules."""
    if held.claim.state != "decided":
        return held
    units = await units_of(tx, act.market_id, held.claim)
    clocks = await clocks_now(desk, held.claim, act)
    return await carry_out(tx, act, desk, held, units, clocks)


async def check_apart(act: Act, desk: Desk, claim: Claim) -> None:
    """A complaint about one of us stays out of that person's line: they do not even find it."""
    about = claim.opened.about_staff
    if not about or act.actor.role not in STAFF:
        return
    if act.actor.id in barred_from(about, await desk.rosters.get(act.market_id, act.now)):
        raise Refused("not_found", claim_no=claim.claim_no)
