"""When a claim keeps its amount from being paid out to the seller, and when it lets go: pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from makegood.base.actor import Act
from makegood.claims import events as e
from makegood.claims.fold import evolve
from makegood.claims.state import Claim, Recorded

OPEN_CLAIM: Final = "open_claim"
"""The rule of a hold that lasts as long as its claim is open."""
PAYMENT_LINE: Final = 0
"""The line of the payment itself; below it stands our own conduct, for which no seller pays."""


def keeps_money(line_no: int, amount_minor: int) -> bool:
    """Whether a claim about this line keeps anything from the seller."""
    return line_no >= PAYMENT_LINE and amount_minor > 0


def first_hold(opened: e.ClaimOpened) -> list[e.PayoutHeld]:
    """What a claim holds from its first moment on."""
    if not opened.seller_id or not keeps_money(opened.line_no, opened.claimed_minor):
        return []
    return [_hold(opened, opened.deadlines)]


def with_holds(claim: Claim, events: Sequence[e.AnyEvent], act: Act) -> list[e.AnyEvent]:
    """The events, before each the hold that it ends or, after an end, places again.

    Before it, so that what was done stands last: its hash is the receipt that a person keeps.
    """
    told: list[e.AnyEvent] = []
    for event in events:
        after = evolve(claim, Recorded(claim.version + 1, act.now, act.actor, event))
        if claim.is_open != after.is_open and after.hold is not None:
            again = _hold(after.opened, after.deadlines)
            told.append(again if after.is_open else _free(after.hold, after.state))
        told.append(event)
        claim = after
    return told


def _hold(opened: e.ClaimOpened, deadlines: Sequence[e.Deadline]) -> e.PayoutHeld:
    return e.PayoutHeld(
        claim_no=opened.claim_no,
        seller_id=opened.seller_id,
        amount_minor=opened.claimed_minor,
        currency=opened.currency,
        rule=OPEN_CLAIM,
        until=_last(deadlines),
    )


def _free(held: e.PayoutHeld, why: str) -> e.PayoutFreed:
    return e.PayoutFreed(
        claim_no=held.claim_no,
        seller_id=held.seller_id,
        amount_minor=held.amount_minor,
        currency=held.currency,
        rule=held.rule,
        why=why,
    )


def _last(deadlines: Sequence[e.Deadline]) -> datetime | None:
    """By when the claim has ended, as far as times are promised."""
    return max((deadline.at for deadline in deadlines), default=None)
