"""One question on one page: confirm, assign, ask, hand over, escalate, lane, tags, release.

Each question is a row of one table: its words, its right, and the action it ends in. The same
form is a dialog with script and a page without.
"""

from datetime import timedelta

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.claims.looking import view_claim
from makegood.claims.store import load
from makegood.claims.view import ClaimView
from makegood.people.markets import store as market_store
from makegood.policy.vocabulary import FACTS
from makegood.web.desk.claim import need_staff, queue_of
from makegood.web.desk.faults import fault_of, status_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.frame import frame
from makegood.web.desk.performing import DECLINES, QUESTIONS, Question
from makegood.web.desk.queue import with_done
from makegood.web.desk.statements import fact_choices, figures_for
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things


@get("/desk/c/{claim_no:str}/{kind:str}")
async def ask(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    kind: FromPath[str],
) -> Html:
    """The form of a question."""
    question = _question(page, kind)
    return await _form_page(page, things, request, claim_no, (kind, question), Form({}))


@post("/desk/c/{claim_no:str}/{kind:str}")
async def answer(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    kind: FromPath[str],
) -> Html | Redirect:
    """Carry the answer out; a refusal brings the form back with its reason and the text kept."""
    question = _question(page, kind)
    form = await read_form(request)
    try:
        async with things.db.transaction() as tx:
            claim = await view_claim(tx, page.act(), things.desk, claim_no)
            await question.perform(tx, page.act(), things.desk, claim, form)
    except Refused as refused:
        if refused.code == "not_found":
            raise
        return await _form_page(
            page, things, request, claim_no, (kind, question), form, refused=refused
        )
    done = "returned" if form.text("outcome") == "return" else question.done
    return page.go(with_done(f"/desk/c/{claim_no}", done))


async def _form_page(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    asked: tuple[str, Question],
    form: Form,
    refused: Refused | None = None,
) -> Html:
    kind, question = asked
    act = page.act()
    async with things.db.connection() as conn:
        claim = await view_claim(conn, act, things.desk, claim_no)
        loaded = await load(conn, act.market_id, claim_no)
        departments = await market_store.list_departments(conn, act.market_id)
    if refused is None and question.step not in claim.may:
        raise Refused("claim_not_open", state=claim.state, step=question.step)
    proposed = loaded.claim.proposed if loaded else None
    if (kind, None) in (("rule", claim.suggestion), ("approve", proposed)):
        # What the form is about is gone meanwhile, and with it the form.
        raise refused or Refused("stale_version", version=claim.version)
    words, base = page.words, f"/desk/c/{claim_no}"
    return page.show(
        "desk/templates/ask_page.html",
        status_of(refused),
        **frame(page, request, queue_of(request), {}, rail=True),
        c=claim,
        base=base,
        here=f"{base}/{kind}",
        kind=kind,
        head=_text(page, claim, f"{question.words}.title"),
        button=_text(page, claim, f"{question.words}.button"),
        danger=question.danger,
        fault=fault_of(page, refused),
        form=form,
        people=await things.desk.rosters.get(act.market_id, act.now),
        departments=departments,
        in_hours=lambda count: page.now + timedelta(hours=count),
        fact_choices=fact_choices(things.desk.shelf.names(), claim.reason),
        figures=figures_for(things.desk.shelf.names(), claim.reason),
        fact_kinds={name: spec.kind for name, spec in FACTS.items()},
        all_reasons=sorted(things.desk.shelf.names().reasons),
        declines=DECLINES,
        proposed=proposed,
        currency=claim.order.currency,
        comma=words.t("desk.comma"),
    )


def _question(page: Page, kind: str) -> Question:
    question = QUESTIONS.get(kind)
    if question is None:
        raise not_found()
    need_staff(page, question.right)
    return question


def _text(page: Page, claim: ClaimView, key: str) -> str:
    """A question's words; the one about the proposal names remedy and amount."""
    proposal = claim.suggestion
    remedy = page.words.code("remedy", proposal.remedy) if proposal else ""
    amount = ""
    if proposal and proposal.amount_minor:
        amount = f" {page.words.amount(proposal.amount_minor, proposal.currency)}"
    return page.words.t(key, remedy=remedy, amount=amount)


ROUTES = [ask, answer]
