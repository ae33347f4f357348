"""Many claims at once from a table: what each row led to, row by row."""

from litestar import get, post
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.claims.importing import COLUMNS, MOST_ROWS, RowResult, read_table, take_rows
from makegood.claims.looking import queue_counts
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.desk.frame import frame
from makegood.web.errors import refusal_words
from makegood.web.page import Html, Page, ThisPage
from makegood.web.things import TheThings, Things

LIMIT = 2 * 1024 * 1024


@get("/desk/batch")
async def show_batch(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """The form, with the columns it understands."""
    page.need("claim.import")
    return await _page(page, things, request, [])


@post("/desk/batch", request_max_body_size=LIMIT)
async def take_batch(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Open or add to a claim for every row; nothing is undone by a row that is refused."""
    page.need("claim.import")
    form = await read_form(request)
    upload = form.files.get("file")
    try:
        rows = read_table(await upload.read() if upload else b"")
        results = await take_rows(things.db, page.act(), things.desk, rows)
    except Refused as refused:
        fault = Fault(*refusal_words(page, refused))
        return await _page(page, things, request, [], fault=fault)
    return await _page(page, things, request, results)


async def _page(
    page: Page,
    things: Things,
    request: AnyRequest,
    results: list[RowResult],
    *,
    fault: Fault | None = None,
) -> Html:
    async with things.db.connection() as conn:
        counts = await queue_counts(conn, page.act())
    states = [one.state for one in results]
    return page.show(
        "desk/templates/batch.html",
        409 if fault else 200,
        **frame(page, request, "", counts),
        section="batch",
        results=results,
        sums={state: states.count(state) for state in dict.fromkeys(states)},
        columns=COLUMNS,
        most=MOST_ROWS,
        fault=fault,
    )


ROUTES: list[ControllerRouterHandler] = [show_batch, take_batch]
