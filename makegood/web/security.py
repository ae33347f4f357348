"""What protects a page from other sites: headers, and the two checks of a form's origin."""

import hmac
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import State
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from makegood.base.ids import Ids
from makegood.web.problem import PageFault

CSRF_COOKIE: Final = "mg_csrf"
CSRF_FIELD: Final = "_token"
CSRF_HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FREE_PATHS: Final = ("/api/", "/hooks/")
"""Called by programs with keys of their own, never with a cookie."""

CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script at all. Style attributes carry only figures (`--p:.96`) for the components."""

HEADERS: Final = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)

AnyRequest = Request[object, object, State]


def with_headers(app: ASGIApp) -> ASGIApp:
    """Adds the security headers to every answer that does not set one itself.

    Pages that a person signed in for are never kept by a cache; static files say otherwise.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                known = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in HEADERS if pair[0] not in known)
                if b"cache-control" not in known:
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        if scope["type"] == "http":  # type: ignore[comparison-overlap]
            await app(scope, receive, send_with_headers)
        else:
            await app(scope, receive, send)

    return wrapped


def new_token(ids: Ids, secret: bytes) -> str:
    """A token for the cookie: random part and its signature."""
    part = ids.secret(16).hex()
    return f"{part}.{_signature(part, secret)}"


def is_token(token: str, secret: bytes) -> bool:
    """Whether we made this token."""
    part, _, signature = token.partition(".")
    return hmac.compare_digest(signature.encode(), _signature(part, secret).encode())


def _signature(part: str, secret: bytes) -> str:
    return hmac.new(secret, b"form\x00" + part.encode(), sha256).hexdigest()


async def check_origin(request: AnyRequest, secret: bytes) -> None:
    """Refuse a changing request that another site could have caused.

    Both must hold: the browser says it comes from our own pages, and the form carries the
    token of the cookie. Raises PageFault 403 otherwise.
    """
    if request.method in SAFE_METHODS or request.url.path.startswith(FREE_PATHS):
        return
    if not _from_own_pages(request) or not await _carries_token(request, secret):
        raise PageFault(403, "form_expired")


def _from_own_pages(request: AnyRequest) -> bool:
    said = request.headers.get("origin") or request.headers.get("referer")
    if said is None:
        return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    return urlsplit(said).netloc == request.headers.get("host", "")


async def _carries_token(request: AnyRequest, secret: bytes) -> bool:
    cookie = request.cookies.get(CSRF_COOKIE, "")
    token = request.headers.get(CSRF_HEADER) or await _token_of_form(request)
    return (
        bool(cookie)
        and is_token(cookie, secret)
        and hmac.compare_digest(cookie.encode(), token.encode())
    )


async def _token_of_form(request: AnyRequest) -> str:
    """Forms carry it as a field; those with a file in the address, so the body can stream."""
    match request.content_type[0]:
        case "application/x-www-form-urlencoded":
            try:
                return str((await request.form()).get(CSRF_FIELD, ""))
            except ValueError as error:
                raise PageFault(400, "malformed") from error
        case "multipart/form-data":
            return str(request.query_params.get(CSRF_FIELD, ""))
        case _:
            return ""
