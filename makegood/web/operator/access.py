"""Who may come in: API keys, staff, sellers."""

import msgspec
from litestar import get, post
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.people.keys.actions import create_key, list_keys, revoke_key
from makegood.people.keys.rules import KeyRole, NewKey
from makegood.people.markets.actions import change_seller
from makegood.people.markets.rules import Tier
from makegood.people.markets.store import (
    list_departments,
    list_sellers,
    list_suppliers,
    load_seller,
)
from makegood.people.staff.actions import (
    disable_account,
    enable_account,
    invite,
    invite_again,
    reset_second_factor,
)
from makegood.people.staff.rules import Account, NewAccount, StaffRole
from makegood.people.staff.store import list_accounts, load_account
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

KEY_ROLES: tuple[KeyRole, ...] = ("market", "seller", "agent", "operator", "auditor")
STAFF_ROLES: tuple[StaffRole, ...] = ("agent", "lead", "operator", "auditor", "seller", "supplier")
TIERS: tuple[Tier, ...] = ("S", "A", "B", "C", "D")


@get("/ops/keys")
async def show_keys(page: ThisPage, things: TheThings) -> Html:
    """Every key with its last use."""
    page.need("key.manage")
    return await _keys_page(page, things)


@post("/ops/keys")
async def change_keys(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Make a key, shown this once, or revoke one."""
    page.need("key.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            if form.text("do") == "revoke":
                await revoke_key(tx, page.act(), form.text("key", 64))
                return page.go("/ops/keys")
            made = await create_key(tx, page.act(), things.ids, _new_key(form))
    except Refused as refused:
        return await _keys_page(page, things, fault=Fault(*refusal_words(page, refused)))
    return await _keys_page(page, things, token=made.token)


@get("/ops/staff")
async def show_staff(page: ThisPage, things: TheThings) -> Html:
    """Everyone with an account."""
    page.need("staff.manage")
    return await _staff_page(page, things)


@post("/ops/staff")
async def change_staff(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Invite, invite again, reset a second factor, switch off or on."""
    page.need("staff.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            link = await _change_account(tx, page, things, form)
    except Refused as refused:
        return await _staff_page(page, things, fault=Fault(*refusal_words(page, refused)))
    return await _staff_page(page, things, link=link) if link else page.go("/ops/staff")


@get("/ops/sellers")
async def show_sellers(page: ThisPage, things: TheThings) -> Html:
    """Every seller with tier and cap."""
    page.need("seller.manage")
    async with things.db.connection() as conn:
        sellers = await list_sellers(conn, page.market.market_id)
    return page.show(
        "operator/templates/sellers.html", section="sellers", sellers=sellers, tiers=TIERS
    )


@post("/ops/sellers")
async def set_seller(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """Write a seller's tier, own cap and suspension."""
    page.need("seller.manage")
    form = await read_form(request)
    async with things.db.transaction() as tx:
        seller = await load_seller(tx, page.market.market_id, form.text("seller", 64))
        if seller is None:
            raise not_found()
        suspended = form.text("suspended") == "yes"
        changed = msgspec.structs.replace(
            seller,
            tier=next((tier for tier in TIERS if tier == form.text("tier")), seller.tier),
            auto_lane_cap_minor=form.amount_minor("cap", page.market.settings.currency),
            suspended_at=(seller.suspended_at or page.now) if suspended else None,
        )
        await change_seller(tx, page.act(), changed)
    return page.go("/ops/sellers")


def _new_key(form: Form) -> NewKey:
    role = next((role for role in KEY_ROLES if role == form.text("role")), None)
    if role is None:
        raise Refused("setting_invalid", fields=["role"])
    seller = form.text("seller", 64) if role == "seller" else ""
    return NewKey(role=role, seller_id=seller or None, name=form.text("name", 80))


async def _change_account(tx: Connection, page: Page, things: Things, form: Form) -> str:
    """What the form asks; answers a link that is shown this once, or nothing."""
    act, do = page.act(), form.text("do")
    base = page.market.settings.base_url
    if do == "invite":
        invited = await invite(tx, act, things.vault, things.ids, _new_account(page, form))
        return f"{base}/invite/{invited.token}"
    account = await _account(tx, page, form)
    match do:
        case "again":
            token = await invite_again(tx, act, things.vault, things.ids, account)
            return f"{base}/invite/{token}"
        case "reset":
            await reset_second_factor(tx, act, account)
        case "off":
            await disable_account(tx, act, account.account_id)
        case "on":
            await enable_account(tx, act, account.account_id)
        case _:
            raise not_found()
    return ""


async def _account(tx: Connection, page: Page, form: Form) -> Account:
    account = await load_account(tx, page.market.market_id, form.text("account", 64))
    if account is None:
        raise not_found()
    return account


def _new_account(page: Page, form: Form) -> NewAccount:
    wanted = form.text("role")
    role: StaffRole = next((one for one in STAFF_ROLES if one == wanted), "agent")
    seller = form.text("seller", 64) if role == "seller" else ""
    supplier = form.text("supplier", 64) if role == "supplier" else ""
    if role == "seller" and not seller:
        raise Refused("setting_invalid", fields=["seller_id"])
    if role == "supplier" and not supplier:
        raise Refused("setting_invalid", fields=["supplier_id"])
    return NewAccount(
        sign_in_name=form.text("email", 200),
        display_name=form.text("name", 80) or form.text("email", 80),
        role=role,
        seller_id=seller or None,
        supplier_id=supplier or None,
        language=page.words.lang,
        department_id=form.text("department", 64) or None,
    )


async def _keys_page(
    page: Page, things: Things, token: str = "", fault: Fault | None = None
) -> Html:
    async with things.db.connection() as conn:
        keys = await list_keys(conn, page.market.market_id)
        sellers = await list_sellers(conn, page.market.market_id)
    return page.show(
        "operator/templates/keys.html",
        409 if fault else 200,
        section="keys",
        keys=keys,
        sellers=sellers,
        roles=KEY_ROLES,
        token=token,
        fault=fault,
    )


async def _staff_page(
    page: Page, things: Things, link: str = "", fault: Fault | None = None
) -> Html:
    async with things.db.connection() as conn:
        people = await list_accounts(conn, page.market.market_id)
        sellers = await list_sellers(conn, page.market.market_id)
        suppliers = await list_suppliers(conn, page.market.market_id)
        departments = await list_departments(conn, page.market.market_id)
    return page.show(
        "operator/templates/staff.html",
        409 if fault else 200,
        section="staff",
        people=people,
        sellers=sellers,
        suppliers=suppliers,
        departments=departments,
        roles=STAFF_ROLES,
        link=link,
        fault=fault,
    )


ROUTES = [show_keys, change_keys, show_staff, change_staff, show_sellers, set_seller]
