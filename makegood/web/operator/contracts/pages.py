"""Contracts: list and clocks of tiers, one contract with its report, and the report as CSV."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.claims.contract_report import ClaimKept, report, tallies
from makegood.people.contracts import store
from makegood.people.contracts.actions import check_tiers, put_contract
from makegood.people.contracts.rules import STAGES, TIERS, Contract
from makegood.people.markets.actions import change_settings
from makegood.people.markets.store import load_market
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.operator.contracts.form import Reading, contract_of, filled
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

NEW: Final = "new"
MONTHS_SHOWN: Final = 12


@get("/ops/contracts")
async def show_contracts(page: ThisPage, things: TheThings, done: FromQuery[str] = "") -> Html:
    """Every contract, and the clocks that each tier of customer has."""
    page.need("contract.read")
    return await _list(page, things, done=done)


@post("/ops/contracts")
async def change_tiers(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Set the clocks of the tiers."""
    page.need("contract.manage")
    form = await read_form(request)
    read = Reading(form)
    clocks: dict[str, dict[str, int]] = {tier: read.minutes(f"{tier}_") for tier in TIERS}
    try:
        if read.wrong:
            raise Refused("contract_wrong", fields=read.wrong)
        check_tiers(clocks)
        async with things.db.transaction() as tx:
            market = await load_market(tx, page.market.market_id)
            assert market is not None, "a page belongs to a market"
            settings = msgspec.structs.replace(market.settings, tier_minutes=clocks)
            await change_settings(tx, page.act(), settings, market.version)
    except Refused as refused:
        return await _list(page, things, fault=Fault(*refusal_words(page, refused)))
    things.markets.forget(page.market.market_id)
    return page.go("/ops/contracts?done=tiers")


@get("/ops/contracts/{contract_id:str}")
async def show_contract(
    page: ThisPage,
    things: TheThings,
    contract_id: FromPath[str],
    m: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """One contract: what was kept of it this month, and its terms."""
    page.need("contract.read")
    return await _one(page, things, contract_id, m, done=done)


@post("/ops/contracts/{contract_id:str}")
async def save_contract(
    page: ThisPage, things: TheThings, request: AnyRequest, contract_id: FromPath[str]
) -> Html | Redirect:
    """Make a contract or its next version."""
    page.need("contract.manage")
    form = await read_form(request)
    number = form.text("contract_id", 40) if contract_id == NEW else contract_id
    try:
        contract = contract_of(form, number)
        async with things.db.transaction() as tx:
            await put_contract(tx, page.act(), contract, form.whole("version"))
    except Refused as refused:
        return await _one(page, things, contract_id, "", refused=refused, form=form)
    things.desk.contracts.forget(page.market.market_id)
    return page.go(f"/ops/contracts/{number}?done=saved")


@get("/ops/contracts/{contract_id:str}/report.csv")
async def download_report(
    page: ThisPage, things: TheThings, contract_id: FromPath[str], m: FromQuery[str] = ""
) -> Response[bytes]:
    """Every promise of the month, one line each."""
    page.need("contract.read")
    month = month_of(m, page)
    async with things.db.connection() as conn:
        stored = await store.load_contract(conn, page.market.market_id, contract_id)
        if stored is None:
            raise not_found()
        claims = await _report(conn, page, stored.contract, month)
    return Response(
        content=_csv(claims, page),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{contract_id}-{month}.csv"'},
    )


async def _list(page: Page, things: Things, *, done: str = "", fault: Fault | None = None) -> Html:
    async with things.db.connection() as conn:
        contracts = await store.list_contracts(conn, page.market.market_id)
        market = await load_market(conn, page.market.market_id)
    assert market is not None, "a page belongs to a market"
    return page.show(
        "operator/templates/contracts/list.html",
        409 if fault else 200,
        section="contracts",
        contracts=contracts,
        tiers=TIERS,
        stages=STAGES,
        clocks=market.settings.tier_minutes,
        done=done,
        fault=fault,
    )


async def _one(
    page: Page,
    things: Things,
    contract_id: str,
    month: str,
    *,
    done: str = "",
    refused: Refused | None = None,
    form: Form | None = None,
) -> Html:
    shown = month_of(month, page)
    async with things.db.connection() as conn:
        stored = await store.load_contract(conn, page.market.market_id, contract_id)
        if stored is None and contract_id != NEW:
            raise not_found()
        claims = await _report(conn, page, stored.contract, shown) if stored else []
    roster = await things.desk.rosters.get(page.market.market_id, page.now)
    contract = stored.contract if stored else None
    return page.show(
        "operator/templates/contracts/one.html",
        409 if refused else 200,
        section="contracts",
        contract=contract,
        version=stored.version if stored else 0,
        path=f"/ops/contracts/{contract_id}",
        typed=form.fields if form else None,
        filled=filled(contract),
        wrong=wrong_of(refused),
        fault=Fault(*refusal_words(page, refused)) if refused else None,
        done=done,
        tiers=TIERS,
        stages=STAGES,
        roster=roster,
        month=shown,
        months=months_before(page),
        tallies=tallies(claims),
        claims=[claim for claim in claims if claim.broken],
        all_claims=len(claims),
    )


async def _report(conn: Connection, page: Page, contract: Contract, month: str) -> list[ClaimKept]:
    since, until = bounds(month, page.words.zone)
    return await report(conn, page.market.market_id, contract, since, until, page.now)


def wrong_of(refused: Refused | None) -> Sequence[str]:
    """The fields to mark."""
    fields = refused.detail.get("fields", []) if refused else []
    return [str(field) for field in fields] if isinstance(fields, list) else []


def month_of(text: str, page: Page) -> str:
    """A month as `2026-11`; the present one for anything else."""
    months = months_before(page)
    return text if text in months else months[0]


def months_before(page: Page) -> list[str]:
    """This month and those before it, the newest first."""
    here = page.now.astimezone(page.words.zone)
    last = here.year * 12 + here.month - 1
    numbers = range(last, last - MONTHS_SHOWN, -1)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def bounds(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a month begins and when the next one does."""
    year, number = int(month[:4]), int(month[5:])
    since = datetime(year, number, 1, tzinfo=zone)
    return since, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)


def _csv(claims: Sequence[ClaimKept], page: Page) -> bytes:
    """With a byte order mark, so that spreadsheets read Chinese names as they are."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(
        page.words.t(f"contracts.csv.{name}")
        for name in ("claim", "opened", "reason", "promise", "set", "due", "met", "broken")
    )
    for claim in claims:
        for one in claim.promises:
            lines.writerow(
                [
                    claim.claim_no,
                    claim.opened_at.isoformat(),
                    claim.reason,
                    one.kind,
                    one.set_at.isoformat(),
                    one.due_at.isoformat(),
                    one.met_at.isoformat() if one.met_at else "",
                    "1" if one.broken else "0",
                ]
            )
    return text.getvalue().encode("utf-8-sig")


ROUTES: list[ControllerRouterHandler] = [
    show_contracts,
    change_tiers,
    show_contract,
    save_contract,
    download_report,
]
