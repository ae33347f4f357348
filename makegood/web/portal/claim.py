"""The guided claim: one address, a draft behind it, and the submit that opens the claim."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.claims import draft_store, evidence_store
from makegood.claims.actions import ask_for_person
from makegood.claims.draft_store import Draft, KeptDraft
from makegood.claims.intake import open_claim
from makegood.claims.looking import check_before
from makegood.claims.opening import OpenClaim, confirmed_policy, is_beside_goods
from makegood.claims.recording import record_draft
from makegood.policy.model import Reason
from makegood.reading.message import OrderContext
from makegood.reading.rules import read_message
from makegood.web.claim_files import draft_no
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.door import AnyRequest, need_order
from makegood.web.portal.guide import (
    STEPS,
    WANTS,
    Guide,
    Step,
    form_of,
    missing_slots,
    slots_of,
)
from makegood.web.portal.order import load_intake, unit_ref
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

LONGEST_TEXT: Final = 5000
LONGEST_SLOT: Final = 500
ACCOUNT_SLOTS: Final = ("redeem_account", "target_account")
TIMES: Final = ("too_early", "window_closed")


@get("/o/{order_no:str}/claim")
async def show_form(
    page: ThisPage, things: TheThings, request: AnyRequest, order_no: FromPath[str]
) -> Html | Redirect:
    """The form at the step asked for, filled from the draft."""
    page.need("claim.draft")
    need_order(page, order_no)
    query = request.query_params
    draft = await _draft(page, things, order_no)
    units = [str(key) for key in query.getall("unit", [])]
    if units:
        draft = await _keep(
            page, things, order_no, draft, msgspec.structs.replace(draft.content, units=units)
        )
    step = STEPS.get(str(query.get("step", "1")), 1)
    guide = await _guide(page, things, order_no, draft, step, str(query.get("group", ""))[:3])
    return _show(page, things, guide)


@get("/o/{order_no:str}/claim/template")
async def show_template(
    page: ThisPage, things: TheThings, order_no: FromPath[str], reason: FromQuery[str] = ""
) -> Html:
    """Only the evidence that the chosen reason needs, for the open form.

    Nothing else of the form travels in the address; the draft knows the rest.
    """
    page.need("claim.draft")
    need_order(page, order_no)
    draft = await _draft(page, things, order_no)
    content = msgspec.structs.replace(draft.content, reason=reason[:8])
    draft = await _keep(page, things, order_no, draft, content)
    guide = await _guide(page, things, order_no, draft, 2)
    form = form_of(guide, page.words, page.now)
    return page.show("portal/templates/claim_fragment.html", form=form)


@get("/o/{order_no:str}/claim/file")
async def show_file(
    page: ThisPage, things: TheThings, request: AnyRequest, order_no: FromPath[str]
) -> Html:
    """Adding one file without script."""
    page.need("claim.draft")
    need_order(page, order_no)
    slot = str(request.query_params.get("slot", ""))
    if slot not in things.desk.shelf.names().slots:
        raise not_found()
    draft = await _draft(page, things, order_no)
    return page.show(
        "portal/templates/file.html",
        slot=slot,
        back=f"/o/{order_no}/claim?step=2",
        action=f"/o/{order_no}/claim/file?{urlencode({'draft': draft.draft_no})}",
    )


@post("/o/{order_no:str}/claim/draft", status_code=204)
async def save(
    page: ThisPage, things: TheThings, request: AnyRequest, order_no: FromPath[str]
) -> None:
    """Keep what is typed so far; sent by script while the buyer types."""
    page.need("claim.draft")
    need_order(page, order_no)
    draft = await _draft(page, things, order_no)
    await _keep(page, things, order_no, draft, _typed(await request.form(), draft.content))


@post("/o/{order_no:str}/claim")
async def take(
    page: ThisPage, things: TheThings, request: AnyRequest, order_no: FromPath[str]
) -> Html | Redirect:
    """One step further, or submit. What is missing keeps the buyer at its step."""
    page.need("claim.draft")
    need_order(page, order_no)
    form = await request.form()
    draft = await _draft(page, things, order_no)
    draft = await _keep(page, things, order_no, draft, _typed(form, draft.content))
    at = STEPS.get(str(form.get("at", "1")), 1)
    guide = await _guide(page, things, order_no, draft, at)
    match form.get("go"):
        case "submit" | "person" as go:
            return await _submit(page, things, guide, to_person=go == "person")
        case "next" | "later":
            return await _next(page, things, guide)
        case _:
            return page.go(f"/o/{order_no}/claim?step={at}")


async def _next(page: Page, things: Things, guide: Guide) -> Html | Redirect:
    guide = await _with_errors(page, things, guide, guide.at)
    if guide.errors or guide.question or guide.fault:
        return _show(page, things, guide, 422)
    stop = _times_page(page, guide)
    if stop is not None:
        return stop
    return page.go(f"/o/{guide.intake.order.order_no}/claim?step={min(guide.at + 1, 4)}")


async def _submit(
    page: Page, things: Things, guide: Guide, *, to_person: bool = False
) -> Html | Redirect:
    """Open the claim; sent twice it is one claim, because the draft's number goes with it.

    Who wants a person need not have chosen a remedy or found every file.
    """
    page.need("claim.open")
    if guide.checked is not None and guide.checked.existing:
        return page.go(f"/c/{guide.checked.existing}?done=existing")
    guide = await _with_errors(page, things, guide, 1 if to_person else 4)
    if guide.errors or guide.question or guide.fault:
        return _show(page, things, guide, 422)
    stop = _times_page(page, guide)
    if stop is not None:
        return stop
    command = _command(guide, page.now)
    try:
        async with things.db.connection() as conn:
            opened = await open_claim(conn, page.act(), things.desk, command)
    except Refused as refused:
        return _show(page, things, msgspec.structs.replace(guide, fault=refused.code), 409)
    async with things.db.transaction() as tx:
        await record_draft(tx, page.act(), things.desk, guide.draft.draft_no, opened.claim_no)
        await draft_store.forget_draft(tx, page.market.market_id, guide.draft.draft_no)
        if to_person:
            await ask_for_person(tx, page.act(), things.desk, opened.claim_no)
    done = "existing" if opened.existing else "opened_person" if to_person else "opened"
    return page.go(f"/c/{opened.claim_no}?done={done}")


async def _with_errors(page: Page, things: Things, guide: Guide, up_to: Step) -> Guide:
    """The guide with one sentence for each part that is missing, at the first step that has one."""
    draft, words = guide.draft.content, page.words
    reason = guide.pack.reasons.get(draft.reason)
    errors = {}
    if not _chosen_units(guide):
        errors["unit"] = words.t("open.errors.unit")
    if reason is None:
        errors["reason"] = words.t("open.errors.reason")
    if not draft.description.strip():
        errors["description"] = words.t("open.errors.description")
    if errors:
        return msgspec.structs.replace(guide, errors=errors, at=1)
    question = await _question(page, things, guide, reason)
    if question:
        return msgspec.structs.replace(guide, question=question, at=1)
    if up_to >= 2 and not draft.later and _lacks_evidence(page, things, guide, reason):
        return msgspec.structs.replace(guide, fault="evidence_missing", at=2)
    if up_to == 4 and draft.wants not in WANTS:
        return msgspec.structs.replace(guide, errors={"wants": words.t("open.errors.wants")}, at=4)
    return guide


def _lacks_evidence(page: Page, things: Things, guide: Guide, reason: Reason | None) -> bool:
    slots = slots_of(guide.pack, reason, guide.draft.content, guide.files, page.words)
    return bool(missing_slots(slots))


async def _question(page: Page, things: Things, guide: Guide, reason: Reason | None) -> str:
    """The one specific question a vague description gets back, asked once."""
    draft = guide.draft.content
    if reason is None or draft.asked:
        return ""
    order = guide.intake.order
    context = OrderContext(
        order_nos=(order.order_no,),
        paid=order.paid_at is not None,
        reason=reason.code,
    )
    if not read_message(draft.description, context).vague:
        return ""
    asked = msgspec.structs.replace(draft, asked=True)
    await _keep(page, things, order.order_no, guide.draft, asked)
    return page.words.pick(reason.question.zh, reason.question.en)


def _times_page(page: Page, guide: Guide) -> Html | None:
    """Too early or too late is a page of its own: when to come back, or who still looks."""
    checked = guide.checked
    if checked is None or checked.refusal not in TIMES or not checked.units:
        return None
    facts = checked.units[0]
    early = checked.refusal == "too_early"
    return page.show(
        "portal/templates/notyet.html",
        409,
        early=early,
        title=facts.title,
        at=facts.not_arrived_from if early else facts.window.closes_at,
        reminded=False,
        order_no=guide.intake.order.order_no,
        unit=f"{facts.unit.line_no}.{facts.unit.unit_no}",
        reason=guide.draft.content.reason,
    )


def _command(guide: Guide, now: datetime) -> OpenClaim:
    draft = guide.draft.content
    refs = [unit_ref(guide.intake.order.order_no, key) for key in _chosen_units(guide)]
    accounts = (draft.texts.get(slot, "") for slot in ACCOUNT_SLOTS)
    return OpenClaim(
        order_no=guide.intake.order.order_no,
        line_no=refs[0].line_no,
        units=tuple(ref.unit_no for ref in refs if ref.line_no == refs[0].line_no),
        reason=draft.reason,
        description=_description(draft),
        wants=draft.wants if draft.wants in WANTS else "refund",
        channel="web",
        external_id=guide.draft.draft_no,
        account=next((text for text in accounts if text.strip()), ""),
        began_at=_began(draft.began, now),
    )


def _description(draft: Draft) -> str:
    """The description, with what was typed into slots that hold text (accounts stay apart)."""
    more = [
        text for slot, text in draft.texts.items() if text.strip() and slot not in ACCOUNT_SLOTS
    ]
    return "\n".join([draft.description.strip(), *more])[:LONGEST_TEXT]


def _began(text: str, now: datetime) -> datetime | None:
    """The time a buyer names, if it is one and not ahead of us."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=now.tzinfo)
    return min(aware, now)


def _chosen_units(guide: Guide) -> list[str]:
    """The chosen units that exist and are free; a single free unit is chosen by itself."""
    order = guide.intake.order
    bound = {f"{b.line_no}.{b.unit_no}" for b in guide.intake.bound}
    every = [
        f"{line.line_no}.{number}" for line in order.lines for number in range(1, line.quantity + 1)
    ]
    chosen = [key for key in every if key in guide.draft.content.units]
    if chosen:
        return chosen
    if is_beside_goods(guide.draft.content.reason):
        return every[:1]
    free = [key for key in every if key not in bound]
    return free if len(free) == 1 else []


async def _guide(
    page: Page, things: Things, order_no: str, draft: KeptDraft, step: Step, group: str = ""
) -> Guide:
    intake = await load_intake(page, things, order_no)
    order = intake.order
    pack = await things.desk.shelf.for_order(
        page.market.market_id,
        order_no,
        order.paid_at,
        page.now,
        confirmed_policy(order, _line_of(draft.content)),
    )
    guide = Guide(
        intake=intake, draft=draft, files=[], checked=None, pack=pack, at=step, group=group
    )
    async with things.db.connection() as conn:
        files = await evidence_store.evidence_of_claim(conn, page.market.market_id, draft.draft_no)
        guide = msgspec.structs.replace(guide, files=files)
        if draft.content.reason in pack.reasons and _chosen_units(guide):
            checked = await check_before(conn, page.act(), things.desk, _command(guide, page.now))
            guide = msgspec.structs.replace(guide, checked=checked)
    return guide


def _line_of(draft: Draft) -> int | None:
    """The line of the first chosen unit; None while nothing is chosen."""
    first = draft.units[0].partition(".")[0] if draft.units else ""
    return int(first) if first.isascii() and first.isdigit() else None


async def _draft(page: Page, things: Things, order_no: str) -> KeptDraft:
    """The buyer's draft for this order, begun now where there is none."""
    market_id, buyer_id = page.market.market_id, page.actor.id
    async with things.db.transaction() as tx:
        kept = await draft_store.load_draft(tx, market_id, order_no, buyer_id)
        if kept is not None:
            return kept
        number = draft_no(order_no, things.ids.uuid())
        number = await draft_store.save_draft(
            tx, market_id, order_no, buyer_id, number, Draft(), page.now
        )
    return KeptDraft(number, Draft(), page.now)


async def _keep(
    page: Page, things: Things, order_no: str, draft: KeptDraft, content: Draft
) -> KeptDraft:
    async with things.db.transaction() as tx:
        number = await draft_store.save_draft(
            tx,
            page.market.market_id,
            order_no,
            page.actor.id,
            draft.draft_no,
            content,
            page.now,
        )
    return KeptDraft(number, content, page.now)


def _typed(form: FormMultiDict, before: Draft) -> Draft:
    """The draft with what this form holds; fields it does not have stay as they were."""
    texts = {
        name.removeprefix("slot_"): str(value)[:LONGEST_SLOT]
        for name, value in form.multi_items()
        if name.startswith("slot_") and len(name) < 60
    }
    return Draft(
        units=[str(key)[:9] for key in form.getall("unit", [])][:200],
        reason=_text(form, "reason", before.reason, 8),
        description=_text(form, "description", before.description, LONGEST_TEXT),
        wants=_text(form, "wants", before.wants, 16),
        texts={**before.texts, **texts},
        began=_text(form, "began", before.began, 40),
        asked=before.asked,
        later=before.later or form.get("go") == "later",
    )


def _text(form: FormMultiDict, name: str, before: str, longest: int) -> str:
    value = form.get(name, before)
    return str(value).replace("\x00", "")[:longest]


def _show(page: Page, things: Things, guide: Guide, status: int = 200) -> Html:
    form = form_of(guide, page.words, page.now)
    return page.show("portal/templates/claim.html", status, form=form)


ROUTES = [show_form, show_template, show_file, save, take]
