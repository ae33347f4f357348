"""Erasing: find a person, see what goes and what stands in the way, erase, hold, forget in time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.bundles.exports import actions as exports
from makegood.orders.order import Order
from makegood.orders.sealing import contact_hash
from makegood.people.staff import store as account_store
from makegood.privacy import erase_store, find_store, redaction, rules, staff_store, store
from makegood.privacy.erase_store import LostFiles
from makegood.privacy.rules import Erased, ErasureKind, Hold, HoldKind, Obstacle, Person, Reason
from makegood.record import rules as record_rules
from makegood.record import store as record_store
from makegood.record.actions import Erasure, erase_loaded
from makegood.record.rules import SealedEvent
from makegood.store.database import Connection
from makegood.store.idempotency import Answer, forget_answers
from makegood.store.jobs import Job, enqueue
from makegood.store.vault import Vault

CLEAN_JOB: Final = "privacy.clean"
PERSON_ERASED: Final = "person_erased"
PURGE_CLAIMS: Final = 50
PURGE_ORDERS: Final = 200
"""How many claims and orders one round of forgetting takes."""


class CleanUp(msgspec.Struct, frozen=True):
    """The payload of the job that follows an erasure: files to delete, then tables to vacuum."""

    erasure_id: str
    sha256: list[str]
    uploads: list[str]


@dataclass(frozen=True, slots=True)
class Eraser:
    """What every erasure needs: fresh ids and keys, and the vault that opens cached answers."""

    vault: Vault
    ids: Ids


class Preview(msgspec.Struct, frozen=True):
    """A person as kept here, and what stands in the way of erasing them."""

    person: Person
    obstacles: list[Obstacle]


async def find_person(conn: Connection, act: Act, vault: Vault, asked: str) -> Preview | None:
    """The person an order, claim, buyer's id or contact leads to; None when nobody is found."""
    asked = asked.strip()
    if not asked:
        return None
    hash_ = contact_hash(vault, act.market_id, asked)
    buyer_ids = await find_store.buyer_ids_of(conn, act.market_id, asked, hash_)
    return await look_at(conn, act, buyer_ids) if buyer_ids else None


async def look_at(conn: Connection, act: Act, buyer_ids: Sequence[str]) -> Preview:
    """What is kept under these buyers' ids, and what stands in the way of erasing it."""
    person = await find_store.load_person(conn, act.market_id, buyer_ids)
    holds = await store.standing_holds(conn, act.market_id)
    return Preview(person, rules.obstacles(person, holds))


async def erase_person(
    tx: Connection, act: Act, eraser: Eraser, buyer_ids: Sequence[str], reason: Reason
) -> Erased:
    """Erase a buyer: claims, evidence, mails, orders' contacts, sessions, drafts, answers.

    The public record stays and every proof of it still holds. Files go, and tables are
    vacuumed, by a job after the commit.

    Raises:
        Refused: `not_found` for nobody; `erasure_held` while a claim is open or a hold stands.
    """
    known = await find_store.load_person(tx, act.market_id, buyer_ids)
    await erase_store.lock_claims(tx, act.market_id, known.claim_nos)
    seen = await look_at(tx, act, buyer_ids)
    if not seen.person.is_known:
        raise Refused("not_found")
    if seen.obstacles:
        raise Refused("erasure_held", subject=seen.obstacles[0].subject)
    return await _erase(tx, act, eraser, seen.person, "buyer", reason)


async def erase_account(
    tx: Connection, act: Act, eraser: Eraser, account_id: str, reason: Reason
) -> Erased:
    """Erase one of the staff, of a seller or of a supplier: name, address, credentials, sessions.

    The account's id stays where it acted: a number that leads to nobody any more.

    Raises:
        Refused: `not_found` for nobody; `account_in_use` while the account is switched on;
        `erasure_held` while it owns or reviews an open claim.
    """
    account = await account_store.load_account(tx, act.market_id, account_id)
    if account is None:
        raise Refused("not_found")
    if account.disabled_at is None:
        raise Refused("account_in_use")
    held = await staff_store.open_claim_of(tx, act.market_id, account_id)
    if held is not None:
        raise Refused("erasure_held", subject=held)
    streams = await staff_store.streams_naming(tx, act.market_id, account.display_name)
    await erase_store.lock_claims(tx, act.market_id, streams)
    count = 0
    for stream in streams:
        events = await record_store.load(tx, act.market_id, stream)
        gone = {one.version: redaction.staffs_part(one, account.display_name) for one in events}
        count += await _erase_events(tx, act, events, gone, reason, eraser.ids)
    given = await exports.let_go(tx, act, streams)
    await staff_store.forget_names(tx, act.market_id, account_id, account.display_name)
    addresses = rules.traces([account.sign_in_name])
    mails = await erase_store.erase_mails(tx, act.market_id, [], addresses, act.now)
    await staff_store.empty_account(tx, act.market_id, account_id, act.now)
    done = Erased(
        erasure_id=eraser.ids.uuid(),
        kind="account",
        reason=reason,
        asked_by=act.actor.id,
        erased_at=act.now,
        claims=len(streams),
        orders=0,
        fields=count,
        files=0,
        mails=mails,
    )
    await _settle(tx, act, eraser.ids, done, LostFiles(given, [], 0))
    return done


async def purge(tx: Connection, act: Act, eraser: Eraser, years: int) -> Erased | None:
    """Erase some of what has been kept long enough; None when nothing has, then all is done.

    Claims count from their end, orders from the last time they were told. What is on hold, and
    orders whose claims are still kept, stay.
    """
    before = rules.kept_since(act.now, years)
    claims = await find_store.forgotten_claims(tx, act.market_id, before, PURGE_CLAIMS)
    if claims:
        await erase_store.lock_claims(tx, act.market_id, [claim.claim_no for claim in claims])
    orders = await find_store.forgotten_orders(tx, act.market_id, before, PURGE_ORDERS)
    if not claims and not orders:
        return None
    old = Person(buyer_ids=(), orders=tuple(orders), claims=tuple(claims))
    return await _erase(tx, act, eraser, old, "retention", "retention")


async def place_hold(
    tx: Connection, act: Act, ids: Ids, kind: HoldKind, subject: str, reason: str
) -> Hold:
    """Keep a claim, or everything of a person, from being erased until the hold is lifted.

    Raises:
        Refused: `reason_needed` without a reason; `hold_exists` when one stands already.
    """
    if not reason.strip() or not subject.strip():
        raise Refused("reason_needed")
    hold = Hold(
        hold_id=ids.uuid(),
        kind=kind,
        subject=subject.strip(),
        reason=reason.strip(),
        placed_at=act.now,
        placed_by=act.actor.id,
    )
    if not await store.add_hold(tx, act.market_id, hold):
        raise Refused("hold_exists", subject=hold.subject)
    return hold


async def lift_hold(tx: Connection, act: Act, hold_id: str) -> None:
    """Lift a hold; refused `not_found` when none stands under this id."""
    if not await store.lift_hold(tx, act.market_id, hold_id, act.actor.id, act.now):
        raise Refused("not_found")


async def _erase(
    tx: Connection, act: Act, eraser: Eraser, person: Person, kind: ErasureKind, reason: Reason
) -> Erased:
    versions = await find_store.versions_of(tx, act.market_id, _orders_of(person))
    traces = rules.traces_of(order for _, _, order in versions) | rules.traces(person.buyer_ids)
    fields = await _empty_claims(tx, act, eraser, person.claim_nos, traces, reason)
    lost, mails = await _empty_tables(tx, act, person, versions, traces)
    await _forget_answers(tx, act, eraser, person, traces)
    done = Erased(
        erasure_id=eraser.ids.uuid(),
        kind=kind,
        reason=reason,
        asked_by=act.actor.id,
        erased_at=act.now,
        claims=len(person.claims),
        orders=len(person.orders),
        fields=fields,
        files=lost.items,
        mails=mails,
    )
    await _settle(tx, act, eraser.ids, done, lost)
    return done


async def _settle(tx: Connection, act: Act, ids: Ids, done: Erased, lost: LostFiles) -> None:
    """List the erasure, put it on record, and leave the rest to a job."""
    await store.add_erasure(tx, act.market_id, done)
    await _record(tx, act, ids, done)
    await enqueue(tx, [_clean_job(act, done, lost)])


def _orders_of(person: Person) -> list[str]:
    """Orders to read for traces: the person's own, and those of the claims."""
    return sorted({*person.orders, *(claim.order_no for claim in person.claims)})


async def _empty_claims(
    tx: Connection,
    act: Act,
    eraser: Eraser,
    claim_nos: Sequence[str],
    traces: Collection[str],
    reason: Reason,
) -> int:
    """Take the person out of the events and rows of these claims; answers how many fields."""
    count = 0
    for claim_no in claim_nos:
        events = await record_store.load(tx, act.market_id, claim_no)
        gone = {event.version: redaction.buyers_part(event, traces) for event in events}
        count += await _erase_events(tx, act, events, gone, reason, eraser.ids)
    await erase_store.empty_claim_rows(tx, act.market_id, claim_nos)
    return count


async def _erase_events(
    tx: Connection,
    act: Act,
    events: Sequence[SealedEvent],
    gone: Mapping[int, redaction.Gone],
    reason: Reason,
    ids: Ids,
) -> int:
    erasures = {
        version: Erasure(names=list(fields), left=redaction.only_left(fields))
        for version, fields in gone.items()
        if fields
    }
    added = await erase_loaded(tx, act, events, erasures, reason, ids)
    return sum(len(part.names) for part in erasures.values()) if added else 0


async def _empty_tables(
    tx: Connection,
    act: Act,
    person: Person,
    versions: Sequence[tuple[str, int, Order]],
    traces: Collection[str],
) -> tuple[LostFiles, int]:
    """Everything but the events; answers which files the storage still has, and how many mails."""
    market_id, claim_nos, orders = act.market_id, person.claim_nos, list(person.orders)
    drafts = await erase_store.drafts_of(tx, market_id, orders)
    lost = await erase_store.delete_files(tx, market_id, [*claim_nos, *drafts])
    given = await exports.let_go(tx, act, claim_nos)
    filed = await erase_store.empty_asides(tx, market_id, claim_nos, person.buyer_ids)
    lost = msgspec.structs.replace(lost, sha256=[*lost.sha256, *given, *filed])
    mails = await erase_store.erase_mails(tx, market_id, claim_nos, traces, act.now)
    await erase_store.drop_errands(tx, market_id, claim_nos)
    await erase_store.drop_order_traces(tx, market_id, orders)
    await erase_store.end_sessions(tx, market_id, person.buyer_ids, act.now)
    await store.forget_holds_on(tx, market_id, person.buyer_ids, claim_nos)
    own = frozenset(orders)
    rewritten = {
        (order_no, version): rules.without_buyer(order, rules.nobody_of(order_no))
        for order_no, version, order in versions
        if order_no in own
    }
    await erase_store.rewrite_orders(tx, market_id, rewritten)
    return lost, mails


async def _forget_answers(
    tx: Connection, act: Act, eraser: Eraser, person: Person, traces: Collection[str]
) -> None:
    """Kept answers to repeated requests that tell of the person's claims or orders."""
    needles = [text.encode() for text in (*traces, *person.claim_nos, *person.orders)]

    def tells(answer: Answer) -> bool:
        told = answer.body.lower()
        return any(needle in told or needle.lower() in told for needle in needles)

    await forget_answers(tx, eraser.vault, act.market_id, tells)


async def _record(tx: Connection, act: Act, ids: Ids, done: Erased) -> None:
    """The erasure's own event, in a history of its own: how much and why, never of whom."""
    head = record_rules.StreamHead(
        market_id=act.market_id,
        stream=f"erasure:{done.erasure_id}",
        pseudonym=ids.secret(record_rules.PSEUDONYM_BYTES),
    )
    fields = {
        name: getattr(done, name)
        for name in ("kind", "reason", "claims", "orders", "fields", "files", "mails")
    }
    event = record_rules.NewEvent(PERSON_ERASED, 1, fields, frozenset(fields))
    key = ids.secret(record_rules.KEY_BYTES)
    await record_store.append(tx, record_rules.seal(head, [event], [key], act.now, act.actor))


def _clean_job(act: Act, done: Erased, lost: LostFiles) -> Job:
    return Job(
        kind=CLEAN_JOB,
        market_id=act.market_id,
        payload=CleanUp(done.erasure_id, lost.sha256, lost.uploads),
        run_at=act.now,
        subject=done.erasure_id,
        request_id=act.request_id,
        job_id=f"clean:{done.erasure_id}",
    )


async def past_erasures(conn: Connection, market_id: str) -> list[Erased]:
    """The newest erasures."""
    return await store.list_erasures(conn, market_id)


async def standing_holds(conn: Connection, market_id: str) -> list[Hold]:
    """Every hold that stands."""
    return await store.standing_holds(conn, market_id)
