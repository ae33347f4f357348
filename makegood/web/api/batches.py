"""Many claims in one call: each row has its own result, and a refused one stops no other."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from makegood.claims.importing import LONGEST_TEXT, MOST_ROWS, Row, RowResult, take_rows
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import Input


class RowWanted(Input, frozen=True, kw_only=True):
    """With `claim_no` a note on that claim, otherwise a new claim about a unit of an order."""

    order_no: Annotated[str, Meta(max_length=128)] = ""
    line_no: Annotated[int, Meta(ge=0, le=200)] | None = None
    unit: Annotated[int, Meta(ge=0, le=1000)] | None = None
    reason: Annotated[str, Meta(max_length=40)] = ""
    description: Annotated[str, Meta(max_length=LONGEST_TEXT)]
    wants: Annotated[str, Meta(max_length=40)] = "refund"
    external_id: Annotated[str, Meta(max_length=128)] = ""
    claim_no: Annotated[str, Meta(max_length=40)] = ""


class Batch(Input, frozen=True, kw_only=True):
    """Up to 500 rows."""

    rows: Annotated[tuple[RowWanted, ...], Meta(min_length=1, max_length=MOST_ROWS)]


class BatchTaken(msgspec.Struct, frozen=True):
    """One result for each row, in their order; `code` is a refusal's."""

    results: list[RowResult]


async def take(call: Call) -> Answer:
    """Open or add to a claim for each row, each in a transaction of its own."""
    wanted = call.body_as(Batch)
    rows = [Row(**msgspec.structs.asdict(row)) for row in wanted.rows]
    results = await take_rows(call.things.db, call.act, call.things.desk, rows)
    return Answer(body=BatchTaken(results))


OPERATIONS: Final = (
    Operation(
        name="takeBatch",
        method="POST",
        path="/claims/batch",
        action="claim.import",
        summary="Open or add to up to 500 claims; each row has its own result.",
        run=take,
        reads="json",
        uses="nothing",
        body=Batch,
        answer=BatchTaken,
        example={
            "rows": [{"order_no": "O-1", "reason": "KEY01", "description": "兑换时提示卡密无效"}]
        },
    ),
)
