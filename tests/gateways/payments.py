"""The gateway program as tests use it: started, killed, spoken to."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from makegood.demo.programs.gateway_book import BookDispute, BookRefund, Payment
from makegood.demo.programs.gateway_machine import Faults
from makegood.gateways.payments.accounts import Account
from makegood.gateways.payments.registry import build_gateway
from makegood.ledger.refund.gateway import PaymentGateway

NO_ONE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""No certificates: all programs of a test speak plain HTTP, and loading the real ones is slow."""


class RealClock:
    """The present, for tests that talk to another process."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Gateways(dict[str, PaymentGateway]):
    """Each gateway is built when it is first asked for: reading an RSA key takes its time."""

    def __init__(self, accounts: list[Account], client: httpx.AsyncClient) -> None:
        self._accounts = {account.channel: account for account in accounts}
        self._client = client

    def __missing__(self, channel: str) -> PaymentGateway:
        built = build_gateway(self._accounts[channel], self._client, RealClock())
        return self.setdefault(channel, built)

    def get(self, channel: str, default: object = None) -> PaymentGateway | None:  # type: ignore[override]
        """None for a channel without an account, as in a market's book."""
        return self[channel] if channel in self._accounts else None


class GatewayProgram:
    """A running gateway program and its admin side."""

    def __init__(self, state: Path, port: int = 0, faults: Faults | None = None, seed: int = 1):
        self._state = state
        self._seed = seed
        self._http = httpx.Client(verify=NO_ONE, trust_env=False, timeout=60)
        self._process = self._spawn(port, faults or Faults())
        self.url = self._ready()
        self.port = int(self.url.rpartition(":")[2])

    def accounts(self) -> list[Account]:
        answer = self._http.get(f"{self.url}/admin/accounts")
        return msgspec.json.decode(answer.content, type=list[Account])

    def pay(
        self,
        trade_no: str,
        order_no: str,
        amount_minor: int,
        notify_url: str = "",
        version: str = "v1",
    ) -> None:
        payment = Payment(trade_no=trade_no, order_no=order_no, amount_minor=amount_minor)
        self.pay_all([payment], notify_url, version)

    def pay_all(self, payments: list[Payment], notify_url: str = "", version: str = "v1") -> None:
        body = {"payments": payments, "notify_url": notify_url, "version": version}
        self._http.post(
            f"{self.url}/admin/pay", content=msgspec.json.encode(body)
        ).raise_for_status()

    def set_faults(self, faults: Faults) -> None:
        content = msgspec.json.encode(faults)
        self._http.post(f"{self.url}/admin/faults", content=content).raise_for_status()

    def hasten(self) -> None:
        """Whatever waits for its time is due now."""
        self._http.post(f"{self.url}/admin/hasten").raise_for_status()

    def hooks(self, urls: dict[str, str]) -> None:
        """Where each protocol tells of refunds."""
        self._http.post(f"{self.url}/admin/hooks", json=urls).raise_for_status()

    def dispute(
        self,
        ref: str,
        trade_no: str,
        amount_minor: int,
        protocol: str,
        notify_url: str = "",
        state: str = "needs_response",
    ) -> None:
        """A buyer's dispute at this gateway, told to a hook."""
        now = time.time()
        dispute = BookDispute(
            ref=ref,
            trade_no=trade_no,
            amount_minor=amount_minor,
            state=state,
            opened_at=now,
            due_at=now + 7 * 86400,
        )
        body = {"dispute": dispute, "protocol": protocol, "notify_url": notify_url}
        content = msgspec.json.encode(body)
        self._http.post(f"{self.url}/admin/dispute", content=content).raise_for_status()

    def refunds(self) -> list[BookRefund]:
        book = self._http.get(f"{self.url}/admin/book").json()
        return msgspec.convert(book["refunds"], list[BookRefund])

    def waiting(self) -> int:
        return int(self._http.get(f"{self.url}/admin/book").json()["waiting"])

    def kill(self) -> None:
        """kill -9, and wait until the process is gone."""
        self._process.kill()
        self._process.wait()
        self._close_pipe()

    def restart(self) -> None:
        """Start again on the same book and port."""
        self._process = self._spawn(self.port, Faults())
        self._ready()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)
        self._http.close()
        self._close_pipe()

    def _spawn(self, port: int, faults: Faults) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "makegood.demo.programs.gateway"),
                *("--port", str(port), "--state", str(self._state), "--seed", str(self._seed)),
                *("--faults", msgspec.json.encode(faults).decode()),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ready(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return str(json.loads(line)["url"])

    def _close_pipe(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running(folder: Path, faults: Faults | None = None, seed: int = 1) -> Iterator[GatewayProgram]:
    """A gateway program for the length of a test."""
    program = GatewayProgram(folder / "gateway.db", faults=faults, seed=seed)
    try:
        yield program
    finally:
        program.stop()
