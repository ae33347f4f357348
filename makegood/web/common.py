"""Small routes of every audience: language and theme, icon, heartbeat page."""

import asyncio
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from makegood.web.page import LANG_COOKIE, THEME_COOKIE, YEAR_SECONDS, Page, ThisPage

SPRITE = Path(__file__).parent / "static" / "icons.svg"
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26"><rect width="26" height="26" \
rx="5.5" fill="#2a4fd0"/><path d="M13 4.6v2.6M5.6 10.4V8.6h14.8v1.8M11.6 9.5l-3.2 6.1c3.6.9 6.6 \
2.4 9.2 4.9M16.6 12.3c-1 4.2-3.9 7-9 8.5M5.4 13.2h15.2" fill="none" stroke="#fff" \
stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/></svg>"""


class Preferences(msgspec.Struct):
    """The form of the language and theme buttons. `back` is the page they stand on."""

    lang: str = ""
    theme: str = ""
    back: str = "/"


Form = Annotated[Preferences, Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/preferences")
async def set_preferences(page: ThisPage, data: Form) -> Redirect:
    """Keep a language or theme in a cookie, and go back."""
    cookies = []
    if data.lang in ("zh", "en"):
        cookies.append(_kept(page, LANG_COOKIE, data.lang))
    if data.theme in ("light", "dark", "auto"):
        cookies.append(_kept(page, THEME_COOKIE, data.theme))
    return Redirect(local_path(data.back), status_code=303, cookies=cookies)


def local_path(path: str) -> str:
    """A path of this site, or `/` for anything that could lead elsewhere."""
    parts = urlsplit(path)
    harmless = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if harmless and not parts.netloc and "\\" not in path else "/"


def _kept(page: Page, name: str, value: str) -> Cookie:
    """Readable by script: the switch in the page sets the same cookie without a round trip."""
    return Cookie(
        key=name, value=value, path="/", max_age=YEAR_SECONDS, samesite="lax", secure=page.secure
    )


@get("/favicon.svg")
async def icon() -> Response[str]:
    """The product's mark."""
    headers = {"cache-control": "public, max-age=86400"}
    return Response(content=ICON, media_type="image/svg+xml", headers=headers)


@get("/static/icons.svg")
async def icons() -> Response[bytes]:
    """All icons of the pages in one file; a page names one by its fragment."""
    headers = {"cache-control": "public, max-age=86400"}
    content = await asyncio.to_thread(SPRITE.read_bytes)
    return Response(content=content, media_type="image/svg+xml", headers=headers)


@get("/robots.txt", media_type=MediaType.TEXT)
async def robots() -> str:
    """Claims and orders are nobody's search result."""
    return "User-agent: *\nDisallow: /c/\nDisallow: /o/\nDisallow: /l/\nDisallow: /proof\n"


ROUTES = [set_preferences, icon, icons, robots]
