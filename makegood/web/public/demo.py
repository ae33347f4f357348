"""The demo's door: one press makes a visitor one of the invented people. Only in the demo."""

from typing import Final

from litestar import post
from litestar.response import Redirect

from makegood.people.staff.sessions import begin_session
from makegood.people.staff.store import load_credentials
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.operator.cookies import HOME, door_act, go_with, signed_in, visitor_of
from makegood.web.page import ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings


@post("/demo/as")
async def become(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """Begin a session of an invented account, its second factor taken as shown."""
    name = (await read_form(request)).text("name", 200)
    demo = things.demo
    if demo is None or name not in {person.sign_in_name for person in demo.people}:
        raise not_found()
    async with things.db.transaction() as tx:
        found = await load_credentials(tx, page.market.market_id, name)
        if found is None:
            raise not_found()
        opened = await begin_session(
            tx,
            door_act(page),
            things.ids,
            found.account,
            second_factor=True,
            browser=visitor_of(request).browser,
        )
    return go_with(page, HOME[found.account.role], signed_in(page, opened.token))


ROUTES: Final = [become]
