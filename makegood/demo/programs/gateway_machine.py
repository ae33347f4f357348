"""What the gateway program does with money, and the faults it has while doing it."""

import random
import secrets
import time
from collections.abc import Callable

import httpx
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from makegood.demo.programs.answering import Cut, ServerFailure
from makegood.demo.programs.gateway_book import Book, BookRefund, Later, Payment
from makegood.gateways.payments import epay_v1, epay_v2, rsa_keys
from makegood.gateways.payments.amounts import amount_text

TOO_POOR = "商户余额不足"
"""What a refund is refused with at once; such a refund was never made, by most protocols."""
PID = "1001"
SHOP = "shop"
APP = "2021000000000001"
MCHID = "1900000001"
MERCHANT_SERIAL = "5A00000000000000000000000000000000000001"
PLATFORM_ID = "PUB_KEY_ID_0119000000012026112200000000000001"
CLIENT = "makegood-client"
WEBHOOK = "WH-MAKEGOOD"


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often each fault happens to a refund request (0 to 1), and their delays in seconds."""

    fail_before: float = 0.0
    cut_after: float = 0.0
    executed_late: float = 0.0
    refuse: float = 0.0
    accept_first: float = 0.0
    query_fails: float = 0.0
    notices_twice: bool = False
    late_seconds: float = 1.0
    arrive_seconds: float = 1.0
    down: bool = False
    refuse_late: float = 0.0
    no_refunds: bool = False
    tells_refunded: bool = True


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as it is sent: by GET with fields, or by POST with a body and headers."""

    fields: dict[str, str] = {}
    body: str = ""
    headers: dict[str, str] = {}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as one protocol sees it, with its own path."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]


class Gateway:
    """The merchant side of the world: what every protocol here speaks to."""

    def __init__(self, book: Book, faults: Faults, seed: int) -> None:
        self.book = book
        self.faults = msgspec.json.decode(
            book.setting("faults", msgspec.json.encode(faults).decode()), type=Faults
        )
        self._chance = random.Random(seed)
        self._http = httpx.Client(timeout=5.0, trust_env=False)
        self.key = book.setting("v1_key", secrets.token_hex(16))
        self.secret = book.setting("balance_secret", secrets.token_hex(32))
        self.merchant = rsa_keys.private_key(book.setting("merchant_key", _new_key()))
        self.platform = rsa_keys.private_key(book.setting("platform_key", _new_key()))
        self.api_v3_key = book.setting("api_v3_key", secrets.token_hex(16))
        self.stripe_key = book.setting("stripe_key", f"sk_test_{secrets.token_hex(12)}")
        self.stripe_hook = book.setting("stripe_hook", f"whsec_{secrets.token_hex(16)}")
        self.paypal_secret = book.setting("paypal_secret", secrets.token_hex(20))
        self.writers: dict[str, Callable[[Gateway, BookRefund], Letter]] = {}
        """How each protocol tells the merchant of a refund."""

    def set_faults(self, faults: Faults) -> None:
        """Change the faults, for this process and the next one on the same book."""
        self.faults = faults
        self.book.put_setting("faults", msgspec.json.encode(faults).decode())

    def accounts(self, url: str) -> list[dict[str, str | bool]]:
        """The accounts of this gateway as an operator would configure them."""
        return [
            {"kind": "epay_v1", "channel": "epay", "base_url": url, "pid": PID, "key": self.key},
            {
                "kind": "epay_v2",
                "channel": "epay2",
                "base_url": url,
                "pid": PID,
                "private_key": _private_pem(self.merchant),
                "platform_key": _public_pem(self.platform),
            },
            {
                "kind": "shop_balance",
                "channel": "balance",
                "base_url": f"{url}/balance",
                "account": SHOP,
                "secret": self.secret,
            },
            {"kind": "manual", "channel": "usdt"},
            *self._wider_accounts(url),
        ]

    def _wider_accounts(self, url: str) -> list[dict[str, str | bool]]:
        return [
            {
                "kind": "alipay",
                "channel": "alipay",
                "base_url": f"{url}/gateway.do",
                "app_id": APP,
                "private_key": _private_pem(self.merchant),
                "alipay_key": _public_pem(self.platform),
                "sandbox": True,
            },
            {
                "kind": "wechat",
                "channel": "wechat",
                "base_url": f"{url}/wechat",
                "mchid": MCHID,
                "serial_no": MERCHANT_SERIAL,
                "private_key": _private_pem(self.merchant),
                "api_v3_key": self.api_v3_key,
                "platform_key": _public_pem(self.platform),
                "platform_key_id": PLATFORM_ID,
            },
            {
                "kind": "stripe",
                "channel": "stripe",
                "base_url": f"{url}/stripe",
                "secret_key": self.stripe_key,
                "webhook_secret": self.stripe_hook,
                "sandbox": True,
            },
            {
                "kind": "paypal",
                "channel": "paypal",
                "base_url": f"{url}/paypal",
                "client_id": CLIENT,
                "secret": self.paypal_secret,
                "webhook_id": WEBHOOK,
                "sandbox": True,
            },
        ]

    def ask(self) -> None:
        """A query may fail as well."""
        if self.faults.down or self._happens(self.faults.query_fails):
            raise ServerFailure

    def refund(
        self, refund_no: str, trade_no: str, amount_minor: int, *, notifies: str = ""
    ) -> BookRefund | str:
        """Carry out a refund, or have one of the faults; answers it or a refusal in words.

        With `notifies`, the name of a protocol, that protocol's hook is told of it.
        """
        faults = self.faults
        if faults.no_refunds:
            return "该支付通道不支持退款"
        if faults.down or self._happens(faults.fail_before):
            raise ServerFailure
        if self._happens(faults.executed_late):
            content = {"refund_no": refund_no, "trade_no": trade_no, "amount": str(amount_minor)}
            content |= {"notifies": notifies} if notifies else {}
            self.book.put_later(time.time() + faults.late_seconds, "refund", content)
            raise Cut
        if self._is_refused(refund_no):
            return self._refuse(refund_no, trade_no, amount_minor)
        arrives_in = faults.arrive_seconds if self._happens(faults.accept_first) else 0.0
        fails = "收款账户异常" if arrives_in and self._happens(faults.refuse_late) else ""
        done = self.book.execute(
            refund_no, trade_no, amount_minor, arrives_in=arrives_in, fails=fails
        )
        if isinstance(done, BookRefund):
            if notifies:
                self._notify_refund(notifies, done, arrives_in)
            if self._happens(faults.cut_after):
                raise Cut
        return done

    def pay(self, payments: list[Payment], notify_url: str, version: str) -> None:
        """Record payments and tell the merchant's hook of each."""
        now = time.time()
        self.book.add_payments(
            [msgspec.structs.replace(p, paid_at=p.paid_at or now) for p in payments]
        )
        for payment in payments if notify_url else []:
            self.notify(notify_url, Letter(fields=_payment_fields(payment, self, version)))

    def do_later(self, later: Later) -> None:
        """Carry out what was put off; a notice is repeated until it is taken."""
        content = later.content
        if later.what == "refund":
            done = self.book.execute(
                content["refund_no"], content["trade_no"], int(content["amount"])
            )
            if isinstance(done, BookRefund) and "notifies" in content:
                self._notify_refund(content["notifies"], done, 0.0)
        elif not self._deliver(content) and time.time() < float(content["until"]):
            self.book.postpone(later, time.time() + 1.0)
            return
        self.book.forget(later)

    def _is_refused(self, refund_no: str) -> bool:
        known = self.book.refund(refund_no) if refund_no else None
        if known is not None:
            return known.status == "refused"
        return self._happens(self.faults.refuse)

    def _refuse(self, refund_no: str, trade_no: str, amount_minor: int) -> BookRefund | str:
        reason = TOO_POOR
        if not refund_no:
            return reason
        return self.book.refuse(refund_no, trade_no, amount_minor, reason)

    def _notify_refund(self, protocol: str, refund: BookRefund, delay: float) -> None:
        url = self.book.setting(f"{protocol}_refund_hook", "")
        if url and refund.refund_no:
            self.notify(url, self.writers[protocol](self, refund), delay)

    def notify(self, url: str, letter: Letter, delay: float = 0.0) -> None:
        """Send a notice later, until it is taken; with its fault twice and in any order."""
        for _ in range(2 if self.faults.notices_twice else 1):
            jitter = self._chance.random() if self.faults.notices_twice else 0.0
            due_at = time.time() + delay + jitter
            text = msgspec.json.encode(letter).decode()
            content = {"url": url, "letter": text, "until": str(due_at + 600)}
            self.book.put_later(due_at, "notice", content)

    def _deliver(self, content: dict[str, str]) -> bool:
        """Send one notice; only a good answer ends it."""
        letter = msgspec.json.decode(content["letter"], type=Letter)
        method = "POST" if letter.body else "GET"
        try:
            answer = self._http.request(
                method,
                content["url"],
                params=letter.fields or None,
                content=letter.body or None,
                headers=letter.headers,
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._chance.random() < chance


def _payment_fields(payment: Payment, gateway: Gateway, version: str) -> dict[str, str]:
    fields = {
        "pid": PID,
        "trade_no": payment.trade_no,
        "out_trade_no": payment.order_no,
        "type": "alipay",
        "name": "order",
        "money": amount_text(payment.amount_minor, payment.currency),
        "trade_status": "TRADE_SUCCESS",
    }
    if version == "v1":
        return fields | {"sign": epay_v1.sign(fields, gateway.key), "sign_type": "MD5"}
    fields |= {"timestamp": str(int(time.time())), "sign_type": "RSA"}
    return fields | {"sign": epay_v2.sign(fields, gateway.platform)}


def _new_key() -> str:
    return _private_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
