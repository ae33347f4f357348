"""How the books stand, for operators and auditors: pauses, advances, coupons, refused requests."""

from typing import Final

import msgspec

from makegood.ledger.advance.actions import AdvanceFigures, AgeingRow, advance_figures, ageing
from makegood.ledger.audits.pause import Pause, all_pauses
from makegood.ledger.coupons.actions import BatchFigures, coupon_figures
from makegood.ledger.refusals import Refusal, latest_refusals
from makegood.web.api.operation import Answer, Call, Operation


class BooksShown(msgspec.Struct, frozen=True, kw_only=True):
    """The market's books in its own currency; amounts are minor units, lists latest first."""

    currency: str
    advances: AdvanceFigures
    debts: list[AgeingRow]
    coupons: list[BatchFigures]
    pauses: list[Pause]
    refusals: list[Refusal]


async def read_books(call: Call) -> Answer:
    """Fund, quota and day; debts by age; coupons by month; pauses; refused requests."""
    conn, market_id, now = call.conn, call.act.market_id, call.act.now
    market = await call.things.markets.get(market_id, now)
    currency = market.settings.currency if market else "CNY"
    shown = BooksShown(
        currency=currency,
        advances=await advance_figures(conn, market_id, currency, now),
        debts=await ageing(conn, market_id, currency, now),
        coupons=await coupon_figures(conn, market_id, currency),
        pauses=await all_pauses(conn, market_id),
        refusals=await latest_refusals(conn, market_id),
    )
    return Answer(body=shown)


OPERATIONS: Final = (
    Operation(
        name="readBooks",
        method="GET",
        path="/ledger",
        action="ledger.read",
        summary="How the books stand: fund, quota, debts by age, coupons, pauses, refusals.",
        run=read_books,
        uses="connection",
        answer=BooksShown,
    ),
)
