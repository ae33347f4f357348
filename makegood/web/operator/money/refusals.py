"""What was refused about money: typed, called and notified, with who wanted it and why not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from litestar import get
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from makegood.ledger.refusals import latest_refusals, latest_refused_notices
from makegood.people.markets.store import list_sellers
from makegood.people.staff.store import list_accounts
from makegood.web.page import Html, Page, ThisPage
from makegood.web.things import TheThings

SHOWN: Final = ("requests", "notices")
ROWS: Final = 50


@get("/ops/refusals")
async def show_refusals(
    page: ThisPage,
    things: TheThings,
    show: FromQuery[str] = "requests",
    before: FromQuery[str] = "",
) -> Html:
    """Refused requests or notifications, the latest first; older ones are a link."""
    page.need("ledger.read")
    shown = show if show in SHOWN else "requests"
    market_id, until = page.market.market_id, _moment(before)
    async with things.db.connection() as conn:
        people = await list_accounts(conn, market_id)
        sellers = await list_sellers(conn, market_id)
        requests = notices = None
        if shown == "requests":
            requests = await latest_refusals(conn, market_id, ROWS, until)
        else:
            notices = await latest_refused_notices(conn, market_id, ROWS, until)
    found = requests or notices or []
    return page.show(
        "operator/templates/money/refusals.html",
        section="refusals",
        scope=SHOWN,
        shown=shown,
        requests=[
            (one, reason_of(page, one.code), told(page, one.detail)) for one in requests or ()
        ],
        notices=notices or [],
        names={one.account_id: one.display_name for one in people}
        | {one.seller_id: one.name for one in sellers},
        older=found[-1].at.isoformat() if len(found) >= ROWS else "",
    )


def reason_of(page: Page, code: str) -> str:
    """A code in words: that of a rule, or of a call that could not be read."""
    for key in (f"refusal.{code}.title", f"api.problem.{code}.title"):
        if page.words.has(key):
            return page.words.text(key, n=0)
    return code


def told(page: Page, detail: Mapping[str, object]) -> list[tuple[str, str]]:
    """A refusal's details by their names in words: amounts and texts, no bare numbers."""
    spoken = page.words.of_refusal(detail)
    return [
        (page.words.text(f"books.refusals.detail.{name}"), str(value))
        for name, value in spoken.items()
        if page.words.has(f"books.refusals.detail.{name}") and value and not isinstance(value, int)
    ]


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


ROUTES: list[ControllerRouterHandler] = [show_refusals]
