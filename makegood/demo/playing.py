"""Sixty days in a minute: claims, answers and decisions at invented times, through real actions."""

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Final

import asyncpg
import msgspec
from rich.progress import Progress, TaskID

from makegood.base.actor import Act, Role
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import actions, intake, looking, staff_actions
from makegood.claims.evidence import Evidence
from makegood.claims.evidence_store import add_evidence
from makegood.claims.opening import OpenClaim
from makegood.claims.payment_intake import PaymentComplaint, open_payment_claim
from makegood.claims.proposing import RULING
from makegood.claims.recording import records_into
from makegood.claims.remedies import MONEY
from makegood.claims.staff_actions import Ruled
from makegood.claims.view import ClaimView
from makegood.demo.orders import Sale, opening_times
from makegood.demo.pictures import Album
from makegood.demo.stage import Deed, PastClock, Stage
from makegood.demo.stories import Story
from makegood.people.markets.terms import MoneyTerms, limit_minor
from makegood.people.staff.roster import RosterLine
from makegood.store.database import Connection
from makegood.worker.registry import Rooms, handlers

LIVE: Final = timedelta(hours=18)
"""Claims younger than this are left where the rules leave them, for the visitor to handle."""
LOST_PAYMENTS: Final = 3
"""Payments without an order that no gateway knows: they wait for a person to accept them."""
DEPARTS_EVERY: Final = 6
"""Of so many suggestions that the story disagrees with, one is departed from."""
CHANGED_EVERY: Final = 3
"""Of so many sellers' appeals against a refund, one changes who bears it."""
DEPARTURE: Final = (
    "买家补交的录屏晚于供货商的查询，显示已经停用；供货商的答复早一天，不能说明当时的情况。"
)


class Play:
    """Who does what on stage, and when."""

    def __init__(self, rooms: Rooms, market_id: str, end: datetime) -> None:
        self._rooms = rooms
        self._market = market_id
        self._end = end
        assert isinstance(rooms.clock, PastClock), "the past is played under its own clock"
        self.stage = Stage(rooms.db, rooms.clock, market_id, handlers(rooms))
        self._suggestions = count()
        self._answers = count()
        self._album = Album(rooms.filing, market_id)
        self._roster: list[RosterLine] = []

    async def run(self, sales: Sequence[Sale], progress: Progress) -> None:
        """Play until the present."""
        bar = progress.add_task("claims", total=len(sales), step="claims")
        self._roster = await self._rooms.desk.rosters.get(self._market, self._end)
        times = opening_times(self._end, len(sales))
        for place, (time, sale) in enumerate(zip(times, sales, strict=True)):
            self.stage.plan(time, self._opening(sale, progress, bar), f"claim{place}")
        for place in range(LOST_PAYMENTS):
            told_at = self._end - timedelta(minutes=25 * (place + 1))
            self.stage.plan(told_at, self._lost_payment(place), f"lost{place}")
        await self.stage.play(self._end)

    def _opening(self, sale: Sale, progress: Progress, bar: TaskID) -> Deed:
        async def deed() -> None:
            progress.advance(bar)
            await self._open(sale)

        return deed

    async def _open(self, sale: Sale) -> None:
        story, order = sale.story, sale.order
        assert story is not None, "only orders with a story are claimed"
        buyer = self.stage.act("buyer", order.buyer.id, proof=True)
        command = OpenClaim(
            order_no=order.order_no,
            reason=story.reason,
            description=self.stage.chance.choice(story.words),
            wants=story.wants,
            account=f"{order.buyer.id}-game",
        )
        async with self._rooms.db.connection() as conn:
            opened = await intake.open_claim(conn, buyer, self._rooms.desk, command)
        claim_no, at = opened.claim_no, self.stage.now
        self.stage.plan(at + timedelta(minutes=5), lambda: self._file(claim_no, order.buyer.id, at))
        self._plan_ending(story, claim_no, sale, at)
        self.stage.plan(at + timedelta(hours=70), lambda: self._rate(claim_no, order.buyer.id))
        self.stage.plan(at + timedelta(hours=100), lambda: self._reopen(claim_no, order.buyer.id))
        if story.ending != "withdraw":
            self.stage.plan(at + timedelta(hours=130), lambda: self._look(story, claim_no, 4))

    def _plan_ending(self, story: Story, claim_no: str, sale: Sale, at: datetime) -> None:
        """What people do about it; of the young ones half are left for the visitor."""
        if self._end - at < LIVE and self.stage.chance.random() < 0.5:
            return
        seller, buyer = sale.order.seller.id, sale.order.buyer.id
        soon = at + timedelta(hours=self.stage.chance.uniform(1, 9))
        match story.ending:
            case "accept":
                self.stage.plan(
                    soon, lambda: self._answer(claim_no, seller, "accept", "核对过，同意退款")
                )
            case "contest":
                words = "页面和授权说明都写了支持范围，买家没有看"
                self.stage.plan(soon, lambda: self._answer(claim_no, seller, "contest", words))
            case "offer":
                self.stage.plan(soon, lambda: self._offer(claim_no, seller, buyer))
            case "withdraw":
                self.stage.plan(at + timedelta(minutes=20), lambda: self._withdraw(claim_no, buyer))
            case "decline":
                self.stage.plan(at + timedelta(hours=14), lambda: self._decline(claim_no))
            case "outside":
                self.stage.plan(soon, lambda: self._refer(claim_no))
        if story.ending not in ("withdraw", "decline", "outside"):
            self.stage.plan(at + timedelta(hours=13), lambda: self._look(story, claim_no, 4))

    async def _file(self, claim_no: str, buyer_id: str, at: datetime) -> None:
        """Two of three buyers file what the template asks for."""
        view = await self._view(claim_no)
        if view is None or (self._end - at < LIVE and self.stage.chance.random() < 0.4):
            return
        for slot in view.slots:
            if slot.party == "buyer" and slot.required:
                await self._try(self._filing(claim_no, buyer_id, slot.slot))

    def _filing(self, claim_no: str, buyer_id: str, slot: str) -> Deed:
        async def deed() -> None:
            item = await self._shown(claim_no, slot, self._rooms.desk.pack.slots[slot].kind)
            async with self._rooms.db.transaction() as tx:
                await self._keep(tx, self.stage.act("buyer", buyer_id, proof=True), item)

        return deed

    async def _shown(self, claim_no: str, slot: str, kind: str) -> Evidence:
        """What a buyer files in this slot, now."""
        content = await self._album.content(slot, kind)
        return Evidence(
            market_id=self._market,
            evidence_id=self._rooms.desk.ids.uuid(),
            claim_no=claim_no,
            slot=slot,
            party="buyer",
            audience="all",
            filename=f"{slot}.png" if content.thumb_sha256 else f"{slot}.txt",
            added_at=self.stage.now,
            **msgspec.structs.asdict(content),
        )

    async def _keep(self, tx: Connection, act: Act, item: Evidence) -> None:
        """File an item as the buyer's own upload is filed in the end."""
        await add_evidence(tx, item)
        await records_into(self._rooms.desk)(tx, act, item)

    async def _answer(self, claim_no: str, seller_id: str, kind: str, text: str) -> None:
        async def deed() -> None:
            async with self._rooms.db.transaction() as tx:
                await actions.answer_as_seller(
                    tx,
                    self.stage.act("seller", seller_id),
                    self._rooms.desk,
                    claim_no,
                    "accept" if kind == "accept" else "contest",
                    text,
                )

        await self._try(deed)

    async def _offer(self, claim_no: str, seller_id: str, buyer_id: str) -> None:
        view = await self._view(claim_no)
        if view is None:
            return

        async def make() -> None:
            async with self._rooms.db.transaction() as tx:
                await actions.make_offer(
                    tx,
                    self.stage.act("seller", seller_id),
                    self._rooms.desk,
                    claim_no,
                    remedy="price_reduction",
                    amount_minor=view.claimed_minor // 2,
                    text="退一半，授权您继续用",
                )

        async def take() -> None:
            async with self._rooms.db.transaction() as tx:
                await actions.accept_offer(
                    tx, self.stage.act("buyer", buyer_id, proof=True), self._rooms.desk, claim_no, 0
                )

        await self._try(make)
        if self.stage.chance.random() < 0.75 or self._end - self.stage.now > LIVE:
            self.stage.plan(self.stage.now + timedelta(hours=5), lambda: self._try(take))

    async def _withdraw(self, claim_no: str, buyer_id: str) -> None:
        async def deed() -> None:
            async with self._rooms.db.transaction() as tx:
                buyer = self.stage.act("buyer", buyer_id, proof=True)
                await actions.withdraw(tx, buyer, self._rooms.desk, claim_no, "看到教程了，已解决")

        await self._try(deed)

    async def _decline(self, claim_no: str) -> None:
        async def deed() -> None:
            async with self._rooms.db.transaction() as tx:
                await staff_actions.decline_claim(
                    tx,
                    self._agent(),
                    self._rooms.desk,
                    claim_no,
                    refusal="reason_not_for_product",
                    text="已激活的授权码不支持无理由退",
                )

        await self._try(deed)

    async def _refer(self, claim_no: str) -> None:
        async def deed() -> None:
            async with self._rooms.db.transaction() as tx:
                lead = self._of_role("lead")
                await staff_actions.refer_outside(
                    tx,
                    self.stage.act("lead", lead),
                    self._rooms.desk,
                    claim_no,
                    body="游戏发行方客服",
                    due_at=self.stage.now + timedelta(days=70),
                )

        view = await self._view(claim_no)
        if view is not None and view.state == "waiting_seller":
            self.stage.plan(self.stage.now + timedelta(hours=13), lambda: self._refer(claim_no))
            return
        await self._try(deed)

    async def _look(self, story: Story, claim_no: str, tries: int) -> None:
        """An agent looks: rules as the rules suggest, else as the story says; comes back later."""
        view = await self._view(claim_no)
        if view is None or view.state in ("settled", "closed", "withdrawn", "declined"):
            return
        if view.state in ("in_review", "reopened"):
            proposed = await self._view(claim_no, self._agent())
            await self._try(self._ruling(story, proposed or view))
        elif tries:
            later = self.stage.now + timedelta(hours=12)
            self.stage.plan(later, lambda: self._look(story, claim_no, tries - 1))

    def _ruling(self, story: Story, view: ClaimView) -> Deed:
        ruled = Ruled(
            finding=story.finding or "burden_seller",
            remedy=story.remedy,
            shares={story.share: 100},
            reason_text="核对了双方材料和系统记录，按规则裁定。",
        )
        departs = view.suggestion is not None and self._departs(story, view.suggestion.finding)
        if departs:
            ruled = msgspec.structs.replace(ruled, reason_for_departure=DEPARTURE)
        elif view.suggestion is not None:
            ruled = msgspec.structs.replace(
                ruled,
                finding=view.suggestion.finding,
                remedy=view.suggestion.remedy,
                shares=view.suggestion.shares,
            )

        async def deed() -> None:
            async with self._rooms.db.transaction() as tx:
                await staff_actions.decide_claim(
                    tx, self._agent(), self._rooms.desk, view.claim_no, ruled
                )
            self._plan_sequel(story, view, must_be_released=departs)

        return deed

    def _departs(self, story: Story, suggested: str) -> bool:
        """Now and then the story knows better than the rules, and somebody writes down why."""
        if story.finding in ("", suggested):
            return False
        return next(self._suggestions) % DEPARTS_EVERY == DEPARTS_EVERY - 1

    async def _release(self, claim_no: str) -> None:
        async def deed() -> None:
            async with self._rooms.db.transaction() as tx:
                lead = self.stage.act("lead", self._of_role("lead"))
                await staff_actions.approve_decision(tx, lead, self._rooms.desk, claim_no)

        await self._try(deed)

    async def _appeal(self, story: Story, view: ClaimView) -> None:
        """The side that lost asks somebody else; most appeals are upheld."""
        lost: Role = "buyer" if story.share == "buyer" else "seller"

        async def file() -> None:
            who = view.order.seller_id if lost == "seller" else "buyer"
            async with self._rooms.db.transaction() as tx:
                await actions.appeal(
                    tx,
                    self.stage.act(lost, who, proof=lost == "buyer"),
                    self._rooms.desk,
                    view.claim_no,
                    disputed=["finding"],
                    text="对认定有异议，请另一位再看一次",
                )

        async def answer() -> None:
            ruled = self._other_shares(await self._view(view.claim_no), lost)
            async with self._rooms.db.transaction() as tx:
                lead = self.stage.act("lead", self._of_role("lead"))
                await staff_actions.decide_appeal(
                    tx,
                    lead,
                    self._rooms.desk,
                    view.claim_no,
                    text=ruled.reason_text if ruled else "材料没有变化，维持原裁定",
                    views={"finding": "change" if ruled else "keep"},
                    ruled=ruled,
                )

        await self._try(file)
        self.stage.plan(self.stage.now + timedelta(hours=26), lambda: self._try(answer))

    def _other_shares(self, view: ClaimView | None, lost: Role) -> Ruled | None:
        """Now and then a seller is right in part: the platform bears some of the refund too."""
        decided = view.decision if view else None
        if lost != "seller" or decided is None or decided.remedy not in MONEY:
            return None
        if set(decided.shares) & {"platform", "buyer"} or next(self._answers) % CHANGED_EVERY:
            return None
        kept = {party: share * 60 // 100 for party, share in decided.shares.items()}
        return Ruled(
            finding=decided.finding,
            remedy=decided.remedy,
            amount_minor=decided.amount_minor,
            shares=kept | {"platform": 100 - sum(kept.values())},
            reason_text="下单页的说明由平台改过，这一部分由平台承担。",
            reason_for_departure="页面改动记录在平台，原裁定没有看到。",
        )

    async def _rate(self, claim_no: str, buyer_id: str) -> None:
        if self.stage.chance.random() > 0.45:
            return

        async def deed() -> None:
            score = self.stage.chance.choices((5, 4, 3, 2, 1), weights=(52, 30, 9, 5, 4))[0]
            async with self._rooms.db.transaction() as tx:
                buyer = self.stage.act("buyer", buyer_id, proof=True)
                await actions.rate(tx, buyer, self._rooms.desk, claim_no, score)

        await self._try(deed)

    def _plan_sequel(
        self, story: Story, view: ClaimView, *, must_be_released: bool = False
    ) -> None:
        """What follows a decision: a release where it needs one, or an appeal by who lost."""
        recent = self._end - self.stage.now < 2 * LIVE
        if must_be_released or view.claimed_minor > limit_minor(MoneyTerms(), RULING, "agent"):
            wait = timedelta(hours=20 if recent else 2)
            self.stage.plan(self.stage.now + wait, lambda: self._release(view.claim_no))
        elif self.stage.chance.random() < (0.4 if recent else 0.15):
            wait = timedelta(hours=3 if recent else 20)
            self.stage.plan(self.stage.now + wait, lambda: self._appeal(story, view))

    def _lost_payment(self, place: int) -> Deed:
        """A buyer was charged and no order came of it."""

        async def deed() -> None:
            complaint = PaymentComplaint(
                trade_no=f"TLOST{place + 1:06d}",
                amount=Money(4800),
                contact=f"lost-{place + 1}@buyers.test",
                description="银行扣了 48 元，商城里没有订单，今天下午的事",
            )
            async with self._rooms.db.connection() as conn:
                buyer = self.stage.act("buyer", f"lost-{place + 1}")
                await open_payment_claim(conn, buyer, self._rooms.desk, complaint)

        return deed

    async def _reopen(self, claim_no: str, buyer_id: str) -> None:
        """Some buyers come back with what they did not have before."""
        if self.stage.chance.random() > 0.03:
            return

        async def deed() -> None:
            buyer = self.stage.act("buyer", buyer_id, proof=True)
            item = await self._shown(claim_no, "other", "image")
            async with self._rooms.db.transaction() as tx:
                await self._keep(tx, buyer, item)
                await actions.reopen(
                    tx,
                    buyer,
                    self._rooms.desk,
                    claim_no,
                    text="找到了当时的截图",
                    evidence_ids=[item.evidence_id],
                )

        await self._try(deed)

    async def _view(self, claim_no: str, act: Act | None = None) -> ClaimView | None:
        """The claim as somebody sees it; only the staff is shown what the rules would say."""
        by = act or self.stage.act("system", "demo")
        async with self._rooms.db.connection() as conn:
            return await looking.view_claim(conn, by, self._rooms.desk, claim_no)

    async def _try(self, deed: Deed) -> None:
        """People try what the rules may refuse; then nothing happens."""
        with contextlib.suppress(Refused, asyncpg.DeadlockDetectedError):
            await deed()

    def _agent(self) -> Act:
        agents = [line.account_id for line in self._roster if line.role == "agent"]
        return self.stage.act("agent", self.stage.chance.choice(agents))

    def _of_role(self, role: str) -> str:
        return next(line.account_id for line in self._roster if line.role == role)
