"""A whole market in one process: real rules, real PostgreSQL, scripted outside world."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from makegood.base.actor import Act, Actor, Role
from makegood.base.ids import claim_no_from
from makegood.base.money import Money
from makegood.claims import actions, intake, looking
from makegood.claims.chargebacks import note_dispute
from makegood.claims.desk import Desk, Rosters
from makegood.claims.events import EvidenceAdded
from makegood.claims.intake import Opened
from makegood.claims.opening import OpenClaim
from makegood.claims.view import ClaimView
from makegood.ledger.actions import grant_quota
from makegood.ledger.advance.actions import put_into_fund
from makegood.ledger.disputes.rules import Source, StoredDispute
from makegood.ledger.refund.gateway import (
    Abilities,
    Arrived,
    Capture,
    Dispute,
    GatewayUnavailable,
    NotFound,
    Notice,
    NoticeRefused,
    Notification,
    RefundReply,
    RefundRequest,
)
from makegood.orders.actions import put_order
from makegood.orders.order import Order
from makegood.orders.supplier import (
    Capability,
    GoodsReply,
    SupplierAnswer,
    SupplierGateway,
    SupplierQuestion,
    SupplierStatus,
    SupplierUnavailable,
)
from makegood.people.contracts.actions import Contracts
from makegood.people.markets.actions import Markets, create_market
from makegood.people.markets.rules import AutoLane, MarketSettings
from makegood.policy.pack import load_pack
from makegood.policy.shelf import Shelf
from makegood.store.database import Database
from makegood.store.vault import Vault
from makegood.worker import refunds
from makegood.worker.books import net_off
from makegood.worker.claims import (
    ClaimDesk,
    check_claim,
    correct_who_bears,
    free_offers,
    note_deadline_near,
    pass_deadlines,
    withdraw_goods,
)
from makegood.worker.confirming import confirm_payment
from makegood.worker.loop import Handler, Worker
from makegood.worker.registry import refund_desk
from makegood.worker.reissues import ReissueDesk, run_reissue
from tests.orders.making import PAID_AT, line, told

PACK: Final = load_pack()
NOW = PAID_AT + timedelta(hours=1)
SETTINGS = MarketSettings(
    name_zh="云桥寄售",
    name_en="Cloud Bridge",
    base_url="http://127.0.0.1",
    auto_lane=AutoLane(guest_cap_minor=20_000, guest_day_cap_minor=50_000),
)
STAFF = (
    ("xu", "许知远", "agent", "qi"),
    ("chen", "陈默", "agent", "qi"),
    ("qi", "周琪", "lead", None),
    ("op", "运营", "operator", None),
)


class TownClock:
    """Time as the test says it."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        """The town's present."""
        return self.at


class TownIds:
    """Ids that count, so that a test's history is the same every time."""

    def __init__(self) -> None:
        self._number = 0

    def claim_no(self, now: datetime) -> str:
        """The next claim number."""
        self._number += 1
        return claim_no_from(now.strftime("%y%m%d"), 1000 + self._number)

    def uuid(self) -> str:
        """The next UUID."""
        self._number += 1
        return f"00000000-0000-7000-8000-{self._number:012d}"

    def secret(self, size: int = 32) -> bytes:
        """Bytes that never come again."""
        self._number += 1
        return self._number.to_bytes(8, "big").rjust(size, b"s")[:size]


class TownSupplier:
    """A supplier that knows units by their order reference."""

    capabilities: frozenset[Capability] = frozenset({"query", "redemption", "withdraw", "reissue"})

    def __init__(self, clock: TownClock) -> None:
        self._clock = clock
        self.answers: dict[str, dict[str, Any]] = {}
        self.silent = False
        self.withdrawn: list[str] = []
        self.given: dict[str, str] = {}

    async def query(self, question: SupplierQuestion) -> SupplierAnswer:
        """The scripted answer; unknown where nothing is scripted."""
        if self.silent:
            raise SupplierUnavailable("no answer")
        status: SupplierStatus = "unknown"
        said = self.answers.get(question.order_ref or "", {"status": status})
        return msgspec.convert({**said, "asked_at": self._clock.now()}, SupplierAnswer)

    async def withdraw(self, request_no: str, question: SupplierQuestion) -> SupplierAnswer:
        """Revokes the key."""
        self.withdrawn.append(request_no)
        return SupplierAnswer(status="revoked", asked_at=self._clock.now())

    async def reissue(self, request_no: str, question: SupplierQuestion) -> GoodsReply:
        """One new key per number."""
        key = self.given.setdefault(request_no, f"NEW-{len(self.given) + 1:04d}-KEY")
        return GoodsReply(status="delivered", asked_at=self._clock.now(), key=key)

    async def query_reissue(self, request_no: str) -> GoodsReply:
        """What was given under the number."""
        key = self.given.get(request_no)
        status: Literal["delivered", "not_found"] = "delivered" if key else "not_found"
        return GoodsReply(status=status, asked_at=self._clock.now(), key=key)

    async def upgrade(self, request_no: str, question: SupplierQuestion, to_sku: str) -> GoodsReply:
        """As a reissue."""
        return await self.reissue(request_no, question)

    async def query_upgrade(self, request_no: str) -> GoodsReply:
        """As a reissue."""
        return await self.query_reissue(request_no)

    async def gateway_of(self, market_id: str, supplier_id: str) -> SupplierGateway | None:
        """Every supplier of the town is this one, except `u-none`, who cannot be asked."""
        return None if supplier_id == "u-none" else self


class TownGateway:
    """A payment gateway that keeps a book of what it paid back."""

    notice_answer = "success"

    def __init__(self, channel: str = "epay") -> None:
        self.channel = channel
        self.abilities = Abilities()
        self.paid_back: dict[str, int] = {}
        self.captures: list[Capture] = []
        self.reply: RefundReply | None = None
        self.away = False

    async def refund(self, request: RefundRequest) -> RefundReply:
        """Pays back once per number, or answers what the test scripted."""
        if self.away:
            raise GatewayUnavailable("away", sent=False)
        if self.reply is not None:
            return self.reply
        self.paid_back[request.refund_no] = request.amount_minor
        return Arrived(gateway_ref=f"G-{len(self.paid_back)}")

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        """What became of a number."""
        return Arrived() if request.refund_no in self.paid_back else NotFound()

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        """The captures the test scripted."""
        return [c for c in self.captures if c.order_no == order_no or c.trade_no == trade_no]

    async def verify_notification(self, notification: Notification) -> Notice:
        """Nothing notifies here."""
        raise NoticeRefused("unsigned")


class Town:
    """One market, its people and its outside world; time moves when the test says so."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = TownClock()
        self.vault = Vault.from_key(bytes(range(32)))
        self.supplier = TownSupplier(self.clock)
        self.gateway = TownGateway()
        self.second_gateway = TownGateway("alipay")
        markets = Markets(db)
        self.desk = Desk(
            pack=PACK,
            ids=TownIds(),
            vault=self.vault,
            markets=markets,
            rosters=Rosters(db),
            shelf=Shelf(db, PACK),
            contracts=Contracts(db, markets),
        )
        self._worker = Worker(db, self.clock, self._handlers())

    async def found(self, settings: MarketSettings = SETTINGS) -> None:
        """Make the market, its staff, and a fund that can pay first."""
        async with self.db.transaction() as tx:
            await create_market(tx, self.act("operator", "op"), settings)
            for account_id, name, role, lead in reversed(STAFF):
                await tx.execute(
                    """
                    insert into account (market_id, account_id, sign_in_name, display_name, role,
                                         reports_to, totp_confirmed_at, created_at)
                    values ('main', $1, $1, $2, $3, $4, $5, $5)
                    """,
                    account_id,
                    name,
                    role,
                    lead,
                    self.clock.now(),
                )
            operator = self.act("operator", "op")
            await grant_quota(tx, operator, "start", Money(10_000_000))
            await put_into_fund(tx, operator, "start", Money(10_000_000))

    def act(self, role: Role, id_: str = "", *, proof: bool = False) -> Act:
        """An act of somebody now."""
        actor = Actor(role=role, id=id_ or f"{role}-1", fresh_proof=proof)
        return Act("main", actor, self.clock.now(), "r-1")

    @property
    def buyer(self) -> Act:
        """The buyer with fresh proof."""
        return self.act("buyer", "b-1", proof=True)

    @property
    def seller(self) -> Act:
        """The seller."""
        return self.act("seller", "s-1")

    @property
    def agent(self) -> Act:
        """An agent of the staff."""
        return self.act("agent", "xu")

    async def order(self, order_no: str = "O-1", **other: Any) -> None:
        """Tell an order as a shop system would."""
        body = msgspec.json.encode(told(order_no, **other))
        async with self.db.transaction() as tx:
            order = msgspec.json.decode(body, type=Order)
            await put_order(tx, self.act("market"), self.vault, order)

    async def open(self, reason: str = "KEY01", order_no: str = "O-1", **other: Any) -> Opened:
        """File a claim as the buyer."""
        fields: dict[str, Any] = {
            "description": "兑换时提示卡密无效，今天上午第一次兑换就这样",
            "wants": "refund",
        }
        command = OpenClaim(order_no=order_no, reason=reason, **(fields | other))
        async with self.db.connection() as conn:
            return await intake.open_claim(conn, self.buyer, self.desk, command)

    async def file_all(self, claim_no: str) -> None:
        """File everything the buyer was asked for."""
        view = await self.view(claim_no, self.buyer)
        for slot in [s.slot for s in view.slots if s.party == "buyer" and s.required]:
            await self.file(claim_no, slot)
        await self.settle()

    async def file(self, claim_no: str, slot: str, act: Act | None = None) -> str:
        """File one picture into a slot; answers its id."""
        by = act or self.buyer
        evidence_id = self.desk.ids.uuid()
        item = EvidenceAdded(
            evidence_id=evidence_id,
            slot=slot,
            party=by.actor.role,
            audience="all",
            media_type="image/png",
            size=1234,
            sha256="ab" * 32,
            filename="screen.png",
            notes=[],
        )
        async with self.db.transaction() as tx:
            await actions.file_evidence(tx, by, self.desk, claim_no, item)
        return evidence_id

    async def settle(self) -> int:
        """Run every job that is due, and what follows."""
        return await self._worker.run_due()

    async def later(self, **length: float) -> None:
        """Let time pass and run what became due, one timer after the other."""
        self.clock.at += timedelta(**length)
        await self.settle()

    async def view(self, claim_no: str, act: Act | None = None) -> ClaimView:
        """The claim as somebody sees it; the agent unless said otherwise."""
        async with self.db.connection() as conn:
            return await looking.view_claim(conn, act or self.agent, self.desk, claim_no)

    async def notify(
        self, market_id: str, channel: str, notification: Notification, request_id: str
    ) -> refunds.NoticeAnswer:
        """A payment notification, as the web process takes it."""
        room = refund_desk(self.db, self.gateways, self.clock, self.desk)
        return await refunds.payment_notification(
            room, market_id, channel, notification, request_id
        )

    async def dispute(
        self, told: Dispute, channel: str = "epay", source: Source = "channel"
    ) -> StoredDispute:
        """A word of a channel about a buyer's dispute."""
        async with self.db.transaction() as tx:
            return await note_dispute(tx, self.act("system"), self.desk, channel, told, source)

    def _handlers(self) -> dict[str, Handler]:
        from makegood.claims import system_actions

        room = ClaimDesk(
            db=self.db,
            desk=self.desk,
            suppliers=self.supplier,
            gateways=self.gateways,
            clock=self.clock,
        )
        money = refunds.Desk(
            db=self.db,
            gateways=self.gateways,
            clock=self.clock,
            on_outcome=lambda tx, act, out: system_actions.note_refund(tx, act, self.desk, out),
            on_payment=_nothing,
        )
        goods = ReissueDesk(
            db=self.db,
            vault=self.vault,
            suppliers=self.supplier,
            clock=self.clock,
            on_outcome=lambda tx, act, out: system_actions.note_reissue(tx, act, self.desk, out),
        )
        return {
            "claim.check": lambda job: check_claim(room, job),
            "claim.confirm_payment": lambda job: confirm_payment(room, job),
            "claim.deadline": lambda job: pass_deadlines(room, job),
            "claim.deadline_near": lambda job: note_deadline_near(room, job),
            "claim.withdraw_goods": lambda job: withdraw_goods(room, job),
            "claim.bearing": lambda job: correct_who_bears(room, job),
            "claim.free_offers": lambda job: free_offers(room, job),
            "ledger.net": lambda job: net_off(self.db, self.clock, job),
            "claim.notice": _nothing,
            "refund.send": lambda job: refunds.send_refund(money, job),
            "refund.query": lambda job: refunds.query_refund(money, job),
            "reissue.send": lambda job: run_reissue(goods, job),
            "reissue.query": lambda job: run_reissue(goods, job),
        }

    def gateways(self, market_id: str) -> Mapping[str, TownGateway]:
        """The town's gateways by channel; almost everybody pays through the first."""
        return {one.channel: one for one in (self.gateway, self.second_gateway)}


async def _nothing(*_anything: object) -> None:
    """What the town does not need to know."""


def unit_line(**other: Any) -> Sequence[dict[str, Any]]:
    """One order line with changes."""
    return [line(**other)]
