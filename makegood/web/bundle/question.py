"""The question that goes with a claim to somebody outside, as a file beside the bundle."""

from typing import Final

from makegood.base.time import rfc3339
from makegood.claims.outside.rules import OutsideCase
from makegood.claims.outside.store import cases_of
from makegood.store.database import Connection

NAME: Final = "question.txt"


def question_file(case: OutsideCase) -> dict[str, bytes]:
    """Name and content: who was asked what, and until when."""
    times = f"{rfc3339(case.asked_at)} / {rfc3339(case.due_at)}"
    return {NAME: f"{case.body}\n{times}\n\n{case.question}\n".encode()}


async def question_of(
    conn: Connection, market_id: str, claim_no: str, ref_no: str = ""
) -> dict[str, bytes]:
    """The newest question about a claim, or the one of this number; nothing where nobody asked."""
    cases = await cases_of(conn, market_id, claim_no)
    asked = [case for case in cases if ref_no in ("", case.ref_no)]
    return question_file(asked[-1]) if asked else {}
