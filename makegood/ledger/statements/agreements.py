"""The share of a refund that a supplier agreed to bear, per finding, from a day on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.ledger.statements import agreement_store as store
from makegood.store.database import Connection

ANY_FINDING: Final = "*"
USUAL_PAYMENT_DAYS: Final = 15


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what was agreed with a supplier; never changed, only followed by the next."""

    supplier_id: str
    version: int
    starts_at: datetime
    shares: dict[str, int]
    """Finding, or `*` for all others, to the percent of the supplier's liability it bears."""
    payment_days: int = USUAL_PAYMENT_DAYS
    note: str = ""
    made_by: str = ""
    made_at: datetime | None = None


def in_force(agreements: Sequence[Agreement], at: datetime) -> Agreement | None:
    """The newest version that had begun at a time; sales before the first have none."""
    begun = [one for one in agreements if one.starts_at <= at]
    return max(begun, key=lambda one: (one.starts_at, one.version), default=None)


def agreed_percent(agreement: Agreement | None, finding: str) -> int:
    """How much of its liability the supplier bears: all of it unless agreed otherwise.

    An agreement that says nothing about a finding, and nothing about all others, bears none of it.
    """
    if agreement is None:
        return 100
    return agreement.shares.get(finding, agreement.shares.get(ANY_FINDING, 0))


def with_agreement(borne_by: Mapping[str, int], percent: int) -> dict[str, int]:
    """Who bears a refund once the agreement is applied: the seller bears the supplier's rest.

    The amounts sum to the same whole; the supplier's part is rounded down.
    """
    borne = dict(borne_by)
    liable = borne.pop("supplier", 0)
    agreed = liable * percent // 100
    parts = {"supplier": agreed, "seller": borne.pop("seller", 0) + liable - agreed}
    return {party: part for party, part in {**parts, **borne}.items() if part}


async def put_agreement(
    tx: Connection,
    act: Act,
    supplier_id: str,
    *,
    shares: Mapping[str, int],
    starts_at: datetime,
    payment_days: int = USUAL_PAYMENT_DAYS,
    note: str = "",
) -> Agreement:
    """Agree on a new version; sales before its start keep the older one.

    Raises:
        Refused: `setting_invalid` for a percentage outside 0 to 100 or no shares at all,
            `not_found` for an unknown supplier.
    """
    if not shares or not all(0 <= share <= 100 for share in shares.values()):
        raise Refused("setting_invalid", fields=["shares"])
    if not 0 <= payment_days <= 365:
        raise Refused("setting_invalid", fields=["payment_days"])
    if not await store.lock_supplier(tx, act.market_id, supplier_id):
        raise Refused("not_found")
    known = await agreements_of(tx, act.market_id, supplier_id)
    made = Agreement(
        supplier_id=supplier_id,
        version=len(known) + 1,
        starts_at=starts_at,
        shares=dict(shares),
        payment_days=payment_days,
        note=note,
        made_by=act.actor.id,
        made_at=act.now,
    )
    await store.insert_agreement(tx, act.market_id, msgspec.structs.asdict(made))
    return made


async def agreements_of(conn: Connection, market_id: str, supplier_id: str) -> list[Agreement]:
    """Every version, oldest first."""
    rows = await store.agreements_of(conn, market_id, supplier_id)
    return [msgspec.convert(dict(row), Agreement) for row in rows]


async def agreement_at(
    conn: Connection, market_id: str, supplier_id: str, at: datetime
) -> Agreement | None:
    """What was agreed for goods sold at a time."""
    return in_force(await agreements_of(conn, market_id, supplier_id), at)
