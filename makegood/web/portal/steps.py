"""What a buyer does on a claim: each form is one action, answered with the page it came from."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.claims import actions
from makegood.claims.recording import DRAFT
from makegood.claims.remedies import FULL_REFUND
from makegood.claims.system_actions import note_reveal
from makegood.ledger.amounts import read_amount
from makegood.orders.actions import reveal_key
from makegood.store.database import Connection
from makegood.web.common import local_path
from makegood.web.file_routes import MAX_BODY
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.case import load
from makegood.web.portal.door import AnyRequest, address_of, keyed_act, need_order, own_claim
from makegood.web.problem import PageFault
from makegood.web.things import TheThings, Things

LONGEST: Final = 5000
SCORES: Final = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
Step = Callable[[Connection, Act], Awaitable[object]]


class Words(msgspec.Struct):
    """A form with text. `key` makes sending it twice harmless."""

    text: str = ""
    reason: str = ""
    key: str = ""


class Offer(msgspec.Struct):
    """A counter-offer: what the buyer wants back, as typed."""

    amount: str
    text: str = ""


class Choice(msgspec.Struct):
    """The chosen remedy."""

    remedy: str


class Rating(msgspec.Struct):
    """One to five stars and a word."""

    score: str = ""
    text: str = ""


class Extension(msgspec.Struct):
    """Which deadline the buyer needs longer for."""

    kind: str = "buyer_evidence"


URL_ENCODED: Final = RequestEncodingType.URL_ENCODED
WordsForm = Annotated[Words, Body(media_type=URL_ENCODED)]
OfferForm = Annotated[Offer, Body(media_type=URL_ENCODED)]
ChoiceForm = Annotated[Choice, Body(media_type=URL_ENCODED)]
RatingForm = Annotated[Rating, Body(media_type=URL_ENCODED)]
ExtensionForm = Annotated[Extension, Body(media_type=URL_ENCODED)]


@post("/c/{claim_no:str}/messages")
async def post_message(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: WordsForm
) -> Redirect:
    """Write on the claim."""
    text = required(data.text)
    act = keyed_act(page, data.key)
    return await do(
        page,
        things,
        claim_no,
        "claim.message",
        "message",
        lambda tx, _: actions.post_message(tx, act, things.desk, claim_no, text),
    )


@post("/c/{claim_no:str}/evidence", request_max_body_size=MAX_BODY)
async def add_evidence(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Redirect:
    """File one item by form, without script."""
    page.need("claim.evidence")
    await load(page, things, claim_no)
    await request.app.state.buyer_files.file_form(request, claim_no)
    return page.go(f"/c/{claim_no}?done=evidence")


@post("/c/{claim_no:str}/offers")
async def counter(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: OfferForm
) -> Redirect:
    """Make a counter-offer: all that is claimed, or a part of it."""
    claim = await load(page, things, claim_no)
    amount_minor = read_amount(data.amount, claim.order.currency).amount_minor
    remedy = FULL_REFUND if amount_minor == claim.claimed_minor else "price_reduction"
    text = data.text[:LONGEST]
    return await do(
        page,
        things,
        claim_no,
        "claim.read",
        "offer",
        lambda tx, act: actions.make_offer(
            tx, act, things.desk, claim_no, remedy=remedy, amount_minor=amount_minor, text=text
        ),
    )


@post("/c/{claim_no:str}/offers/{number:int}/accept")
async def accept(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], number: FromPath[int]
) -> Redirect:
    """Take the standing offer; fresh proof only."""
    return await do(
        page,
        things,
        claim_no,
        "claim.accept_offer",
        "accepted",
        lambda tx, act: actions.accept_offer(tx, act, things.desk, claim_no, number),
    )


@post("/c/{claim_no:str}/offers/{number:int}/decline")
async def decline(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], number: FromPath[int]
) -> Redirect:
    """Decline the standing offer."""
    return await do(
        page,
        things,
        claim_no,
        "claim.read",
        "declined",
        lambda tx, act: actions.decline_offer(tx, act, things.desk, claim_no, number),
    )


@post("/c/{claim_no:str}/decide-now")
async def decide_now(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Redirect:
    """Stop talking; the platform decides."""
    return await do(
        page,
        things,
        claim_no,
        "claim.read",
        "decide",
        lambda tx, act: actions.decide_now(tx, act, things.desk, claim_no),
    )


@post("/c/{claim_no:str}/extension")
async def extend(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: ExtensionForm
) -> Redirect:
    """Ask once for more time for one's own evidence."""
    kind = "buyer_evidence" if data.kind != "buyer_evidence" else data.kind
    return await do(
        page,
        things,
        claim_no,
        "claim.evidence",
        "extended",
        lambda tx, act: actions.extend_deadline(tx, act, things.desk, claim_no, kind),
    )


@post("/c/{claim_no:str}/remedy")
async def choose(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: ChoiceForm
) -> Redirect:
    """Choose among the remedies the decision left open; fresh proof only."""
    return await do(
        page,
        things,
        claim_no,
        "claim.accept_offer",
        "chosen",
        lambda tx, act: actions.choose_remedy(tx, act, things.desk, claim_no, data.remedy[:40]),
    )


@post("/c/{claim_no:str}/person")
async def ask_person(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: WordsForm
) -> Redirect:
    """A person looks at it."""
    text = data.text[:LONGEST]
    return await do(
        page,
        things,
        claim_no,
        "claim.ask_person",
        "person",
        lambda tx, act: actions.ask_for_person(tx, act, things.desk, claim_no, text),
    )


@post("/c/{claim_no:str}/withdrawal")
async def withdraw(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: WordsForm
) -> Redirect:
    """Take the claim back; fresh proof only."""
    reason = data.reason[:200]
    return await do(
        page,
        things,
        claim_no,
        "claim.withdraw",
        "withdrawn",
        lambda tx, act: actions.withdraw(tx, act, things.desk, claim_no, reason),
    )


@post("/c/{claim_no:str}/appeal")
async def appeal(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Dispute named findings before another person."""
    page.need("claim.appeal")
    form = await request.form()
    disputed = [str(item)[:200] for item in form.getall("disputed", [])][:40]
    text = str(form.get("text", "")).strip()[:LONGEST]
    if not disputed or not text:
        claim = await load(page, things, claim_no)
        return page.show("portal/templates/appeal.html", 422, claim=claim, wrong=True, text=text)
    return await do(
        page,
        things,
        claim_no,
        "claim.appeal",
        "appealed",
        lambda tx, act: actions.appeal(
            tx, act, things.desk, claim_no, disputed=disputed, text=text
        ),
    )


@post("/c/{claim_no:str}/reopening")
async def reopen(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Redirect:
    """Look again because of evidence that was not there before."""
    form = await request.form()
    evidence_ids = [str(item)[:80] for item in form.getall("evidence", [])][:40]
    text = required(str(form.get("text", "")))
    return await do(
        page,
        things,
        claim_no,
        "claim.reopen",
        "reopened",
        lambda tx, act: actions.reopen(
            tx, act, things.desk, claim_no, text=text, evidence_ids=evidence_ids
        ),
    )


@post("/c/{claim_no:str}/rating")
async def rate(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], data: RatingForm
) -> Redirect:
    """Rate the handling; fresh proof only."""
    if data.score not in SCORES:
        raise PageFault(422, "input")
    return await do(
        page,
        things,
        claim_no,
        "claim.rate",
        "rated",
        lambda tx, act: actions.rate(
            tx, act, things.desk, claim_no, SCORES[data.score], data.text[:1000]
        ),
    )


@post("/c/{claim_no:str}/reveal")
async def reveal(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html:
    """Show the replacement's code once more; who, when and from where is written down first."""
    page.need("order.reveal")
    async with things.db.transaction() as tx:
        claim = await own_claim(tx, page, things, claim_no)
        if "reveal_replacement" not in claim.may:
            raise Refused("claim_not_open")
        order = claim.order
        keys = [
            await reveal_key(
                tx,
                page.act(),
                things.vault,
                UnitRef(order.order_no, order.line_no, unit_no),
                address_of(request),
            )
            for unit_no in order.units
        ]
        for key in keys:
            await note_reveal(
                tx, page.act(), things.desk, claim_no, key.unit.unit_no, key.generation
            )
    return page.show("portal/templates/revealed.html", claim_no=claim_no, keys=keys)


@post("/o/{order_no:str}/claim/file", request_max_body_size=MAX_BODY)
async def add_draft_file(
    page: ThisPage, things: TheThings, request: AnyRequest, order_no: FromPath[str]
) -> Redirect:
    """File one item for a claim that is not submitted yet, without script."""
    page.need("claim.draft")
    need_order(page, order_no)
    draft = str(request.query_params.get("draft", ""))[:200]
    if not draft.startswith(f"{DRAFT}{order_no}"):
        raise PageFault(404, "not_found")
    await request.app.state.buyer_files.file_form(request, draft)
    return page.go(local_path(f"/o/{order_no}/claim?step=2"))


async def do(
    page: Page, things: Things, claim_no: str, action: str, done: str, step: Step
) -> Redirect:
    """Carry one step out in one transaction, for the buyer of this claim only."""
    page.need(action)
    async with things.db.transaction() as tx:
        await own_claim(tx, page, things, claim_no)
        await step(tx, page.act())
    return page.go(f"/c/{claim_no}?done={done}")


def required(text: str) -> str:
    """Text with something in it, cut to what the page allows."""
    stripped = text.replace("\x00", "").strip()[:LONGEST]
    if not stripped:
        raise PageFault(422, "input")
    return stripped


ROUTES = [
    post_message,
    add_evidence,
    counter,
    accept,
    decline,
    decide_now,
    extend,
    choose,
    ask_person,
    withdraw,
    appeal,
    reopen,
    rate,
    reveal,
    add_draft_file,
]
