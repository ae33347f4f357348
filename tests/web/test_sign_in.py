"""Signing in, the second factor, the first run and the operator's pages on plain forms."""

from datetime import timedelta

import pyotp
from litestar import Litestar

from makegood.people.markets.actions import open_market, settle_setup_step
from makegood.people.markets.rules import SETUP_STEPS
from makegood.people.markets.store import load_market
from makegood.people.staff.actions import create_first_operator_link
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

PASSWORD = "a long walk by the river"


def code_of(text: str, town: Town, steps: int = 0) -> str:
    """The authenticator's code for the secret that a page shows."""
    secret = text.split('name="secret" value="')[1].split('"')[0]
    return pyotp.TOTP(secret).at(int(town.clock.now().timestamp()) + 30 * steps)


async def first_run(street: Town, app: Litestar) -> tuple[Browser, str]:
    """An operator made by the first link, signed in with the second factor; and the secret."""
    async with street.db.transaction() as tx:
        await tx.execute("delete from account where role = 'operator' and market_id = 'main'")
        token = await create_first_operator_link(
            tx, street.act("system", "door"), street.vault, street.desk.ids
        )
    browser = Browser(app)
    await browser.open(f"/first/{token}")
    page = await browser.send(
        "/setup/operator", name="方晴", email="fang@example.com", password=PASSWORD
    )
    assert page.url.path == "/account/second-factor", page.text[:500]
    secret = page.text.split('name="secret" value="')[1].split('"')[0]
    await browser.send(
        "/account/second-factor",
        secret=secret,
        uri="",
        code=pyotp.TOTP(secret).at(int(street.clock.now().timestamp())),
    )
    return browser, secret


async def test_the_first_link_leaves_the_address_and_works_once(
    street: Town, app: Litestar
) -> None:
    async with street.db.transaction() as tx:
        await tx.execute("delete from account where role = 'operator' and market_id = 'main'")
        token = await create_first_operator_link(
            tx, street.act("system", "door"), street.vault, street.desk.ids
        )
    browser = Browser(app)

    page = await browser.open(f"/first/{token}")

    assert page.url.path == "/setup/operator"
    assert token not in page.text
    stranger = Browser(app)
    assert (await stranger.open("/setup/operator")).status_code in (404, 409, 410)


async def test_the_first_run_ends_with_the_recovery_codes_kept(street: Town, app: Litestar) -> None:
    browser, _ = await first_run(street, app)
    assert browser.page is not None
    assert browser.page.text.count("<li>") >= 10

    page = await browser.send("/account/codes", kept="yes")

    assert page.url.path == "/setup/shop"
    for step in SETUP_STEPS[1:]:
        assert (await browser.open(f"/setup/{step}")).status_code == 200


async def test_a_market_key_is_shown_once(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/keys")

    made = await operator.send("/ops/keys", do="create", role="market", name="shop", seller="")
    later = await operator.open("/ops/keys")

    assert "mg_" in made.text
    assert "mg_" not in later.text


async def test_wrong_passwords_say_how_many_are_left_and_never_who_exists(
    street: Town, app: Litestar
) -> None:
    await first_run(street, app)
    visitor = Browser(app)
    await visitor.open("/login")

    known = await visitor.send("/login", name="fang@example.com", password="wrong wrong wrong")
    unknown = await visitor.send("/login", name="nobody@example.com", password="wrong wrong")

    assert known.status_code == unknown.status_code == 422
    assert "还能试 4 次" in known.text
    assert "还能试 4 次" in unknown.text


async def test_signing_in_needs_the_code_and_wrong_ones_show_the_clock(
    street: Town, app: Litestar
) -> None:
    _, secret = await first_run(street, app)
    visitor = Browser(app)
    await visitor.open("/login")

    asked = await visitor.send("/login", name="fang@example.com", password=PASSWORD)
    assert asked.url.path == "/login/code"
    assert 'autocomplete="one-time-code"' in asked.text
    wrong = await visitor.send("/login/code", code="000000")
    assert wrong.status_code == 422
    assert "服务器现在是" in wrong.text
    street.clock.at += timedelta(seconds=60)
    right = pyotp.TOTP(secret).at(int(street.clock.now().timestamp()))
    page = await visitor.send("/login/code", code=right)
    assert page.url.path == "/ops"


async def test_slowed_sign_in_says_how_long(street: Town, app: Litestar) -> None:
    visitor = Browser(app)
    answer = await visitor.open("/login")
    for _ in range(6):
        answer = await visitor.send("/login", name="xu", password="guess guess guess")
        street.clock.at += timedelta(milliseconds=1)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_revoked_session_is_nobody(street: Town, app: Litestar) -> None:
    one = await signed_in(street, app, "xu")
    other = await signed_in(street, app, "xu")
    await one.open("/account")

    await one.send("/account/sessions/others")

    street.clock.at += timedelta(seconds=2)
    assert (await other.open("/desk/q/all")).status_code == 404
    assert (await one.open("/desk/q/all")).status_code == 200


async def test_a_gateway_that_does_not_answer_is_not_stored(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/setup")
    await operator.open("/setup/payments")

    page = await operator.send(
        "/setup/payments",
        do="gateway",
        kind="epay_v1",
        channel="epay",
        base_url="http://127.0.0.1:9",
        pid="1001",
        key="secret",
    )

    assert page.status_code == 409
    assert "连不上网关" in page.text
    assert "secret" not in page.text


async def test_blocked_categories_are_kept_and_the_locked_ones_cannot_be_chosen(
    street: Town, app: Litestar
) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/setup")
    page = await operator.open("/setup/categories")
    assert page.text.count("锁定") == 3

    await operator.send("/setup/categories", accept=["game_card", "membership"])

    market = await street.desk.markets.get("main", street.clock.now() + timedelta(seconds=2))
    assert market is not None
    assert "account" in market.settings.blocked_categories
    assert "game_card" not in market.settings.blocked_categories


async def test_the_last_step_says_that_the_door_is_open(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/setup")
    closed = await operator.open("/setup/check")
    assert ">打开售后入口<" in closed.text

    async with street.db.transaction() as tx:
        for step in SETUP_STEPS[:-1]:
            await settle_setup_step(tx, street.act("operator", "op"), step, "done")
        market = await load_market(tx, "main")
        assert market is not None
        await open_market(tx, street.act("operator", "op"), market, deciders=2)
    street.desk.markets.forget("main")

    opened = await operator.open("/setup/check")
    assert "售后入口已经打开" in opened.text
    assert ">打开售后入口<" not in opened.text
