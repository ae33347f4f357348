"""The outside world of anchors as tests use it: a time-stamping authority and a local chain."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from makegood.record.anchors.gateway import Statement

CHAIN = Path(__file__).parent / "chain"
PAYER = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""The first account that every anvil starts with; its key is public."""


def statement(size: int = 3, root: bytes = b"r" * 32) -> Statement:
    """A checkpoint of a log; places outside do not look into it."""
    body = f"log.example/main\n{size}\n{root.hex()}\n".encode()
    note = body + b"\n\xe2\x80\x94 log.example/main c2lnbmF0dXJl\n"
    return Statement(origin="log.example/main", size=size, root=root, body=body, checkpoint=note)


class TsaProgram:
    """A running time-stamping authority."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "makegood.demo.programs.tsa", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--state", str(folder)], stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]
        self.root_pem = httpx.get(f"{self.url}/root.pem", trust_env=False, timeout=60).text

    def stop(self) -> None:
        """End it."""
        end(self._process)


class Anvil:
    """A local EVM chain. It builds a block only when `mine` is called, so tests never race it."""

    def __init__(self, *options: str) -> None:
        programs = sorted(CHAIN.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
        assert programs, "the local chain is not installed: ./check installs it"
        self._process = subprocess.Popen(
            [programs[0], "--host", "127.0.0.1", "--port", "0", "--no-mining", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://{self._listening()}"
        self._http = httpx.Client(trust_env=False, timeout=60)

    def ask(self, method: str, *params: object) -> Any:
        """One JSON-RPC question; the node's errors are ours."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer: dict[str, Any] = self._http.post(self.url, json=body).json()
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        """Build so many blocks."""
        self.ask("anvil_mine", hex(blocks))

    def stop(self) -> None:
        """End it."""
        self._http.close()
        end(self._process)

    def _listening(self) -> str:
        assert self._process.stdout is not None
        give_up_at = time.monotonic() + 60
        while time.monotonic() < give_up_at:
            line = self._process.stdout.readline()
            if line.startswith("Listening on "):
                return line.removeprefix("Listening on ").strip()
        raise AssertionError("the local chain did not start")


def end(process: "subprocess.Popen[Any]") -> None:
    """Kill a program and forget it."""
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
