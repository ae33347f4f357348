"""What can be wrong with a call, as problem+json in the reader's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.web.words import Words

PROBLEM: Final = "application/problem+json"
STATUS: Final[Mapping[str, int]] = {
    "malformed": 400,
    "unauthenticated": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "wrong_type": 415,
    "input": 422,
    "too_many": 429,
    "our_fault": 500,
    "unavailable": 503,
}
"""Codes that are no refusals by a rule; their words are in `words/*/api.json`."""

REFUSAL_STATUS: Final[Mapping[str, int]] = {
    "file_too_large": 413,
    "file_type_not_accepted": 415,
    "idempotency_key_reused": 422,
    "not_found": 404,
    "proof_locked": 429,
    "sign_in_slowed": 429,
    "stale_version": 412,
}
"""Refusals that HTTP has a number of its own for; every other one is 409."""

TOLD: Final = frozenset(
    {
        "claim_no",
        "closed_at",
        "come_back_at",
        "lines",
        "limit",
        "offset",
        "retry_after_s",
        "slot",
        "state",
        "trade_no",
        "version",
        "window_days",
    }
)
"""Details of a refusal that a program can use; all others stay inside."""


class Field(msgspec.Struct, frozen=True):
    """One place of the input and what is wrong there."""

    name: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error for programs (RFC 9457). `code` is from a closed list."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    fields: tuple[Field, ...] = ()
    details: dict[str, bool | int | str | list[int] | None] = {}


class Fault(Exception):
    """Ends a call with a problem. `code` is one of STATUS."""

    def __init__(
        self, code: str, fields: Sequence[Field] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.fields = tuple(fields)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The status of its code."""
        return STATUS[self.code]


def input_fault(name: str, message: str) -> Fault:
    """One wrong place of the input."""
    return Fault("input", [Field(name, message)])


def problem_of_fault(fault: Fault, words: Words) -> Problem:
    """The problem of a fault."""
    return Problem(
        type=f"urn:makegood:problem:{fault.code}",
        title=words.text(f"api.problem.{fault.code}.title"),
        status=fault.status,
        code=fault.code,
        detail=words.text(f"api.problem.{fault.code}.text"),
        fields=fault.fields,
    )


def problem_of_refusal(refused: Refused, words: Words) -> Problem:
    """The problem of a rule that said no; what is not there has one problem, whoever said so."""
    if refused.code == "not_found":
        return problem_of_fault(Fault("not_found"), words)
    values = words.of_refusal(refused.detail)
    return Problem(
        type=f"urn:makegood:problem:{refused.code}",
        title=words.text(f"refusal.{refused.code}.title", **values),
        status=REFUSAL_STATUS.get(refused.code, 409),
        code=refused.code,
        detail=words.text(f"refusal.{refused.code}.text", **values),
        details={name: _plain(refused.detail[name]) for name in TOLD & refused.detail.keys()},
    )


def _plain(value: object) -> bool | int | str | list[int] | None:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [item for item in value if isinstance(item, int)]
    return rfc3339(value) if isinstance(value, datetime) else str(value)
