"""A buyer's claim page: the page itself, its live parts, the letter, pages that ask once more."""

from typing import Final

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, ServerSentEvent

from makegood.claims.letter import letter_of
from makegood.claims.looking import rules_of
from makegood.claims.may import REOPENABLE
from makegood.claims.topics import claim_topic
from makegood.claims.view import ClaimView, OfferView
from makegood.web.page import Html, Page, ThisPage
from makegood.web.portal.door import own_claim
from makegood.web.portal.lead import lead_of
from makegood.web.problem import not_found
from makegood.web.receipts import buyers_receipts, qr_of
from makegood.web.sse import live
from makegood.web.things import TheThings, Things

PARTS: Final = "portal/templates/case_parts.html"
LIVE_PARTS: Final = ("turn", "why", "record", "money", "evidence_items", "rate", "more")


@get("/c/{claim_no:str}")
async def show_claim(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], done: FromQuery[str] = ""
) -> Html:
    """The claim for its buyer; `done` names what the buyer has just done."""
    claim = await load(page, things, claim_no)
    notice = page.words.t(f"case.done.{done}") if page.words.has(f"case.done.{done}") else ""
    async with things.db.connection() as conn:
        receipts = await buyers_receipts(conn, page, things, claim_no)
    return page.show(
        "portal/templates/case.html",
        claim=claim,
        receipts=receipts,
        receipt_qr=qr_of(page, receipts.newest.number) if receipts else "",
        lead=lead_of(claim, page.words, things.desk.shelf.names()),
        notice=notice,
    )


@get("/sse/claim/{claim_no:str}")
async def live_claim(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> ServerSentEvent:
    """The parts of the claim page, each sent again when it has changed."""
    await load(page, things, claim_no)

    async def fragments() -> list[tuple[str, str]]:
        fresh = page.at(things.clock.now())
        claim = await load(fresh, things, claim_no)
        head = fresh.macro(
            PARTS, "now", claim, lead_of(claim, fresh.words, things.desk.shelf.names())
        )
        names = (*LIVE_PARTS, *(("evidence_add",) if claim.state in REOPENABLE else ()))
        return [("now", head), *((name, fresh.macro(PARTS, name, claim)) for name in names)]

    return live(things.hub, (claim_topic(page.market.market_id, claim_no),), fragments)


@get("/c/{claim_no:str}/letter")
async def show_letter(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Html:
    """The decision letter."""
    claim = await load(page, things, claim_no)
    if claim.decision is None:
        raise not_found()
    letter = letter_of(claim, await rules_of(page.act(), things.desk, claim))
    return page.show("portal/templates/letter.html", letter=letter)


@get("/c/{claim_no:str}/appeal")
async def show_appeal(
    page: ThisPage, things: TheThings, claim_no: FromPath[str]
) -> Html | Redirect:
    """Which findings the buyer disputes; once that is over, the claim, which tells of it."""
    claim = await load(page, things, claim_no)
    if "appeal" not in claim.may or claim.decision is None:
        return page.go(f"/c/{claim_no}")
    return page.show("portal/templates/appeal.html", claim=claim, wrong=False, text="")


@get("/c/{claim_no:str}/reopen")
async def show_reopen(
    page: ThisPage, things: TheThings, claim_no: FromPath[str]
) -> Html | Redirect:
    """Which new evidence the buyer has; once it is reopened, the claim."""
    claim = await load(page, things, claim_no)
    if "reopen" not in claim.may:
        return page.go(f"/c/{claim_no}")
    own = [item for item in claim.evidence if item.party == "buyer"]
    return page.show("portal/templates/reopen.html", claim=claim, items=own)


@get("/c/{claim_no:str}/person")
async def show_person(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Html:
    """Asking for a person, with a word for them."""
    claim = await load(page, things, claim_no)
    if "ask_person" not in claim.may:
        raise not_found()
    words = page.words
    return _confirm(
        page,
        claim_no,
        "person",
        title=words.t("case.person.title"),
        action=f"/c/{claim_no}/person",
        button=words.t("case.person.button"),
    )


@get("/c/{claim_no:str}/confirm/{what:str}")
async def show_confirm(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], what: FromPath[str]
) -> Html:
    """The dialog of a step that cannot be undone, as a page for browsers without script."""
    claim = await load(page, things, claim_no)
    if what not in claim.may:
        raise not_found()
    words = page.words
    if what == "withdraw":
        return _confirm(
            page,
            claim_no,
            what,
            title=words.t("case.withdraw.title"),
            action=f"/c/{claim_no}/withdrawal",
            button=words.t("case.withdraw.confirm"),
        )
    offer = standing_offer(claim)
    if what != "accept_offer" or offer is None:
        raise not_found()
    return _confirm(
        page,
        claim_no,
        what,
        title=words.t("case.offer.accept_title"),
        action=f"/c/{claim_no}/offers/{offer.number}/accept",
        button=words.t("case.offer.accept"),
        offer=offer,
    )


async def load(page: Page, things: Things, claim_no: str) -> ClaimView:
    """The claim on a connection of its own."""
    async with things.db.connection() as conn:
        return await own_claim(conn, page, things, claim_no)


def standing_offer(claim: ClaimView) -> OfferView | None:
    """The offer that waits for an answer."""
    return next((offer for offer in claim.offers if offer.state == "open"), None)


def _confirm(
    page: Page,
    claim_no: str,
    what: str,
    *,
    title: str,
    action: str,
    button: str,
    offer: OfferView | None = None,
) -> Html:
    return page.show(
        "portal/templates/confirm.html",
        claim_no=claim_no,
        what=what,
        title=title,
        action=action,
        button=button,
        offer=offer,
    )


ROUTES = [
    show_claim,
    live_claim,
    show_letter,
    show_appeal,
    show_reopen,
    show_person,
    show_confirm,
]
