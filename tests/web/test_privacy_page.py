"""Erasing on the operator's page: found by contact, refused while held, confirmed, listed."""

import pytest
from litestar import Litestar

from makegood.claims.actions import withdraw
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in


@pytest.fixture
async def operator(street: Town, app: Litestar) -> Browser:
    """An operator's browser."""
    await add_person(street, "op-1", "operator")
    return await signed_in(street, app, "op-1")


async def ended(street: Town) -> str:
    """A claim that its buyer took back."""
    opened = await street.open()
    async with street.db.transaction() as tx:
        await withdraw(tx, street.buyer, street.desk, opened.claim_no)
    return opened.claim_no


async def test_a_person_is_found_by_contact_and_erased_once_confirmed(
    street: Town, operator: Browser
) -> None:
    claim_no = await ended(street)
    await operator.open("/ops/privacy")
    found = await operator.send("/ops/privacy", q="B1@example.com")
    assert claim_no in found.text
    assert "会删掉" in found.text
    unsure = await operator.send("/ops/privacy/erase", buyer="b-1", reason="requested")
    assert unsure.status_code == 422
    done = await operator.send("/ops/privacy/erase", buyer="b-1", reason="requested", sure="yes")
    assert "已经删除" in done.text
    assert "没有找到" in (await operator.send("/ops/privacy", q="b1@example.com")).text
    claim = await operator.open(f"/desk/c/{claim_no}")
    assert "买家的信息已按要求删除" in claim.text


async def test_an_open_claim_is_named_and_nothing_is_erased(
    street: Town, operator: Browser
) -> None:
    opened = await street.open()
    await operator.open("/ops/privacy")
    found = await operator.send("/ops/privacy", q="O-1")
    assert f"{opened.claim_no} 还没有结束" in found.text
    forced = await operator.send("/ops/privacy/erase", buyer="b-1", reason="duty", sure="yes")
    assert forced.status_code == 409


async def test_a_hold_is_placed_shown_and_lifted(street: Town, operator: Browser) -> None:
    claim_no = await ended(street)
    await operator.open("/ops/privacy")
    await operator.send("/ops/privacy/holds", kind="claim", subject=claim_no, reason="法院调取")
    found = await operator.send("/ops/privacy", q=claim_no)
    assert f"{claim_no} 被保留令留住" in found.text
    hold = found.text.split('name="hold" value="')[1].split('"')[0]
    await operator.send("/ops/privacy/holds", do="lift", hold=hold)
    assert "被保留令留住" not in (await operator.send("/ops/privacy", q=claim_no)).text


async def test_retention_is_never_shorter_than_three_years(operator: Browser) -> None:
    await operator.open("/ops/privacy")
    assert (await operator.send("/ops/privacy/retention", years="2")).status_code == 409
    assert 'value="5"' in (await operator.send("/ops/privacy/retention", years="5")).text


async def test_one_of_the_staff_is_erased_by_name_and_the_claims_still_open(
    street: Town, operator: Browser
) -> None:
    claim_no = await ended(street)
    async with street.db.transaction() as tx:
        await tx.execute("update account set disabled_at = now() where account_id <> 'op-1'")
    names = ("许知远", "陈默", "周琪", "运营")
    await operator.open("/ops/privacy")
    for account in ("xu", "chen", "qi", "op"):
        done = await operator.send(
            "/ops/privacy/erase", account=account, reason="requested", sure="yes"
        )
        assert "已经删除" in done.text
    page = await operator.open(f"/desk/c/{claim_no}")
    assert page.status_code == 200
    async with street.db.connection() as conn:
        bodies = await conn.fetch("select body from event")
    assert not any(name.encode() in row["body"] for name in names for row in bodies)
