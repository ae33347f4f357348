"""What an operator does to a log: rotate its keys, state a restart. Each is an event of the log."""

from collections.abc import Mapping
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.record import rules
from makegood.record import store as record_store
from makegood.record.canonical import Value
from makegood.record.log import store
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.fsck import LogProblem, derive
from makegood.record.log.guard import Trouble, trusted_copy
from makegood.record.log.keyring import FileKeyBook, LogKeys
from makegood.record.log.note import Signer, sign_note
from makegood.record.log.sequencer import LogRoom, require_continued
from makegood.record.log.statement import Restart, restart_of
from makegood.record.log.store import Head
from makegood.record.rules import StreamHead
from makegood.store.database import Connection

LOG_STREAM: Final = "log"
"""The stream in which a log records what happened to itself."""
RESTARTED: Final = "log_restarted"
KEY_ADDED: Final = "log_key_added"
KEY_RETIRED: Final = "log_key_retired"


class CannotRestart(Exception):
    """A restart is not called for, or would hide what a restore must mend first."""

    def __init__(self, words: str, problems: tuple[LogProblem, ...] = ()) -> None:
        super().__init__(words)
        self.problems = problems


async def restart_log(tx: Connection, act: Act, room: LogRoom, ids: Ids, reason: str) -> Restart:
    """Give up the last checkpoint after an honest restore, in a signed statement.

    The tree is derived again from the events that are there; places that are missing or
    entries that were changed must be restored first. The statement becomes an event as well.
    Raises CannotRestart, Trouble `key_missing`.
    """
    head = await store.lock_head(tx, act.market_id, wait=True)
    if head is None:
        raise CannotRestart("this market has no log yet")
    keys = room.keys.open(act.market_id, head.origin)
    if await _continues(room, tx, head):
        raise CannotRestart("nothing to restart: the log continues what the second place holds")
    new = await _rebuild(tx, head)
    old = trusted_copy(room.second.peek(act.market_id), head.origin, keys.verifiers)
    restart = restart_of(head.epoch + 1, old, new, act.now, reason)
    statement = bytes(sign_note(bytes(restart), keys.active))
    await store.begin_epoch(tx, act.market_id, restart.epoch, statement, act.now)
    fields: dict[str, Value] = {"epoch": restart.epoch, "statement": statement.decode()}
    await _record(tx, act, ids, RESTARTED, fields)
    return restart


async def add_key(tx: Connection, act: Act, book: FileKeyBook, ids: Ids) -> LogKeys:
    """A new key for the log, signed for by the keys before it, and recorded as an event.

    The older keys go on signing beside it, so that whoever knows one of them still believes
    the checkpoints, until they are retired.
    """
    head = await _known_head(tx, act)
    before = book.open(act.market_id, head.origin)
    keys = book.rotate(act.market_id, head.origin)
    added = str(keys.active[-1].verifier)
    fields: dict[str, Value] = {"key": added, "statement": _key_statement(added, before.active)}
    await _record(tx, act, ids, KEY_ADDED, fields)
    return keys


async def retire_key(tx: Connection, act: Act, book: FileKeyBook, ids: Ids, key_id: str) -> LogKeys:
    """Let an older key sign no more. Raises KeyError when it is not an active older key."""
    head = await _known_head(tx, act)
    keys = book.retire(act.market_id, head.origin, key_id)
    await _record(tx, act, ids, KEY_RETIRED, {"key_id": key_id})
    return keys


async def _known_head(tx: Connection, act: Act) -> Head:
    head = await store.lock_head(tx, act.market_id, wait=True)
    if head is None:
        raise CannotRestart("this market has no log yet")
    return head


async def _continues(room: LogRoom, tx: Connection, head: Head) -> bool:
    try:
        await require_continued(room, tx, head, room.second.peek(head.market_id))
    except Trouble as trouble:
        if trouble.kind in ("copy_unreachable", "demo_origin", "key_missing"):
            raise
        return False
    return True


async def _rebuild(tx: Connection, head: Head) -> Checkpoint:
    problems: list[LogProblem] = []
    derived = await derive(tx, head.market_id, head.size, problems)
    if problems:
        raise CannotRestart(
            "the events themselves do not fit their places: restore a backup in which they do",
            tuple(problems),
        )
    await store.delete_tiles(tx, head.market_id)
    await store.put_tiles(tx, head.market_id, derived.tiles)
    await store.grow_head(tx, head.market_id, head.size, derived.root)
    return Checkpoint(head.origin, head.size, derived.root)


async def _record(
    tx: Connection, act: Act, ids: Ids, name: str, fields: Mapping[str, Value]
) -> None:
    head = await record_store.load_head(tx, act.market_id, LOG_STREAM) or StreamHead(
        market_id=act.market_id,
        stream=LOG_STREAM,
        pseudonym=ids.secret(rules.PSEUDONYM_BYTES),
    )
    event = rules.NewEvent(name, 1, fields, frozenset(fields))
    key = ids.secret(rules.KEY_BYTES)
    await record_store.append(tx, rules.seal(head, [event], [key], act.now, act.actor))


def _key_statement(added: str, signers: tuple[Signer, ...]) -> str:
    """The old keys' word for a new one, as a signed note."""
    text = f"makegood.key/v1\n{added}\n".encode()
    return bytes(sign_note(text, signers)).decode()
