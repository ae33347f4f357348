"""The packs of each market: which version an order follows, and the version a claim cites."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from makegood.people.fresh import FreshCache
from makegood.policy import pack_store
from makegood.policy.model import Pack
from makegood.policy.packfile import read_pack_file
from makegood.policy.stages import Ref, Stage, parse_ref, stage_at, version_for, was_deciding
from makegood.store.database import Connection, Database

SHIPPED_BY: Final = "makegood"
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when the first version of a market decides."""


class Shelf:
    """Packs by citation. Stages are read at most about once a second, a version once."""

    def __init__(self, db: Database, shipped: Pack) -> None:
        self._db = db
        self.shipped = shipped
        self._stages: FreshCache[list[Stage]] = FreshCache()
        self._packs: dict[tuple[str, Ref], Pack] = {}
        self._names = (0, shipped)

    async def stages(self, market_id: str, now: datetime) -> list[Stage]:
        """Since when which version decides; never empty."""
        return await self._stages.get(market_id, now, lambda: self._load(market_id, now))

    async def in_force(self, market_id: str, now: datetime) -> Pack:
        """The version that all orders outside a trial follow now."""
        stage = stage_at(await self.stages(market_id, now), now)
        return await self._of(market_id, Ref(stage.pack_id, stage.stable))

    async def for_order(
        self,
        market_id: str,
        order_no: str,
        paid_at: datetime | None,
        now: datetime,
        confirmed: str = "",
    ) -> Pack:
        """The version an order follows.

        It is the one its buyer confirmed at checkout, if that one decided then; else the one
        in force when it was paid. An order without a payment follows what holds now.
        """
        stages, at = await self.stages(market_id, now), paid_at or now
        said = parse_ref(confirmed)
        if said is not None and was_deciding(stages, said, at):
            return await self._of(market_id, said)
        return await self._of(market_id, version_for(stages, order_no, at))

    async def cited(self, market_id: str, citation: str, now: datetime) -> Pack:
        """The version that a claim cites. Raises LookupError for one that was never published."""
        ref = parse_ref(citation)
        if ref is None:
            raise LookupError(f"{citation!r} is not a version")
        await self.stages(market_id, now)
        return await self._of(market_id, ref)

    def names(self) -> Pack:
        """For words only: the newest pack that was read, with what only older ones know.

        An imported version may bring reasons, slots and findings of its own, and a claim may
        cite one that a later version no longer has: a page must have words for all of them.
        """
        if self._names[0] != len(self._packs):
            self._names = (len(self._packs), _merged(self.shipped, self._packs))
        return self._names[1]

    def forget(self, market_id: str) -> None:
        """Read the stages again at the next question, after this process changed them."""
        self._stages.forget(market_id)

    async def _load(self, market_id: str, now: datetime) -> list[Stage]:
        async with self._db.aside() as conn:
            found = await pack_store.list_stages(conn, market_id)
            if not found:
                async with conn.transaction():
                    await begin(conn, market_id, self.shipped, now)
                found = await pack_store.list_stages(conn, market_id)
        return found

    async def _of(self, market_id: str, ref: Ref) -> Pack:
        key = (market_id, ref)
        if key not in self._packs:
            async with self._db.aside() as conn:
                source = await pack_store.load_source(conn, market_id, ref)
            if source is None:
                raise LookupError(f"{ref} was never published")
            self._packs[key] = read_pack_file(source)
        return self._packs[key]


def _merged(shipped: Pack, packs: Mapping[tuple[str, Ref], Pack]) -> Pack:
    newest = shipped
    for _, newer in sorted(packs.items(), key=lambda item: (item[0][0], item[0][1].version)):
        newest = msgspec.structs.replace(
            newer,
            digest="",
            source=b"",
            reasons={**newest.reasons, **newer.reasons},
            slots={**newest.slots, **newer.slots},
            findings={**newest.findings, **newer.findings},
        )
    return newest


async def begin(tx: Connection, market_id: str, shipped: Pack, now: datetime) -> None:
    """The first use: the shipped pack becomes the market's first version, in force always."""
    ref = Ref(shipped.name, int(shipped.version))
    await pack_store.insert_pack(tx, market_id, shipped.digest, shipped.source, now)
    version = pack_store.Version(
        pack_id=ref.pack_id,
        version=ref.version,
        digest=shipped.digest,
        draft_id="",
        published_at=now,
        published_by=SHIPPED_BY,
    )
    await pack_store.insert_version(tx, market_id, version)
    first = Stage(stage_no=1, from_at=ALWAYS, pack_id=ref.pack_id, stable=ref.version, kind="first")
    await pack_store.insert_stage(tx, market_id, first)
