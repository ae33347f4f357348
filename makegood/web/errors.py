"""Error answers: a page with words, what still works and a code, or problem+json."""

import logging
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import asyncpg
import msgspec
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from makegood.base.refusal import Refused
from makegood.people.caller import nobody
from makegood.people.markets.rules import Market, MarketSettings
from makegood.web.page import AnyRequest, Page, page_of, request_id_of
from makegood.web.problem import STATUS, PageCode, PageFault
from makegood.web.security import HEADERS

log = logging.getLogger("makegood.web")

UNKNOWN_ALIKE: Final = frozenset({"not_found", "not_a_unit"})
"""Refusals that must look like an unknown page to a stranger."""

REFUSAL_STATUS: Final = {"file_too_large": 413, "file_type_not_accepted": 415}
"""Refusals that HTTP has a number of its own for; every other one is 409."""

UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
)
"""The database or the disk is away: not our bug, and over in a moment."""

BY_STATUS: Final[dict[int, PageCode]] = {
    400: "malformed",
    401: "not_found",
    403: "not_found",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "wrong_type",
    422: "input",
    429: "too_many",
}


class Problem(msgspec.Struct, kw_only=True):
    """An error for programs, RFC 9457. `code` is from a closed list."""

    type: str
    title: str
    status: int
    code: str
    detail: str


def error_handlers() -> ExceptionHandlersMap:
    """The handlers of the whole app; a router may have its own."""
    return {
        PageFault: on_fault,
        Refused: on_refusal,
        HTTPException: on_http,
        UnicodeDecodeError: on_bad_text,
        Exception: on_bug,
    }


def on_fault(request: AnyRequest, fault: Exception) -> Response[str]:
    """A fault that a handler raised itself."""
    assert isinstance(fault, PageFault)
    answer = error_answer(request, fault.status, fault.code)
    if fault.retry_after:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer


def on_refusal(request: AnyRequest, refused: Exception) -> Response[str]:
    """A rule said no: 409 with its words, or 404 where even that would tell a stranger."""
    assert isinstance(refused, Refused)
    if refused.code in UNKNOWN_ALIKE:
        return error_answer(request, 404, "not_found")
    page = _page(request)
    if refused.code == "fresh_proof_needed" and not wants_json(request):
        return _ask_proof(page)
    status = REFUSAL_STATUS.get(refused.code, 409)
    words = refusal_words(page, refused)
    if wants_json(request):
        return _problem(status, refused.code, words[0], words[1])
    template = "templates/fragments/refusal.html" if page.fragment else "templates/refusal.html"
    return page.show(template, status, title=words[0], detail=words[1], code=refused.code)


def on_http(request: AnyRequest, error: Exception) -> Response[str]:
    """What the framework refuses before a handler runs."""
    assert isinstance(error, HTTPException)
    code = BY_STATUS.get(error.status_code)
    if code is None:
        return on_bug(request, error)
    return error_answer(request, STATUS[code], code)


def on_bad_text(request: AnyRequest, error: Exception) -> Response[str]:
    """A body that says JSON and is no UTF-8: the reader raises this, not an error of its own."""
    assert isinstance(error, UnicodeDecodeError)
    return error_answer(request, STATUS["malformed"], "malformed")


def on_bug(request: AnyRequest, error: Exception) -> Response[str]:
    """Our own fault: logged with its trace, shown with a code that finds the log line."""
    if isinstance(error, UNAVAILABLE):
        log.warning("unavailable", extra={"request_id": request_id_of(request)}, exc_info=error)
        return error_answer(request, 503, "database_down")
    log.error("unhandled", extra={"request_id": request_id_of(request)}, exc_info=error)
    return error_answer(request, 500, "our_fault")


def error_answer(request: AnyRequest, status: int, code: PageCode) -> Response[str]:
    """The answer for a fault, for the reader at hand."""
    page = _page(request)
    title, detail = page.words.t(f"error.{code}.title"), page.words.t(f"error.{code}.text")
    if wants_json(request):
        return _complete(request, page, _problem(status, code, title, detail))
    template = "templates/fragments/error.html" if page.fragment else "templates/error.html"
    facts = {"code": code, "title": title, "detail": detail, "short": short_code(page, status)}
    return _complete(request, page, page.show(template, status, **facts))


def _complete(request: AnyRequest, page: Page, answer: Response[str]) -> Response[str]:
    """An address that no route has never meets the middleware: its headers are put here."""
    for name, value in HEADERS:
        answer.headers.setdefault(name.decode(), value.decode())
    answer.headers.setdefault("cache-control", "no-store")
    if not request_id_of(request):
        answer.headers["x-request-id"] = page.request_id
    return answer


def _ask_proof(page: Page) -> Response[str]:
    """The proof page, which leads back to where the step was; htmx is told to go there too."""
    path = f"/proof?{urlencode({'again': '1', 'next': page.back})}"
    if page.fragment:
        return Response(content="", status_code=204, headers={"hx-redirect": path})
    return Response(content="", status_code=303, headers={"location": path})


def refusal_words(page: Page, refused: Refused) -> tuple[str, str]:
    """Title and next step of a refusal; details fill the places of the words."""
    values = page.words.of_refusal(refused.detail)
    title = page.words.t(f"refusal.{refused.code}.title", **values)
    return title, page.words.t(f"refusal.{refused.code}.text", **values)


def short_code(page: Page, status: int) -> str:
    """What a person can read out: status and the end of the request id."""
    return f"E-{status}-{page.request_id[-6:].upper()}" if page.request_id else f"E-{status}"


def wants_json(request: AnyRequest) -> bool:
    """Whether the caller is a program."""
    return request.url.path.startswith(("/api/", "/hooks/")) or (
        "json" in request.headers.get("accept", "")
    )


def _page(request: AnyRequest) -> Page:
    """A frame that needs no database: an error page must work when everything else does not."""
    things, kit = request.app.state.things, request.app.state.kit
    market_id = things.settings.market_id
    market = request.app.state.get("market") or _unnamed(market_id)
    page = page_of(request, things, kit, market, nobody(market_id))
    return page if page.request_id else replace(page, request_id=things.ids.uuid())


def _unnamed(market_id: str) -> Market:
    return Market(market_id, MarketSettings(name_zh="安售", name_en="Makegood", base_url=""), 0)


def _problem(status: int, code: str, title: str, detail: str) -> Response[str]:
    body = Problem(
        type=f"about:blank#{code}", title=str(title), status=status, code=code, detail=str(detail)
    )
    return Response(
        content=msgspec.json.encode(body).decode(),
        status_code=status,
        media_type="application/problem+json",
    )
