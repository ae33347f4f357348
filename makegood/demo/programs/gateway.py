"""A payment gateway for demo and tests that speaks every protocol we know, with their faults.

`python -m makegood.demo.programs.gateway --port 0 --state FILE [--faults JSON] [--seed N]`
listens on loopback only; a port of 0 takes any free one. One line of JSON with its address is
printed when it is ready. `/admin/accounts` gives the accounts as Makegood reads them,
`/admin/book` all that happened, `POST /admin/pay` makes payments, `POST /admin/faults` sets
faults, `POST /admin/hasten` makes due what waits for its time.
"""

import argparse
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from makegood.demo.programs import (
    gateway_alipay,
    gateway_paypal,
    gateway_stripe,
    gateway_wechat,
)
from makegood.demo.programs.answering import JsonHandler, serve_until_stopped
from makegood.demo.programs.gateway_book import Book, BookDispute, BookRefund, Payment
from makegood.demo.programs.gateway_machine import Asked, Faults, Gateway, Letter
from makegood.demo.programs.gateway_protocols import (
    balance_letter,
    serve_balance,
    serve_v1,
    serve_v2,
)
from makegood.gateways.payments.shop_balance import request_signature


class Handler(JsonHandler):
    """Routes a request to the protocol it speaks."""

    gateway: Gateway

    def route(self, body: bytes) -> tuple[int, object]:
        """By path: one protocol each, and what tests and the demo script."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path == "/api.php":
            return 200, serve_v1(self.gateway, query | _form(body))
        if parts.path.startswith("/api/pay/"):
            return 200, serve_v2(self.gateway, parts.path.removeprefix("/api/pay/"), _form(body))
        if parts.path.startswith("/balance/"):
            return self._balance(body)
        if parts.path == "/gateway.do":
            return 200, gateway_alipay.serve(self.gateway, query | _form(body))
        for prefix, serve in _WIDER.items():
            if parts.path.startswith(prefix):
                return serve(self.gateway, self._asked(prefix, body))
        return self._admin(parts.path, body)

    def signatures(self, data: bytes) -> dict[str, str]:
        """WeChat Pay signs every answer in its headers."""
        if self.path.startswith("/wechat/"):
            return gateway_wechat.signed(self.gateway, data)
        return {}

    def _asked(self, prefix: str, body: bytes) -> Asked:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(
            method=self.command,
            path=self.path.removeprefix(prefix.rstrip("/")),
            body=body,
            headers=headers,
        )

    def _balance(self, body: bytes) -> tuple[int, object]:
        path = self.path.removeprefix("/balance")
        at = self.headers.get("makegood-timestamp", "")
        wanted = request_signature(self.command, path, at, body, self.gateway.secret)
        if not secrets.compare_digest(wanted, self.headers.get("makegood-signature", "")):
            return 401, {"code": "signature"}
        return serve_balance(self.gateway, self.command, path, body)

    def _admin(self, path: str, body: bytes) -> tuple[int, object]:
        gateway = self.gateway
        match path:
            case "/admin/accounts":
                return 200, gateway.accounts(f"http://{self.headers['host']}")
            case "/admin/book":
                return 200, {"refunds": gateway.book.refunds(), "waiting": gateway.book.waiting()}
            case "/admin/pay":
                order = msgspec.json.decode(body, type=_Pay)
                gateway.pay(order.payments, order.notify_url, order.version)
                return 200, {"paid": len(order.payments)}
            case "/admin/hooks":
                for protocol, url in msgspec.json.decode(body, type=dict[str, str]).items():
                    gateway.book.put_setting(f"{protocol}_refund_hook", url)
                return 200, {}
            case "/admin/dispute":
                told = msgspec.json.decode(body, type=_Disputed)
                gateway.book.put_dispute(told.dispute)
                if told.notify_url:
                    letter = _DISPUTE_LETTERS[told.protocol](gateway, told.dispute)
                    gateway.notify(told.notify_url, letter)
                return 200, {}
            case "/admin/hasten":
                gateway.book.hasten()
                return 200, {}
            case "/admin/faults":
                gateway.set_faults(msgspec.json.decode(body, type=Faults))
                return 200, gateway.faults
        return 404, {"msg": "not found"}


class _Pay(msgspec.Struct, frozen=True, kw_only=True):
    payments: list[Payment]
    notify_url: str = ""
    version: str = "v1"


class _Disputed(msgspec.Struct, frozen=True, kw_only=True):
    dispute: BookDispute
    protocol: str = "stripe"
    notify_url: str = ""


_WIDER: Final[dict[str, Callable[[Gateway, Asked], tuple[int, object]]]] = {
    "/wechat/": gateway_wechat.serve,
    "/stripe/": gateway_stripe.serve,
    "/paypal/": gateway_paypal.serve,
}
_LETTERS: Final[dict[str, Callable[[Gateway, BookRefund], Letter]]] = {
    "balance": balance_letter,
    "alipay": gateway_alipay.refund_letter,
    "wechat": gateway_wechat.refund_letter,
    "stripe": gateway_stripe.refund_letter,
    "paypal": gateway_paypal.refund_letter,
}
_DISPUTE_LETTERS: Final[dict[str, Callable[[Gateway, BookDispute], Letter]]] = {
    "alipay": gateway_alipay.dispute_letter,
    "wechat": gateway_wechat.dispute_letter,
    "stripe": gateway_stripe.dispute_letter,
    "paypal": gateway_paypal.dispute_letter,
}


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _work_off(gateway: Gateway, stop: threading.Event) -> None:
    """Do what is due until told to stop."""
    while not stop.wait(0.05):
        for later in gateway.book.due():
            gateway.do_later(later)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8190)
    options.add_argument("--state", type=Path, required=True)
    options.add_argument("--faults", default="{}")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    faults = msgspec.json.decode(given.faults, type=Faults)
    gateway = Gateway(Book(given.state), faults, given.seed)
    gateway.writers.update(_LETTERS)
    handler = type("BoundHandler", (Handler,), {"gateway": gateway})
    stop = threading.Event()
    threading.Thread(target=_work_off, args=(gateway, stop), daemon=True).start()
    try:
        serve_until_stopped(handler, given.port)
    finally:
        stop.set()
        gateway.book.close()


if __name__ == "__main__":
    main()
