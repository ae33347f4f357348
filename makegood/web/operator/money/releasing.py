"""Releases a payout: within the own limit at once, above it by a second person."""

from makegood.ledger.funds import store
from makegood.ledger.funds.actions import release_payout
from makegood.ledger.funds.rules import KIND_OF_SOURCE, Party, Payout
from makegood.people.approvals.actions import propose
from makegood.people.approvals.limits import needs_second_person
from makegood.people.approvals.rules import NewProposal
from makegood.store.database import Connection
from makegood.web.page import Page
from makegood.web.problem import not_found
from makegood.web.things import Things


async def payout_to(tx: Connection, page: Page, party: Party, payee_id: str, number: str) -> Payout:
    """A payout of this payee's page, locked; any other is unknown there."""
    payout = await store.lock_payout(tx, page.market.market_id, number)
    if payout is None or (payout.party, payout.payee_id) != (party, payee_id):
        raise not_found()
    return payout


async def release_or_ask(tx: Connection, page: Page, things: Things, payout: Payout) -> str:
    """Answers what was done, as the pages' addresses say it: `released` or `asked`."""
    kind, settings = KIND_OF_SOURCE[payout.source], page.market.settings
    if not needs_second_person(
        settings, kind, page.actor.role, payout.amount_minor, payout.currency
    ):
        await release_payout(tx, page.act(), payout.payout_no)
        return "released"
    why = page.words.t(f"funds.why_{payout.party}", no=payout.payout_no, payee=payout.payee_id)
    new = NewProposal(
        kind=kind,
        subject=payout.payout_no,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        payload={f"{payout.party}_id": payout.payee_id},
        why=str(why),
        key=payout.payout_no,
    )
    by, name = page.caller.account_id, page.caller.display_name
    await propose(tx, page.act(), things.ids, new, by=by, by_name=name)
    return "asked"
