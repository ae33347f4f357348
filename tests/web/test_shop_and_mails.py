"""The shop's own name, and what pages say while no mail server is set."""

import dataclasses
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar

from makegood.store.notify import Hub
from makegood.web.app import furnish
from tests.claims.town import Town
from tests.web.site_kit import Browser, things_of
from tests.web.staff_kit import signed_in

NAMED = {
    "name_zh": "小满点卡铺",
    "name_en": "Xiaoman Cards",
    "support_contact": "help@xiaoman.example",
    "order_no_hint": "12 位数字，2026 开头",
}


@pytest.fixture
def silent(street: Town, app: Litestar, hub: Hub, tmp_path: Path) -> Litestar:
    """The site of a shop without a mail server."""
    things = things_of(street, hub, tmp_path)
    settings = msgspec.structs.replace(things.settings, mails=False)
    furnish(app.state, dataclasses.replace(things, settings=settings))
    return app


async def test_a_shop_is_called_what_its_operator_types(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/setup")
    await operator.open("/setup/shop")

    named = await operator.send("/setup/shop", do="name", **NAMED)

    assert named.url.path == "/setup/shop"
    assert all(value in named.text for value in NAMED.values())
    home = await Browser(app).open("/")
    assert "小满点卡铺" in home.text
    assert "12 位数字，2026 开头" in home.text
    english = await Browser(app, "en").open("/")
    assert "Xiaoman Cards" in english.text


async def test_a_shop_keeps_a_name_in_both_languages(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/setup")
    await operator.open("/setup/shop")

    refused = await operator.send("/setup/shop", do="name", **{**NAMED, "name_en": " "})

    assert refused.status_code == 409
    assert "小满点卡铺" in refused.text
    market = await street.desk.markets.get("main", street.clock.now())
    assert market is not None
    assert market.settings.name_zh != "小满点卡铺"


async def test_without_a_mail_server_no_page_promises_a_code(
    street: Town, silent: Litestar
) -> None:
    page = await Browser(silent).open("/proof")
    assert "暂时发不出邮件验证码" in page.text
    assert 'action="/proof/code"' not in page.text
    assert 'action="/proof/password"' in page.text


async def test_without_a_mail_server_the_operator_is_told(street: Town, silent: Litestar) -> None:
    operator = await signed_in(street, silent, "op")
    home = await operator.open("/ops")
    assert "还没有设置邮件服务器" in home.text
    await operator.open("/setup")
    check = await operator.open("/setup/check")
    assert "MAKEGOOD_SMTP_URL" in check.text


async def test_with_a_mail_server_codes_are_offered_and_nobody_is_warned(
    street: Town, app: Litestar
) -> None:
    page = await Browser(app).open("/proof")
    assert 'action="/proof/code"' in page.text
    operator = await signed_in(street, app, "op")
    home = await operator.open("/ops")
    assert "还没有设置邮件服务器" not in home.text
