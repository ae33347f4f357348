"""Which steps of a claim somebody must be told about, as jobs that commit with the step."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.claims import events as e
from makegood.claims.state import Claim, Recorded
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

NOTICE_JOB = "claim.notice"

Kind = Literal[
    "claim_received",
    "claim_declined",
    "evidence_asked",
    "seller_asked",
    "offer_made",
    "decision_made",
    "handed_to_person",
    "refund_sent",
    "refund_arrived",
    "replacement_ready",
    "message_arrived",
    "deadline_soon",
    "survey",
]
LATER_REVIEW = ("supplier_silent", "check_late", "person_asked", "remedy_failed", "reopened")
"""Reasons for a person's look that the buyer did not just cause or see."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a notice job. `version` names the event; with the kind it is told once."""

    claim_no: str
    version: int
    kind: Kind
    to: e.Party


def notice_jobs(act: Act, claim: Claim, recorded: Sequence[Recorded]) -> list[Job]:
    """A notice for every step that calls for one."""
    return [_job(act, notice) for one in recorded for notice in of(claim, one)]


async def remind(tx: Connection, act: Act, claim: Claim, deadline: e.Deadline) -> None:
    """Tell the side whose turn it is, both while they negotiate, that little time is left."""
    sides: dict[str, tuple[e.Party, ...]] = {"buyer": ("buyer",), "seller": ("seller",)}
    wanted = [
        Notice(claim_no=claim.claim_no, version=claim.version, kind="deadline_soon", to=side)
        for side in sides.get(deadline.turn, ("buyer", "seller"))
    ]
    await enqueue(tx, [_job(act, notice) for notice in wanted])


def of(claim: Claim, recorded: Recorded) -> list[Notice]:  # noqa: C901 - the closed list
    """The notices of one step."""

    def told(kind: Kind, *parties: e.Party) -> list[Notice]:
        return [
            Notice(claim_no=claim.claim_no, version=recorded.version, kind=kind, to=party)
            for party in parties
        ]

    match recorded.event:
        case e.CheckFinished():
            return told("claim_received", "buyer")
        case e.ClaimDeclined():
            return told("claim_declined", "buyer")
        case e.EvidenceAsked(party=party):
            return told("evidence_asked", party)
        case e.SellerAsked():
            return told("seller_asked", "seller")
        case e.OfferMade(by=by):
            return told("offer_made", "seller" if by == "buyer" else "buyer")
        case e.ClaimDecided():
            return told("decision_made", "buyer", "seller")
        case e.ReviewStarted(why=why) if why in LATER_REVIEW:
            return told("handed_to_person", "buyer")
        case e.MoneyMoved(kind="refund", state="sent" | "accepted" | "arrived" as state):
            return told("refund_arrived" if state == "arrived" else "refund_sent", "buyer")
        case e.MoneyMoved(kind="reissue" | "upgrade", state="arrived"):
            return told("replacement_ready", "buyer")
        case e.MessagePosted(audience=audience):
            return told("message_arrived", *_readers(recorded.by.role, audience))
        case e.SurveySent():
            return told("survey", "buyer")
        case _:
            return []


def _readers(author: str, audience: str) -> list[e.Party]:
    """The sides, other than the author, that may read a message."""
    sides: list[e.Party] = ["buyer", "seller"]
    return [side for side in sides if side != author and audience in ("all", side)]


def _job(act: Act, notice: Notice) -> Job:
    return Job(
        kind=NOTICE_JOB,
        market_id=act.market_id,
        payload=notice,
        run_at=act.now,
        subject=notice.claim_no,
        request_id=act.request_id,
        job_id=f"notice:{notice.claim_no}:{notice.version}:{notice.kind}:{notice.to}",
    )
