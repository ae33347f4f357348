"""`makegood erase`: find a person, erase one, hold what must stay, forget what was kept enough."""

import argparse
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, get_args

from makegood.commands.frame import Commands, Run, add_command, add_commands, in_transaction
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.base.actor import Act
    from makegood.privacy.actions import Eraser
    from makegood.store.database import Connection

    Task = Callable[[Connection, Act, Eraser, argparse.Namespace], Awaitable[list[str]]]


def add(commands: Commands) -> None:
    """Describe the commands."""
    from makegood.privacy.rules import HoldKind

    erase = add_commands(commands, "erase", "personal data: find, erase, hold, forget in time")
    find = add_command(erase, "find", "what is kept of a person, and what holds it", _run(_find))
    find.add_argument("who", metavar="WHO", help="order, claim, buyer's id or contact")
    person = add_command(erase, "person", "erase a buyer everywhere", _run(_person))
    person.add_argument("buyer_ids", metavar="BUYER", nargs="+", help="as `find` prints them")
    account = add_command(erase, "account", "erase a switched-off account", _run(_account))
    account.add_argument("account_id", metavar="ACCOUNT")
    for command in (person, account):
        command.add_argument("--reason", required=True, choices=("requested", "duty"))
        command.add_argument("--yes", action="store_true", help="there is no way back")
    hold = add_command(erase, "hold", "keep a claim or a person from being erased", _run(_hold))
    hold.add_argument("kind", choices=get_args(HoldKind))
    hold.add_argument("subject", metavar="SUBJECT", help="claim number or buyer's id")
    hold.add_argument("--why", required=True)
    lift = add_command(erase, "lift", "lift a hold", _run(_lift))
    lift.add_argument("hold_id", metavar="HOLD")
    holds = add_command(erase, "holds", "every hold that stands", _run(_holds))
    old = add_command(erase, "old", "erase what has been kept long enough", _run(_old))
    listed = add_command(erase, "list", "past erasures", _run(_list))
    for command in (find, person, account, hold, lift, holds, old, listed):
        command.add_argument("--market", help="id of the market")


def _run(task: "Task") -> Run:
    async def erasing(
        tx: "Connection", act: "Act", settings: Settings, chosen: argparse.Namespace
    ) -> list[str]:
        from makegood.keyfile import open_vault
        from makegood.privacy.actions import Eraser
        from makegood.sources import SystemIds

        return await task(tx, act, Eraser(open_vault(settings), SystemIds()), chosen)

    return in_transaction(erasing)


async def _find(
    tx: "Connection", act: "Act", eraser: "Eraser", chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import find_person

    found = await find_person(tx, act, eraser.vault, chosen.who)
    if found is None:
        return ["nobody is kept under this; try an order number, a claim number or a contact"]
    person = found.person
    kept = f"{len(person.orders)} orders, {len(person.claims)} claims, {person.files} files"
    lines = [f"buyer {' '.join(person.buyer_ids)}: {kept}, {person.mails} mails"]
    lines += [f"  {one.claim_no}  {one.state}" for one in person.claims]
    return lines + [f"  held by {one.kind} {one.subject} {one.reason}" for one in found.obstacles]


async def _person(
    tx: "Connection", act: "Act", eraser: "Eraser", chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import erase_person

    _require_yes(chosen)
    done = await erase_person(tx, act, eraser, chosen.buyer_ids, chosen.reason)
    return [f"erased {done}; the worker deletes the files and vacuums the tables"]


async def _account(
    tx: "Connection", act: "Act", eraser: "Eraser", chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import erase_account

    _require_yes(chosen)
    return [f"erased {await erase_account(tx, act, eraser, chosen.account_id, chosen.reason)}"]


async def _hold(
    tx: "Connection", act: "Act", eraser: "Eraser", chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import place_hold

    hold = await place_hold(tx, act, eraser.ids, chosen.kind, chosen.subject, chosen.why)
    return [f"{hold.hold_id} holds {hold.kind} {hold.subject}"]


async def _lift(
    tx: "Connection", act: "Act", _eraser: "Eraser", chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import lift_hold

    await lift_hold(tx, act, chosen.hold_id)
    return [f"lifted {chosen.hold_id}"]


async def _holds(
    tx: "Connection", act: "Act", _eraser: "Eraser", _chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import standing_holds

    return [
        f"{one.hold_id}  {one.kind} {one.subject}  since {one.placed_at:%Y-%m-%d}  {one.reason}"
        for one in await standing_holds(tx, act.market_id)
    ]


async def _old(
    tx: "Connection", act: "Act", eraser: "Eraser", _chosen: argparse.Namespace
) -> list[str]:
    from makegood.base.trouble import CannotRun
    from makegood.people.markets.store import load_market
    from makegood.privacy.actions import purge

    market = await load_market(tx, act.market_id)
    if market is None:
        raise CannotRun(f"there is no market {act.market_id!r}")
    done, years = [], market.settings.retention_years
    while one := await purge(tx, act, eraser, years):
        done.append(f"erased {one}")
    return done or [f"nothing has been kept for {years} years"]


async def _list(
    tx: "Connection", act: "Act", _eraser: "Eraser", _chosen: argparse.Namespace
) -> list[str]:
    from makegood.privacy.actions import past_erasures

    return [
        f"{one.erased_at:%Y-%m-%d %H:%M}  {one}" for one in await past_erasures(tx, act.market_id)
    ]


def _require_yes(chosen: argparse.Namespace) -> None:
    from makegood.base.trouble import CannotRun

    if not chosen.yes:
        raise CannotRun("an erasure cannot be taken back: add --yes when you are sure")
