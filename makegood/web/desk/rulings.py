"""Ruling differently from the proposal, or where there is none: finding, shares, written reason."""

from collections.abc import Mapping
from typing import Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from makegood.base.money import plain_amount
from makegood.base.refusal import Refused
from makegood.claims.lease import end_lease, take_lease
from makegood.claims.looking import queue_counts, view_claim
from makegood.claims.precedents.actions import family_of
from makegood.claims.precedents.rules import Family
from makegood.claims.remedies import ALL
from makegood.claims.staff_actions import Ruled, decide_claim
from makegood.claims.view import ClaimView
from makegood.ledger.amounts import read_minor
from makegood.web.desk.claim import need_staff, queue_of
from makegood.web.desk.faults import Fault, fault_of, status_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.frame import frame
from makegood.web.desk.queue import with_done
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.things import TheThings, Things

SHARE_PARTIES: Final = ("buyer", "seller", "supplier", "platform", "channel")
LIKES_SHOWN: Final = 3
REASON_LETTERS: Final = 20
EMPTY_PHRASES: Final = ("情况特殊", "酌情", "特殊情况", "special circumstances", "case by case")


@get("/desk/c/{claim_no:str}/depart")
async def show_ruling(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html:
    """The form, filled with what the rules propose."""
    need_staff(page, "claim.decide")
    return await _page(page, things, request, claim_no, None)


@post("/desk/c/{claim_no:str}/depart")
async def rule(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html | Redirect:
    """Decide as written; above one's limit or against the rules another person releases it."""
    need_staff(page, "claim.decide")
    form = await read_form(request)
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        likes = await family_of(conn, page.act(), things.desk, claim_no)
    wrong = fault_in(form, claim, likes)
    if wrong:
        if wrong == "amount":
            await keep_refusal(page, things, "claim.decide", amount_refused(form, claim))
        text = page.words.t(f"desk.depart_form.errors.{wrong}")
        return await _page(page, things, request, claim_no, form, Fault(text, ""))
    try:
        async with things.db.transaction() as tx:
            await end_lease(tx, page.act(), claim_no)
            decided = await decide_claim(
                tx, page.act(), things.desk, claim_no, ruled_of(form, claim), form.whole("version")
            )
    except Refused as refused:
        await keep_refusal(page, things, "claim.decide", refused)
        fault = fault_of(page, refused)
        return await _page(page, things, request, claim_no, form, fault, status_of(refused))
    done = "proposed" if decided.proposed is not None else "decided"
    return page.go(with_done(f"/desk/c/{claim_no}", done))


async def _page(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    form: Form | None,
    fault: Fault | None = None,
    status: int = 409,
) -> Html:
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        likes = await family_of(conn, page.act(), things.desk, claim_no)
        counts = await queue_counts(conn, page.act())
    if fault is None and "depart" not in claim.may:
        raise Refused("claim_not_open", state=claim.state, step="decide")
    async with things.db.transaction() as tx:
        lease = await take_lease(tx, page.act(), claim_no, page.caller.display_name)
    return page.show(
        "desk/templates/depart.html",
        200 if fault is None else status,
        **frame(page, request, queue_of(request), counts, rail=True),
        c=claim,
        base=f"/desk/c/{claim_no}",
        fault=fault,
        lease=lease,
        form=form or proposal_form(claim),
        **choices(things, claim),
        **side_by_side(likes),
    )


def side_by_side(likes: Family) -> dict[str, object]:
    """The like claims with every fact that any of them knows, and those that differ somewhere."""
    points = [point for like in likes.nearest[:LIKES_SHOWN] for point in like.points]
    return {
        "likes": likes,
        "likes_facts": list(dict.fromkeys(point.fact for point in points)),
        "likes_differ": {point.fact for point in points if not point.same},
        "likes_here": {point.fact: point.here for point in points},
    }


def choices(things: Things, claim: ClaimView) -> dict[str, object]:
    """What a ruling chooses from: findings of the claim's reason first, remedies, bearers."""
    pack = things.desk.shelf.names()
    reason = pack.reasons.get(claim.reason)
    rows = pack.tables[reason.table].rows if reason else ()
    own = list(dict.fromkeys(code for row in rows if (code := row.outcome.get("finding"))))
    others = sorted(code for code in pack.findings if code not in own)
    return {
        "own_findings": own,
        "other_findings": others,
        "remedies": [code for code in pack.head.remedies if code in ALL],
        "share_parties": SHARE_PARTIES,
    }


def proposal_form(claim: ClaimView) -> Form:
    """The form as the rules propose it, or empty where they propose nothing."""
    outcome = claim.suggestion or claim.decision
    if outcome is None:
        return Form({"remedy": ["refund_full"], "share_seller": ["100"]})
    shares = {f"share_{party}": [str(share)] for party, share in outcome.shares.items()}
    amount = (
        plain_amount(outcome.amount_minor, claim.order.currency) if outcome.amount_minor else ""
    )
    return Form(
        {
            "finding": [outcome.finding],
            "remedy": [outcome.remedy],
            "amount": [amount],
            **shares,
        }
    )


def fault_in(form: Form, claim: ClaimView, likes: Family) -> str:
    """The first thing that is wrong with a ruling's form, as a key of its words; empty if none."""
    reason = form.text("reason_text")
    amount = form.amount_minor("amount", claim.order.currency)
    checks: Mapping[str, bool] = {
        "finding": bool(form.text("finding")),
        "amount": not form.text("amount")
        or (amount is not None and 0 <= amount <= claim.claimed_minor),
        "shares": sum(shares_of(form).values()) == 100,
        "differs": not _departs(form, claim, likes) or bool(form.many("differs")),
        "reason": len(reason) >= REASON_LETTERS,
        "vague": not is_empty_phrase(reason),
    }
    return next((name for name, fits in checks.items() if not fits), "")


def amount_refused(form: Form, claim: ClaimView) -> Refused:
    """Why the amount of a ruling's form cannot be refunded."""
    try:
        minor = read_minor(form.text("amount"), claim.order.currency)
    except Refused as refused:
        return refused
    return Refused(
        "amount_not_positive" if minor < 0 else "exceeds_paid", most_minor=claim.claimed_minor
    )


def is_empty_phrase(reason: str) -> bool:
    """Whether a reason says hardly more than that the case is special."""
    rest = reason.casefold()
    for phrase in EMPTY_PHRASES:
        rest = rest.replace(phrase, "")
    return rest != reason.casefold() and len(rest.strip("，。,. ")) < REASON_LETTERS // 2


def shares_of(form: Form) -> dict[str, int]:
    """Who bears what, in percent; parties that bear nothing are left out."""
    shares = {party: form.whole(f"share_{party}") for party in SHARE_PARTIES}
    return {party: share for party, share in shares.items() if share}


def ruled_of(form: Form, claim: ClaimView) -> Ruled:
    """The ruling as the form asks for it."""
    text = form.text("reason_text")
    points = form.many("differs")
    departure = "；".join([*points, text]) if points else text
    return Ruled(
        finding=form.text("finding", 80),
        remedy=form.text("remedy", 40),
        amount_minor=form.amount_minor("amount", claim.order.currency),
        shares=shares_of(form),
        reason_text=text,
        reason_for_departure=departure,
    )


def _departs(form: Form, claim: ClaimView, likes: Family) -> bool:
    """From the suggestion, or where there is none from what like claims bind to."""
    usual = claim.suggestion.finding if claim.suggestion is not None else likes.binding
    return usual not in ("", form.text("finding"))


ROUTES = [show_ruling, rule]
