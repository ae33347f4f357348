"""The gateways' page: every kind connects after a test that moves no money; secrets stay inside."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from litestar import Litestar

from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.kinds import SECRETS, SHAPES, account_from, fields_of, shown
from makegood.ledger.refund.account_store import list_accounts, open_account
from tests.claims.town import Town
from tests.gateways.payments import GatewayProgram, running
from tests.web.staff_kit import add_person, signed_in


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProgram]:
    with running(tmp_path_factory.mktemp("gateway")) as started:
        yield started


def as_form(account: Account) -> dict[str, str]:
    """The fields that a person would fill in."""
    values = msgspec.structs.asdict(account)
    return {
        name: ("yes" if value else "") if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }


def stripped(account: Account) -> Account:
    """A form keeps no line feed at the end of a key."""
    values = msgspec.structs.asdict(account).items()
    changed = {name: value.strip() for name, value in values if isinstance(value, str)}
    return msgspec.structs.replace(account, **changed)


def kind_of(account: Account) -> str:
    return str(type(account).__struct_config__.tag)


async def stored(street: Town) -> dict[str, Account]:
    async with street.db.connection() as conn:
        return {
            one.channel: msgspec.json.decode(open_account(street.vault, one), type=Account)
            for one in await list_accounts(conn)
        }


async def test_every_kind_connects_by_its_form_and_shows_no_secret_again(
    street: Town, app: Litestar, program: GatewayProgram
) -> None:
    program.set_faults(Faults())
    street.clock.at = datetime.now(UTC)
    operator = await signed_in(street, app, "op")
    accounts = {account.channel: stripped(account) for account in program.accounts()}
    for channel, account in accounts.items():
        await operator.open(f"/ops/gateways/new/{kind_of(account)}")
        page = await operator.send(
            f"/ops/gateways/new/{kind_of(account)}", do="save", **as_form(account)
        )
        assert page.url.path == "/ops/gateways", f"{channel}: {page.text[-3000:]}"
    assert await stored(street) == accounts
    secrets = [
        getattr(account, name)
        for account in accounts.values()
        for name in SECRETS
        if hasattr(account, name)
    ]
    for path in ("/ops/gateways", *(f"/ops/gateways/{channel}" for channel in accounts)):
        page = await operator.open(path)
        assert page.status_code == 200
        assert not any(max(secret.split(), key=len) in page.text for secret in secrets), path
    assert program.refunds() == []


async def test_wrong_credentials_are_refused_in_words_and_not_stored(
    street: Town, app: Litestar, program: GatewayProgram
) -> None:
    operator = await signed_in(street, app, "op")
    [stripe] = [one for one in program.accounts() if one.channel == "stripe"]
    form = as_form(stripe) | {"secret_key": "sk_test_wrong"}
    await operator.open("/ops/gateways/new/stripe")
    page = await operator.send("/ops/gateways/new/stripe", do="save", **form)
    assert page.status_code == 409
    assert "网关不认这组凭据" in page.text
    assert "sk_test_wrong" not in page.text
    assert await stored(street) == {}


async def test_an_address_that_is_none_names_its_field(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/gateways/new/epay_v1")
    page = await operator.send(
        "/ops/gateways/new/epay_v1", channel="a b", base_url="ftp://x", pid="", key="k"
    )
    assert page.status_code == 409
    assert "通道名, 接口地址, 商户号 pid" in page.text


async def test_a_stored_account_is_tested_edited_and_switched_off(
    street: Town, app: Litestar, program: GatewayProgram
) -> None:
    operator = await signed_in(street, app, "op")
    [stripe] = [one for one in program.accounts() if one.channel == "stripe"]
    await operator.open("/ops/gateways/new/stripe")
    await operator.send("/ops/gateways/new/stripe", **as_form(stripe))
    # The secrets stay away from the form, and an empty one keeps what is stored.
    form = as_form(stripe) | {"secret_key": "", "webhook_secret": "", "order_field": "no"}
    await operator.send("/ops/gateways/stripe", **form)
    assert (await stored(street))["stripe"] == msgspec.structs.replace(stripe, order_field="no")
    page = await operator.send("/ops/gateways/stripe", do="test")
    assert "stripe 认出了这组凭据" in page.text
    program.set_faults(Faults(down=True))
    page = await operator.send("/ops/gateways/stripe", do="test")
    assert "网关没有应答" in page.text
    program.set_faults(Faults())
    page = await operator.send("/ops/gateways/stripe", do="off")
    assert "已停用" in page.text


async def test_a_taken_channel_is_not_overwritten(
    street: Town, app: Litestar, program: GatewayProgram
) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/gateways/new/manual")
    await operator.send("/ops/gateways/new/manual", channel="usdt", currency="CNY")
    page = await operator.send("/ops/gateways/new/manual", channel="usdt", currency="USD")
    assert page.status_code == 409
    assert (await stored(street))["usdt"].currency == "CNY"


async def test_strangers_and_agents_find_no_such_page(street: Town, app: Litestar) -> None:
    await add_person(street, "agent-9", "agent")
    agent = await signed_in(street, app, "agent-9")
    assert (await agent.open("/ops/gateways")).status_code == 404
    assert (await agent.open("/ops/gateways/new/stripe")).status_code == 404


@pytest.mark.parametrize("kind", list(SHAPES))
def test_a_form_reads_back_what_it_shows(kind: str) -> None:
    given = {"channel": "x", "currency": "JPY"}
    given |= {
        one.name: one.default or ("https://a.example" if one.shape == "url" else "v")
        for one in fields_of(kind)
    }
    account = account_from(kind, given)
    assert {"channel", "currency"} <= shown(account).keys()
    assert not SECRETS & shown(account).keys()
    assert account_from(kind, shown(account), account) == account
