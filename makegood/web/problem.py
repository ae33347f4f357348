"""A fault of a request that is no refusal by a rule: what an error page or problem+json says."""

from typing import Literal

PageCode = Literal[
    "not_found",
    "form_expired",
    "malformed",
    "method_not_allowed",
    "too_large",
    "wrong_type",
    "input",
    "too_many",
    "link_used",
    "sign_in",
    "database_down",
    "not_set_up",
    "our_fault",
]
"""Closed list; words are in `words/*/error.json`."""

STATUS: dict[PageCode, int] = {
    "malformed": 400,
    "sign_in": 401,
    "form_expired": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "link_used": 410,
    "too_large": 413,
    "wrong_type": 415,
    "input": 422,
    "too_many": 429,
    "our_fault": 500,
    "database_down": 503,
    "not_set_up": 503,
}


class PageFault(Exception):
    """Stops a handler with an error page. `retry_after` in seconds, for `too_many`."""

    def __init__(self, status: int, code: PageCode, retry_after: int = 0) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code: PageCode = code
        self.retry_after = retry_after


def not_found() -> PageFault:
    """Unknown and forbidden look alike from outside."""
    return PageFault(404, "not_found")
