"""Ended claims about keys, each by a buyer of its own, and a draft that changes their rule."""

from datetime import timedelta
from typing import Any

from makegood.claims.precedents.actions import catch_up
from makegood.orders.supplier import SupplierStatus
from makegood.policy import pack_store
from makegood.policy.draft import actions as drafts
from makegood.policy.draft.editing import SetResult
from makegood.policy.draft.model import Draft
from makegood.policy.packfile import read_pack_file, read_parts, write_parts
from makegood.policy.stages import Ref, Stage
from tests.claims.town import Town
from tests.orders.making import PAID_AT, line


async def opened(
    town: Town, number: int, status: SupplierStatus = "invalid", reason: str = "KEY01"
) -> str:
    """A checked claim about a key of its own, by a buyer of their own."""
    ref = f"UP-{number}"
    town.supplier.answers[ref] = {"status": status}
    delivery = {"kind": "key", "delivered_at": PAID_AT.isoformat(), "keys": [f"K-{number}"]}
    other: dict[str, Any] = {
        "lines": [line(supplier={"id": "u-1", "order_ref": ref}, delivery=delivery)],
        "buyer": {"id": f"b-{number}", "contact": f"b{number}@example.com", "claim_code": "x"},
    }
    await town.order(f"O-{number}", **other)
    claim = await town.open(reason, f"O-{number}")
    await town.file_all(claim.claim_no)
    return claim.claim_no


async def ended(town: Town, count: int, first: int = 0) -> list[str]:
    """Dead keys that the machine decided and paid for."""
    numbers = [await opened(town, number) for number in range(first, first + count)]
    await town.later(hours=2)
    assert await catch_up(town.db, town.desk, "main") == count
    return numbers


async def draft_that_blames_the_seller(town: Town) -> Draft:
    """A draft in which the seller bears what the supplier's dead key costs."""
    act = town.act("operator", "op")
    edit = SetResult("R-07", "R-07.3", "key_invalid_seller", "yes", {"seller": 100})
    async with town.db.transaction() as tx:
        draft = await drafts.start_draft(
            tx, act, town.desk.ids, town.desk.shelf, "死卡由卖家承担", ("op", "运营")
        )
        return await drafts.edit_draft(tx, act, draft.draft_id, draft.edit_no, edit, ("op", "运营"))


async def publish(town: Town, source: bytes) -> None:
    """These rules as the market's second version, for orders from the first of the tests on."""
    at, parts = PAID_AT - timedelta(hours=1), read_parts(source)
    parts["pack"]["version"] = "2"
    pack = read_pack_file(write_parts(parts))
    ref = Ref(pack.name, 2)
    version = pack_store.Version(
        pack_id=ref.pack_id,
        version=ref.version,
        digest=pack.digest,
        draft_id="",
        published_at=at,
        published_by="qi",
    )
    stage = Stage(stage_no=2, from_at=at, pack_id=ref.pack_id, stable=ref.version, kind="whole")
    async with town.db.transaction() as tx:
        await pack_store.insert_pack(tx, "main", pack.digest, pack.source, at)
        await pack_store.insert_version(tx, "main", version)
        assert await pack_store.insert_stage(tx, "main", stage), "the second stage"
    town.desk.shelf.forget("main")
