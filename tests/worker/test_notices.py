"""Who is written to about a step: the addresses of the party, of people who may still sign in."""

from datetime import timedelta

import msgspec

from makegood.claims import events as e
from makegood.claims import store
from makegood.claims.notices import NOTICE_JOB, Notice
from makegood.people.staff.actions import add_account, disable_account
from makegood.people.staff.rules import NewAccount
from makegood.store.jobs import TakenJob
from makegood.worker.notices import NoticeRoom, tell
from tests.claims.town import Town, unit_line

WRONG_SPEC = "买的是国服卡，收到的是国际服，昨天晚上发现的"


async def asked_seller(town: Town) -> tuple[TakenJob, str]:
    """The job that tells a seller of its turn, and who the seller is."""
    await town.order("O-1", lines=unit_line(supplier=None))
    opened = await town.open("SND01", "O-1", description=WRONG_SPEC)
    await town.settle()
    await town.file_all(opened.claim_no)
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", opened.claim_no)
    assert loaded is not None
    asked = next(one for one in loaded.history if isinstance(one.event, e.SellerAsked))
    notice = Notice(
        claim_no=opened.claim_no, version=asked.version, kind="seller_asked", to="seller"
    )
    job = TakenJob(
        market_id="main",
        job_id="j-1",
        kind=NOTICE_JOB,
        subject=opened.claim_no,
        payload=msgspec.to_builtins(notice),
        run_at=town.clock.now() - timedelta(seconds=1),
        request_id="r-1",
        attempts=1,
    )
    return job, loaded.claim.opened.seller_id


async def written_to(town: Town) -> list[str]:
    async with town.db.connection() as conn:
        rows = await conn.fetch("select address from mail order by address")
    return [row["address"] for row in rows]


async def test_a_seller_is_told_at_every_mail_address_that_still_signs_in(town: Town) -> None:
    job, seller_id = await asked_seller(town)
    operator = town.act("operator")
    names = ("a@shop.example.com", "b@shop.example.com", "gone@shop.example.com", "no-address")
    async with town.db.transaction() as tx:
        for name in names:
            new = NewAccount(
                sign_in_name=name, display_name=name, role="seller", seller_id=seller_id
            )
            account = await add_account(tx, operator, town.desk.ids, new)
            if name.startswith("gone"):
                await disable_account(tx, operator, account.account_id)
    room = NoticeRoom(db=town.db, desk=town.desk, clock=town.clock)
    for _ in range(2):
        await tell(room, job)
    assert await written_to(town) == ["a@shop.example.com", "b@shop.example.com"]


async def test_a_seller_without_a_mail_address_is_told_nothing(town: Town) -> None:
    job, _ = await asked_seller(town)
    await tell(NoticeRoom(db=town.db, desk=town.desk, clock=town.clock), job)
    assert await written_to(town) == []
