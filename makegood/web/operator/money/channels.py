"""What payment channels bear, by month and channel: to claim it from them, line by line."""

from typing import Final

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from makegood.base.money import plain_amount
from makegood.ledger.statements.channels import ChannelMonth, month_of_channels
from makegood.ledger.statements.months import read_month, recent_months
from makegood.web.csv_stream import csv_answer, each
from makegood.web.operator.money.links import claim_link
from makegood.web.page import Html, Page, ThisPage
from makegood.web.things import TheThings, Things

COLUMNS: Final = ("time", "kind", "channel", "claim", "order", "amount", "currency", "transfer")


@get("/ops/channels")
async def show_channels(
    page: ThisPage, things: TheThings, m: FromQuery[str] = "", channel: FromQuery[str] = ""
) -> Html:
    """Sums by channel, then every line of the month."""
    page.need("ledger.read")
    found = await _found(page, things, m, channel)
    return page.show(
        "operator/templates/money/channels.html",
        section="advances",
        st=found,
        channel=channel[:64],
        months=recent_months(page.now, page.words.zone),
        claim_link=claim_link,
    )


@get("/ops/channels.csv")
async def export_channels(
    page: ThisPage, things: TheThings, m: FromQuery[str] = "", channel: FromQuery[str] = ""
) -> Stream:
    """The shown lines for a spreadsheet."""
    page.need("ledger.read")
    found = await _found(page, things, m, channel)
    words = page.words
    rows = [
        (
            words.stamp(one.posted_at),
            words.text(f"books.line.{one.kind}"),
            one.channel,
            one.claim_no,
            one.order_no,
            plain_amount(one.amount_minor, found.currency),
            found.currency,
            one.transfer_id,
        )
        for one in found.lines
    ]
    header = [words.text(f"books.csv.{name}") for name in COLUMNS]
    return csv_answer(f"channels-{found.month}.csv", header, each(rows), len(rows))


async def _found(page: Page, things: Things, m: str, channel: str) -> ChannelMonth:
    market = page.market
    async with things.db.connection() as conn:
        return await month_of_channels(
            conn,
            market.market_id,
            read_month(m, page.now, page.words.zone),
            currency=market.settings.currency,
            now=page.now,
            channel=channel[:64],
        )


ROUTES: list[ControllerRouterHandler] = [show_channels, export_channels]
