"""Carries out replacements: a short transaction, the supplier, a short transaction.

What was done is always written before and after the call, never around it, so a worker that
dies at any point leaves a replacement that the next run takes up where it stands.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.orders.asking import supplier_question
from makegood.orders.stock import reissues
from makegood.orders.stock.reissues import ReissueJob
from makegood.orders.stock.rules import Reissue, ReissueOutcome, next_step, withdrawal
from makegood.orders.supplier import (
    GoodsReply,
    SupplierGateway,
    SupplierQuestion,
    Suppliers,
    SupplierUnavailable,
)
from makegood.store.database import Connection, Database
from makegood.store.jobs import TakenJob
from makegood.store.vault import Vault

OnOutcome: TypeAlias = Callable[[Connection, Act, ReissueOutcome], Awaitable[None]]
"""Told in the same transaction in which a replacement moves on; repeats are not told."""

Step: TypeAlias = Callable[[Connection, Act], Awaitable[ReissueOutcome]]


class ReissueDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What every function here needs; `bootstrap` passes the claims' own `on_outcome`."""

    db: Database
    vault: Vault
    suppliers: Suppliers
    clock: Clock
    on_outcome: OnOutcome


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One replacement in hand: whom to ask, and about what."""

    reissue: Reissue
    gateway: SupplierGateway | None
    question: SupplierQuestion | None


async def run_reissue(desk: ReissueDesk, job: TakenJob) -> None:
    """Jobs `reissue.send` and `reissue.query`: take a replacement one attempt further."""
    act = Act(job.market_id, SYSTEM, desk.clock.now(), job.request_id)
    async with desk.db.transaction() as tx:
        reissue = await reissues.claim_for_sending(tx, act, job.payload_as(ReissueJob).reissue_no)
    if reissue is None:
        return
    asking = await _asking(desk, act, reissue)
    step = next_step(reissue)
    if step == "withdraw":
        if not await _withdraw(desk, act, asking):
            return
        step = "take_stock" if reissue.route == "stock" else "query"
    if step == "take_stock":
        await _note(desk, act, _deliver_from_stock(desk, reissue))
    else:
        await _ask(desk, act, asking, ask_first=step == "query")


async def _asking(desk: ReissueDesk, act: Act, reissue: Reissue) -> Asking:
    gateway = None
    if reissue.supplier_id is not None:
        gateway = await desk.suppliers.gateway_of(act.market_id, reissue.supplier_id)
    async with desk.db.connection() as conn:
        question = await supplier_question(
            conn, desk.vault, act.market_id, reissue.unit, claim_no=reissue.claim_no
        )
    return Asking(reissue=reissue, gateway=gateway, question=question)


async def _withdraw(desk: ReissueDesk, act: Act, asking: Asking) -> bool:
    """Put the old goods out of use; True when the replacement may go on."""
    reissue, gateway = asking.reissue, asking.gateway
    if gateway is None or asking.question is None or "withdraw" not in gateway.capabilities:
        return True
    try:
        answer = await gateway.withdraw(f"{reissue.reissue_no}-w", asking.question)
    except SupplierUnavailable:
        await _note(desk, act, _wait(reissue))
        return False
    match withdrawal(answer):
        case "withdrawn":
            async with desk.db.transaction() as tx:
                await reissues.note_withdrawn(tx, _at_now(desk, act), reissue.reissue_no)
            return True
        case "used":
            await _note(desk, act, _fail(reissue, "goods_used"))
        case "unclear":
            await _note(desk, act, _wait(reissue))
    return False


async def _ask(desk: ReissueDesk, act: Act, asking: Asking, *, ask_first: bool) -> None:
    reissue, gateway, question = asking.reissue, asking.gateway, asking.question
    if gateway is None or question is None or reissue.kind not in gateway.capabilities:
        # What was never asked for cannot come; what may have been asked for still can.
        first = reissue.attempts == 1
        await _note(desk, act, _fail(reissue, "cannot_reissue") if first else _wait(reissue))
        return
    try:
        reply = await _reply(gateway, reissue, question, ask_first=ask_first)
    except SupplierUnavailable:
        await _note(desk, act, _wait(reissue))
        return
    await _note(
        desk,
        act,
        lambda tx, now: reissues.finish(tx, now, desk.vault, reissue.reissue_no, reply),
    )


async def _reply(
    gateway: SupplierGateway, reissue: Reissue, question: SupplierQuestion, *, ask_first: bool
) -> GoodsReply:
    """Ask after the number first when it may be known; send it when it is certainly not."""
    if ask_first:
        known = await _query(gateway, reissue)
        if known.status != "not_found":
            return known
    if reissue.kind == "reissue":
        return await gateway.reissue(reissue.reissue_no, question)
    return await gateway.upgrade(reissue.reissue_no, question, reissue.sku)


async def _query(gateway: SupplierGateway, reissue: Reissue) -> GoodsReply:
    if reissue.kind == "reissue":
        return await gateway.query_reissue(reissue.reissue_no)
    return await gateway.query_upgrade(reissue.reissue_no)


async def _note(desk: ReissueDesk, act: Act, step: Step) -> None:
    """Write a step and tell who waits for it, all or nothing."""
    async with desk.db.transaction() as tx:
        now = _at_now(desk, act)
        outcome = await step(tx, now)
        if outcome.changed or outcome.stuck:
            await desk.on_outcome(tx, now, outcome)


def _deliver_from_stock(desk: ReissueDesk, reissue: Reissue) -> Step:
    return lambda tx, now: reissues.deliver_from_stock(tx, now, desk.vault, reissue.reissue_no)


def _wait(reissue: Reissue) -> Step:
    return lambda tx, now: reissues.wait(tx, now, reissue.reissue_no, None)


def _fail(reissue: Reissue, reason: str) -> Step:
    return lambda tx, now: reissues.fail(tx, now, reissue.reissue_no, reason)


def _at_now(desk: ReissueDesk, act: Act) -> Act:
    return msgspec.structs.replace(act, now=desk.clock.now())
