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
from makegood.people.caller import Caller
from makegood.people.markets.actions import change_settings
from makegood.people.markets.rules import Market, MarketSettings, SoloMode
from makegood.people.staff.rules import normal_name
from makegood.store.database import Connection


async def declare_solo(
    tx: Connection, act: Act, ids: Ids, market: Market, name: str, contact: str
) -> OutsideApprover:
    """One person runs this market; the outside approver is the second person of every step.

    Whoever is named twice stays one approver with the same authenticator. The operator who
    declares it works the desk until the declaration ends (`at_the_desk`).

    Raises:
        Refused: as `add_outside_approver`, and `stale_version`.
    """
    known = await outside_approvers(tx, act.market_id)
    same = [one for one in known if normal_name(one.contact) == normal_name(contact)]
    approver = same[0] if same else await add_outside_approver(tx, act, ids, name, contact)
    solo = SoloMode(approver.name, approver.contact, act.actor.id)
    changed = msgspec.structs.replace(market.settings, solo=solo)
    if changed != market.settings:
        await change_settings(tx, act, changed, market.version)
    return approver


def at_the_desk(caller: Caller, settings: MarketSettings) -> Caller:
    """The caller as the desk sees them: an operator who declared to be alone is its lead there.

    The account stays the same, and with it every rule about another person: nobody releases an
    own proposal or reviews an own decision. Everybody else is who they are.
    """
    solo = settings.solo
    alone = (
        caller.actor is not None
        and caller.via == "staff_session"
        and caller.role == "operator"
        and solo is not None
        and solo.operator_id == caller.account_id != ""
    )
    if caller.actor is None or not alone:
        return caller
    lead = msgspec.structs.replace(caller.actor, role="lead")
    return msgspec.structs.replace(caller, actor=lead)


async def end_approver(tx: Connection, act: Act, market: Market, approver_id: str) -> None:
    """Nobody can be asked under this name any more; who was declared with it is not solo now."""
    known = await outside_approvers(tx, act.market_id)
    gone = next((one for one in known if one.approver_id == approver_id), None)
    await end_outside_approver(tx, act, approver_id)
    solo = market.settings.solo
    if gone is not None and solo is not None and solo.mediator_contact == gone.contact:
        changed = msgspec.structs.replace(market.settings, solo=None)
        await change_settings(tx, act, changed, market.version)
