"""Which accounts a refund locks before it reserves its money, and in which order."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from makegood.base.actor import Act
from makegood.ledger import accounts as book_accounts
from makegood.ledger import rules as book
from makegood.ledger.advance import store as advance_store
from makegood.ledger.advance.actions import open_day
from makegood.ledger.advance.rules import COVERS, Look
from makegood.ledger.recipes import PaymentLeg
from makegood.ledger.refund import funding
from makegood.ledger.refund.plan import Terms, wanted_sources
from makegood.ledger.refund.rules import RefundOrder
from makegood.ledger.rules import Balance
from makegood.ledger.store import lock_accounts, read_accounts
from makegood.people.markets.store import load_seller
from makegood.store.database import Connection


class _TakenMeanwhileError(Exception):
    """Others took what a refund counted on, before it had locked it."""


async def lock(
    tx: Connection, act: Act, order: RefundOrder, legs: Sequence[PaymentLeg]
) -> tuple[Look, Terms]:
    """Lock all that the refund may touch, in one go and one order; answers a look at it.

    Covers only where something must be advanced, and of them only the claim's own shards while
    those have room for it: with all of them locked, one refund of the market at a time would
    pass. What is needed is read before anything is locked, and looked at again afterwards;
    should others have taken it in between, all locks are given back, and more is locked in the
    same order. Nobody waits for anything while holding what comes later in it.
    """
    own = funding.accounts_of_refund(order.unit, legs, order.seller_id)
    day = book_accounts.day_of(act.now)
    near = own | _advance_codes(order, day)
    look = _looking(await read_accounts(tx, act.market_id, near, order.currency))
    terms: Terms | None = None
    while True:
        reach = _reach(order, look, day)
        if reach and terms is None:
            terms = await _terms(tx, act, order)
            if terms.caps.pays_first:
                await open_day(tx, act, terms.caps, order.currency)
        codes = own if reach == 0 else own | _advance_codes(order, day, all_shards=reach == 2)
        with suppress(_TakenMeanwhileError):
            async with tx.transaction():
                look = _looking(await lock_accounts(tx, act.market_id, codes, order.currency))
                if _reach(order, look, day) > reach:
                    raise _TakenMeanwhileError
            return look, terms or Terms()


async def _terms(tx: Connection, act: Act, order: RefundOrder) -> Terms:
    """What may be paid first for this seller."""
    caps = await advance_store.load_caps(tx, act.market_id)
    seller = await load_seller(tx, act.market_id, order.seller_id)
    return Terms(caps=caps, tier=seller.tier if seller else "B")


def _reach(order: RefundOrder, look: Look, day: str) -> int:
    """How much must be locked: no cover, the claim's own shards, or all of them."""
    need = wanted_sources(order, look).advanced_minor
    if not need:
        return 0
    own = [book_accounts.cover(kind, order.claim_no, day) for kind in COVERS]
    enough = all(book.available_minor(code, look(code)) >= need for code in own)
    return 1 if enough else 2


def _advance_codes(order: RefundOrder, day: str, *, all_shards: bool = False) -> set[str]:
    return funding.accounts_of_advance(
        order.claim_no, order.seller_id, order.supplier_id, day, all_shards=all_shards
    )


def _looking(found: Mapping[str, Balance]) -> Look:
    return lambda code: found.get(code, Balance())
