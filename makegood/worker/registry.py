"""Which function carries out which kind of job, and what is done again and again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import httpx
import msgspec
import structlog

from makegood.base.actor import Act
from makegood.base.time import Clock
from makegood.bundles.exports.actions import EXPORT_JOB
from makegood.bundles.exports.making import Binder, ExportRoom, expire_files
from makegood.bundles.exports.store import export_files
from makegood.bundles.foreign_store import bundle_files
from makegood.claims import filing, system_actions
from makegood.claims.backtests.actions import BACKTEST_JOB
from makegood.claims.carrying import WITHDRAW_JOB
from makegood.claims.chargebacks import note_dispute
from makegood.claims.desk import Desk
from makegood.claims.draft_store import forget_drafts_before
from makegood.claims.filing import FilingRoom
from makegood.claims.intake import CheckClaim
from makegood.claims.notices import NOTICE_JOB
from makegood.claims.offers import FREE_JOB
from makegood.claims.outside.actions import ASK_JOB, REMIND_JOB
from makegood.claims.payment_intake import CONFIRM_JOB
from makegood.claims.restoring import BEARING_JOB
from makegood.claims.saving import CHECK_JOB, NEAR_JOB, TIMER_JOB
from makegood.gateways.payments.book import GatewayBook
from makegood.gateways.suppliers.registry import SupplierBook
from makegood.ledger.advance.netting import NET_JOB
from makegood.ledger.bills import store as bill_store
from makegood.ledger.refund import actions as refund_actions
from makegood.ledger.refund import store as refund_store
from makegood.ledger.refund.actions import RefundOutcome
from makegood.ledger.refund.gateway import Capture, Dispute
from makegood.ledger.statements import store as statement_store
from makegood.orders.actions import REMINDER_JOB
from makegood.orders.questions import ANSWERED_JOB, AnsweredJob
from makegood.orders.stock import reissues
from makegood.orders.stock.rules import ReissueOutcome
from makegood.people.approvals.store import named_files
from makegood.people.markets.store import list_markets
from makegood.people.proofs.actions import SEND_CODE_JOB
from makegood.policy.draft.actions import STEP_JOB
from makegood.privacy.actions import CLEAN_JOB
from makegood.record.anchors.actions import ANCHOR_JOB
from makegood.record.log.sequencer import LogRoom
from makegood.store.database import Connection, Database
from makegood.store.idempotency import forget_old_answers
from makegood.store.jobs import TakenJob, bury_exhausted
from makegood.talk.actions import SEND_MAIL_JOB, SendMail
from makegood.talk.store import mail_key
from makegood.worker import (
    backtests,
    claims,
    exports,
    mails,
    notices,
    outside,
    policies,
    precedents,
    refunds,
    reminders,
)
from makegood.worker import reissues as reissue_worker
from makegood.worker.anchoring import AnchorRoom, anchor_errands, run_anchor
from makegood.worker.bills import recheck_bills
from makegood.worker.books import book_errands, net_off
from makegood.worker.checking import check_errands, check_handlers
from makegood.worker.claims import ClaimDesk
from makegood.worker.confirming import confirm_payment
from makegood.worker.loop import Errand, Handler
from makegood.worker.mails import Post
from makegood.worker.notices import NoticeRoom
from makegood.worker.privacy import clean_up, forget_old
from makegood.worker.products import count_everywhere
from makegood.worker.reissues import ReissueDesk
from makegood.worker.releasing import row_errands
from makegood.worker.sequencing import log_errands
from makegood.worker.sweep import sweep_people

MINUTE: Final = 60.0
DRAFTS_KEPT: Final = timedelta(days=7)
"""How long a half-written claim waits for its buyer to come back."""
HOUR: Final = 3600.0
FILES_SPARED: Final = timedelta(hours=24)
"""A stored file that nothing names may be one whose row is about to be written."""

log = structlog.get_logger("makegood.worker")


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the jobs of one process need, built by `bootstrap`."""

    db: Database
    clock: Clock
    desk: Desk
    gateways: GatewayBook
    suppliers: SupplierBook
    post: Post | None
    """None while no mail server is set: mails wait in the outbox."""
    filing: FilingRoom
    binder: Binder
    """Makes bundles with their pages."""
    log: LogRoom
    client: httpx.AsyncClient


def handlers(rooms: Rooms) -> dict[str, Handler]:
    """The function of every kind of job."""
    claim_desk = ClaimDesk(
        db=rooms.db,
        desk=rooms.desk,
        suppliers=rooms.suppliers,
        gateways=rooms.gateways.of,
        clock=rooms.clock,
    )
    refund_desk = refund_desk_of(rooms)
    reissue_desk = reissue_desk_of(rooms)
    notice_room = NoticeRoom(db=rooms.db, desk=rooms.desk, clock=rooms.clock)
    table: dict[str, Handler] = {
        CHECK_JOB: lambda job: claims.check_claim(claim_desk, job),
        CONFIRM_JOB: lambda job: confirm_payment(claim_desk, job),
        TIMER_JOB: lambda job: claims.pass_deadlines(claim_desk, job),
        NEAR_JOB: lambda job: claims.note_deadline_near(claim_desk, job),
        WITHDRAW_JOB: lambda job: claims.withdraw_goods(claim_desk, job),
        FREE_JOB: lambda job: claims.free_offers(claim_desk, job),
        BEARING_JOB: lambda job: claims.correct_who_bears(claim_desk, job),
        ANSWERED_JOB: lambda job: claims.check_claim(claim_desk, _as_check(job)),
        NOTICE_JOB: lambda job: notices.tell(notice_room, job),
        refund_actions.SEND: lambda job: refunds.send_refund(refund_desk, job),
        refund_actions.QUERY: lambda job: refunds.query_refund(refund_desk, job),
        NET_JOB: lambda job: net_off(rooms.db, rooms.clock, job),
        reissues.SEND_JOB: lambda job: reissue_worker.run_reissue(reissue_desk, job),
        reissues.QUERY_JOB: lambda job: reissue_worker.run_reissue(reissue_desk, job),
        CLEAN_JOB: lambda job: clean_up(rooms.db, rooms.filing.storage, rooms.clock, job),
        STEP_JOB: lambda job: policies.step_draft(rooms.db, rooms.clock, rooms.desk, job),
        BACKTEST_JOB: lambda job: backtests.carry_out(rooms.db, rooms.desk, rooms.clock, job),
        EXPORT_JOB: lambda job: exports.carry_out(export_room_of(rooms), job),
        REMINDER_JOB: lambda job: reminders.remind(rooms.db, rooms.clock, job),
        ASK_JOB: lambda job: outside.ask(rooms.db, rooms.clock, job),
        REMIND_JOB: lambda job: outside.remind(rooms.db, rooms.clock, job),
        ANCHOR_JOB: lambda job: run_anchor(anchor_room_of(rooms), job),
        **check_handlers(rooms.log),
    }
    post = rooms.post
    if post is not None:
        table[SEND_CODE_JOB] = lambda job: mails.send_proof_code(post, job)
        table[SEND_MAIL_JOB] = lambda job: _send_mail(post, notice_room, job)
    return table


def without_mail(rooms: Rooms) -> dict[str, Handler]:
    """What becomes of mails while no mail server is set: they wait, and nothing has failed."""
    return {
        SEND_CODE_JOB: lambda job: mails.keep_proof_code(rooms.db, rooms.clock, job),
        SEND_MAIL_JOB: lambda job: mails.keep_mail(rooms.db, rooms.clock, job),
    }


def timetable(rooms: Rooms) -> tuple[Errand, ...]:
    """What is done at fixed intervals; every errand may run in several processes at once."""
    claim_desk = ClaimDesk(
        db=rooms.db,
        desk=rooms.desk,
        suppliers=rooms.suppliers,
        gateways=rooms.gateways.of,
        clock=rooms.clock,
    )

    async def late() -> None:
        found = await claims.sweep_overdue(claim_desk)
        if found:
            log.error("deadlines passed without their timer", claims=found)

    async def versions() -> None:
        await policies.sweep_versions(rooms.db, rooms.clock, rooms.desk)

    async def bury() -> None:
        async with rooms.db.connection() as conn:
            await bury_exhausted(conn, rooms.clock.now())

    async def forget() -> None:
        await sweep_people(rooms.db, rooms.clock.now())
        async with rooms.db.connection() as conn:
            await forget_old_answers(conn, rooms.clock.now())
            await forget_drafts_before(conn, rooms.clock.now() - DRAFTS_KEPT)
        await filing.drop_expired(rooms.filing, rooms.clock.now())

    async def unused_files() -> None:
        async with rooms.db.connection() as conn:
            named = await refund_store.proof_files(conn) | await bill_store.bill_files(conn)
            named |= await statement_store.evidence_files(conn)
            named |= await named_files(conn) | await bundle_files(conn)
            named |= await export_files(conn)
        await filing.sweep(rooms.filing, named, rooms.clock.now() - FILES_SPARED)

    refund_desk = refund_desk_of(rooms)
    return (
        Errand(name="gateway accounts", every_seconds=5.0, run=rooms.gateways.refresh),
        Errand(name="late deadlines", every_seconds=MINUTE / 2, run=late),
        Errand(
            name="idle refunds",
            every_seconds=MINUTE,
            run=lambda: refunds.wake_idle_refunds(refund_desk),
        ),
        *book_errands(rooms.db, rooms.clock),
        *log_errands(rooms.log),
        *anchor_errands(anchor_room_of(rooms)),
        *check_errands(rooms.log),
        *row_errands(rooms.db, rooms.clock, rooms.desk.ids),
        Errand(
            name="products",
            every_seconds=HOUR,
            run=lambda: count_everywhere(rooms.db, rooms.clock),
        ),
        Errand(name="rule versions", every_seconds=MINUTE, run=versions),
        Errand(
            name="open lines of bills",
            every_seconds=HOUR,
            run=lambda: recheck_bills(rooms.db, rooms.clock),
        ),
        Errand(
            name="open disputes",
            every_seconds=5 * MINUTE,
            run=lambda: refunds.ask_disputes(refund_desk),
        ),
        Errand(name="dead jobs", every_seconds=MINUTE, run=bury),
        Errand(
            name="precedents",
            every_seconds=MINUTE,
            run=lambda: precedents.note_ended(rooms.db, rooms.desk),
        ),
        Errand(
            name="like claims",
            every_seconds=HOUR,
            run=lambda: precedents.nightly(rooms.db, rooms.desk, rooms.clock),
        ),
        Errand(
            name="expired exports",
            every_seconds=5 * MINUTE,
            run=lambda: expire_files(export_room_of(rooms)),
        ),
        Errand(name="forgetting", every_seconds=HOUR, run=forget),
        Errand(name="old claims", every_seconds=HOUR, run=lambda: forget_everywhere(rooms)),
        Errand(name="unused files", every_seconds=24 * HOUR, run=unused_files),
    )


async def forget_everywhere(rooms: Rooms) -> None:
    """Erase, market by market, what has been kept long enough."""
    async with rooms.db.connection() as conn:
        markets = await list_markets(conn)
    for market in markets:
        await forget_old(rooms.db, rooms.desk, rooms.clock, market.market_id)


def anchor_room_of(rooms: Rooms) -> AnchorRoom:
    """What anchoring needs in this worker."""
    return AnchorRoom(
        db=rooms.db,
        clock=rooms.clock,
        ids=rooms.desk.ids,
        vault=rooms.desk.vault,
        client=rooms.client,
    )


def export_room_of(rooms: Rooms) -> ExportRoom:
    """What making exports needs in this worker."""
    return ExportRoom(
        db=rooms.db,
        storage=rooms.filing.storage,
        clock=rooms.clock,
        ids=rooms.desk.ids,
        markets=rooms.desk.markets,
        binder=rooms.binder,
    )


def refund_desk_of(rooms: Rooms) -> refunds.Desk:
    """What refunds need in this worker."""
    return refund_desk(rooms.db, rooms.gateways.of, rooms.clock, rooms.desk)


def refund_desk(
    db: Database, gateways: Callable[[str], refunds.Gateways], clock: Clock, desk: Desk
) -> refunds.Desk:
    """What refunds need, with the claim told of every step in the same transaction."""

    async def on_outcome(tx: Connection, act: Act, outcome: RefundOutcome) -> None:
        await system_actions.note_refund(tx, act, desk, outcome)

    async def on_payment(tx: Connection, act: Act, channel: str, capture: Capture) -> None:
        await refund_actions.note_captures(tx, act, channel, [capture])

    async def on_dispute(tx: Connection, act: Act, channel: str, dispute: Dispute) -> None:
        await note_dispute(tx, act, desk, channel, dispute, "channel")

    return refunds.Desk(
        db=db,
        gateways=gateways,
        clock=clock,
        on_outcome=on_outcome,
        on_payment=on_payment,
        on_dispute=on_dispute,
    )


def reissue_desk_of(rooms: Rooms) -> ReissueDesk:
    """What replacements need, with the claim told of every step in the same transaction."""

    async def on_outcome(tx: Connection, act: Act, outcome: ReissueOutcome) -> None:
        await system_actions.note_reissue(tx, act, rooms.desk, outcome)

    return ReissueDesk(
        db=rooms.db,
        vault=rooms.desk.vault,
        suppliers=rooms.suppliers,
        clock=rooms.clock,
        on_outcome=on_outcome,
    )


def _as_check(job: TakenJob) -> TakenJob:
    """A supplier's answer on the page makes the waiting claim's check run again, now."""
    claim_no = job.payload_as(AnsweredJob).claim_no
    payload = msgspec.to_builtins(CheckClaim(claim_no))
    return msgspec.structs.replace(job, payload=payload)


async def _send_mail(post: Post, room: NoticeRoom, job: TakenJob) -> None:
    await mails.send_mail(post, job)
    mail_id = job.payload_as(SendMail).mail_id
    async with post.db.connection() as conn:
        key = await mail_key(conn, job.market_id, mail_id)
    if key is not None:
        await notices.note_sent(room, job.market_id, key)
