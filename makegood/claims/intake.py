"""The action that opens a claim: two statements, one of them writing everything at once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Final

import asyncpg
import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.refusal import Refused
from makegood.claims import clock, opening, saving, store
from makegood.claims import events as e
from makegood.claims.bearing import is_contracted
from makegood.claims.desk import Desk, barred_from, owner_for
from makegood.claims.fold import evolve
from makegood.claims.grams import grams_of
from makegood.claims.listed import row_of
from makegood.claims.opening import Existing, OpenClaim, Owner
from makegood.claims.rows import Intake, UnitClaim
from makegood.claims.state import Claim, Recorded
from makegood.orders.facts import UnitFacts
from makegood.people.contracts.rules import Agreed
from makegood.policy.model import Pack
from makegood.reading.rules import read_message
from makegood.record.rules import SealedEvent, StreamHead, head_after
from makegood.store.database import Connection
from makegood.store.jobs import Job

DRAWS: Final = 5


class Opened(msgspec.Struct, frozen=True):
    """The claim that a complaint led to; `existing` when it was there before.

    `receipt` is the hash (hex) of its newest history entry: whoever holds it can later show
    that the history was begun like this.
    """

    claim_no: str
    state: str
    deadlines: tuple[e.Deadline, ...]
    existing: bool
    receipt: str


class CheckClaim(msgspec.Struct, frozen=True):
    """The payload of the job that asks everybody who knows something about a claim.

    `asked` counts how often the sources were asked before.
    """

    claim_no: str
    asked: int = 0


async def open_claim(conn: Connection, act: Act, desk: Desk, command: OpenClaim) -> Opened:
    """Open a claim, or answer with the live one of the same unit or the same external id.

    `conn` needs no transaction: all rows are written by one statement. Inside one, a claim that
    somebody else opened in the same moment costs a savepoint only.

    Raises:
        Refused: `not_found`, `not_paid`, `not_a_unit`, `reason_not_for_product`, `too_early`,
            `window_closed`, `already_decided`.
    """
    intake = await store.load_intake(conn, act.market_id, command.order_no)
    if intake is None:
        raise Refused("not_found")
    pack = await pack_for(desk, intake, command, act)
    units = check(pack, intake, command, act)
    if isinstance(units, Existing):
        return await _existing(conn, act, units.claim_no)
    try:
        return await with_free_number(
            conn, lambda: _open(conn, act, desk, pack, intake, units, command)
        )
    except asyncpg.UniqueViolationError as error:
        return await _lost_race(conn, act, intake, command, error)


async def with_free_number(conn: Connection, attempt: Callable[[], Awaitable[Opened]]) -> Opened:
    """Open, and again with another number where the drawn one is taken.

    Five letters are few for a day of many claims: of 30,000, some ten draw one that is taken.
    """
    for _ in range(DRAWS):
        try:
            async with savepoint(conn):
                return await attempt()
        except asyncpg.UniqueViolationError as error:
            if not store.is_taken_number(error):
                raise
    async with savepoint(conn):
        return await attempt()


@asynccontextmanager
async def savepoint(conn: Connection) -> AsyncIterator[None]:
    """Inside a transaction, what fails here is undone alone; outside one, nothing is begun."""
    if conn.is_in_transaction():
        async with conn.transaction():
            yield
    else:
        yield


async def pack_for(desk: Desk, intake: Intake, command: OpenClaim, act: Act) -> Pack:
    """The version of the rules that holds for the claimed line of this order."""
    order = intake.order
    return await desk.shelf.for_order(
        act.market_id,
        order.order_no,
        order.paid_at,
        act.now,
        opening.confirmed_policy(order, command.line_no),
    )


def check(pack: Pack, intake: Intake, command: OpenClaim, act: Act) -> list[UnitFacts] | Existing:
    """The claimed units, or the live claim that binds them. Raises Refused as `open_claim`."""
    reason = opening.reason_of(pack, command.reason)
    units = opening.claimed_units(intake, command)
    live = opening.existing_claim(intake, units, command)
    if live is not None:
        return live
    opening.check_reason(reason, units)
    opening.check_times(intake.order, units, command, act.now)
    return units


async def _open(
    conn: Connection,
    act: Act,
    desk: Desk,
    pack: Pack,
    intake: Intake,
    units: list[UnitFacts],
    command: OpenClaim,
) -> Opened:
    claim_no = desk.ids.claim_no(act.now)
    reason = pack.reasons[command.reason]
    reading = read_message(command.description, opening.order_context(intake.order, units, reason))
    about = await _complained_about(conn, act, command)
    agreed = await desk.contracts.of(act.market_id, units[0].buyer_id, act.now)
    events = opening.opened(
        pack,
        intake,
        units,
        command,
        reading,
        claim_no=claim_no,
        owner=await _owner(act, desk, about, agreed),
        repeats=len(intake.bound),
        act=act,
        about_staff=about,
        contract=opening.pinned(agreed),
        contracted=await is_contracted(conn, act, desk, units[0]),
    )
    head = saving.new_head(act, claim_no, desk.ids)
    sealed = _sealed(head, events, desk, act)
    claim = _folded(events, act)
    excerpt, searched = opening.texts(command, claim_no, units[0])
    overtaken = _overtaken(intake, units)
    async with conn.transaction() if overtaken else nullcontext():
        for bound in overtaken:
            await store.free_unit(conn, act.market_id, bound.claim_no, bound.line_no, bound.unit_no)
        await store.insert_opened(
            conn,
            sealed,
            claim,
            row_of(claim),
            (excerpt, searched, grams_of(searched)),
            cluster_of(desk, act, intake),
            _jobs(act, claim),
            account_hash(desk, act.market_id, command.account),
            await _apart(act, desk, about),
        )
    receipt = sealed[-1].entry_hash.hex()
    return Opened(claim_no, claim.state, claim.deadlines, existing=False, receipt=receipt)


def cluster_of(desk: Desk, act: Act, intake: Intake) -> str:
    """Whom a claim counts against, as a keyed hash: the device, else the contact or buyer."""
    buyer = intake.order.buyer
    who = buyer.device or buyer.contact or buyer.id
    return desk.vault.keyed_hash(f"cluster:{act.market_id}", who).hex()


def account_hash(desk: Desk, market_id: str, account: str) -> str:
    """The keyed hash by which accounts are compared; nothing for no account."""
    plain = account.strip().casefold()
    return desk.vault.keyed_hash(f"account:{market_id}", plain).hex() if plain else ""


def _overtaken(intake: Intake, units: list[UnitFacts]) -> list[UnitClaim]:
    """A problem that began after the decision is a new dispute; the old claim lets go."""
    numbers = {(unit.unit.line_no, unit.unit.unit_no) for unit in units}
    return [bound for bound in intake.bound if (bound.line_no, bound.unit_no) in numbers]


def _sealed(
    head: StreamHead, events: Sequence[e.AnyEvent], desk: Desk, act: Act
) -> list[SealedEvent]:
    """The person opens; what the order says and the acceptance are the system's own acts."""
    opened = saving.seal(head, events[:1], desk.ids, act)
    by_system = msgspec.structs.replace(act, actor=SYSTEM)
    rest = saving.seal(head_after(opened[0]), events[1:], desk.ids, by_system)
    return [*opened, *rest]


def _folded(events: Sequence[e.AnyEvent], act: Act) -> Claim:
    claim: Claim | None = None
    for version, event in enumerate(events, start=1):
        by = act.actor if version == 1 else SYSTEM
        claim = evolve(claim, Recorded(version, act.now, by, event))
    assert claim is not None, "an opening has events"
    return claim


async def _complained_about(conn: Connection, act: Act, command: OpenClaim) -> str:
    """Who handled the order's claims before, where the complaint is about our conduct."""
    if not command.reason.startswith(opening.ABOUT_SERVICE):
        return ""
    return await store.last_owner(conn, act.market_id, command.order_no)


async def _apart(act: Act, desk: Desk, about: str) -> list[str]:
    """Who does not see a complaint about one of us in any list."""
    return (
        sorted(barred_from(about, await desk.rosters.get(act.market_id, act.now))) if about else []
    )


async def _owner(act: Act, desk: Desk, about: str, agreed: Agreed | None) -> Owner:
    """The customer's account manager while on the roster, unless the complaint is about staff."""
    roster = await desk.rosters.get(act.market_id, act.now)
    manager = agreed.contract.manager_id if agreed and not about else ""
    own = next((line for line in roster if line.account_id == manager), None)
    line = own or owner_for(roster, desk.ids.secret(8), about)
    return Owner(line.account_id, line.display_name)


def _jobs(act: Act, claim: Claim) -> list[Job]:
    check_job = Job(
        kind=saving.CHECK_JOB,
        market_id=act.market_id,
        payload=CheckClaim(claim.claim_no),
        run_at=act.now,
        subject=claim.claim_no,
        request_id=act.request_id,
    )
    upcoming = clock.next_of(claim.deadlines)
    assert upcoming is not None, "an opened claim has deadlines"
    timer = saving.timer_job(act, claim.claim_no, upcoming)
    return [check_job, timer, *saving.near_jobs(act, None, claim)]


async def _existing(conn: Connection, act: Act, claim_no: str) -> Opened:
    loaded = await store.load(conn, act.market_id, claim_no)
    assert loaded is not None, "a binding claim has a history"
    receipt = loaded.head.entry_hash.hex()
    claim = loaded.claim
    return Opened(claim_no, claim.state, claim.deadlines, existing=True, receipt=receipt)


async def _lost_race(
    conn: Connection,
    act: Act,
    intake: Intake,
    command: OpenClaim,
    error: asyncpg.UniqueViolationError,
) -> Opened:
    """Somebody opened the same claim in the same moment: theirs is ours."""
    if store.is_known_outside(error):
        known = await store.claim_of_external(
            conn, act.market_id, command.channel, command.external_id
        )
        assert known is not None, "a violated key has its row"
        return await _existing(conn, act, known)
    if not store.is_bound(error):
        raise error
    again = await store.load_intake(conn, act.market_id, command.order_no)
    assert again is not None, "an order is never removed"
    units = opening.claimed_units(intake, command)
    live = opening.existing_claim(again, units, command)
    assert live is not None, "a violated binding has its claim"
    return await _existing(conn, act, live.claim_no)
