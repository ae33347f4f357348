"""The start page and one order: units with their after-sales windows, claims, reminders."""

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.claims import store as claim_store
from makegood.claims.rows import Intake, UnitClaim
from makegood.orders.actions import leave_reminder
from makegood.orders.facts import UnitFacts, unit_facts
from makegood.orders.order import Line
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.door import need_order
from makegood.web.portal.shown import LineShown, OngoingClaim, OrderCard, OrderShown, UnitShown
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

GROUPS: Final = ("KEY", "DLV", "SND", "ACC", "MBR", "PAY", "SRV", "SEC")
"""Kinds of problems as the start page lists them."""
SHOWN_ORDERS: Final = 10
ENDED: Final = ("settled", "closed", "withdrawn", "declined")


class Reminder(msgspec.Struct):
    """The form of "remind me": unit as `1.2`."""

    unit: str
    reason: str = "DLV01"


ReminderForm = Annotated[Reminder, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/")
async def show_home(page: ThisPage, things: TheThings) -> Html:
    """The start page."""
    held = await _held_orders(page, things)
    claims = [claim for intake in held for claim in _ongoing(intake)]
    return page.show(
        "portal/templates/home.html",
        groups=GROUPS,
        orders=[_card(intake, page.now) for intake in held],
        claims=claims,
        demo=things.demo,
    )


@get("/find")
async def find(page: ThisPage, q: FromQuery[str] = "") -> Redirect:
    """On to the order where it is proven, to the proof where it is not; says nothing else."""
    order_no = q.strip()[:128]
    if not order_no:
        return page.go("/")
    if page.caller.holds_order(order_no):
        return page.go(f"/o/{order_no}")
    return page.go(f"/proof?{urlencode({'order': order_no})}")


@get("/start")
async def start(page: ThisPage, group: FromQuery[str] = "") -> Redirect:
    """From a problem to the claim: straight on where exactly one order is proven."""
    known = group if group in GROUPS else ""
    if len(page.caller.order_nos) == 1:
        return page.go(f"/o/{page.caller.order_nos[0]}/claim?{urlencode({'group': known})}")
    return page.go("/#mine" if page.caller.order_nos else "/proof")


@get("/o/{order_no:str}")
async def show_order(page: ThisPage, things: TheThings, order_no: FromPath[str]) -> Html:
    """One order for the buyer who has proven it."""
    page.need("order.read")
    need_order(page, order_no)
    intake = await load_intake(page, things, order_no)
    claims = {bound.claim_no: bound for bound in intake.bound}
    return page.show(
        "portal/templates/order.html",
        order=shown_order(intake, page.now),
        claims=list(claims.values()),
    )


@post("/o/{order_no:str}/remind")
async def remind(
    page: ThisPage, things: TheThings, order_no: FromPath[str], data: ReminderForm
) -> Html:
    """Leave a reminder for the time from which "not arrived" can be claimed."""
    page.need("claim.remind")
    need_order(page, order_no)
    unit = unit_ref(order_no, data.unit)
    async with things.db.transaction() as tx:
        at = await leave_reminder(tx, page.act(), unit, data.reason[:16], page.words.lang)
    intake = await load_intake(page, things, order_no)
    facts = unit_facts(intake.order, intake.order_version, unit.line_no, unit.unit_no)
    return page.show(
        "portal/templates/notyet.html",
        early=True,
        title=facts.title,
        at=at,
        reminded=True,
        order_no=order_no,
        unit=data.unit,
        reason=data.reason,
    )


async def load_intake(page: Page, things: Things, order_no: str) -> Intake:
    """The order with what binds its units; 404 for an unknown one."""
    async with things.db.connection() as conn:
        intake = await claim_store.load_intake(conn, page.market.market_id, order_no)
    if intake is None:
        raise not_found()
    return intake


def unit_ref(order_no: str, key: str) -> UnitRef:
    """The unit of a key such as `1.2`; refuses anything else."""
    line, _, unit = key.partition(".")
    numbers = line.isascii() and line.isdigit() and unit.isascii() and unit.isdigit()
    if not numbers or len(key) > 9:
        raise Refused("not_a_unit")
    return UnitRef(order_no, int(line), int(unit))


def shown_order(intake: Intake, now: datetime) -> OrderShown:
    """The order as its page shows it."""
    order = intake.order
    first = order.lines[0]
    policy = first.policy
    return OrderShown(
        order_no=order.order_no,
        seller_name=order.seller.name,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        total_minor=order.total.amount_minor,
        currency=order.total.currency,
        policy=f"{policy.id}@{policy.version}" if policy else "",
        lines=[_line(intake, line, now) for line in order.lines],
    )


def shown_units(intake: Intake, now: datetime) -> list[UnitShown]:
    """All units of the order, with the claim that binds each."""
    return [unit for line in intake.order.lines for unit in _line(intake, line, now).units]


def _line(intake: Intake, line: Line, now: datetime) -> LineShown:
    units = [
        _unit(intake, unit_facts(intake.order, intake.order_version, line.line_no, number), now)
        for number in range(1, line.quantity + 1)
    ]
    return LineShown(
        line_no=line.line_no,
        title=line.title,
        paid_minor=sum(unit.paid_minor for unit in units),
        listing_text=line.listing.text,
        units=units,
    )


def _unit(intake: Intake, facts: UnitFacts, now: datetime) -> UnitShown:
    window = facts.window
    left = (window.closes_at - now).total_seconds()
    whole = (window.closes_at - window.opens_at).total_seconds()
    share = max(0.0, min(1.0, left / whole)) if whole > 0 else 0.0
    number = (facts.unit.line_no, facts.unit.unit_no)
    bound = (b.claim_no for b in intake.bound if (b.line_no, b.unit_no) == number)
    return UnitShown(
        key=f"{number[0]}.{number[1]}",
        unit_no=number[1],
        title=facts.title,
        paid_minor=facts.unit_paid_minor,
        currency=facts.currency,
        delivered_at=facts.delivered_at,
        promised_at=facts.promised_at,
        has_key=facts.has_key,
        reveal_tracked=facts.reveal_tracked,
        revealed=facts.revealed_at is not None,
        window_open=now <= window.closes_at,
        window_until=window.closes_at,
        window_state="soon" if share < 0.2 else "normal",
        window_left=f"{share:.2f}",
        claim_no=next(bound, ""),
    )


async def _held_orders(page: Page, things: Things) -> list[Intake]:
    found = []
    async with things.db.connection() as conn:
        for order_no in page.caller.order_nos[:SHOWN_ORDERS]:
            intake = await claim_store.load_intake(conn, page.market.market_id, order_no)
            if intake is not None:
                found.append(intake)
    return found


def _card(intake: Intake, now: datetime) -> OrderCard:
    order = intake.order
    units = shown_units(intake, now)
    until = max(unit.window_until for unit in units)
    return OrderCard(
        order_no=order.order_no,
        title=order.lines[0].title,
        count=len(units),
        seller_name=order.seller.name,
        placed_at=order.placed_at,
        may_claim=any(unit.window_open and not unit.claim_no for unit in units),
        window_open=now <= until,
        window_until=until,
    )


def _ongoing(intake: Intake) -> list[OngoingClaim]:
    titles = {line.line_no: line.title for line in intake.order.lines}
    live: dict[str, UnitClaim] = {b.claim_no: b for b in intake.bound if b.state not in ENDED}
    return [
        OngoingClaim(
            claim_no=bound.claim_no,
            state=bound.state,
            title=titles.get(bound.line_no, intake.order.lines[0].title),
        )
        for bound in live.values()
    ]


ROUTES = [show_home, find, start, show_order, remind]
