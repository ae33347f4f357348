"""What the demo's start page offers: four orders, people to be, and where the mails are."""

from makegood.demo.cast import QUERY_PASSWORD, SELLERS, STAFF, SUPPLIERS, TRY
from makegood.demo.tree import ports
from makegood.settings import Settings
from makegood.web.things import Demo, DemoOrder, DemoPerson


def of(settings: Settings) -> Demo:
    """The offer of this data folder's demo."""
    staff = [DemoPerson(one.sign_in_name, one.name, one.role) for one in reversed(STAFF)]
    sellers = [DemoPerson(one.sign_in_name, one.name, "seller") for one in SELLERS]
    suppliers = [
        DemoPerson(one.sign_in_name, one.name, "supplier") for one in SUPPLIERS if one.sign_in_name
    ]
    return Demo(
        orders=tuple(
            DemoOrder(one.order_no, QUERY_PASSWORD, one.title_zh, one.title_en) for one in TRY
        ),
        people=(*sellers, *suppliers, *staff),
        mailbox_url=f"http://127.0.0.1:{ports(settings.folder).mailbox}/",
    )
