"""Replacements and upgrades step by step: reserved, sent, settled, each step harmless twice.

The number of a replacement is derived from the decision that asks for it, so one decision
makes one replacement, and the supplier hears one number however often it is asked.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef, derived_id
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.actions import (
    hold_replacement,
    keep_replacement,
    release_replacement,
    withdraw_replacement,
)
from makegood.orders import connection_store, key_store, sealing
from makegood.orders import rules as order_rules
from makegood.orders import store as order_store
from makegood.orders.order import Line
from makegood.orders.stock import reissue_store, store
from makegood.orders.stock.actions import open_stock
from makegood.orders.stock.rules import (
    FINAL,
    Reissue,
    ReissueOutcome,
    Route,
    is_stuck,
    retry_at,
    settling,
)
from makegood.orders.store import OrderVersion
from makegood.orders.supplier import Capability, GoodsReply
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue
from makegood.store.vault import Vault

SEND_JOB = "reissue.send"
QUERY_JOB = "reissue.query"


class ReissueJob(msgspec.Struct, frozen=True):
    """What the jobs of a replacement carry."""

    reissue_no: str


async def reserve_replacement(
    tx: Connection,
    act: Act,
    *,
    reissue_key: str,
    claim_no: str,
    unit: UnitRef,
    value_minor: int,
    blocked: Collection[str] = (),
    withdraw_first: bool = False,
) -> Reissue:
    """Reserve a replacement and what it is worth, and have it sent; the same key gives the same.

    Stock goes first, then the unit's supplier if it can make one. With `withdraw_first` the old
    key is locked at the supplier before anything is sent.

    Raises:
        Refused: `no_live_replacement`, `exceeds_paid` when refunds and live replacements use up
            what was paid, `blocked_category`, `reissue_under_way`, `not_a_unit`.
    """
    reissue_no = derived_id("reissue", act.market_id, claim_no, reissue_key)
    await order_store.lock_heads(tx, act.market_id, [unit.order_no])
    known = await reissue_store.load(tx, act.market_id, reissue_no)
    if known is not None:
        return known
    found, line = await _sold(tx, act, unit)
    order_rules.check_category(line.category, blocked)
    route = await _route(tx, act, found, line, reissue_no)
    new = Reissue(
        reissue_no=reissue_no,
        claim_no=claim_no,
        reissue_key=reissue_key,
        kind="reissue",
        unit=unit,
        sku=line.sku,
        value_minor=value_minor,
        currency=found.order.total.currency,
        route=route,
        supplier_id=line.supplier.id if line.supplier else None,
        withdraw_first=withdraw_first and line.supplier is not None,
        state="reserved",
        attempts=0,
        reserved_at=act.now,
    )
    return await _begin(tx, act, new)


async def reserve_upgrade(
    tx: Connection, act: Act, *, reissue_key: str, claim_no: str, unit: UnitRef, to_sku: str
) -> Reissue:
    """Have the supplier put a better product in a unit's place; booked by the caller.

    Raises:
        Refused: `no_live_replacement` when the unit's supplier has none, `reissue_under_way`.
    """
    reissue_no = derived_id("upgrade", act.market_id, claim_no, reissue_key)
    await order_store.lock_heads(tx, act.market_id, [unit.order_no])
    known = await reissue_store.load(tx, act.market_id, reissue_no)
    if known is not None:
        return known
    found, line = await _sold(tx, act, unit)
    if line.supplier is None or not await _supplier_can(tx, act.market_id, line, "upgrade"):
        raise Refused("no_live_replacement", sku=to_sku)
    new = Reissue(
        reissue_no=reissue_no,
        claim_no=claim_no,
        reissue_key=reissue_key,
        kind="upgrade",
        unit=unit,
        sku=to_sku,
        value_minor=0,
        currency=found.order.total.currency,
        route="supplier",
        supplier_id=line.supplier.id,
        withdraw_first=False,
        state="reserved",
        attempts=0,
        reserved_at=act.now,
    )
    return await _begin(tx, act, new)


async def claim_for_sending(tx: Connection, act: Act, reissue_no: str) -> Reissue | None:
    """Take a replacement up for one attempt, before the supplier hears of it.

    None when it is settled already, so a job that runs twice does nothing the second time.
    """
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    if reissue.state in FINAL:
        return None
    await reissue_store.mark_sent(tx, act.market_id, reissue_no, act.now)
    return await reissue_store.lock(tx, act.market_id, reissue_no)


async def note_withdrawn(tx: Connection, act: Act, reissue_no: str) -> None:
    """Write down that the unit's old key is out of use at the supplier."""
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    await reissue_store.mark_withdrawn(tx, act.market_id, reissue_no, act.now)
    keys = await key_store.load_unit_keys(tx, act.market_id, reissue.unit)
    if keys and reissue.withdrawn_at is None:
        unit, generation = reissue.unit, keys[-1].generation
        await key_store.mark_withdrawn(tx, act.market_id, unit, generation, act.now)


async def finish(
    tx: Connection, act: Act, vault: Vault, reissue_no: str, reply: GoodsReply
) -> ReissueOutcome:
    """Take the supplier's reply, from a call, a query or a notice; only the first end counts."""
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    if reissue.state in FINAL:
        return ReissueOutcome(reissue=reissue, changed=False)
    known = bool(reply.key) and await _is_known(tx, act, vault, reply.key or "")
    match settling(reply, known):
        case "delivered":
            return await _deliver(tx, act, vault, reissue, reply.key)
        case "failed":
            return await fail(tx, act, reissue_no, "key_known" if known else reply.reason)
        case "wait":
            return await wait(tx, act, reissue_no, reply)
        case "send_again":
            return await wait(tx, act, reissue_no, None)


async def deliver_from_stock(
    tx: Connection, act: Act, vault: Vault, reissue_no: str
) -> ReissueOutcome:
    """Give the reserved key to the unit."""
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    if reissue.state in FINAL:
        return ReissueOutcome(reissue=reissue, changed=False)
    stock = await store.use_reserved(tx, act.market_id, reissue_no)
    return await _deliver(tx, act, vault, reissue, open_stock(vault, act.market_id, stock))


async def wait(
    tx: Connection, act: Act, reissue_no: str, reply: GoodsReply | None
) -> ReissueOutcome:
    """Look again later: at the promised time, or sooner the first times without an answer."""
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    eta_at = reply.eta_at if reply else None
    new_eta = eta_at is not None and eta_at != reissue.eta_at
    await reissue_store.set_eta(tx, act.market_id, reissue_no, eta_at)
    await enqueue(tx, [_job(QUERY_JOB, act, reissue, retry_at(reissue, act.now, eta_at))])
    after = await reissue_store.lock(tx, act.market_id, reissue_no)
    return ReissueOutcome(reissue=after, changed=new_eta, stuck=reply is None and is_stuck(after))


async def fail(tx: Connection, act: Act, reissue_no: str, reason: str) -> ReissueOutcome:
    """End a replacement that will never come; what was held for it is free again."""
    return await _end_without_goods(tx, act, reissue_no, "failed", reason)


async def cancel(tx: Connection, act: Act, reissue_no: str) -> ReissueOutcome:
    """End a replacement that nobody was asked for yet.

    Raises:
        Refused: `reissue_under_way` when it was sent: then only the supplier's word ends it.
    """
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    if reissue.state == "sent":
        raise Refused("reissue_under_way", reissue_no=reissue_no)
    return await _end_without_goods(tx, act, reissue_no, "cancelled", "")


async def release_replacements(tx: Connection, act: Act, unit: UnitRef, dead_at: datetime) -> int:
    """Free what a unit's replacements are worth that were delivered before `dead_at`.

    That is when the unit's newest key was withdrawn, or its supplier said that it is dead; what
    was delivered later is alive and stays counted. Answers how many replacements that were.
    """
    delivered = [
        reissue
        for reissue in await reissue_store.list_of_unit(tx, act.market_id, unit)
        if reissue.state == "delivered"
        and reissue.released_at is None
        and reissue.value_minor
        and reissue.settled_at is not None
        and reissue.settled_at < dead_at
    ]
    for reissue in delivered:
        await withdraw_replacement(tx, act, reissue.reissue_no)
        await reissue_store.mark_released(tx, act.market_id, reissue.reissue_no, act.now)
    return len(delivered)


async def reissues_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Reissue]:
    """Every replacement and upgrade of a claim, oldest first."""
    return await reissue_store.list_of_claim(conn, market_id, claim_no)


async def _sold(tx: Connection, act: Act, unit: UnitRef) -> tuple[OrderVersion, Line]:
    found = await order_store.load_order(tx, act.market_id, unit.order_no)
    if found is None:
        raise Refused("not_a_unit", line_no=unit.line_no, unit_no=unit.unit_no)
    line = order_rules.line_of(found.order, unit.line_no)
    order_rules.unit_of(line, unit.unit_no)
    return found, line


async def _route(
    tx: Connection, act: Act, found: OrderVersion, line: Line, reissue_no: str
) -> Route:
    seller_id = found.order.seller.id
    if await store.reserve_one(tx, act.market_id, line.sku, seller_id, reissue_no):
        return "stock"
    if await _supplier_can(tx, act.market_id, line, "reissue"):
        return "supplier"
    raise Refused("no_live_replacement", sku=line.sku)


async def _supplier_can(
    conn: Connection, market_id: str, line: Line, capability: Capability
) -> bool:
    if line.supplier is None:
        return False
    return await connection_store.can(conn, market_id, line.supplier.id, capability)


async def _begin(tx: Connection, act: Act, new: Reissue) -> Reissue:
    # The order's lock keeps twins of this decision out, so only another one can be in the way.
    if not await reissue_store.insert(tx, act.market_id, new):
        raise Refused("reissue_under_way", unit=str(new.unit))
    if new.value_minor:
        money = Money(new.value_minor, new.currency)
        await hold_replacement(tx, act, new.reissue_no, new.unit, money, new.claim_no)
    await enqueue(tx, [_job(SEND_JOB, act, new, act.now)])
    return new


async def _deliver(
    tx: Connection, act: Act, vault: Vault, reissue: Reissue, key: str | None
) -> ReissueOutcome:
    generation = await _give_key(tx, act, vault, reissue.unit, key) if key else None
    if reissue.value_minor:
        await keep_replacement(tx, act, reissue.reissue_no)
    await reissue_store.settle(
        tx, act.market_id, reissue.reissue_no, "delivered", act.now, generation=generation
    )
    return await _settled(tx, act, reissue.reissue_no)


async def _give_key(tx: Connection, act: Act, vault: Vault, unit: UnitRef, key: str) -> int:
    # The order's lock keeps a shop system's own new key from taking the same generation.
    await order_store.lock_heads(tx, act.market_id, [unit.order_no])
    known = await key_store.load_unit_keys(tx, act.market_id, unit)
    generation = known[-1].generation + 1 if known else 1
    hash_ = sealing.key_hash(vault, act.market_id, key)
    row = sealing.sealed_key(act, vault, unit, generation, "reissue", key, hash_)
    await key_store.insert_keys(tx, act.market_id, [row])
    return generation


async def _end_without_goods(
    tx: Connection, act: Act, reissue_no: str, state: Literal["failed", "cancelled"], reason: str
) -> ReissueOutcome:
    reissue = await reissue_store.lock(tx, act.market_id, reissue_no)
    if reissue.state in FINAL:
        return ReissueOutcome(reissue=reissue, changed=False)
    if reissue.value_minor:
        await release_replacement(tx, act, reissue_no)
    await store.free_reserved(tx, act.market_id, reissue_no)
    await reissue_store.settle(tx, act.market_id, reissue_no, state, act.now, reason=reason[:200])
    return await _settled(tx, act, reissue_no)


async def _settled(tx: Connection, act: Act, reissue_no: str) -> ReissueOutcome:
    return ReissueOutcome(
        reissue=await reissue_store.lock(tx, act.market_id, reissue_no), changed=True
    )


async def _is_known(tx: Connection, act: Act, vault: Vault, key: str) -> bool:
    hash_ = sealing.key_hash(vault, act.market_id, key)
    return bool(await store.load_sold_hashes(tx, act.market_id, [hash_]))


def _job(kind: str, act: Act, reissue: Reissue, run_at: datetime) -> Job:
    return Job(
        kind=kind,
        market_id=act.market_id,
        payload=ReissueJob(reissue.reissue_no),
        run_at=run_at,
        subject=reissue.claim_no,
        request_id=act.request_id,
    )
