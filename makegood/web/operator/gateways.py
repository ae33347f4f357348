"""The accounts at payment gateways: connected, tested without moving money, switched off."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.gateways.outside import make_client
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.checking import Checked, check_account, health_of
from makegood.gateways.payments.kinds import SHAPES, Field, account_from, fields_of, shown
from makegood.ledger.refund.account_store import (
    SealedAccount,
    list_accounts,
    open_account,
    put_account,
    switch_account,
)
from makegood.ledger.refund.health_store import Health, add_health, read_health
from makegood.store.database import Connection
from makegood.store.vault import SealBroken
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

SIGHT = "setting.read"
CHANGE = "setting.manage"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One account of the list: what may be shown of it, and how it fares."""

    channel: str
    kind: str
    enabled: bool
    readable: bool
    sandbox: bool
    address: str
    health: Health


class GatewayForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form of one kind: its fields, what stands in them, and what was wrong."""

    kind: str
    fields: list[Field]
    values: dict[str, str]
    stored: bool = False
    fault: Fault | None = None
    untested: bool = False
    """The gateway did not answer well: the account may be stored all the same."""


@get("/ops/gateways")
async def show_gateways(page: ThisPage, things: TheThings) -> Html:
    """Every account with its last answer."""
    page.need(SIGHT)
    return await _list(page, things)


@get("/ops/gateways/new/{kind:str}")
async def show_new(page: ThisPage, kind: FromPath[str]) -> Html:
    """The empty form of a kind."""
    page.need(CHANGE)
    return _form_page(page, new_form(kind))


@post("/ops/gateways/new/{kind:str}")
async def connect_new(
    page: ThisPage, things: TheThings, request: AnyRequest, kind: FromPath[str]
) -> Html | Redirect:
    """Test the credentials and store them."""
    page.need(CHANGE)
    form = await read_form(request)
    failed = await connect(page, things, kind, form)
    return _form_page(page, failed) if failed else page.go(f"/ops/gateways?done={_name(form)}")


@get("/ops/gateways/{channel:str}")
async def show_gateway(page: ThisPage, things: TheThings, channel: FromPath[str]) -> Html:
    """The form of a stored account, without its secrets."""
    page.need(CHANGE)
    stored, account = await _stored(page, things, channel)
    values = shown(account) if account else {"channel": channel, "currency": "CNY"}
    form = GatewayForm(kind=stored.kind, fields=fields_of(stored.kind), values=values, stored=True)
    return _form_page(page, form)


@post("/ops/gateways/{channel:str}")
async def change_gateway(
    page: ThisPage, things: TheThings, request: AnyRequest, channel: FromPath[str]
) -> Html | Redirect:
    """Test, store anew, switch off or on."""
    page.need(CHANGE)
    form = await read_form(request)
    stored, account = await _stored(page, things, channel)
    match form.text("do"):
        case "test":
            return await _test(page, things, stored, account)
        case "off" | "on":
            async with things.db.transaction() as tx:
                on = form.text("do") == "on"
                await switch_account(tx, page.act(), channel, enabled=on)
            return page.go("/ops/gateways")
    failed = await connect(page, things, stored.kind, form, account, channel)
    return _form_page(page, failed) if failed else page.go(f"/ops/gateways?done={channel}")


def new_form(kind: str) -> GatewayForm:
    """The empty form of a kind; an unknown kind is no page."""
    if kind not in SHAPES:
        raise not_found()
    fields = fields_of(kind)
    values = {field.name: field.default for field in fields}
    return GatewayForm(
        kind=kind, fields=fields, values={"channel": "", "currency": "CNY", **values}
    )


async def connect(
    page: Page,
    things: Things,
    kind: str,
    form: Form,
    stored: Account | None = None,
    channel: str = "",
) -> GatewayForm | None:
    """Test an account and store it sealed; answers the form again with what was wrong."""
    given = _given(kind, form, channel)
    back = GatewayForm(
        kind=kind,
        fields=fields_of(kind) if kind in SHAPES else [],
        values={name: value for name, value in given.items() if name not in _secret_names(kind)},
        stored=stored is not None,
    )
    try:
        account = account_from(kind, given, stored)
        if not channel:
            await _require_free(page, things, account.channel)
    except Refused as refused:
        return msgspec.structs.replace(back, fault=_fault(page, refused))
    checked = await _check(things, account)
    if checked.trouble == "bad_key" or (not checked.good and form.text("anyway") != "yes"):
        return msgspec.structs.replace(
            back, fault=_trouble(page, checked), untested=checked.trouble != "bad_key"
        )
    async with things.db.transaction() as tx:
        config = msgspec.json.encode(account)
        await put_account(tx, page.act(), things.vault, account.channel, kind, config)
        await _note(tx, page, account.channel, things, checked)
    return None


async def _test(page: Page, things: Things, stored: SealedAccount, account: Account | None) -> Html:
    checked = await _check(things, account) if account else Checked(trouble="unreadable")
    async with things.db.transaction() as tx:
        await _note(tx, page, stored.channel, things, checked)
    return await _list(page, things, tested=(stored.channel, checked))


async def _check(things: Things, account: Account) -> Checked:
    async with make_client() as client:
        return await check_account(account, client, things.clock)


async def _note(tx: Connection, page: Page, channel: str, things: Things, checked: Checked) -> None:
    market_id = page.market.market_id
    await add_health(tx, [(market_id, channel, health_of(checked, things.clock))])


async def _stored(page: Page, things: Things, channel: str) -> tuple[SealedAccount, Account | None]:
    """An account of this market; its content is None when it cannot be opened any more."""
    async with things.db.connection() as conn:
        found = [
            one
            for one in await list_accounts(conn)
            if (one.market_id, one.channel) == (page.market.market_id, channel)
        ]
    if not found:
        raise not_found()
    return found[0], _opened(things, found[0])


def _opened(things: Things, stored: SealedAccount) -> Account | None:
    try:
        account: Account = msgspec.json.decode(open_account(things.vault, stored), type=Account)
    except (SealBroken, msgspec.MsgspecError):
        return None
    return account


async def _require_free(page: Page, things: Things, channel: str) -> None:
    async with things.db.connection() as conn:
        known = {
            one.channel
            for one in await list_accounts(conn)
            if one.market_id == page.market.market_id
        }
    if channel in known:
        raise Refused("channel_taken", channel=channel)


async def _list(page: Page, things: Things, tested: tuple[str, Checked] | None = None) -> Html:
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        stored = [one for one in await list_accounts(conn) if one.market_id == market_id]
        health = await read_health(conn, market_id)
    rows = [_listed(things, one, health.get(one.channel, Health())) for one in stored]
    fault = None if tested is None or tested[1].good else _trouble(page, tested[1])
    return page.show(
        "operator/templates/gateways.html",
        section="gateways",
        rows=rows,
        kinds=list(SHAPES),
        tested=tested[0] if tested else "",
        fault=fault,
        words=tested[1].words if tested else "",
    )


def _listed(things: Things, stored: SealedAccount, health: Health) -> Listed:
    account = _opened(things, stored)
    values = shown(account) if account else {}
    return Listed(
        channel=stored.channel,
        kind=stored.kind,
        enabled=stored.enabled,
        readable=account is not None,
        sandbox=values.get("sandbox") == "yes",
        address=values.get("base_url", ""),
        health=health,
    )


def _form_page(page: Page, form: GatewayForm) -> Html:
    return page.show(
        "operator/templates/gateway.html",
        409 if form.fault else 200,
        section="gateways",
        gate=form,
    )


def _given(kind: str, form: Form, channel: str) -> dict[str, str]:
    names = [field.name for field in fields_of(kind)] if kind in SHAPES else []
    given = {name: form.text(name, 8000) for name in names}
    return {
        **given,
        "channel": channel or _name(form),
        "currency": form.text("currency", 3) or "CNY",
    }


def _name(form: Form) -> str:
    return form.text("channel", 32)


def _secret_names(kind: str) -> set[str]:
    return {field.name for field in fields_of(kind) if field.secret} if kind in SHAPES else set()


def _fault(page: Page, refused: Refused) -> Fault:
    title, text = refusal_words(page, refused)
    names = refused.detail.get("fields")
    if not isinstance(names, list):
        return Fault(title, text)
    labels = [str(page.words.code("gateway.field", str(name))) for name in names]
    return Fault(title, page.words.t("gateway.wrong_fields", names=", ".join(labels)))


def _trouble(page: Page, checked: Checked) -> Fault:
    t = page.words.t
    key = f"gateway.trouble.{checked.trouble}"
    return Fault(t(f"{key}.title"), t(f"{key}.text"))


ROUTES = [show_gateways, show_new, connect_new, show_gateway, change_gateway]
