"""A supplier for demo and tests: our signed HTTP protocol and the acg-faka docking dialect.

`python -m makegood.demo.programs.supplier --port 0 [--state FILE] [--faults JSON]` listens on
loopback only; a port of 0 takes any free one. One line of JSON with its address is printed when
it is ready. `/admin/connections` gives the connections as Makegood reads them, `POST
/admin/units` scripts units, `POST /admin/faults` sets faults, `/admin/given` counts the goods.
A unit that was not scripted stands as the end of its order reference says (`UP-7-redeemed`).
"""

import argparse
import secrets
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qsl

import msgspec

from makegood.demo.programs.answering import Cut, JsonHandler, serve_until_stopped
from makegood.demo.programs.supplier_machine import (
    Faults,
    ScriptedUnit,
    Supplier,
)
from makegood.gateways.suppliers import acg, signed
from makegood.gateways.suppliers.signed import UnitBody
from makegood.orders.connections import AcgConnection, SignedConnection
from makegood.orders.supplier import Capability

SIGNED = "/supplier"
ALL_CAPABILITIES: frozenset[Capability] = frozenset(get_args(Capability))


class Handler(JsonHandler):
    """Routes a request to the protocol it speaks."""

    supplier: Supplier

    def route(self, body: bytes) -> tuple[int, object]:
        """By path: signed HTTP, what tests and the demo script, else the docking dialect."""
        if self.path.startswith("/admin/"):
            return self._admin(body)
        cut_after = self.supplier.before()
        answer = self._signed(body) if self.path.startswith(SIGNED) else self._acg(body)
        if cut_after:
            raise Cut
        return answer

    def signatures(self, data: bytes) -> dict[str, str]:
        """Who asked with a signature gets one."""
        asked = self.headers.get(signed.SIGNATURE_HEADER)
        if asked is None:
            return {}
        signature = signed.answer_signature(asked, data, self.supplier.secret)
        return {signed.SIGNATURE_HEADER: signature}

    def _signed(self, body: bytes) -> tuple[int, object]:
        path = self.path.removeprefix(SIGNED)
        at = self.headers.get(signed.TIME_HEADER, "")
        wanted = signed.request_signature(path, at, body, self.supplier.secret)
        if not secrets.compare_digest(wanted, self.headers.get(signed.SIGNATURE_HEADER, "")):
            return 401, {"status": "unknown"}
        if path == "/request":
            return 200, self.supplier.request(msgspec.json.decode(body)["request_no"])
        unit = msgspec.json.decode(body, type=UnitBody)
        match path:
            case "/query":
                return 200, self.supplier.query(unit)
            case "/withdraw":
                return 200, self.supplier.withdraw(unit)
            case "/reissue" | "/upgrade":
                return 200, self.supplier.give(unit)
        return 404, {"status": "unknown"}

    def _acg(self, body: bytes) -> tuple[int, object]:
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        wanted = acg.signature(form, self.supplier.app_key)
        if not secrets.compare_digest(wanted, form.get("sign", "")):
            return 200, {"code": 0, "msg": "密钥错误"}
        if self.path == acg.CONNECT:
            return 200, {"code": 200, "msg": "success", "data": {"shopName": "演示货源"}}
        if self.path == acg.QUERY:
            order = self.supplier.acg_order(form.get("tradeNo", ""))
            if order is None:
                return 200, {"code": 0, "msg": acg.UNKNOWN_ORDER}
            return 200, {"code": 200, "msg": "success", "data": order}
        return 404, {"code": 0, "msg": "404"}

    def _admin(self, body: bytes) -> tuple[int, object]:
        match self.path:
            case "/admin/connections":
                return 200, self._connections()
            case "/admin/units":
                units = msgspec.json.decode(body, type=list[ScriptedUnit])
                self.supplier.script(units)
                return 200, {"units": len(units)}
            case "/admin/faults":
                self.supplier.set_faults(msgspec.json.decode(body, type=Faults))
                return 200, {}
            case "/admin/given":
                return 200, {"given": self.supplier.given_out()}
        return 404, {"msg": "not found"}

    def _connections(self) -> list[SignedConnection | AcgConnection]:
        url = f"http://{self.headers['host']}"
        supplier = self.supplier
        return [
            SignedConnection(
                base_url=url + SIGNED,
                account=supplier.account,
                secret=supplier.secret,
                capabilities=ALL_CAPABILITIES,
            ),
            AcgConnection(base_url=url, app_id=supplier.app_id, app_key=supplier.app_key),
        ]


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8191)
    options.add_argument("--state", type=Path)
    options.add_argument("--faults", default="{}")
    given = options.parse_args()
    supplier = Supplier(given.state, msgspec.json.decode(given.faults, type=Faults))
    handler = type("BoundHandler", (Handler,), {"supplier": supplier})
    try:
        serve_until_stopped(handler, given.port)
    finally:
        supplier.close()


if __name__ == "__main__":
    main()
