"""The supplier program as tests use it: started, scripted, spoken to."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec

from makegood.base.ids import UnitRef
from makegood.demo.programs.supplier_machine import Faults, ScriptedUnit
from makegood.orders.connections import AcgConnection, SignedConnection
from makegood.orders.order import DeliveryKind
from makegood.orders.supplier import SupplierQuestion
from tests.gateways.payments import NO_ONE


class SupplierProgram:
    """A running supplier program and its admin side."""

    def __init__(self, state: Path | None = None) -> None:
        command = [sys.executable, "-m", "makegood.demo.programs.supplier", "--port", "0"]
        if state is not None:
            command += ["--state", str(state)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]
        self._http = httpx.Client(verify=NO_ONE, trust_env=False, timeout=60)
        answer = self._http.get(f"{self.url}/admin/connections").content
        found = msgspec.json.decode(answer, type=list[SignedConnection | AcgConnection])
        self.signed = next(c for c in found if isinstance(c, SignedConnection))
        self.acg = next(c for c in found if isinstance(c, AcgConnection))

    def script(self, *units: ScriptedUnit) -> None:
        """Say how units stand."""
        self._post("/admin/units", list(units))

    def fail(self, faults: Faults) -> None:
        """Let the next calls go wrong."""
        self._post("/admin/faults", faults)

    def given_out(self) -> int:
        """How many replacements left the house."""
        return int(self._http.get(f"{self.url}/admin/given").json()["given"])

    def stop(self) -> None:
        """Kill the program and forget it."""
        self._http.close()
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _post(self, path: str, body: object) -> None:
        answer = self._http.post(self.url + path, content=msgspec.json.encode(body))
        answer.raise_for_status()


def question(
    order_ref: str | None = "UP-7", kind: DeliveryKind = "key", key_tail: str | None = "ET-1"
) -> SupplierQuestion:
    """A question about one unit."""
    return SupplierQuestion(
        unit=UnitRef("O-1", 1, 1),
        supplier_id="u-1",
        order_ref=order_ref,
        sku="XH-100",
        title="星海点卡",
        delivery_kind=kind,
        target="player-7",
        key_tail=key_tail,
        paid_at=None,
        claim_no="AS-1",
        reason="KEY01",
    )
