"""Asking somebody outside about a claim, reminding them once, and taking their one answer."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.claims import staff_actions
from makegood.claims.desk import Desk
from makegood.claims.outside import store
from makegood.claims.outside.rules import (
    LINK_PURPOSE,
    LONGEST,
    OutsideAnswer,
    OutsideCase,
    check_answer,
    check_due,
    remind_at,
)
from makegood.claims.remedies import ALL
from makegood.claims.state import Claim
from makegood.claims.store import load
from makegood.people.links.store import insert_link
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

ASK_JOB: Final = "outside.ask"
REMIND_JOB: Final = "outside.remind"


class OutsideJob(msgspec.Struct, frozen=True):
    """What the jobs that mail a question, or a reminder of it, carry."""

    ref_no: str


async def ask_outside(tx: Connection, act: Act, desk: Desk, ids: Ids, case: OutsideCase) -> Claim:
    """Hand the claim to somebody outside until the promised time, by mail where there is one.

    `case` comes without numbers; they are given here.

    Raises:
        Refused: `too_early`, `outside_too_late`; as `staff_actions.refer_outside`.
    """
    check_due(act.now, case.due_at)
    asked = msgspec.structs.replace(
        case, ref_no=ids.uuid(), link_id=ids.uuid(), asked_at=act.now, asked_by=act.actor.id
    )
    claim = await staff_actions.refer_outside(
        tx, act, desk, asked.claim_no, body=asked.body, due_at=asked.due_at
    )
    await store.insert_case(tx, act.market_id, asked)
    subject = {"ref_no": asked.ref_no, "claim_no": asked.claim_no}
    await insert_link(
        tx, act.market_id, asked.link_id, LINK_PURPOSE, subject, act.now, act.now + LONGEST
    )
    if asked.contact:
        await enqueue(tx, _mails(act, asked))
    return claim


async def answer_outside(
    tx: Connection, act: Act, desk: Desk, ref_no: str, answer: OutsideAnswer
) -> Claim:
    """Take the one answer; a person of ours decides with it, whatever it recommends.

    Raises:
        Refused: `not_found`, `already_answered`; as `check_answer`.
    """
    case = await store.load_case(tx, act.market_id, ref_no)
    loaded = await load(tx, act.market_id, case.claim_no) if case else None
    if case is None or loaded is None:
        raise Refused("not_found")
    check_answer(case, answer, loaded.claim.opened.claimed_minor)
    known = desk.shelf.names().findings
    if (answer.finding and answer.finding not in known) or answer.remedy not in ("", *ALL):
        raise Refused("remedy_not_available", finding=answer.finding, remedy=answer.remedy)
    if not await store.write_answer(tx, act.market_id, ref_no, answer, act.now):
        raise Refused("already_answered")
    return await staff_actions.note_outside_answer(
        tx, act, desk, case.claim_no, answer.text, case.body, answer
    )


def _mails(act: Act, case: OutsideCase) -> list[Job]:
    times = {ASK_JOB: act.now, REMIND_JOB: remind_at(act.now, case.due_at)}
    return [
        Job(
            kind=kind,
            market_id=act.market_id,
            payload=OutsideJob(case.ref_no),
            run_at=at,
            subject=case.claim_no,
            request_id=act.request_id,
        )
        for kind, at in times.items()
    ]
