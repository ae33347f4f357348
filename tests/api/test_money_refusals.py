"""An amount that cannot be meant is refused with its reason, kept, and moves nothing."""

from typing import Any

import pytest
from litestar import Litestar

from makegood.ledger.refusals import latest_refusals
from tests.api.kit import Line, key_of
from tests.claims.town import Town


def payout(amount: object, currency: object = "CNY") -> dict[str, Any]:
    return {"order_no": "O-1", "amount": {"amount_minor": amount, "currency": currency}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (payout(-5), "amount_not_positive"),
        (payout(0), "amount_not_positive"),
        (payout(10**15 + 1), "amount_too_large"),
        (payout(10**30), "amount_too_large"),
        (payout(98.5), "input"),
        (payout("98.00"), "input"),
        (payout(9800, "USD"), "currency_wrong"),
        (payout(9800, "XYZ"), "currency_unknown"),
        (payout(9801), "insufficient_funds"),
    ],
)
async def test_a_payout_that_cannot_be_meant_is_refused_kept_and_moves_nothing(
    market: Line, town: Town, body: dict[str, Any], code: str
) -> None:
    await town.order()
    answer = await market.post("/payouts", body)
    assert (answer.status_code >= 400, answer.json()["code"]) == (True, code)
    async with town.db.connection() as conn:
        [kept] = await latest_refusals(conn, "main")
        moved = await conn.fetchval(
            "SELECT count(*) FROM transfer WHERE recipe IN ('settlement', 'payout')"
        )
    assert (kept.action, kept.code, moved) == ("payout.record", code, 0)


async def test_an_operator_reads_how_the_books_stand_and_a_shop_system_does_not(
    market: Line, app: Litestar, town: Town
) -> None:
    operator = Line(app, await key_of(town, "operator"))
    await town.order()
    await market.post("/payouts", payout(0))
    shown = (await operator.get("/ledger")).json()
    assert (shown["currency"], shown["pauses"], shown["debts"]) == ("CNY", [], [])
    assert shown["advances"]["fund_minor"] == 10_000_000
    assert [one["code"] for one in shown["refusals"]] == ["amount_not_positive"]
    assert (await market.get("/ledger")).status_code in (403, 404)
