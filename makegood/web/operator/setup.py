"""The first run: six steps, each a page of its own, and the market opens when all is in place."""

from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.gateways.payments.kinds import SHAPES
from makegood.ledger.refund.account_store import list_accounts
from makegood.people.approvals.solo import declare_solo
from makegood.people.keys.actions import create_key
from makegood.people.keys.rules import NewKey
from makegood.people.links.actions import read_link
from makegood.people.markets.actions import change_settings, open_market, settle_setup_step
from makegood.people.markets.rules import (
    LOCKED_CATEGORIES,
    SETUP_STEPS,
    AutoLane,
    MarketSettings,
    SetupStep,
    missing_before_opening,
)
from makegood.people.markets.store import load_setup
from makegood.people.staff.actions import create_first_operator, invite, invite_again
from makegood.people.staff.rules import NewAccount, StaffRole
from makegood.people.staff.store import count_deciders, load_account
from makegood.people.staff.store import list_accounts as list_people
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.operator.cookies import (
    FIRST_COOKIE,
    door_act,
    go_with,
    gone,
    kept,
    signed_in,
    visitor_of,
)
from makegood.web.operator.gateways import GatewayForm, connect, new_form
from makegood.web.operator.samples import newest_orders
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

CATEGORIES: Final = (
    "game_card",
    "gift_card",
    "membership",
    "licence",
    "account",
    "top_up",
    "other",
)
INVITED_ROLES: Final[tuple[StaffRole, ...]] = ("agent", "lead", "operator", "auditor")
FIRST_LINK_SECONDS: Final = 3600
FIRST_KIND: Final = "epay_v1"
"""The kind whose form is shown before another one is chosen."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a step's page shows beside the market's settings."""

    secret: str = ""
    """A key or link that is shown this once."""
    fault: Fault | None = None
    form: Form = Form({})
    gate: GatewayForm = msgspec.field(default_factory=lambda: new_form(FIRST_KIND))
    """The form of the gateway account that is being connected."""


@get("/first/{token:str}")
async def open_first_link(page: ThisPage, token: FromPath[str]) -> Redirect:
    """Take the token of the first-run link out of the address."""
    cookie = kept(page, FIRST_COOKIE, token, "/setup", FIRST_LINK_SECONDS)
    return go_with(page, "/setup/operator", cookie)


@get("/setup")
async def go_on(page: ThisPage, things: TheThings) -> Redirect:
    """The first step that is not settled."""
    _need_operator(page)
    async with things.db.transaction() as tx:
        setup = await load_setup(tx, page.market.market_id)
        if "operator" not in setup.done:
            # Whoever gets here is an operator with a second factor: the first step is met.
            await settle_setup_step(tx, page.act(), "operator", "done")
            setup = await load_setup(tx, page.market.market_id)
    return page.go(f"/setup/{setup.next_step or 'check'}")


@get("/setup/operator")
async def show_first(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """The first account's form, for whoever came by the first link."""
    return await _first(page, things, request, Shown())


@get("/setup/{step:str}")
async def show_step(
    page: ThisPage, things: TheThings, request: AnyRequest, step: FromPath[str]
) -> Html | Redirect:
    """One of the later steps, for the operator with a second factor."""
    if step not in SETUP_STEPS[1:]:
        raise not_found()
    if page.caller.role == "operator" and page.caller.limited:
        return page.go("/account/second-factor")
    _need_operator(page)
    async with things.db.connection() as conn:
        setup = await load_setup(conn, page.market.market_id)
    if "operator" not in setup.done:
        return page.go("/setup")
    gate = new_form(request.query_params.get("kind", FIRST_KIND))
    return await _step_page(page, things, step, Shown(gate=gate))


@post("/setup/operator")
async def make_operator(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """The first account; its second factor is next and cannot be skipped."""
    form = await read_form(request)
    new = NewAccount(
        sign_in_name=form.text("email", 200),
        display_name=form.text("name", 80),
        role="operator",
        language=page.words.lang,
    )
    password = form.fields.get("password", [""])[-1]
    token = request.cookies.get(FIRST_COOKIE, "")
    try:
        found = await create_first_operator(
            things.door, door_act(page), visitor_of(request), token, new, password
        )
    except Refused as refused:
        if refused.code == "link_expired":
            raise
        fault = Fault(*refusal_words(page, refused))
        return await _first(page, things, request, Shown(fault=fault, form=form))
    cookies = (signed_in(page, found.token), gone(page, FIRST_COOKIE, "/setup"))
    return go_with(page, "/account/second-factor", *cookies)


@post("/setup/{step:str}")
async def settle(
    page: ThisPage, things: TheThings, request: AnyRequest, step: FromPath[str]
) -> Html | Redirect:
    """Carry out a step's form; what is shown once keeps the person on the page."""
    if step not in SETUP_STEPS[1:]:
        raise not_found()
    _need_operator(page)
    form = await read_form(request)
    if form.text("do") == "gateway":
        return await _add_gateway(page, things, form)
    try:
        secret = await _carry_out(page, things, step, form)
    except Refused as refused:
        fault = Fault(*refusal_words(page, refused))
        return await _step_page(page, things, step, Shown(fault=fault, form=form))
    things.markets.forget(page.market.market_id)
    if secret:
        return await _step_page(page, things, step, Shown(secret=secret))
    if form.text("do") == "name":
        return page.go("/setup/shop")
    at = SETUP_STEPS.index(step)
    return page.go("/ops" if step == "check" else f"/setup/{SETUP_STEPS[at + 1]}")


def _need_operator(page: Page) -> None:
    page.need("setting.manage")


async def _first(page: Page, things: Things, request: AnyRequest, shown: Shown) -> Html | Redirect:
    """The form of the first account, for whoever came by the link."""
    if page.caller.role == "operator":
        return page.go("/account/second-factor" if page.caller.limited else "/setup")
    token = request.cookies.get(FIRST_COOKIE, "")
    async with things.db.connection() as conn:
        await read_link(conn, door_act(page), things.vault, "first_operator", token)
    return page.show(
        "operator/templates/setup_operator.html",
        409 if shown.fault else 200,
        **_around("operator", frozenset(), shown),
    )


async def _step_page(page: Page, things: Things, step: SetupStep, shown: Shown) -> Html:
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        setup = await load_setup(conn, market_id)
        orders, order_count = await newest_orders(conn, market_id)
        people = await list_people(conn, market_id)
        deciders = await count_deciders(conn, market_id, _alone(page))
        gateways = [one for one in await list_accounts(conn) if one.market_id == market_id]
    return page.show(
        f"operator/templates/setup_{step}.html",
        409 if shown.fault else 200,
        **_around(step, setup.done | setup.skipped, shown),
        settings=page.market.settings,
        orders=orders,
        order_count=order_count,
        people=people,
        gateways=gateways,
        kinds=list(SHAPES),
        gate=shown.gate,
        categories=CATEGORIES,
        locked=LOCKED_CATEGORIES,
        roles=INVITED_ROLES,
        deciders=deciders,
        missing=missing_before_opening(setup, page.market.settings, deciders),
        mails=things.settings.mails,
    )


def _around(step: str, settled: frozenset[SetupStep], shown: Shown) -> dict[str, object]:
    return {
        "step": step,
        "steps": SETUP_STEPS,
        "settled": settled,
        "shown": shown,
        "form": shown.form,
        "fault": shown.fault,
    }


async def _carry_out(page: Page, things: Things, step: SetupStep, form: Form) -> str:
    """Do what the form asks; answers what must be shown once, or nothing to go on."""
    match form.text("do"):
        case "key":
            return await _make_key(page, things)
        case "name":
            await _name_shop(page, things, form)
        case "invite":
            return await _invite(page, things, form)
        case "again":
            return await _invite_again(page, things, form)
        case "solo":
            await _declare_solo(page, things, form)
        case "skip":
            await _settle(page, things, step, skipped=True)
        case "open":
            await _open(page, things)
        case _:
            await _save(page, things, step, form)
    return ""


async def _name_shop(page: Page, things: Things, form: Form) -> None:
    """What pages and mails call the shop, and how buyers reach it and know their order numbers."""
    named = msgspec.structs.replace(
        page.market.settings,
        name_zh=form.text("name_zh", 60),
        name_en=form.text("name_en", 60),
        support_contact=form.text("support_contact", 200),
        order_no_hint=form.text("order_no_hint", 120),
    )
    async with things.db.transaction() as tx:
        await change_settings(tx, page.act(), named, page.market.version)


async def _make_key(page: Page, things: Things) -> str:
    page.need("key.manage")
    async with things.db.transaction() as tx:
        made = await create_key(tx, page.act(), things.ids, NewKey(role="market", name="shop"))
    return made.token


async def _add_gateway(page: Page, things: Things, form: Form) -> Html:
    """Connect an account as the gateways' own page does, and stay here for the next one."""
    failed = await connect(page, things, form.text("kind", 32), form)
    gate = failed or new_form(form.text("kind", 32))
    made = "" if failed else form.text("channel", 32)
    fault = failed.fault if failed else None
    return await _step_page(page, things, "payments", Shown(secret=made, gate=gate, fault=fault))


async def _invite(page: Page, things: Things, form: Form) -> str:
    page.need("staff.manage")
    role = form.text("role")
    new = NewAccount(
        sign_in_name=form.text("email", 200),
        display_name=form.text("name", 80) or form.text("email", 80),
        role=next((one for one in INVITED_ROLES if one == role), "agent"),
        language=page.words.lang,
    )
    async with things.db.transaction() as tx:
        invited = await invite(tx, page.act(), things.vault, things.ids, new)
    return f"{page.market.settings.base_url}/invite/{invited.token}"


async def _declare_solo(page: Page, things: Things, form: Form) -> None:
    """Nobody else works here: somebody from outside is the second person."""
    page.need("setting.manage")
    name, contact = form.text("outside_name", 80), form.text("outside_contact", 200)
    async with things.db.transaction() as tx:
        await declare_solo(tx, page.act(), things.ids, page.market, name, contact)
        await settle_setup_step(tx, page.act(), "team", "done")


async def _invite_again(page: Page, things: Things, form: Form) -> str:
    page.need("staff.manage")
    async with things.db.transaction() as tx:
        account = await load_account(tx, page.market.market_id, form.text("account", 64))
        if account is None:
            raise not_found()
        token = await invite_again(tx, page.act(), things.vault, things.ids, account)
    return f"{page.market.settings.base_url}/invite/{token}"


async def _save(page: Page, things: Things, step: SetupStep, form: Form) -> None:
    changed = changed_settings(page.market.settings, step, form)
    async with things.db.transaction() as tx:
        if changed != page.market.settings:
            await change_settings(tx, page.act(), changed, page.market.version)
        await settle_setup_step(tx, page.act(), step, "done")


async def _settle(page: Page, things: Things, step: SetupStep, *, skipped: bool) -> None:
    async with things.db.transaction() as tx:
        await settle_setup_step(tx, page.act(), step, "skipped" if skipped else "done")


def _alone(page: Page) -> str:
    """The account of the one person who declared to be alone here."""
    solo = page.market.settings.solo
    return solo.operator_id if solo else ""


async def _open(page: Page, things: Things) -> None:
    async with things.db.transaction() as tx:
        deciders = await count_deciders(tx, page.market.market_id, _alone(page))
        await open_market(tx, page.act(), page.market, deciders)


def changed_settings(settings: MarketSettings, step: SetupStep, form: Form) -> MarketSettings:
    """The settings after a step's form; a step that sets nothing leaves them as they are."""
    match step:
        case "categories":
            kept_on = set(form.many("accept"))
            blocked = tuple(name for name in CATEGORIES if name not in kept_on)
            return msgspec.structs.replace(settings, blocked_categories=blocked)
        case "payments":
            return msgspec.structs.replace(
                settings, auto_lane=_lane(settings.auto_lane, form, settings.currency)
            )
        case _:
            return settings


def _lane(lane: AutoLane, form: Form, currency: str) -> AutoLane:
    cap, day = form.amount_minor("cap", currency), form.amount_minor("guest_day", currency)
    return msgspec.structs.replace(
        lane,
        cap_minor=lane.cap_minor if cap is None else max(0, cap),
        guest_day_cap_minor=lane.guest_day_cap_minor if day is None else max(0, day),
    )


ROUTES = [open_first_link, go_on, show_first, show_step, make_operator, settle]
