"""How a supplier is asked: its name and mail address, and one of three ways to reach it."""

from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.orders.connections import (
    AcgConnection,
    PageConnection,
    SignedConnection,
    SupplierConnection,
    connect_supplier,
    disconnect_supplier,
    load_connection,
)
from makegood.orders.supplier import Capability
from makegood.people.markets.actions import change_supplier
from makegood.people.markets.rules import Supplier
from makegood.people.markets.store import load_supplier
from makegood.people.proofs.rules import looks_like_mail
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

HERE: Final = "/ops/suppliers/{supplier_id:str}/reach"
OFFERS: Final[tuple[Capability, ...]] = ("redemption", "withdraw", "reissue", "upgrade")
"""What a supplier with a server of its own may offer beside `query`."""


@get(HERE)
async def show_reach(page: ThisPage, things: TheThings, supplier_id: FromPath[str]) -> Html:
    """How this supplier is asked now, and the forms to change it."""
    page.need("supplier.manage")
    return await _reach_page(page, things, supplier_id, Form({}))


@post(HERE)
async def change_reach(
    page: ThisPage, things: TheThings, request: AnyRequest, supplier_id: FromPath[str]
) -> Html | Redirect:
    """Write name and address, connect the supplier, or forget how it is reached."""
    page.need("supplier.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            supplier = await _supplier(tx, page, supplier_id)
            await _change(tx, page, things, supplier, form)
    except Refused as refused:
        fault = Fault(*refusal_words(page, refused))
        return await _reach_page(page, things, supplier_id, form, fault)
    return page.go(f"/ops/suppliers/{supplier_id}/reach")


async def _change(
    tx: Connection, page: Page, things: Things, supplier: Supplier, form: Form
) -> None:
    match form.text("do"):
        case "contact":
            await _name(tx, page, supplier, form)
        case "forget":
            await disconnect_supplier(tx, page.act(), supplier.supplier_id)
        case "signed" | "acg" | "page":
            market_id, supplier_id = page.market.market_id, supplier.supplier_id
            known = await load_connection(tx, things.vault, market_id, supplier_id)
            connection = _connection(form, known)
            await connect_supplier(tx, page.act(), things.vault, supplier_id, connection)
        case _:
            raise not_found()


async def _name(tx: Connection, page: Page, supplier: Supplier, form: Form) -> None:
    name, contact = form.text("name", 80), form.text("contact", 200)
    if not name:
        raise Refused("setting_invalid", fields=["name"])
    if contact and not looks_like_mail(contact):
        raise Refused("contact_wrong")
    named = Supplier(supplier.supplier_id, name, contact)
    await change_supplier(tx, page.act(), named)


def _connection(form: Form, known: SupplierConnection | None) -> SupplierConnection:
    """The way that was typed; a secret left empty stays what it was."""
    given: dict[str, object] = {"type": form.text("do"), "base_url": form.text("base_url", 500)}
    match form.text("do"):
        case "signed":
            kept = known.secret if isinstance(known, SignedConnection) else ""
            offers = [one for one in OFFERS if one in form.many("offers")]
            given |= {
                "account": form.text("account", 200),
                "secret": form.text("secret", 500) or kept,
                "capabilities": ["query", *offers],
            }
        case "acg":
            kept = known.app_key if isinstance(known, AcgConnection) else ""
            given |= {
                "app_id": form.text("app_id", 200),
                "app_key": form.text("app_key", 500) or kept,
            }
        case _:
            hours = form.whole("hours", 12)
            given = {"type": "page", "answer_within_hours": hours, "language": form.text("lang")}
    empty = [name for name, value in given.items() if value == ""]
    try:
        connection: SupplierConnection = msgspec.convert(
            given, SignedConnection | AcgConnection | PageConnection
        )
    except msgspec.ValidationError:
        raise Refused("setting_invalid", fields=["base_url"]) from None
    if empty:
        raise Refused("setting_invalid", fields=empty)
    return connection


async def _supplier(conn: Connection, page: Page, supplier_id: str) -> Supplier:
    supplier = await load_supplier(conn, page.market.market_id, supplier_id)
    if supplier is None:
        raise not_found()
    return supplier


async def _reach_page(
    page: Page, things: Things, supplier_id: str, form: Form, fault: Fault | None = None
) -> Html:
    async with things.db.connection() as conn:
        supplier = await _supplier(conn, page, supplier_id)
        known = await load_connection(conn, things.vault, page.market.market_id, supplier_id)
    way = str(known.__struct_config__.tag) if known is not None else ""
    return page.show(
        "operator/templates/money/reach.html",
        409 if fault else 200,
        section="suppliers",
        supplier=supplier,
        way=way,
        known=known,
        offers=OFFERS,
        form=form,
        fault=fault,
    )


ROUTES: list[ControllerRouterHandler] = [show_reach, change_reach]
