"""The money terms: who may do how much alone, holds, deposits, the late coupon, advance caps."""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.claims.proposing import RULING
from makegood.ledger.advance.actions import caps_of, set_caps
from makegood.ledger.advance.rules import AdvanceCaps
from makegood.people.approvals.outside import add_outside_approver, outside_approvers
from makegood.people.approvals.rules import LIMITED
from makegood.people.approvals.solo import declare_solo, end_approver
from makegood.people.contracts.store import list_contracts
from makegood.people.markets.actions import change_settings
from makegood.people.markets.store import load_market
from makegood.people.markets.terms import (
    APPROVING_ROLES,
    CATEGORIES,
    TIERS,
    ContractTerms,
    DepositTerms,
    HoldTerms,
    LateTerms,
    MoneyTerms,
)
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

PARTS: Final = (
    "limits",
    "holds",
    "deposits",
    "late",
    "caps",
    "suppliers",
    "repair",
    "contracts",
    "outside",
)


@get("/ops/money")
async def show_terms(
    page: ThisPage, things: TheThings, part: FromQuery[str] = "limits", done: FromQuery[str] = ""
) -> Html:
    """One part of the terms; the others are links."""
    page.need("setting.read")
    return await _page(page, things, part if part in PARTS else "limits", done=done)


@post("/ops/money")
async def change_terms(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Replace one part of the terms."""
    page.need("setting.manage")
    form = await read_form(request)
    part = form.text("part", 20)
    if part not in PARTS:
        raise not_found()
    try:
        async with things.db.transaction() as tx:
            if part == "outside":
                await _change_outside(tx, page, things, form)
            else:
                await _save(tx, page, form, part)
    except Refused as refused:
        return await _page(
            page, things, part, fault=await keep_refusal(page, things, "setting.manage", refused)
        )
    things.markets.forget(page.market.market_id)
    return page.go(f"/ops/money?part={part}&done=saved")


async def _change_outside(tx: Connection, page: Page, things: Things, form: Form) -> None:
    market = await load_market(tx, page.market.market_id)
    assert market is not None, "a page belongs to a market"
    if form.text("end", 40):
        await end_approver(tx, page.act(), market, form.text("end", 40))
        return
    name, contact = form.text("name", 80), form.text("contact", 200)
    if form.text("solo") == "yes":
        await declare_solo(tx, page.act(), things.ids, market, name, contact)
    else:
        await add_outside_approver(tx, page.act(), things.ids, name, contact)


async def _save(tx: Connection, page: Page, form: Form, part: str) -> None:
    if part == "caps":
        await set_caps(
            tx,
            page.act(),
            caps_in(form, page.market.settings.currency),
            page.market.settings.currency,
        )
        return
    market = await load_market(tx, page.market.market_id)
    assert market is not None, "a page belongs to a market"
    if str(market.version) != form.text("version", 12):
        raise Refused("stale_version")
    terms = terms_with(market.settings.money, part, form, market.settings.currency)
    settings = msgspec.structs.replace(market.settings, money=terms)
    await change_settings(tx, page.act(), settings, market.version)


def terms_with(terms: MoneyTerms, part: str, form: Form, currency: str) -> MoneyTerms:
    """The terms with one part as the form has it."""
    change, minor = msgspec.structs.replace, partial(_minor, currency)
    match part:
        case "limits":
            limits = {kind: _row(form, kind, APPROVING_ROLES, minor) for kind in LIMITED}
            return change(terms, limits=limits, fresh_minutes=_whole(form, "fresh_minutes"))
        case "holds":
            hours = {one: _row(form, one, TIERS, _whole) for one in CATEGORIES}
            holds = HoldTerms(
                hours=hours,
                new_seller_hours=_whole(form, "new_seller_hours"),
                new_seller_days=_whole(form, "new_seller_days"),
            )
            return change(terms, holds=holds)
        case "deposits":
            table = {one: _row(form, one, TIERS, minor) for one in CATEGORIES}
            asked = form.text("asked") == "yes"
            return change(terms, deposits=DepositTerms(required_minor=table, asked=asked))
        case "late":
            late = LateTerms(
                step_minutes=_whole(form, "step_minutes"),
                per_step_bp=_whole(form, "per_step_bp"),
                floor_minor=minor(form, "floor"),
                cap_percent=_whole(form, "cap_percent"),
            )
            return change(terms, late=late)
        case "contracts":
            return change(terms, contracts=_contracts_with(terms, form, currency))
        case "repair":
            return change(terms, repair_pay_url=form.text("repair_pay_url", 500))
        case _:
            return change(
                terms,
                settlement_days=_whole(form, "settlement_days"),
                evidence_hours=_whole(form, "evidence_hours"),
                agreements_required=form.text("agreements_required") == "yes",
            )


def _contracts_with(terms: MoneyTerms, form: Form, currency: str) -> dict[str, ContractTerms]:
    """The contracts' own terms after one was changed; one without any is forgotten."""
    contract_id = form.text("contract", 64)
    if not contract_id:
        raise Refused("setting_invalid", fields=["contract"])
    limits = {role: _minor(currency, form, role) for role in APPROVING_ROLES if form.text(role, 40)}
    hours = {one: _whole(form, f"hours.{one}") for one in CATEGORIES if form.text(f"hours.{one}")}
    own = ContractTerms(
        limits={RULING: limits} if limits else {},
        hold_hours=hours,
        deposit_minor=_minor(currency, form, "deposit") if form.text("deposit", 40) else None,
    )
    others = {one: agreed for one, agreed in terms.contracts.items() if one != contract_id}
    return others if own == ContractTerms() else {**others, contract_id: own}


def caps_in(form: Form, currency: str) -> AdvanceCaps:
    """The caps of paying first as the form has them."""
    return AdvanceCaps(
        pays_first=form.text("pays_first") == "yes",
        per_claim_minor=_minor(currency, form, "per_claim"),
        per_day_minor=_minor(currency, form, "per_day"),
        per_tier={tier: _minor(currency, form, f"tier.{tier}") for tier in TIERS},
        fund_floor_minor=_minor(currency, form, "fund_floor"),
        write_off_after_days=_whole(form, "write_off_after_days"),
    )


def _row(
    form: Form, name: str, columns: tuple[str, ...], read: Callable[[Form, str], int]
) -> dict[str, int]:
    return {column: read(form, f"{name}.{column}") for column in columns}


def _minor(currency: str, form: Form, name: str) -> int:
    """An amount; an empty field is nothing, anything unreadable is refused with its name."""
    if not form.text(name, 40):
        return 0
    minor = form.amount_minor(name, currency)
    if minor is None or minor < 0:
        raise Refused("setting_invalid", fields=[name])
    return minor


def _whole(form: Form, name: str) -> int:
    text = form.text(name, 9)
    if not (text.isascii() and text.isdigit()):
        raise Refused("setting_invalid", fields=[name])
    return int(text)


async def _page(
    page: Page, things: Things, part: str, *, done: str = "", fault: Fault | None = None
) -> Html:
    async with things.db.connection() as conn:
        market = await load_market(conn, page.market.market_id)
        caps = await caps_of(conn, page.market.market_id)
        approvers = await outside_approvers(conn, page.market.market_id)
        contracts = await list_contracts(conn, page.market.market_id)
    assert market is not None, "a page belongs to a market"
    own = market.settings.money.contracts.keys()
    return page.show(
        "operator/templates/money/terms.html",
        409 if fault else 200,
        section="terms",
        part=part,
        parts=PARTS,
        terms=market.settings.money,
        version=market.version,
        caps=caps,
        approvers=approvers,
        solo=market.settings.solo,
        contract_ids=sorted({one.contract.contract_id for one in contracts} | own),
        ruling=RULING,
        kinds=LIMITED,
        roles=APPROVING_ROLES,
        categories=CATEGORIES,
        tiers=TIERS,
        done=done == "saved",
        fault=fault,
    )


ROUTES: list[ControllerRouterHandler] = [show_terms, change_terms]
