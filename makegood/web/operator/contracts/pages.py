"""Contracts: list and clocks of tiers, one contract with its report, and the report as CSV."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.claims.contract_report import ClaimKept, report, tallies
from makegood.ledger.statements.months import Month, read_month, recent_months
from makegood.people.contracts import store
from makegood.people.contracts.actions import check_tiers, put_contract
from makegood.people.contracts.public_days import ANNOUNCED, announced
from makegood.people.contracts.rules import STAGES, TIERS, Contract
from makegood.people.markets.actions import change_settings
from makegood.people.markets.store import load_market
from makegood.store.database import Connection
from makegood.web.csv_stream import csv_answer, each
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.operator.contracts.form import (
    Reading,
    contract_of,
    filled,
    with_public_days,
)
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

NEW: Final = "new"
MONTHS_SHOWN: Final = 12
COLUMNS: Final = ("claim", "opened", "reason", "promise", "set", "due", "met", "broken")


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
    """Make a contract or its next version; or fill in public holidays and save nothing yet."""
    page.need("contract.manage")
    form = await read_form(request)
    number = form.text("contract_id", 40) if contract_id == NEW else contract_id
    days = announced(form.text("fill", 20))
    if days is not None:
        return await _one(page, things, contract_id, "", form=with_public_days(form, days))
    try:
        contract = contract_of(form, number, page.market.settings.currency)
        async with things.db.transaction() as tx:
            await put_contract(tx, page.act(), contract, form.whole("version"))
    except Refused as refused:
        return await _one(page, things, contract_id, "", refused=refused, form=form)
    things.desk.contracts.forget(page.market.market_id)
    return page.go(f"/ops/contracts/{number}?done=saved")


@get("/ops/contracts/{contract_id:str}/report.csv")
async def download_report(
    page: ThisPage, things: TheThings, contract_id: FromPath[str], m: FromQuery[str] = ""
) -> Stream:
    """Every promise of the month, one line each."""
    page.need("contract.read")
    month = month_of(m, page)
    async with things.db.connection() as conn:
        stored = await store.load_contract(conn, page.market.market_id, contract_id)
        if stored is None:
            raise not_found()
        claims = await _report(conn, page, stored.contract, month)
    header = [page.words.text(f"contracts.csv.{name}") for name in COLUMNS]
    lines = _lines(claims)
    return csv_answer(f"{contract_id}-{month.name}.csv", header, each(lines), len(lines))


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
        month=shown.name,
        months=recent_months(page.now, page.words.zone),
        tallies=tallies(claims),
        claims=[claim for claim in claims if claim.broken],
        all_claims=len(claims),
        announced=ANNOUNCED,
    )


async def _report(
    conn: Connection, page: Page, contract: Contract, month: Month
) -> list[ClaimKept]:
    return await report(conn, page.market.market_id, contract, month.since, month.until, page.now)


def wrong_of(refused: Refused | None) -> Sequence[str]:
    """The fields to mark."""
    fields = refused.detail.get("fields", []) if refused else []
    return [str(field) for field in fields] if isinstance(fields, list) else []


def month_of(text: str, page: Page) -> Month:
    """One of the months shown, named as `2026-11`; the present one for anything else."""
    zone = page.words.zone
    shown = recent_months(page.now, zone, MONTHS_SHOWN)
    return read_month(text if text in shown else shown[0], page.now, zone)


def _lines(claims: Sequence[ClaimKept]) -> list[Sequence[object]]:
    """One line per promise."""
    return [
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
        for claim in claims
        for one in claim.promises
    ]


ROUTES: list[ControllerRouterHandler] = [
    show_contracts,
    change_tiers,
    show_contract,
    save_contract,
    download_report,
]
