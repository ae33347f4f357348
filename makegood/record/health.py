"""How a market's public record fares: sizes, places outside, and every alarm with its weight."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.base.actor import Act
from makegood.record.anchors import store as anchor_store
from makegood.record.anchors.rules import Anchor, Place, is_silent, quorum
from makegood.record.health_store import Backlog, load_backlog
from makegood.record.log.check_store import LastCheck, load_report
from makegood.record.log.receipt import MERGE_WITHIN
from makegood.record.log.store import Head, load_head
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

CHECK_LOG_JOB: Final = "record.check"

AlarmKind = Literal[
    "trouble", "check", "contradicted", "refused", "silent", "quorum", "late_receipts"
]


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something does not match (`bad`), or something owed is missing (`warn`)."""

    kind: AlarmKind
    level: Literal["bad", "warn"]
    name: str = ""
    """Which place, or the kind of trouble."""
    text: str = ""
    count: int = 0
    since: datetime | None = None


class PlaceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A place with its last anchor, finished and not."""

    place: Place
    newest: Anchor | None
    done: Anchor | None
    silent: bool


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the operator's page shows of the record."""

    head: Head | None
    backlog: Backlog
    check: LastCheck | None
    places: tuple[PlaceHealth, ...]
    witnesses_needed: int
    alarms: tuple[Alarm, ...]

    @property
    def witnesses(self) -> int:
        """How many counting witnesses have signed and are not silent."""
        return _seeing(self.places)

    @property
    def is_wrong(self) -> bool:
        """Whether anything at all does not match."""
        return any(alarm.level == "bad" for alarm in self.alarms)


async def read_health(conn: Connection, market_id: str, now: datetime) -> Health:
    """The record's state now. Reads heads and last rows only, so any page may ask."""
    head = await load_head(conn, market_id)
    places = await _places(conn, market_id, head.signed_size if head is not None else 0, now)
    found = Health(
        head=head,
        backlog=await load_backlog(conn, market_id),
        check=await load_report(conn, market_id),
        places=places,
        witnesses_needed=await anchor_store.witnesses_needed(conn, market_id),
        alarms=(),
    )
    return msgspec.structs.replace(found, alarms=tuple(alarms(found, now)))


async def ask_for_check(tx: Connection, act: Act) -> None:
    """Let a worker check the whole log soon; asking twice is asking once."""
    job = Job(
        kind=CHECK_LOG_JOB,
        market_id=act.market_id,
        payload={},
        run_at=act.now,
        request_id=act.request_id,
        job_id=f"{CHECK_LOG_JOB}:{act.market_id}",
    )
    await enqueue(tx, [job])


def alarms(health: Health, now: datetime) -> Iterator[Alarm]:
    """Every alarm, the worst first."""
    head, check = health.head, health.check
    if head is not None and head.trouble is not None:
        yield Alarm(kind="trouble", level="bad", name=head.trouble, since=head.trouble_at)
    if check is not None and check.problems:
        count = len(check.problems)
        yield Alarm(kind="check", level="bad", count=count, since=check.checked_at)
    contradicted = [one for one in health.places if one.newest and one.newest.contradicted]
    for one in contradicted:
        yield _of_place("contradicted", "bad", one)
    yield from _missing(health, now)


def _missing(health: Health, now: datetime) -> Iterator[Alarm]:
    """What is owed and has not come."""
    for one in health.places:
        newest = one.newest
        if newest is not None and newest.state == "refused" and not newest.contradicted:
            yield _of_place("refused", "warn", one)
        elif one.silent:
            yield _of_place("silent", "warn", one)
    if health.witnesses < health.witnesses_needed:
        yield Alarm(kind="quorum", level="warn", count=health.witnesses)
    oldest = health.backlog.oldest_at
    if oldest is not None and now - oldest > MERGE_WITHIN:
        count = health.backlog.count
        yield Alarm(kind="late_receipts", level="warn", count=count, since=oldest)


def _of_place(
    kind: Literal["contradicted", "refused", "silent"],
    level: Literal["bad", "warn"],
    one: PlaceHealth,
) -> Alarm:
    return Alarm(
        kind=kind,
        level=level,
        name=one.place.name,
        text=one.newest.problem if one.newest is not None else "",
        since=one.done.proven_at if one.done is not None else one.place.added_at,
    )


async def _places(
    conn: Connection, market_id: str, size: int, now: datetime
) -> tuple[PlaceHealth, ...]:
    newest = await anchor_store.newest_by_place(conn, market_id)
    done = await anchor_store.done_by_place(conn, market_id)
    return tuple(
        PlaceHealth(
            place=place,
            newest=newest.get(place.place_id),
            done=done.get(place.place_id),
            silent=is_silent(place, done.get(place.place_id), size, now),
        )
        for place in await anchor_store.list_places(conn, market_id)
    )


def _seeing(places: tuple[PlaceHealth, ...]) -> int:
    return quorum([one.place for one in places if one.done is not None and not one.silent])
