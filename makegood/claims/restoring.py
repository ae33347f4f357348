"""After a changed decision: who bears what was refunded follows it, whoever bore it before.

What a buyer received is never taken back: what the standing decision would not give, the market
bears. A supplier's part is corrected on its next statement, a seller's in its funds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.claims import events as e
from makegood.claims.bearing import agreed_percents
from makegood.claims.carrying import SUPPLIER_LATE, borne_by
from makegood.claims.desk import Desk
from makegood.claims.frame import units_of
from makegood.claims.remedies import MONEY, NOTHING
from makegood.claims.saving import Held, append, hold
from makegood.claims.state import Claim
from makegood.ledger.advance.actions import caps_of
from makegood.ledger.corrections.actions import Corrected, Wanted, correct
from makegood.ledger.corrections.coupons import correct_coupons
from makegood.ledger.corrections.rules import BEARERS, Bearer, Case, Line, Shift
from makegood.ledger.coupons.actions import coupons_of_claim
from makegood.ledger.coupons.rules import Coupon
from makegood.ledger.recipes import Funding
from makegood.ledger.refund.actions import refunds_of_claim
from makegood.ledger.refund.rules import Refund
from makegood.ledger.statements.agreements import with_agreement
from makegood.ledger.statements.disputes import accepted_of_claim
from makegood.orders.facts import UnitFacts
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

BEARING_JOB: Final = "claim.bearing"
AGAIN: Final = timedelta(hours=1)
"""When what waits for room in the guarantee fund is looked at again."""


class CorrectBearing(msgspec.Struct, frozen=True):
    """The payload of the job that lets the bearing of refunds follow the decision."""

    claim_no: str


async def correct_bearing_later(tx: Connection, act: Act, claim: Claim) -> None:
    """Ask for it in this transaction: when a decision took an earlier one's place, and when a
    refund of an earlier one arrives after that. Without an earlier decision nothing can differ.
    """
    if claim.earlier:
        await enqueue(tx, [_job(act, claim.claim_no)])


async def correct_bearing(tx: Connection, act: Act, desk: Desk, claim_no: str) -> Corrected | None:
    """Move what the standing decision lays on somebody else; None where nothing can differ.

    It compares what is with what ought to be, so it may run at any time and twice.
    """
    act = msgspec.structs.replace(act, actor=SYSTEM)
    held = await hold(tx, act, claim_no)
    claim = held.claim
    if claim.decision is None or not claim.earlier:
        return None
    refunds = await refunds_of_claim(tx, act.market_id, claim_no)
    arrived = [refund for refund in refunds if refund.state == "arrived"]
    units = await units_of(tx, act.market_id, claim)
    percents = await agreed_percents(tx, act, claim, units)
    off = await accepted_of_claim(tx, act.market_id, claim_no, claim.opened.currency)
    wanted = _wanted(claim, units, arrived, percents, off)
    corrected = await correct(tx, act, wanted)
    given = await coupons_of_claim(tx, act.market_id, claim_no)
    moves = coupon_shifts(claim, given, known_supplier=bool(wanted.case.supplier_id))
    first = wanted.first + len(corrected.corrections)
    after = await correct_coupons(tx, act, msgspec.structs.replace(wanted, first=first), moves)
    corrected = msgspec.structs.replace(
        corrected,
        corrections=[*corrected.corrections, *after.corrections],
        transfers=[*corrected.transfers, *after.transfers],
    )
    await _note(tx, act, desk, held, corrected)
    return corrected


def bearing_now(
    claim: Claim, arrived: Sequence[Refund], off: Sequence[tuple[str, int]]
) -> tuple[list[Line], dict[str, int]]:
    """Who bears each refund, and all of them together with what was moved by hand."""
    lines = [Line(number=one.refund_no, borne=_with_shifts(claim, one)) for one in arrived]
    whole = Counter[str]()
    for line in lines:
        whole.update(line.borne)
    known = {line.number for line in lines} | _coupon_numbers(claim)
    for part in claim.shifted:
        if part.line not in known:
            whole[part.giver] -= part.amount_minor
            whole[part.taker] += part.amount_minor
    for bearer, minor in off:
        whole["supplier"] -= minor
        whole[bearer] += minor
    return lines, {party: minor for party, minor in whole.items() if minor}


def bearing_wanted(
    claim: Claim,
    arrived: Sequence[Refund],
    percents: Mapping[UnitRef, int],
    off: Sequence[tuple[str, int]],
) -> dict[str, int]:
    """Who ought to bear the refunds by the standing decision and the suppliers' agreements.

    What the decision itself ordered lies right. What an accepted dispute took off a supplier
    stays off it.
    """
    decision = claim.decision
    assert decision is not None, "a decision stands"
    whole = Counter[str]()
    left = _given_by(claim, decision, arrived)
    for refund in arrived:
        if _number(refund) >= decision.number:
            whole.update(_paid_by(refund.sources))
            continue
        part = min(left, refund.amount_minor)
        left -= part
        percent = percents.get(refund.unit, 100)
        whole.update(with_agreement(borne_by(decision, part), percent) if part else {})
        whole["platform"] += refund.amount_minor - part
    for bearer, minor in off:
        kept = min(minor, whole["supplier"])
        whole["supplier"] -= kept
        whole[bearer] += kept
    return {party: minor for party, minor in whole.items() if minor}


def coupon_shifts(claim: Claim, given: Iterable[Coupon], *, known_supplier: bool) -> list[Shift]:
    """Coupons of earlier decisions whose cost the standing one lays on somebody else.

    The supplier's is a coupon for its own broken promise; a seller keeps what it took on only
    while the decision says so.
    """
    decision = claim.decision
    assert decision is not None, "a decision stands"
    late = decision.finding == SUPPLIER_LATE and bool(decision.shares.get("supplier"))
    found = []
    for coupon in given:
        cause, _, number = coupon.cause.partition("-")
        if cause != "decision" or int(number) >= decision.number:
            continue
        bears: Bearer = coupon.borne_by
        for part in claim.shifted:
            bears = _bearer(part.taker) if part.line == coupon.coupon_no else bears
        keeps = bears == "seller" and decision.shares.get("seller") == 100
        ought: Bearer = "supplier" if late and known_supplier else "platform"
        if bears != ought and not keeps:
            minor = coupon.amount_minor
            line = coupon.coupon_no
            found.append(Shift(giver=bears, taker=ought, amount_minor=minor, line=line))
    return found


def _bearer(party: str) -> Bearer:
    return next(one for one in BEARERS if one == party)


def _coupon_numbers(claim: Claim) -> set[str]:
    return {moved.number for moved in claim.money if moved.kind == "coupon"}


def _given_by(claim: Claim, decision: e.Decision, arrived: Iterable[Refund]) -> int:
    """How much of the earlier refunds the standing decision gives the buyer too."""
    remedy = claim.chosen or decision.remedy
    if remedy in NOTHING:
        return 0
    earlier = sum(one.amount_minor for one in arrived if _number(one) < decision.number)
    return min(earlier, decision.amount_minor) if remedy in MONEY else earlier


def _wanted(
    claim: Claim,
    units: Sequence[UnitFacts],
    arrived: Sequence[Refund],
    percents: Mapping[UnitRef, int],
    off: Sequence[tuple[str, int]],
) -> Wanted:
    decision, opened = claim.decision, claim.opened
    assert decision is not None, "a decision stands"
    lines, bears = bearing_now(claim, arrived, off)
    case = Case(
        claim_no=claim.claim_no,
        order_no=opened.order_no,
        seller_id=opened.seller_id,
        supplier_id=next((unit.supplier_id for unit in units if unit.supplier_id), ""),
        channel="+".join(sorted({refund.leg.channel for refund in arrived})),
        currency=opened.currency,
        rule=f"{decision.rule_id}@{decision.rule_version}",
        key=f"{decision.number}/{len(claim.shifted)}",
    )
    return Wanted(
        case=case,
        bears=bears,
        ought=bearing_wanted(claim, arrived, percents, off),
        lines=lines,
        first=len(claim.shifted) + 1,
        decision_no=decision.number,
        appeal_no=len(claim.appealed),
        sku=units[0].sku if units else "",
        finding=decision.finding,
    )


async def _note(tx: Connection, act: Act, desk: Desk, held: Held, corrected: Corrected) -> None:
    claim = held.claim
    assert claim.decision is not None, "a decision stands"
    if corrected.corrections:
        event = e.BearingCorrected(
            decision_no=claim.decision.number,
            moved=[
                e.MovedPart(
                    number=one.correction_no,
                    giver=one.giver,
                    taker=one.taker,
                    amount_minor=one.amount_minor,
                    line=one.line,
                )
                for one in corrected.corrections
            ],
            waiting_minor=corrected.waiting_minor,
            transfers=corrected.transfers,
        )
        await append(tx, act, desk, held, [event])
    if corrected.waiting_minor and (await caps_of(tx, act.market_id)).pays_first:
        later = msgspec.structs.replace(act, now=act.now + AGAIN)
        await enqueue(tx, [_job(later, claim.claim_no, f"{later.now:%Y%m%d%H}")])


def _with_shifts(claim: Claim, refund: Refund) -> dict[str, int]:
    borne = _paid_by(refund.sources)
    for part in claim.shifted:
        if part.line == refund.refund_no:
            borne[part.giver] -= part.amount_minor
            borne[part.taker] += part.amount_minor
    return dict(borne)


def _paid_by(sources: Iterable[Funding]) -> Counter[str]:
    """Who gave a refund's money or owed it, in minor units."""
    parts = Counter[str]()
    for source in sources:
        kind = source.account.partition(":")[0]
        party = kind.removesuffix("_receivable")
        if kind in ("escrow", "seller_balance"):
            party = "seller"
        elif kind == "compensation_cost":
            party = "platform"
        parts[party] += source.amount_minor
    return parts


def _number(refund: Refund) -> int:
    """Which decision of its claim ordered a refund."""
    return int(refund.refund_key.split("/")[1])


def _job(act: Act, claim_no: str, once: str = "") -> Job:
    return Job(
        kind=BEARING_JOB,
        market_id=act.market_id,
        payload=CorrectBearing(claim_no),
        run_at=act.now,
        subject=claim_no,
        request_id=act.request_id,
        job_id=f"bearing:{claim_no}:{once}" if once else "",
    )
