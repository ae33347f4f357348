"""The epay dialects by fixed examples, so that both our sides cannot be wrong together."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from makegood.gateways.outside import make_client
from makegood.gateways.payments import amounts, epay, epay_v1, epay_v2, rsa_keys
from makegood.gateways.payments.accounts import EpayV1Account, EpayV2Account
from makegood.ledger.refund.gateway import (
    GatewayUnavailable,
    NoticeRefused,
    Notification,
    PaymentNotice,
)
from tests.gateways.payments import NO_ONE, RealClock

NOTICE = {
    "pid": "1001",
    "trade_no": "T1",
    "out_trade_no": "O1",
    "type": "alipay",
    "name": "",
    "money": "98.00",
    "trade_status": "TRADE_SUCCESS",
    "sign_type": "MD5",
}


@pytest.mark.parametrize(
    "address",
    [
        "https://pay.example",
        "https://pay.example/",
        "https://pay.example/submit.php",
        "https://pay.example/mapi.php?x=1",
        "https://pay.example/api.php",
        "https://pay.example/api/pay/create",
        " https://pay.example/api/ ",
    ],
)
def test_any_page_of_a_gateway_gives_its_address(address: str) -> None:
    assert epay.base_url(address) == "https://pay.example"


def test_a_folder_in_the_address_stays() -> None:
    assert epay.base_url("https://a.example/pay3/submit.php") == "https://a.example/pay3"


@pytest.mark.parametrize(
    ("text", "minor"), [("98", 9800), ("98.0", 9800), ("98.00", 9800), ("0.01", 1), ("1.500", 150)]
)
def test_amounts_are_read_exactly(text: str, minor: int) -> None:
    assert amounts.amount_minor(text, "CNY") == minor


@pytest.mark.parametrize("text", ["", "-1", "1.005", "1e3", "98,00", "nan", None, "9" * 20])
def test_senseless_amounts_are_no_answer(text: str | None) -> None:
    with pytest.raises(GatewayUnavailable):
        amounts.amount_minor(text, "CNY")


def test_amounts_are_written_with_the_digits_of_the_currency() -> None:
    assert amounts.amount_text(5, "CNY") == "0.05"
    assert amounts.amount_text(500, "JPY") == "500"


def test_v1_signs_sorted_fields_with_the_key_appended_directly() -> None:
    text = epay.signed_text(NOTICE)
    wanted = (
        "money=98.00&out_trade_no=O1&pid=1001&trade_no=T1&trade_status=TRADE_SUCCESS&type=alipay"
    )
    assert text == wanted
    done = subprocess.run(
        ["md5sum"], input=f"{wanted}KEY".encode(), capture_output=True, check=True
    )
    assert epay_v1.sign(NOTICE, "KEY") == done.stdout.split()[0].decode()


def test_v2_signatures_are_those_of_openssl(tmp_path: Path) -> None:
    key, public, text, signature = (tmp_path / name for name in ("key", "pub", "text", "sig"))
    _openssl("genpkey", "-algorithm", "RSA", "-out", key)
    _openssl("pkey", "-in", key, "-pubout", "-out", public)
    text.write_text("a=1&b=2")
    _openssl("dgst", "-sha256", "-sign", key, "-out", signature, text)
    ours = epay_v2.sign({"b": "2", "a": "1", "empty": "", "sign": "x"}, _private(key))
    encoded = subprocess.run(
        ["base64", "-w0", str(signature)], capture_output=True, check=True, text=True
    ).stdout
    assert ours == encoded
    assert epay_v2.verify(
        {"a": "1", "b": "2", "sign": encoded}, rsa_keys.public_key(public.read_text())
    )


def test_bare_keys_of_epay_panels_are_read(tmp_path: Path) -> None:
    key = tmp_path / "key"
    _openssl("genpkey", "-algorithm", "RSA", "-out", key)
    bare = "".join(key.read_text().splitlines()[1:-1])
    assert rsa_keys.private_key(bare).private_numbers() == _private(key).private_numbers()


async def test_a_v1_notice_is_believed_only_with_its_signature_and_merchant() -> None:
    async with make_client(NO_ONE) as client:
        account = EpayV1Account(channel="epay", base_url="http://x", pid="1001", key="KEY")
        gateway = epay_v1.EpayV1(account, client)
        good = NOTICE | {"sign": epay_v1.sign(NOTICE, "KEY")}
        assert await gateway.verify_notification(Notification(fields=good)) == PaymentNotice(
            trade_no="T1", order_no="O1", amount_minor=9800
        )
        other = NOTICE | {"pid": "1002"}
        forged = [
            good | {"money": "0.01"},
            good | {"sign": ""},
            other | {"sign": epay_v1.sign(other, "KEY")},
            NOTICE | {"sign": epay_v1.sign(NOTICE, "OTHER")},
        ]
        for fields in forged:
            with pytest.raises(NoticeRefused):
                await gateway.verify_notification(Notification(fields=fields))


async def test_a_v2_notice_signed_by_ourselves_is_refused(tmp_path: Path) -> None:
    ours, theirs, public = (tmp_path / name for name in ("ours", "theirs", "public"))
    _openssl("genpkey", "-algorithm", "RSA", "-out", ours)
    _openssl("genpkey", "-algorithm", "RSA", "-out", theirs)
    _openssl("pkey", "-in", theirs, "-pubout", "-out", public)
    account = EpayV2Account(
        channel="epay2",
        base_url="http://x",
        pid="1001",
        private_key=ours.read_text(),
        platform_key=public.read_text(),
    )
    async with make_client(NO_ONE) as client:
        gateway = epay_v2.EpayV2(account, client, RealClock())
        good = NOTICE | {"sign": epay_v2.sign(NOTICE, _private(theirs))}
        seen = await gateway.verify_notification(Notification(fields=good))
        assert isinstance(seen, PaymentNotice)
        for sign in (epay_v2.sign(NOTICE, _private(ours)), "", "not base64 !"):
            with pytest.raises(NoticeRefused):
                await gateway.verify_notification(Notification(fields=NOTICE | {"sign": sign}))


def _private(path: Path) -> RSAPrivateKey:
    return rsa_keys.private_key(path.read_text())


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
