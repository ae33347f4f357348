"""A shop of one person: declared by its operator, together with somebody from outside."""

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.people.approvals.outside import (
    OutsideApprover,
    add_outside_approver,
    end_outside_approver,
    outside_approvers,
)
from makegood.people.markets.actions import change_settings
from makegood.people.markets.rules import Market, SoloMode
from makegood.people.staff.rules import normal_name
from makegood.store.database import Connection


async def declare_solo(
    tx: Connection, act: Act, ids: Ids, market: Market, name: str, contact: str
) -> OutsideApprover:
    """One person runs this market; the outside approver is the second person of every step.

    Whoever is named twice stays one approver with the same authenticator.

    Raises:
        Refused: as `add_outside_approver`, and `stale_version`.
    """
    known = await outside_approvers(tx, act.market_id)
    same = [one for one in known if normal_name(one.contact) == normal_name(contact)]
    approver = same[0] if same else await add_outside_approver(tx, act, ids, name, contact)
    solo = SoloMode(approver.name, approver.contact)
    changed = msgspec.structs.replace(market.settings, solo=solo)
    if changed != market.settings:
        await change_settings(tx, act, changed, market.version)
    return approver


async def end_approver(tx: Connection, act: Act, market: Market, approver_id: str) -> None:
    """Nobody can be asked under this name any more; who was declared with it is not solo now."""
    known = await outside_approvers(tx, act.market_id)
    gone = next((one for one in known if one.approver_id == approver_id), None)
    await end_outside_approver(tx, act, approver_id)
    solo = market.settings.solo
    if gone is not None and solo is not None and solo.mediator_contact == gone.contact:
        changed = msgspec.structs.replace(market.settings, solo=None)
        await change_settings(tx, act, changed, market.version)
