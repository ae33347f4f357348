"""What can be done with orders: tell them, read their keys with proof, leave a reminder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef, derived_id
from makegood.base.refusal import Refused
from makegood.ledger.actions import post_payments
from makegood.orders import (
    facts,
    key_store,
    reminder_store,
    rules,
    sealing,
    store,
    versions,
    windows,
)
from makegood.orders.key_store import KeyRow, Reveal
from makegood.orders.order import Order
from makegood.orders.reminder_store import Reminder
from makegood.orders.shop_refund import book_shop_refund
from makegood.orders.store import Head, NewVersion
from makegood.orders.versions import NOTHING_KNOWN, Change, Stand, UnitKey
from makegood.people.markets.actions import put_sellers, put_suppliers
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue
from makegood.store.vault import Vault

REMINDER_JOB = "order.reminder"


class PutResult(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands after we were told: its version, and whether this made it."""

    order_no: str
    version: int
    changed: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One order on its way in: how it stood, what changes, and its secrets until sealed."""

    order: Order
    stand: Stand
    change: Change | None
    key_texts: Mapping[UnitKey, str]
    code_hash: bytes | None


class RevealedKey(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a key, for one answer to one buyer. Never log, list or store it."""

    unit: UnitRef
    generation: int
    text: str
    revealed_at: datetime


class DueReminder(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder to send now; `contact` is None when the order has no contact any more."""

    reminder: Reminder
    title: str
    contact: str | None


async def put_order(tx: Connection, act: Act, vault: Vault, order: Order) -> PutResult:
    """Take an order as its shop system states it; every change appends a version.

    Raises:
        Refused: `updated_in_future`, `stale_order` or `payment_changed`.
    """
    [result] = await put_orders(tx, act, vault, [order])
    if isinstance(result, Refused):
        raise result
    return result


async def put_orders(
    tx: Connection, act: Act, vault: Vault, orders: Sequence[Order]
) -> list[PutResult | Refused]:
    """Take many orders in a few statements; answers one result for each, in their order.

    A refused order leaves the others alone. The same order may come twice: the first one is
    taken first.
    """
    results: dict[int, PutResult | Refused] = {}
    for wave in _waves(orders):
        answers = await _put_wave(tx, act, vault, [orders[place] for place in wave])
        results |= zip(wave, answers, strict=True)
    return [results[place] for place in range(len(orders))]


async def load_unit_facts(
    conn: Connection, market_id: str, unit: UnitRef, *, new_seller: bool = False
) -> facts.UnitFacts | None:
    """What the newest version of an order says about a unit; None for an unknown order."""
    found = await store.load_order(conn, market_id, unit.order_no)
    if found is None:
        return None
    return facts.unit_facts(
        found.order, found.version, unit.line_no, unit.unit_no, new_seller=new_seller
    )


async def reveal_key(
    tx: Connection, act: Act, vault: Vault, unit: UnitRef, source_ip: str
) -> RevealedKey:
    """Open a unit's newest key for its buyer, after writing down who reads it and from where.

    Raises:
        Refused: `fresh_proof_needed` for anyone but a buyer with fresh proof, `not_a_unit`
            when the unit has no key, `key_withdrawn` when it was taken back.
    """
    if act.actor.role != "buyer" or not act.actor.fresh_proof:
        raise Refused("fresh_proof_needed")
    keys = await key_store.load_unit_keys(tx, act.market_id, unit)
    if not keys:
        raise Refused("not_a_unit", line_no=unit.line_no, unit_no=unit.unit_no)
    newest = keys[-1]
    if newest.withdrawn_at is not None:
        raise Refused("key_withdrawn")
    reveal = Reveal(
        unit=unit,
        generation=newest.generation,
        revealed_at=act.now,
        actor_role=act.actor.role,
        actor_id=act.actor.id,
        source_ip=source_ip,
    )
    await key_store.insert_reveal(tx, act, reveal)
    text = sealing.open_key(vault, act.market_id, newest)
    return RevealedKey(unit=unit, generation=newest.generation, text=text, revealed_at=act.now)


async def same_key_units(conn: Connection, market_id: str, unit: UnitRef) -> list[UnitRef]:
    """Other units that got the very same key as this one ever had: sold twice."""
    found: set[UnitRef] = set()
    for key in await key_store.load_unit_keys(conn, market_id, unit):
        found.update(await key_store.load_units_by_key_hash(conn, market_id, key.key_hash))
    return sorted(found - {unit})


async def find_units_of_key(
    conn: Connection, vault: Vault, market_id: str, text: str
) -> list[UnitRef]:
    """Every unit that ever got this key."""
    hash_ = sealing.key_hash(vault, market_id, text)
    return await key_store.load_units_by_key_hash(conn, market_id, hash_)


async def first_reveal_at(conn: Connection, market_id: str, unit: UnitRef) -> datetime | None:
    """When a key of the unit was first read on our pages; None when it never was."""
    reveals = await key_store.load_reveals(conn, market_id, unit)
    return reveals[0].revealed_at if reveals else None


async def withdraw_key(tx: Connection, act: Act, unit: UnitRef) -> None:
    """Note that the unit's newest key was locked or revoked where it came from."""
    keys = await key_store.load_unit_keys(tx, act.market_id, unit)
    if keys:
        await key_store.mark_withdrawn(tx, act.market_id, unit, keys[-1].generation, act.now)


async def leave_reminder(
    tx: Connection, act: Act, unit: UnitRef, reason: str, language: str
) -> datetime:
    """Remind the buyer when "not arrived" can be claimed; answers when that will be.

    Raises:
        Refused: `not_a_unit` for what the order does not have.
    """
    found = await store.load_order(tx, act.market_id, unit.order_no)
    if found is None:
        raise Refused("not_a_unit", line_no=unit.line_no, unit_no=unit.unit_no)
    line = rules.line_of(found.order, unit.line_no)
    rules.unit_of(line, unit.unit_no)
    remind_at = max(act.now, windows.earliest_not_arrived_at(found.order, line))
    reminder = Reminder(unit=unit, reason=reason, language=language, remind_at=remind_at)
    if await reminder_store.insert_reminder(tx, act, reminder):
        await enqueue(tx, [_reminder_job(act, reminder)])
    return remind_at


async def take_reminder(tx: Connection, act: Act, unit: UnitRef, reason: str) -> DueReminder | None:
    """Take a reminder out to send it; None when it was sent before or the goods arrived."""
    reminder = await reminder_store.mark_reminder_sent(tx, act.market_id, unit, reason, act.now)
    found = await store.load_order(tx, act.market_id, unit.order_no)
    if reminder is None or found is None:
        return None
    line = rules.line_of(found.order, unit.line_no)
    if rules.unit_of(line, unit.unit_no).delivered_at is not None:
        return None
    return DueReminder(reminder=reminder, title=line.title, contact=found.order.buyer.contact)


def _waves(orders: Sequence[Order]) -> list[list[int]]:
    """The places of orders, cut so that no order comes twice in one wave."""
    seen: Counter[str] = Counter()
    waves: dict[int, list[int]] = {}
    for place, order in enumerate(orders):
        waves.setdefault(seen[order.order_no], []).append(place)
        seen[order.order_no] += 1
    return [waves[number] for number in sorted(waves)]


async def _put_wave(
    tx: Connection, act: Act, vault: Vault, orders: Sequence[Order]
) -> list[PutResult | Refused]:
    """Take orders of which none comes twice: compare, claim what is new, book, write."""
    plans = await _planned(tx, act, vault, orders)
    raced = await _claim_new(tx, act, vault, _taken(plans))
    if raced:
        # Someone else told the same new orders just now; by this time they are known.
        plans |= await _planned(tx, act, vault, [o for o in orders if o.order_no in raced])
    before = _taken(plans)
    plans |= await _refused_payments(tx, act, before)
    await _forget_refused(tx, act, before, plans)
    await _write(tx, act, vault, _taken(plans))
    answers = [plans[order.order_no] for order in orders]
    return [_result(plan) if isinstance(plan, Plan) else plan for plan in answers]


async def _planned(
    tx: Connection, act: Act, vault: Vault, orders: Sequence[Order]
) -> dict[str, Plan | Refused]:
    """What each order changes about what is known of it, which is locked from here on."""
    heads = await store.lock_heads(tx, act.market_id, [order.order_no for order in orders])
    hashes = await _key_hashes(tx, act.market_id, heads)
    return {
        order.order_no: _plan(
            act, vault, order, _stand(heads.get(order.order_no), hashes.get(order.order_no, {}))
        )
        for order in orders
    }


async def _key_hashes(
    tx: Connection, market_id: str, heads: Mapping[str, Head]
) -> dict[str, dict[UnitKey, list[bytes]]]:
    hashes: dict[str, dict[UnitKey, list[bytes]]] = {}
    for key in await key_store.load_keys_of_orders(tx, market_id, list(heads)) if heads else []:
        unit = (key.unit.line_no, key.unit.unit_no)
        hashes.setdefault(key.unit.order_no, {}).setdefault(unit, []).append(key.key_hash)
    return hashes


def _stand(head: Head | None, key_hashes: Mapping[UnitKey, Sequence[bytes]]) -> Stand:
    if head is None:
        return NOTHING_KNOWN
    return Stand(
        version=head.version,
        updated_at=head.updated_at,
        content_hash=head.content_hash,
        claim_code_hash=head.claim_code_hash,
        state=head.state,
        key_hashes=key_hashes,
    )


def _plan(act: Act, vault: Vault, order: Order, stand: Stand) -> Plan | Refused:
    told_keys = {(key.line_no, key.unit_no): key.text for key in rules.keys_of(order)}
    hashes = {
        unit: sealing.key_hash(vault, act.market_id, text) for unit, text in told_keys.items()
    }
    code = order.buyer.claim_code
    code_hash = (
        sealing.claim_code_hash(vault, act.market_id, order.order_no, code) if code else None
    )
    try:
        rules.check_time(order, act.now)
        change = versions.change(order, stand, hashes, code_hash)
    except Refused as refusal:
        return refusal
    return Plan(order=order, stand=stand, change=change, key_texts=told_keys, code_hash=code_hash)


def _taken(plans: Mapping[str, Plan | Refused]) -> list[Plan]:
    return [plan for plan in plans.values() if isinstance(plan, Plan)]


async def _claim_new(tx: Connection, act: Act, vault: Vault, plans: Sequence[Plan]) -> set[str]:
    """Make the heads of new orders; answers those that someone else was quicker to make."""
    new = [_new_version(act, vault, plan) for plan in plans if not plan.stand.version]
    if not new:
        return set()
    ours = await store.insert_heads(tx, act.market_id, new)
    return {row.order.order_no for row in new} - ours


async def _refused_payments(
    tx: Connection, act: Act, plans: Sequence[Plan]
) -> dict[str, Plan | Refused]:
    """Book the payments of what changed; answers the orders whose payment was booked otherwise."""
    bookings = [
        booking for plan in plans if plan.change and (booking := rules.booking_of(plan.order))
    ]
    conflicts = await post_payments(tx, act, bookings) if bookings else []
    return {
        conflict.told.order_no: Refused("payment_changed", trade_no=conflict.told.trade_no)
        for conflict in conflicts
    }


async def _forget_refused(
    tx: Connection, act: Act, before: Sequence[Plan], plans: Mapping[str, Plan | Refused]
) -> None:
    """Take back the heads of new orders that were refused after they were made."""
    refused = [
        plan.order.order_no
        for plan in before
        if not plan.stand.version and isinstance(plans[plan.order.order_no], Refused)
    ]
    if refused:
        await store.delete_heads(tx, act.market_id, refused)


async def _write(tx: Connection, act: Act, vault: Vault, plans: Sequence[Plan]) -> None:
    changed = [plan for plan in plans if plan.change]
    if changed:
        await _write_changed(tx, act, vault, changed)
    same = {plan.order.order_no: plan.order.updated_at for plan in plans if not plan.change}
    if same:
        await store.touch_heads(tx, act.market_id, same)


async def _write_changed(tx: Connection, act: Act, vault: Vault, plans: Sequence[Plan]) -> None:
    await _put_parties(tx, act, [plan.order for plan in plans])
    rows = [_new_version(act, vault, plan) for plan in plans]
    await store.insert_versions(tx, act, rows)
    known = [row for row in rows if row.version > 1]
    if known:
        await store.update_heads(tx, act.market_id, known)
    keys = [key for plan in plans for key in _new_keys(act, vault, plan)]
    if keys:
        await key_store.insert_keys(tx, act.market_id, keys)
    for plan in plans:
        if plan.order.state == "refunded" and plan.stand.state != "refunded":
            await book_shop_refund(tx, act, plan.order)


async def _put_parties(tx: Connection, act: Act, orders: Sequence[Order]) -> None:
    sellers = {order.seller.id: order.seller.name for order in orders}
    suppliers = {
        line.supplier.id: line.supplier.id
        for order in orders
        for line in order.lines
        if line.supplier
    }
    await put_sellers(tx, act, dict(sorted(sellers.items())))
    await put_suppliers(tx, act, dict(sorted(suppliers.items())))


def _new_version(act: Act, vault: Vault, plan: Plan) -> NewVersion:
    assert plan.change is not None
    contact = plan.order.buyer.contact
    return NewVersion(
        version=plan.change.version,
        order=plan.change.stored,
        content_hash=plan.change.content_hash,
        contact_hash=sealing.contact_hash(vault, act.market_id, contact) if contact else None,
        claim_code_hash=plan.code_hash,
    )


def _new_keys(act: Act, vault: Vault, plan: Plan) -> list[KeyRow]:
    assert plan.change is not None
    rows = []
    for (line_no, unit_no), hash_ in plan.change.new_keys.items():
        unit = UnitRef(plan.order.order_no, line_no, unit_no)
        generation = len(plan.stand.key_hashes.get((line_no, unit_no), ())) + 1
        text = plan.key_texts[line_no, unit_no]
        rows.append(sealing.sealed_key(act, vault, unit, generation, "order", text, hash_))
    return rows


def _result(plan: Plan) -> PutResult:
    version = plan.change.version if plan.change else plan.stand.version
    return PutResult(order_no=plan.order.order_no, version=version, changed=plan.change is not None)


def _reminder_job(act: Act, reminder: Reminder) -> Job:
    unit = reminder.unit
    return Job(
        kind=REMINDER_JOB,
        market_id=act.market_id,
        payload={
            "order_no": unit.order_no,
            "line_no": unit.line_no,
            "unit_no": unit.unit_no,
            "reason": reminder.reason,
        },
        run_at=reminder.remind_at,
        subject=unit.order_no,
        request_id=act.request_id,
        job_id=derived_id(REMINDER_JOB, str(unit), reminder.reason),
    )
