"""Audits: announced, drawn by a public beacon, recorded one by one, published."""

from datetime import datetime, timedelta
from typing import Final, get_args

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.gateways.beacons.drand import DrandBeacons
from makegood.gateways.outside import make_client
from makegood.standing.audits import actions, store
from makegood.standing.audits.actions import Finding, NewAudit
from makegood.standing.audits.beacon import BeaconUnavailable
from makegood.standing.audits.rules import (
    MISS_CHOICES_BPS,
    SHORTEST_NOTICE,
    Beacon,
    Drand,
    Result,
    Typed,
    sample_size,
    tally,
)
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

QUICKNET: Final = (
    "https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
)
"""The League of Entropy's chain with a round every three seconds."""
SPANS_DAYS: Final = (7, 30, 90)
RESULTS: Final[tuple[Result, ...]] = get_args(Result)


@get("/ops/audits")
async def show_audits(page: ThisPage, things: TheThings) -> Html:
    """Every audit, and the form to announce one."""
    page.need("audit.read")
    return await _list_page(page, things)


@post("/ops/audits")
async def announce_audit(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Announce: the population is fixed, the beacon lies ahead."""
    page.need("audit.announce")
    form = await read_form(request)
    try:
        beacon, known_at = await _beacon(page, form)
        new = NewAudit(
            beacon=beacon,
            known_at=known_at,
            miss_bps=form.whole("miss_bps"),
            since=page.now - timedelta(days=form.whole("days", 30)),
            until=page.now,
        )
        async with things.db.transaction() as tx:
            audit = await actions.announce(tx, page.act(), things.ids, new)
    except Refused as refused:
        return await _list_page(page, things, Fault(*refusal_words(page, refused)))
    return page.go(f"/ops/audits/{audit.audit_no}")


@get("/ops/audits/{audit_no:int}")
async def show_audit(page: ThisPage, things: TheThings, audit_no: FromPath[int]) -> Html:
    """One audit with its sample."""
    page.need("audit.read")
    return await _audit_page(page, things, audit_no)


@post("/ops/audits/{audit_no:int}")
async def change_audit(
    page: ThisPage, things: TheThings, request: AnyRequest, audit_no: FromPath[int]
) -> Html | Redirect:
    """Type the beacon's value, record a claim, or publish the result."""
    form = await read_form(request)
    do = form.text("do")
    page.need("audit.announce" if do == "draw" else "audit.record")
    try:
        async with things.db.transaction() as tx:
            act, ids = page.act(), things.ids
            match do:
                case "draw":
                    await actions.draw_sample(tx, act, ids, audit_no, form.text("value", 200))
                case "record":
                    await actions.record_finding(tx, act, ids, audit_no, _finding(form))
                case "finish":
                    await actions.finish(tx, act, ids, audit_no)
                case _:
                    raise not_found()
    except Refused as refused:
        return await _audit_page(page, things, audit_no, Fault(*refusal_words(page, refused)))
    return page.go(f"/ops/audits/{audit_no}")


async def _beacon(page: Page, form: Form) -> tuple[Beacon, datetime]:
    """The beacon and when it is known; a drand round is chosen by time, not by anybody."""
    wait = timedelta(minutes=max(form.whole("minutes", 60), 1))
    at = page.now + max(wait, SHORTEST_NOTICE + timedelta(minutes=1))
    if form.text("kind") != "drand":
        name = form.text("name", 200)
        try:
            return msgspec.convert({"kind": "typed", "name": name}, Typed), at
        except msgspec.ValidationError:
            raise Refused("setting_invalid", fields=["name"]) from None
    url = form.text("url", 300) or QUICKNET
    try:
        async with make_client() as client:
            future = await DrandBeacons(client).future(url, at)
        beacon = msgspec.convert({"kind": "drand", "url": url, "round": future.round}, Drand)
    except (BeaconUnavailable, msgspec.ValidationError):
        raise Refused("audit_beacon_silent") from None
    return beacon, future.known_at


def _finding(form: Form) -> Finding:
    result = next((one for one in RESULTS if one == form.text("result")), None)
    if result is None:
        raise Refused("setting_invalid", fields=["result"])
    cause = form.text("cause") if result == "mismatch" else ""
    return Finding(
        rank=form.whole("rank"),
        result=result,
        cause="seller" if cause == "seller" else "platform" if cause == "platform" else "",
        note=form.text("note", 500),
    )


async def _list_page(page: Page, things: Things, fault: Fault | None = None) -> Html:
    async with things.db.connection() as conn:
        audits = await store.list_audits(conn, page.market.market_id)
        tallies = {
            one.audit_no: tally(await store.drawn_of(conn, page.market.market_id, one.audit_no))
            for one in audits
        }
    return page.show(
        "operator/templates/audits.html",
        409 if fault else 200,
        section="audits",
        audits=audits,
        tallies=tallies,
        sizes={bps: sample_size(bps, 10**9) for bps in MISS_CHOICES_BPS},
        spans=SPANS_DAYS,
        quicknet=QUICKNET,
        fault=fault,
    )


async def _audit_page(
    page: Page, things: Things, audit_no: int, fault: Fault | None = None
) -> Html:
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        audit = await store.load_audit(conn, market_id, audit_no)
        if audit is None:
            raise not_found()
        drawn = await store.drawn_of(conn, market_id, audit_no)
        in_time = await actions.announced_in_time(conn, audit)
    return page.show(
        "operator/templates/audit.html",
        409 if fault else 200,
        section="audits",
        audit=audit,
        drawn=drawn,
        tally=tally(drawn),
        in_time=in_time,
        results=RESULTS,
        typed=isinstance(audit.beacon, Typed),
        fault=fault,
    )


ROUTES = [show_audits, announce_audit, show_audit, change_audit]
