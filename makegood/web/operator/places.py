"""Places outside: witnesses, time-stamping authorities, chains; added, tried, removed."""

import msgspec
from litestar import get, post
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.gateways.anchors.registry import adapter_names
from makegood.record.anchors import actions
from makegood.record.anchors.actions import NewPlace
from makegood.record.anchors.rules import (
    USUAL_MINUTES,
    Config,
)
from makegood.record.anchors.timestamp import TimestampInvalid, check_roots
from makegood.record.health import read_health
from makegood.record.log.guard import Trouble
from makegood.record.log.note import COSIGNATURE_V1, parse_verifier
from makegood.record.log.strict import Malformed
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

KINDS = tuple(USUAL_MINUTES)
HERE = "/ops/record/places"


@get(HERE)
async def show_places(page: ThisPage, things: TheThings) -> Html:
    """Every place with its last answer, and the forms to add one."""
    page.need("record.read")
    return await _places_page(page, things)


@post(HERE)
async def change_places(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Add, send now, put on trial, let count, remove, or decide how many must have signed."""
    page.need("record.manage")
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            await _change(tx, page, things, form)
    except Refused as refused:
        return await _places_page(page, things, refused, form)
    return page.go(HERE)


async def _change(tx: Connection, page: Page, things: Things, form: Form) -> None:
    act, ids, place_id = page.act(), things.ids, form.text("place", 64)
    match form.text("do"):
        case "add":
            await actions.add_place(tx, act, things.vault, ids, _new_place(form))
        case "send":
            await actions.send_now(tx, act, ids, place_id)
        case "trial" | "count":
            await actions.let_count(tx, act, ids, place_id, form.text("do") == "count")
        case "remove":
            await actions.remove_place(tx, act, ids, place_id)
        case "needed":
            await actions.need_witnesses(tx, act, ids, form.whole("needed", -1))
        case _:
            raise not_found()


def _new_place(form: Form) -> NewPlace:
    kind = form.text("kind")
    every = form.whole("every_minutes", USUAL_MINUTES.get(kind, 60))
    if not form.text("name") or not 1 <= every <= 7 * 24 * 60:
        raise Refused("setting_invalid", fields=["name", "every_minutes"])
    return NewPlace(
        name=form.text("name", 80),
        interest=form.text("interest", 200),
        config=_config(kind, form),
        every_minutes=every,
        counts=form.text("trial") != "yes",
    )


def _config(kind: str, form: Form) -> Config:
    """The settings of a kind, read strictly; the field that is wrong is named."""
    given: dict[str, object] = {"kind": kind, "url": form.text("url", 500)}
    match kind:
        case "tsa":
            given["root_pem"] = _root(form.text("root_pem", 20_000))
        case "witness":
            given["vkey"] = _vkey(form.text("vkey", 300))
        case "evm":
            given |= {"key": form.text("key", 70), "confirmations": form.whole("confirmations", 12)}
        case "other":
            given = {"kind": kind, "adapter": form.text("adapter", 40), "settings": _pairs(form)}
        case _:
            raise not_found()
    try:
        config: Config = msgspec.convert(given, Config)
    except msgspec.ValidationError as wrong:
        raise Refused("setting_invalid", fields=[_field_of(wrong)]) from None
    return config


def _root(pem: str) -> str:
    try:
        check_roots(pem)
    except TimestampInvalid:
        raise Refused("setting_invalid", fields=["root_pem"]) from None
    return pem


def _vkey(text: str) -> str:
    try:
        verifier = parse_verifier(text)
    except Malformed:
        verifier = None
    if verifier is None or verifier.kind != COSIGNATURE_V1:
        raise Refused("setting_invalid", fields=["vkey"])
    return text


def _pairs(form: Form) -> dict[str, str]:
    """`name = value` lines."""
    lines = [line.partition("=") for line in form.text("settings").splitlines() if "=" in line]
    return {name.strip(): value.strip() for name, _, value in lines}


def _field_of(wrong: msgspec.ValidationError) -> str:
    """The last word of the path that msgspec names: `$.url`."""
    return str(wrong).rpartition("$.")[2].strip("` ") or "kind"


async def _places_page(
    page: Page, things: Things, refused: Refused | None = None, form: Form | None = None
) -> Html:
    async with things.db.connection() as conn:
        health = await read_health(conn, page.market.market_id, page.now)
    origin = health.head.origin if health.head is not None else ""
    given = {name: values[-1] for name, values in form.fields.items()} if form is not None else {}
    return page.show(
        "operator/templates/places.html",
        409 if refused else 200,
        section="record",
        health=health,
        keys=_keys(page, things, origin),
        kinds=KINDS,
        usual=USUAL_MINUTES,
        adapters=adapter_names(),
        fault=Fault(*refusal_words(page, refused)) if refused else None,
        wrong=refused.detail.get("fields", ()) if refused else (),
        given=given,
    )


def _keys(page: Page, things: Things, origin: str) -> list[str]:
    """The log's verifier keys, for those who are asked to witness it."""
    if not origin:
        return []
    try:
        return [str(key) for key in things.log.keys.open(page.market.market_id, origin).verifiers]
    except Trouble:
        return []


ROUTES = [show_places, change_places]
