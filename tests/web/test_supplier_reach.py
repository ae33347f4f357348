"""A supplier is connected on a page: three ways, secrets that are never shown, and the way back."""

import pytest
from litestar import Litestar

from makegood.orders.connections import (
    AcgConnection,
    PageConnection,
    SignedConnection,
    SupplierConnection,
    load_connection,
)
from makegood.people.markets.store import load_supplier
from tests.claims.test_statements import SUPPLIER
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

PATH = f"/ops/suppliers/{SUPPLIER}/reach"
SIGNED = {
    "do": "signed",
    "base_url": "https://supplier.example/makegood",
    "account": "our-shop",
    "secret": "hush-hush",
    "offers": ["redemption", "reissue"],
}
ACG = {"do": "acg", "base_url": "https://acg.example", "app_id": "7", "app_key": "hush-hush"}


@pytest.fixture
async def operator(street: Town, app: Litestar) -> Browser:
    """An operator who looks at the page of a supplier that nobody asks yet."""
    await street.order()
    browser = await signed_in(street, app, "op")
    page = await browser.open(PATH)
    assert "还没有办法向这家供货商核实" in page.text
    return browser


async def reached(street: Town) -> SupplierConnection | None:
    async with street.db.connection() as conn:
        return await load_connection(conn, street.vault, "main", SUPPLIER)


async def test_a_supplier_with_a_server_is_connected_and_its_secret_never_shown(
    street: Town, operator: Browser
) -> None:
    shown = await operator.send(PATH, **SIGNED)

    assert "通过带签名的 HTTP 核实" in shown.text
    assert "hush-hush" not in shown.text
    assert await reached(street) == SignedConnection(
        base_url="https://supplier.example/makegood",
        account="our-shop",
        secret="hush-hush",
        capabilities=frozenset({"query", "redemption", "reissue"}),
    )


async def test_a_secret_left_empty_stays_what_it_was(street: Town, operator: Browser) -> None:
    await operator.send(PATH, **SIGNED)
    await operator.send(PATH, **{**SIGNED, "secret": "", "account": "new-name"})
    known = await reached(street)
    assert isinstance(known, SignedConnection)
    assert (known.account, known.secret) == ("new-name", "hush-hush")


async def test_a_docked_shop_and_people_are_ways_too(street: Town, operator: Browser) -> None:
    await operator.send(PATH, **ACG)
    docked = await reached(street)
    await operator.send(PATH, do="page", hours="24", lang="en")
    people = await reached(street)
    assert docked == AcgConnection(base_url="https://acg.example", app_id="7", app_key="hush-hush")
    assert people == PageConnection(answer_within_hours=24, language="en")


async def test_a_supplier_is_forgotten_again(street: Town, operator: Browser) -> None:
    await operator.send(PATH, **ACG)
    shown = await operator.send(PATH, do="forget")
    assert "还没有办法向这家供货商核实" in shown.text
    assert await reached(street) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {**SIGNED, "base_url": "supplier.example"},
        {**SIGNED, "secret": ""},
        {**ACG, "app_id": ""},
        {"do": "page", "hours": "0", "lang": "zh"},
        {"do": "page", "hours": "12", "lang": "xx"},
        {"do": "contact", "name": "", "contact": ""},
        {"do": "contact", "name": "星海", "contact": "no address"},
    ],
)
async def test_what_cannot_be_right_changes_nothing(
    street: Town, operator: Browser, wrong: dict[str, str]
) -> None:
    refused = await operator.send(PATH, **wrong)
    assert refused.status_code == 409
    assert "hush-hush" not in refused.text
    assert await reached(street) is None


async def test_a_supplier_gets_a_name_and_an_address_for_its_mails(
    street: Town, operator: Browser
) -> None:
    await operator.send(PATH, do="contact", name="星海供货", contact="care@xinghai.example")
    async with street.db.connection() as conn:
        supplier = await load_supplier(conn, "main", SUPPLIER)
    assert supplier is not None
    assert (supplier.name, supplier.contact) == ("星海供货", "care@xinghai.example")
    statement = await operator.open(f"/ops/suppliers/{SUPPLIER}")
    assert f'href="{PATH}"' in statement.text


async def test_nobody_else_finds_it_and_unknown_suppliers_are_unknown(
    street: Town, app: Litestar, operator: Browser
) -> None:
    agent = await signed_in(street, app, "xu")
    assert (await agent.open(PATH)).status_code == 404
    assert (await operator.open("/ops/suppliers/u-unknown/reach")).status_code == 404


async def test_a_supplier_s_person_is_invited_and_finds_the_statement(
    street: Town, app: Litestar, operator: Browser
) -> None:
    await operator.open("/ops/staff")
    nameless = await operator.send(
        "/ops/staff", do="invite", role="supplier", email="wu@xinghai.example", name="吴平"
    )
    assert nameless.status_code == 409
    invited = await operator.send(
        "/ops/staff",
        do="invite",
        role="supplier",
        supplier=SUPPLIER,
        email="wu@xinghai.example",
        name="吴平",
    )
    token = invited.text.split("/invite/")[1].split("<")[0].split('"')[0].strip()
    person = Browser(app)
    await person.open(f"/invite/{token}")
    await person.send("/invite", password="a long walk by the river")
    assert (await person.open("/supplier/statement")).status_code == 200
    assert (await person.open("/ops")).status_code == 404
