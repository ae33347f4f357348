"""One page being made: who looks, in which words and theme, and the template that shows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.response import Redirect
from markupsafe import Markup

from makegood.base.actor import Act, Actor
from makegood.base.money import MINOR_DIGITS
from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.people.approvals.solo import at_the_desk
from makegood.people.caller import Caller
from makegood.people.markets.rules import Market, MarketSettings
from makegood.people.markets.store import load_market
from makegood.people.roles import Matrix
from makegood.policy.model import Pack
from makegood.web import formats, look
from makegood.web.assets import Assets, load_assets
from makegood.web.formats import Lang
from makegood.web.problem import PageFault, not_found
from makegood.web.security import CSRF_COOKIE, is_token, new_token
from makegood.web.session import caller_of
from makegood.web.things import Things
from makegood.web.words import Catalogue, Words, choose_language, load_catalogue

Theme = Literal["", "light", "dark"]
Surface = Literal["portal", "desk", "ops"]

ROOT: Final = Path(__file__).parent
"""Templates are named from here: `templates/layout.html`, `portal/templates/case.html`."""

DESK: Final = "/desk"
"""Where claims are worked; what is below it belongs to it."""

LANG_COOKIE: Final = "mg_lang"
THEME_COOKIE: Final = "mg_theme"
YEAR_SECONDS: Final = 365 * 24 * 3600

AnyRequest = Request[object, object, State]
Html = Response[str]


def make_environment(names: Callable[[], Pack]) -> Environment:
    """The template engine: everything escaped, an unknown name is an error.

    Globals of every template: `state_look`, `share_left`, `fact_name(name, lang)`,
    `slot_name(code, lang)`, `reason_name(code, lang)`, `finding_name(code, lang)`,
    `finding_shares(code)`, `reason_icon`, `currencies` (the codes of those that we keep books in).
    """
    environment = Environment(
        loader=FileSystemLoader(ROOT),
        # A running site keeps the templates it began with: words and code do not change either.
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.filters["short_hash"] = formats.short_hash
    environment.filters["paragraphs"] = formats.escaped
    environment.filters["rfc3339"] = rfc3339
    environment.globals.update(
        state_look=look.state_look,
        share_left=look.share_left,
        fact_name=look.fact_name,
        reason_icon=look.reason_icon,
        slot_name=look.slot_namer(names),
        reason_name=look.reason_namer(names),
        finding_name=look.finding_namer(names),
        finding_shares=look.share_teller(names),
        currencies=tuple(MINOR_DIGITS),
    )
    return environment


@dataclass(frozen=True, slots=True)
class Kit:
    """What all pages share and nothing changes: templates, words, built files."""

    environment: Environment
    catalogue: Catalogue
    assets: Assets


def make_kit(names: Callable[[], Pack]) -> Kit:
    """Read templates, words and the list of built files."""
    return Kit(make_environment(names), load_catalogue(), load_assets())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The frame of one page. Handlers receive it and call `show`, `fragment` or `go`."""

    kit: Kit
    matrix: Matrix
    words: Words
    theme: Theme
    market: Market
    caller: Caller
    path: str
    token: str
    new_token: bool
    request_id: str
    secure: bool = False
    demo: bool = False
    alone: bool = False
    """At the desk: the one person of a declared shop, who needs a way back to the other pages."""
    remember_language: bool = False
    fragment: bool = False
    """True when htmx asks for a part of the page."""
    back: str = "/"
    """The page of ours that led here, for a link back."""

    @property
    def now(self) -> datetime:
        """The present of this request, aware UTC."""
        return self.words.now

    @property
    def actor(self) -> Actor:
        """Who acts; a visitor who proved nothing sees the same page as for an unknown thing."""
        if self.caller.actor is None:
            raise not_found()
        return self.caller.actor

    def act(self) -> Act:
        """The frame for an action of the domain."""
        return Act(
            market_id=self.market.market_id,
            actor=self.actor,
            now=self.now,
            request_id=self.request_id,
        )

    def need(self, action: str) -> None:
        """Go on only when the roles matrix allows this caller the action; otherwise 404.

        A buyer whose proof is no longer fresh is asked for it again: Refused `fresh_proof_needed`.
        """
        if self.matrix.may(self.caller, action):
            return
        if self.caller.role == "buyer" and self.matrix.grants[action]["buyer"] == "fresh":
            raise Refused("fresh_proof_needed")
        raise not_found()

    def may(self, action: str) -> bool:
        """Whether to show a way to this action at all."""
        return self.matrix.may(self.caller, action)

    def show(self, template: str, status: int = 200, /, **facts: object) -> Html:
        """A whole page. Sets the form token and language cookies when they are new."""
        return Response(
            content=self.html(template, **facts),
            status_code=status,
            media_type=MediaType.HTML,
            cookies=self._cookies(),
            headers={"vary": "Cookie, Accept-Language, HX-Request"},
        )

    def html(self, template: str, /, **facts: object) -> str:
        """A template's text with everything a template may use."""
        return self.kit.environment.get_template(template).render(**self.frame(), **facts)

    def macro(self, template: str, name: str, /, *values: object) -> str:
        """One macro of a template file as a fragment, for SSE and htmx."""
        module = self.kit.environment.get_template(template).make_module(self.frame())
        return str(getattr(module, name)(*values))

    def at(self, now: datetime) -> "Page":
        """The same page at a later time, for streams that outlive their request."""
        return replace(self, words=replace(self.words, now=now))

    def frame(self) -> dict[str, object]:
        """Names every template has: `w` words, `t` a text, `page`, `market`, `caller`, `token`."""
        return {
            "w": self.words,
            "t": self.words.t,
            "lang": self.words.lang,
            "page": self,
            "market": self.market.settings,
            "who": self.caller,
            "token_field": self._token_field(),
        }

    def go(self, path: str) -> Redirect:
        """The answer to a successful form: look at that page now."""
        return Redirect(path, status_code=303, cookies=self._cookies())

    def market_name(self) -> str:
        """The market's name in this page's language."""
        return self.words.pick(self.market.settings.name_zh, self.market.settings.name_en)

    def _token_field(self) -> Markup:
        return Markup('<input type="hidden" name="_token" value="{}">').format(self.token)

    def _cookies(self) -> list[Cookie]:
        cookies = []
        if self.new_token:
            cookies.append(self._cookie(CSRF_COOKIE, self.token, httponly=True, max_age=None))
        if self.remember_language:
            cookies.append(self._cookie(LANG_COOKIE, self.words.lang))
        return cookies

    def _cookie(
        self, name: str, value: str, *, httponly: bool = False, max_age: int | None = YEAR_SECONDS
    ) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            path="/",
            httponly=httponly,
            samesite="lax",
            secure=self.secure,
            max_age=max_age,
        )


ThisPage: TypeAlias = NamedDependency[Page]
"""How a handler asks for its frame: `page: ThisPage`."""


async def open_page(request: AnyRequest) -> Page:
    """The page frame of a request: the dependency named `page` of every page handler."""
    things: Things = request.app.state.things
    kit: Kit = request.app.state.kit
    now = things.clock.now()
    market = await things.markets.get(things.settings.market_id, now)
    if market is None:
        raise PageFault(503, "not_set_up")
    request.app.state.market = market
    caller = await caller_of(request, things, now)
    if caller.role != "operator" or not _is_of_the_desk(request.url.path):
        return page_of(request, things, kit, market, caller)
    seated = at_the_desk(caller, await _settings_now(things, market))
    page = page_of(request, things, kit, market, seated)
    return replace(page, alone=seated.role != caller.role)


def _is_of_the_desk(path: str) -> bool:
    return path == DESK or path.startswith(f"{DESK}/")


async def _settings_now(things: Things, market: Market) -> MarketSettings:
    """As they stand, and not as they were a second ago: a right that ended is gone at once."""
    if market.settings.solo is None:
        return market.settings
    async with things.db.connection() as conn:
        found = await load_market(conn, market.market_id)
    return found.settings if found is not None else market.settings


def page_of(request: AnyRequest, things: Things, kit: Kit, market: Market, caller: Caller) -> Page:
    """The frame from its parts; also for error pages, where parts may be missing."""
    asked = request.query_params.get("lang")
    lang = choose_language(
        asked, request.cookies.get(LANG_COOKIE), request.headers.get("accept-language")
    )
    cookie = request.cookies.get(CSRF_COOKIE, "")
    known = is_token(cookie, things.settings.secret)
    return Page(
        kit=kit,
        matrix=things.matrix,
        words=words_of(kit, lang, things.clock.now(), market),
        theme=_theme(request.cookies.get(THEME_COOKIE, "")),
        market=market,
        caller=caller,
        path=request.url.path,
        token=cookie if known else new_token(things.ids, things.settings.secret),
        new_token=not known,
        request_id=request_id_of(request),
        secure=things.settings.secure_cookies,
        demo=things.settings.demo,
        remember_language=asked == lang,
        fragment=request.headers.get("hx-request") == "true",
        back=_came_from(request),
    )


def words_of(kit: Kit, lang: Lang, now: datetime, market: Market) -> Words:
    """The words of a page of this market: its time zone, its currency."""
    zone, currency = ZoneInfo(market.settings.timezone), market.settings.currency
    return Words(kit.catalogue, lang, now, zone, currency)


def request_id_of(request: AnyRequest) -> str:
    """The id that this request's answer, log lines and jobs carry."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def _came_from(request: AnyRequest) -> str:
    """The page of ours that led here; else the thing that a form's address belongs to."""
    parts = urlsplit(request.headers.get("referer", ""))
    ours = parts.netloc == request.headers.get("host", "") and parts.path.startswith("/")
    if ours and not parts.path.startswith("//"):
        return parts.path
    segments = request.url.path.split("/")
    return "/".join(segments[:3]) if len(segments) > 3 and segments[1] in ("c", "o") else "/"


def _theme(cookie: str) -> Theme:
    match cookie:
        case "light":
            return "light"
        case "dark":
            return "dark"
        case _:
            return ""
