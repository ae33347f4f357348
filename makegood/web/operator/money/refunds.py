"""The refund board: every refund by state with its age; the filters are the address."""

from collections.abc import Sequence

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from makegood.base.money import plain_amount
from makegood.ledger.journal import reading, store
from makegood.ledger.journal.reading import OPEN_STATES, STATES
from makegood.ledger.refund.actions import refund_board
from makegood.store.database import Record
from makegood.web.csv_stream import csv_answer
from makegood.web.operator.money.links import claim_link
from makegood.web.page import Html, Page, ThisPage
from makegood.web.paged_rows import rows_of
from makegood.web.things import TheThings


@get("/ops/refunds")
async def show_board(
    page: ThisPage,
    things: TheThings,
    show: FromQuery[str] = "",
    channel: FromQuery[str] = "",
    q: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Html:
    """Refunds of one state, or all that are under way, the longest waiting first."""
    page.need("ledger.read")
    market_id = page.market.market_id
    shown = show if show in (*STATES, "all") else ""
    async with things.db.connection() as conn:
        board = await refund_board(conn, market_id, page.now)
        found, following = await reading.page_of_refunds(
            conn, market_id, states_of(show), channel=channel[:40], q=q.strip()[:80], cursor=cursor
        )
        channels = await store.channels(conn, market_id)
    return page.show(
        "operator/templates/money/refunds.html",
        section="refunds",
        board={column.state: column for column in board},
        states=STATES,
        shown=shown,
        channel=channel,
        channels=channels,
        q=q,
        refunds=found,
        next_cursor=following,
        claim_link=claim_link,
    )


@get("/ops/refunds.csv")
async def export_board(
    page: ThisPage,
    things: TheThings,
    show: FromQuery[str] = "",
    channel: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Stream:
    """The same refunds as CSV."""
    page.need("ledger.read")
    market_id = page.market.market_id
    states = states_of(show)
    async with things.db.connection() as conn:
        total = await store.count_refunds(conn, market_id, states, channel[:40], q.strip()[:80])
    names = ("refund", "claim", "order", "channel", "amount", "currency", "state", "ordered")
    header = [page.words.text(f"books.csv.{name}") for name in (*names, "changed", "answer")]
    rows = rows_of(
        things.db,
        lambda conn, most, last: store.refunds(
            conn,
            market_id,
            states,
            channel[:40],
            q.strip()[:80],
            most,
            (last["ordered_at"], last["refund_no"]) if last is not None else None,
        ),
        lambda row: _line(page, row),
    )
    return csv_answer(f"refunds-{show or 'open'}.csv", header, rows, total)


def states_of(show: str) -> Sequence[str]:
    """The states that an address asks for: one, `all`, or all that are under way."""
    if show == "all":
        return STATES
    return [show] if show in STATES else OPEN_STATES


def _line(page: Page, row: Record) -> Sequence[object]:
    return (
        row["refund_no"],
        row["claim_no"],
        row["order_no"],
        row["channel"],
        plain_amount(row["amount_minor"], row["currency"]),
        row["currency"],
        page.words.text(f"money.state.refund.{row['state']}"),
        page.words.stamp(row["ordered_at"]),
        page.words.stamp(row["changed_at"]),
        str(page.words.said(row["answer"])),
    )


ROUTES: list[ControllerRouterHandler] = [show_board, export_board]
