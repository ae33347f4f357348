"""What a public row says of an ended claim: coarse, without a person, without the claim's number.

The row is an event of the stream `rows/{seller}`; its place there is the seller's dense number,
so a row that is missing leaves a gap that everybody sees. The claim's number is a private field
of the same event: a party to the claim can be shown which row is theirs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

import msgspec

from makegood.claims.remedies import FULL_REFUND, GOODS, MONEY, REPAIRS
from makegood.claims.state import Claim

ENDED: Final = ("closed", "withdrawn", "declined")
"""States after which nothing happens unless somebody reopens the claim."""

STEPS: Final = (
    ("15m", timedelta(minutes=15)),
    ("1h", timedelta(hours=1)),
    ("4h", timedelta(hours=4)),
    ("24h", timedelta(hours=24)),
    ("72h", timedelta(hours=72)),
    ("7d", timedelta(days=7)),
)
LONGER: Final = "longer"
NEVER: Final = "never"
"""The stage was not reached."""

RELEASE_DELAY: Final = timedelta(days=1)
"""A row comes out with its day's batch, at least a day late, so that its time tells nothing."""

Outcome = Literal[
    "refunded",
    "partly_refunded",
    "replaced",
    "repaired",
    "compensated",
    "not_upheld",
    "withdrawn",
    "declined",
    "ended",
]
Decider = Literal["rules", "person", "seller", "agreement", "appeal", "nobody"]
Blame = Literal["none", "part", "all", "undecided"]
_DECIDERS: Final[dict[str, Decider]] = {
    "machine": "rules",
    "person": "person",
    "seller": "seller",
    "settlement": "agreement",
    "appeal": "appeal",
}


class PublicRow(msgspec.Struct, frozen=True, kw_only=True, tag="public_row"):
    """One row. `answered`, `decided` and `done` are steps of time since the claim was opened.

    `stars` is 0 where the buyer rated nothing; `replaces` is the number of the row that this
    one corrects after the claim was taken up again, or 0.
    """

    seller: str
    number: int
    day: str
    reason: str
    outcome: Outcome
    decider: Decider
    answered: str
    decided: str
    done: str
    blame: Blame
    appealed: bool
    stars: int
    replaces: int


def row_of(claim: Claim, number: int, replaces: int = 0) -> PublicRow:
    """The row of an ended claim; days are those of UTC."""
    ended_at = claim.settled_at or claim.closed_at or claim.changed_at
    decision = claim.decision
    return PublicRow(
        seller=claim.opened.seller_id,
        number=number,
        day=ended_at.strftime("%Y-%m-%d"),
        reason=claim.opened.reason[:3],
        outcome=outcome_of(claim),
        decider=_DECIDERS[decision.source] if decision is not None else "nobody",
        answered=step(claim.opened_at, claim.first_answer_at),
        decided=step(claim.opened_at, claim.decided_at),
        done=step(claim.opened_at, claim.settled_at),
        blame=_blame(claim),
        appealed=bool(claim.appealed),
        stars=claim.rating or 0,
        replaces=replaces,
    )


def outcome_of(claim: Claim) -> Outcome:
    """The class of a claim's end."""
    if claim.state == "withdrawn":
        return "withdrawn"
    if claim.state == "declined":
        return "declined"
    if claim.decision is None:
        return "ended"
    remedy = claim.chosen or claim.decision.remedy
    if remedy in MONEY:
        return "refunded" if remedy == FULL_REFUND else "partly_refunded"
    if remedy in GOODS or remedy == "upgrade":
        return "replaced"
    if remedy in REPAIRS:
        return "repaired"
    return "compensated" if remedy == "coupon" or claim.compensations else "not_upheld"


def step(opened_at: datetime, at: datetime | None) -> str:
    """The step of time within which a stage was reached."""
    if at is None:
        return NEVER
    spent = at - opened_at
    return next((name for name, most in STEPS if spent <= most), LONGER)


def says_the_same(one: PublicRow, other: PublicRow) -> bool:
    """Whether two rows of one claim differ in their numbers at most."""
    numbered = {"number": one.number, "replaces": one.replaces}
    return msgspec.structs.replace(other, **numbered) == one


def shuffled(claim_nos: Sequence[str], secret: bytes) -> list[str]:
    """Claims in an order that tells nothing: by a keyed hash that nobody can foresee."""
    return sorted(claim_nos, key=lambda one: sha256(secret + one.encode()).digest())


def stream_of(seller_id: str) -> str:
    """The stream in which a seller's rows stand."""
    return f"rows/{seller_id}"


def release_before(now: datetime) -> datetime:
    """Claims untouched since this time are in the next batch: whole days only."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - RELEASE_DELAY


def _blame(claim: Claim) -> Blame:
    if claim.decision is None:
        return "undecided"
    share = claim.decision.shares.get("seller", 0)
    return "none" if share == 0 else "all" if share >= 100 else "part"
