"""`makegood log`: look at the log, check it, copy it, and the rare deeds of an operator."""

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from makegood.commands.frame import Commands, add_command, add_commands, database_url
from makegood.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from makegood.base.actor import Act
    from makegood.record.log.keyring import FileKeyBook, LogKeys
    from makegood.record.log.sequencer import LogRoom

    Task = Callable[[LogRoom, Act, argparse.Namespace], Awaitable[tuple[list[str], int]]]
    """Answers what to print, and the exit status."""


def add(commands: Commands) -> None:
    """Describe the commands."""
    group = add_commands(commands, "log", "the tamper-evident log of a market")
    plain = {
        "show": ("size, checkpoint, keys and what waits", _show),
        "fsck": ("derive everything again from the events and name what differs", _fsck),
        "export": ("bring the static files of the log up to date", _export),
        "rotate-key": ("add a signing key; the older ones sign on until retired", _rotate),
    }
    for name, (words, task) in plain.items():
        _market(add_command(group, name, words, _run(task)))
    retire = add_command(group, "retire-key", "let an older key sign no more", _run(_retire))
    retire.add_argument("key_id", metavar="KEY_ID", help="eight letters; see `makegood log show`")
    restart = add_command(group, "restart", "state an honest restore, signed", _run(_restart))
    restart.add_argument("--reason", required=True, help="one line, public for ever")
    outage = add_command(group, "outage", "state why nothing was merged", _run(_outage))
    outage.add_argument("--from", dest="began", required=True, metavar="TIME", help="RFC 3339")
    outage.add_argument("--to", dest="ended", metavar="TIME", help="empty: it goes on")
    outage.add_argument("statement", help="what to tell, in one or two sentences")
    for command in (retire, restart, outage):
        _market(command)
    verify = add_command(group, "verify", "check a copy of a log's files, offline", _verify)
    verify.add_argument("folder", type=Path, metavar="DIR", help="holds `checkpoint` and `tile/`")
    verify.add_argument("--key", action="append", default=[], help="verifier key of the log")
    verify.add_argument("--policy", type=Path, help="policy file with logs and witnesses")


def _market(command: argparse.ArgumentParser) -> None:
    command.add_argument("--market", help="id of the market")


def _run(task: "Task") -> Callable[[argparse.Namespace, Settings], int]:
    def run(chosen: argparse.Namespace, settings: Settings) -> int:
        import asyncio

        with database_url(settings) as url:
            lines, status = asyncio.run(_in_room(url, settings, task, chosen))
        for line in lines:
            print(line)
        return status

    return run


async def _in_room(
    url: str, settings: Settings, task: "Task", chosen: argparse.Namespace
) -> tuple[list[str], int]:
    from makegood.base.actor import SYSTEM, Act
    from makegood.base.trouble import CannotRun
    from makegood.logfiles import open_log_room
    from makegood.record.log.actions import CannotRestart
    from makegood.record.log.guard import Trouble
    from makegood.sources import SystemClock
    from makegood.store.database import Database, reach

    await (await reach(url)).close()
    clock = SystemClock()
    db = await Database.open(url, max_size=2)
    act = Act(chosen.market or settings.market, SYSTEM, clock.now())
    try:
        return await task(open_log_room(db, clock, settings), act, chosen)
    except Trouble as trouble:
        raise CannotRun(f"{trouble.kind}: {trouble}") from None
    except CannotRestart as refused:
        places = [f"{one.place}: {one.kind}" for one in refused.problems[:20]]
        raise CannotRun("\n".join([str(refused), *places])) from None
    finally:
        await db.close()


async def _show(room: "LogRoom", act: "Act", _chosen: argparse.Namespace) -> tuple[list[str], int]:
    from makegood.record.log import check_store, store
    from makegood.record.log.guard import ADVICE

    async with room.db.connection() as conn:
        head = await store.load_head(conn, act.market_id)
        waiting = await store.count_pending(conn, act.market_id)
        check = await check_store.load_report(conn, act.market_id)
    if head is None:
        return [f"no log yet; {waiting} events wait"], 0
    problems = f"{check.checked_at}, {len(check.problems)} problems" if check else "never"
    lines = [
        f"origin    {head.origin}, epoch {head.epoch}",
        f"size      {head.size} entries, {head.signed_size} signed at {head.signed_at}",
        f"root      {head.root.hex()}",
        f"waiting   {waiting} events",
        f"checked   {problems}",
        f"files     {room.published / act.market_id}",
        *_key_lines(room.keys.open(act.market_id, head.origin)),
    ]
    if head.trouble is None:
        return lines, 0
    return [*lines, f"TROUBLE   {head.trouble} since {head.trouble_at}: {ADVICE[head.trouble]}"], 1


def _key_lines(keys: "LogKeys") -> list[str]:
    active = {signer.verifier.key_id for signer in keys.active}
    return [
        f"key       {key} {'signs' if key.key_id in active else 'retired'}"
        for key in keys.verifiers
    ]


async def _fsck(room: "LogRoom", act: "Act", _chosen: argparse.Namespace) -> tuple[list[str], int]:
    from makegood.record.log.fsck import check_log

    report = await check_log(room, act.market_id)
    if report is None:
        return ["no log yet"], 0
    lines = [f"{one.place}: {one.kind} {one.detail}".rstrip() for one in report.problems]
    lines += await _published_faults(room, act.market_id)
    found = f"{len(lines)} problems" if lines else "everything fits"
    status = 1 if lines else 0
    return [*lines, f"{report.size} entries checked in {report.seconds} s: {found}"], status


async def _published_faults(room: "LogRoom", market_id: str) -> list[str]:
    """What does not fit in the static files, if there are any yet."""
    import asyncio

    from makegood.record.log import store
    from makegood.record.log.offline import verify_folder
    from makegood.record.log.policy import policy_of
    from makegood.record.log.publish import CHECKPOINT
    from makegood.record.log.strict import Malformed

    folder = room.published / market_id
    async with room.db.connection() as conn:
        head = await store.load_head(conn, market_id)
    if head is None or not (folder / CHECKPOINT).exists():
        return []
    keys = room.keys.open(market_id, head.origin).verifiers
    try:
        report = await asyncio.to_thread(verify_folder, folder, policy_of(*keys))
    except Malformed as wrong:
        return [f"file {CHECKPOINT}: {wrong.reason}"]
    return [f"file {fault}: differs" for fault in report.faults]


async def _export(
    room: "LogRoom", act: "Act", _chosen: argparse.Namespace
) -> tuple[list[str], int]:
    from makegood.record.log import store
    from makegood.record.log.publish import publish
    from makegood.record.log.sequencer import run_round

    await run_round(room, act.market_id)
    async with room.db.connection() as conn:
        head = await store.load_head(conn, act.market_id)
    if head is None or head.note is None:
        return ["nothing is signed yet"], 1
    keys = room.keys.open(act.market_id, head.origin)
    size = await publish(room.db, room.published, act.market_id, keys.verifiers)
    return [f"{size} entries in {room.published / act.market_id}"], 0


async def _rotate(
    room: "LogRoom", act: "Act", _chosen: argparse.Namespace
) -> tuple[list[str], int]:
    from makegood.record.log.actions import add_key
    from makegood.sources import SystemIds

    async with room.db.transaction() as tx:
        keys = await add_key(tx, act, _book(room), SystemIds())
    return [f"the log signs with {keys.active[-1].verifier} as well"], 0


async def _retire(room: "LogRoom", act: "Act", chosen: argparse.Namespace) -> tuple[list[str], int]:
    from makegood.base.trouble import CannotRun
    from makegood.record.log.actions import retire_key
    from makegood.sources import SystemIds

    try:
        async with room.db.transaction() as tx:
            await retire_key(tx, act, _book(room), SystemIds(), chosen.key_id)
    except KeyError:
        raise CannotRun(
            f"{chosen.key_id} is not an older key that signs: see `makegood log show`"
        ) from None
    return [f"{chosen.key_id} signs no more; its signatures stay good"], 0


async def _restart(
    room: "LogRoom", act: "Act", chosen: argparse.Namespace
) -> tuple[list[str], int]:
    from makegood.base.trouble import CannotRun
    from makegood.record.log.actions import restart_log
    from makegood.record.log.sequencer import run_round
    from makegood.record.log.statement import is_reason
    from makegood.sources import SystemIds

    if not is_reason(chosen.reason):
        raise CannotRun("the reason must be one line of at most 500 letters")
    async with room.db.transaction() as tx:
        restart = await restart_log(tx, act, room, SystemIds(), chosen.reason)
    await run_round(room, act.market_id)
    return [bytes(restart).decode()], 0


async def _outage(room: "LogRoom", act: "Act", chosen: argparse.Namespace) -> tuple[list[str], int]:
    from makegood.record.log.entry_store import Outage, state_outage

    began = _time(chosen.began)
    outage = Outage(
        began_at=began,
        ended_at=_time(chosen.ended, after=began) if chosen.ended else None,
        statement=_statement(chosen.statement),
    )
    async with room.db.transaction() as tx:
        await state_outage(tx, act.market_id, outage, act.now)
    return ["stated"], 0


def _verify(chosen: argparse.Namespace, _settings: Settings) -> int:
    from makegood.base.trouble import CannotRun
    from makegood.record.log.note import parse_verifier
    from makegood.record.log.offline import verify_folder
    from makegood.record.log.policy import parse_policy, policy_of
    from makegood.record.log.strict import Malformed

    if bool(chosen.key) == bool(chosen.policy):
        raise CannotRun("name the keys you trust with --key, or a policy file with --policy")
    try:
        keys = [parse_verifier(key) for key in chosen.key]
        policy = parse_policy(chosen.policy.read_bytes()) if chosen.policy else policy_of(*keys)
        report = verify_folder(chosen.folder, policy)
    except Malformed as wrong:
        raise CannotRun(f"{chosen.folder}: {wrong}") from None
    for fault in report.faults:
        print(f"{fault}: does not fit")
    seen = report.seen.checkpoint
    print(f"{seen.origin}: {seen.size} entries, {'NOT intact' if report.faults else 'intact'}")
    return 1 if report.faults else 0


def _book(room: "LogRoom") -> "FileKeyBook":
    from makegood.base.trouble import CannotRun
    from makegood.record.log.keyring import FileKeyBook

    if not isinstance(room.keys, FileKeyBook):
        raise CannotRun("the keys of this log are not in a file: rotate them where they are")
    return room.keys


def _time(text: str, after: "datetime | None" = None) -> "datetime":
    from datetime import datetime

    from makegood.base.trouble import CannotRun

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CannotRun(f"{text!r} is not a time like 2026-11-21T08:00:00Z") from None
    if at.tzinfo is None:
        raise CannotRun(f"{text!r} needs its time zone, as in 2026-11-21T08:00:00Z")
    if after is not None and at <= after:
        raise CannotRun("an outage ends after it began")
    return at


def _statement(text: str) -> str:
    from makegood.base.trouble import CannotRun

    if not 0 < len(text.strip()) <= 2000:
        raise CannotRun("a statement has 1 to 2,000 letters")
    return text.strip()
