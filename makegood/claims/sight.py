"""What a view of a claim is made of, and who sees what of it."""

from collections.abc import Mapping

import msgspec

from makegood.base.actor import Actor
from makegood.claims.commands import Ruling
from makegood.claims.state import Claim, Recorded
from makegood.orders.facts import UnitFacts


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a view is made of: the fold, its history, the units, and what the rules say now."""

    claim: Claim
    history: list[Recorded]
    units: list[UnitFacts]
    ruling: Ruling | None
    coupon_codes: Mapping[str, str] = {}
    """Codes by coupon number, for the buyer alone."""
    buyer_name: str = "买家"
    roster_names: dict[str, str] = {}


def sees(audience: str, reader: Actor, *, staff: bool) -> bool:
    """Whether a reader sees what is meant for this audience; the staff sees everything."""
    return staff or audience in ("all", reader.role)
