"""`makegood key`: API keys are made here and printed once, listed, and revoked."""

import argparse
from typing import TYPE_CHECKING, get_args

from makegood.commands.frame import Commands, add_command, add_commands, in_transaction
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.base.actor import Act
    from makegood.store.database import Connection


def add(commands: Commands) -> None:
    """Describe the commands."""
    from makegood.people.keys.rules import KeyRole

    keys = add_commands(commands, "key", "API keys of a market")
    create = add_command(keys, "create", "make a key and print it once", in_transaction(_create))
    create.add_argument("--role", required=True, choices=get_args(KeyRole))
    create.add_argument("--seller", metavar="ID", help="whose key it is, with --role seller")
    create.add_argument("--name", default="", help="what the key is for, shown in lists")
    listed = add_command(keys, "list", "all keys with their last use", in_transaction(_list))
    revoke = add_command(keys, "revoke", "end a key within a second", in_transaction(_revoke))
    revoke.add_argument("key_id", metavar="KEY_ID")
    for command in (create, listed, revoke):
        command.add_argument("--market", help="id of the market")


async def _create(
    tx: "Connection", act: "Act", _settings: Settings, chosen: argparse.Namespace
) -> list[str]:
    from makegood.base.trouble import CannotRun
    from makegood.people.keys.actions import create_key
    from makegood.people.keys.rules import NewKey
    from makegood.people.markets.store import load_market
    from makegood.sources import SystemIds

    if (chosen.role == "seller") != bool(chosen.seller):
        raise CannotRun("a key with --role seller needs --seller ID, and no other key has one")
    if await load_market(tx, act.market_id) is None:
        raise CannotRun(f"there is no market {act.market_id!r}: start ./serve once first")
    new = NewKey(role=chosen.role, seller_id=chosen.seller, name=chosen.name)
    return [(await create_key(tx, act, SystemIds(), new)).token]


async def _list(
    tx: "Connection", act: "Act", _settings: Settings, _chosen: argparse.Namespace
) -> list[str]:
    from makegood.people.keys.actions import list_keys

    return [
        f"{key.key_id}  {key.role:<8}  {key.seller_id or '-':<12}  "
        f"{'revoked' if key.revoked_at else 'live':<8} "
        f"last used {key.last_used_at or 'never'}  {key.name}"
        for key in await list_keys(tx, act.market_id)
    ]


async def _revoke(
    tx: "Connection", act: "Act", _settings: Settings, chosen: argparse.Namespace
) -> list[str]:
    from makegood.base.trouble import CannotRun
    from makegood.people.keys.actions import revoke_key

    if not await revoke_key(tx, act, chosen.key_id):
        raise CannotRun(f"there is no live key {chosen.key_id}: see `makegood key list`")
    return [f"revoked {chosen.key_id}"]
