"""The results of audits for everybody: how they were drawn, how many matched, with the interval."""

from shlex import quote
from typing import Final
from urllib.parse import urlsplit

from litestar import get

from makegood.policy.backtest.intervals import wilson
from makegood.standing.audits import store
from makegood.standing.audits.rules import Audit, Drand, Typed, tally
from makegood.web.page import Html, ThisPage
from makegood.web.things import TheThings

RELAYS: Final = ("api.drand.sh", "drand.cloudflare.com")
"""Public relays of drand by two operators; both answer at /CHAIN/public/ROUND."""


def commands_for(audit: Audit) -> list[str]:
    """What anybody can type: a claim's place in the draw, and the round at another relay."""
    score = f"printf '%s\\n%s' {quote(audit.value)} AS-… | sha256sum"
    elsewhere = elsewhere_of(audit.beacon) if isinstance(audit.beacon, Drand) else ""
    return [score, f"curl {quote(elsewhere)}"] if elsewhere else [score]


def elsewhere_of(beacon: Drand) -> str:
    """The same round at a relay that the shop does not ask; empty for chains of other networks."""
    parts = urlsplit(beacon.url)
    if parts.hostname not in RELAYS:
        return ""
    other = next(host for host in RELAYS if host != parts.hostname)
    return f"https://{other}{parts.path.rstrip('/')}/public/{beacon.round}"


@get("/audits")
async def show_audits(page: ThisPage, things: TheThings) -> Html:
    """Every audit that was announced, finished or not."""
    page.need("public.read")
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        audits = await store.list_audits(conn, market_id)
        drawn = {
            one.audit_no: await store.drawn_of(conn, market_id, one.audit_no) for one in audits
        }
    tallies = {number: tally(found) for number, found in drawn.items()}
    return page.show(
        "public/templates/audits.html",
        audits=audits,
        tallies=tallies,
        intervals={n: wilson(one.mismatches, one.audited) for n, one in tallies.items()},
        typed=[one.audit_no for one in audits if isinstance(one.beacon, Typed)],
        commands={one.audit_no: commands_for(one) for one in audits if one.value},
    )


ROUTES = [show_audits]
