"""A town with claims in the states that staff and sellers meet."""

from datetime import timedelta

import msgspec

from makegood.base.ids import UnitRef
from makegood.claims import actions, staff_actions
from makegood.orders.questions import ask_question
from makegood.orders.supplier import SupplierQuestion
from makegood.people.markets.actions import put_suppliers
from tests.claims.town import Town, unit_line
from tests.web.staff_kit import add_person

STORY = "商品页写的是专业版，激活后显示教育版，卖家不承认，已经试过两台电脑"


class Scene(msgspec.Struct, frozen=True):
    """Claim numbers by what they wait for."""

    to_decide: str
    to_answer: str
    decided: str
    appealed: str

    def paths(self, person: str) -> list[str]:
        """The pages this person opens."""
        match person:
            case "xu":
                return [*self._desk(self.to_decide), f"/desk/appeals/{self.appealed}"]
            case "seller":
                return [
                    "/seller",
                    f"/seller/c/{self.to_answer}",
                    f"/seller/accept?claim={self.to_answer}",
                    f"/seller/c/{self.decided}",
                    "/account",
                ]
            case "op":
                return [
                    "/ops",
                    "/ops/keys",
                    "/ops/staff",
                    "/ops/sellers",
                    *(f"/setup/{step}" for step in STEPS),
                ]
            case "supplier":
                return ["/supplier", "/account"]
            case _:
                return ["/login"]

    def _desk(self, claim: str) -> list[str]:
        forms = "ask state-fact assign hand-over escalate set-lane tags decline depart"
        return [
            "/desk/q/all",
            "/desk/q/appeals",
            "/desk/find?q=教育版",
            f"/desk/c/{claim}",
            f"/desk/c/{self.decided}",
            *(f"/desk/c/{claim}/{form}" for form in forms.split()),
        ]


STEPS = ("shop", "categories", "payments", "team", "check")


async def furnish(street: Town) -> Scene:
    """Claims to decide, to answer, decided and appealed."""
    await add_person(street, "seller", "seller", seller_id="s-1", name="小满会员店")
    await _supplier(street)
    contested = await _contested(street, "O-9")
    waiting = await _filed(street, "O-10")
    decided = await _decided(street, "O-11")
    appealed = await _decided(street, "O-12")
    async with street.db.transaction() as tx:
        await actions.appeal(
            tx, street.seller, street.desk, appealed, disputed=[], text="快照里标题就是教育版"
        )
    return Scene(contested, waiting, decided, appealed)


async def _supplier(street: Town) -> None:
    """A supplier without any API, with a question to answer."""
    question = SupplierQuestion(
        unit=UnitRef("O-1", 1, 1),
        supplier_id="u-7",
        order_ref="UP-77",
        sku="XH-100",
        title="星海点卡 100 元",
        delivery_kind="key",
        target=None,
        key_tail="9F2C",
        paid_at=street.clock.now(),
        claim_no="AS-261120-JZ0001",
        reason="KEY02",
    )
    system, within = street.act("system", "system"), timedelta(hours=12)
    async with street.db.transaction() as tx:
        await put_suppliers(tx, street.act("market"), {"u-7": "北辰卡源"})
        await ask_question(tx, system, street.desk.ids, question, within)
    await add_person(street, "supplier", "supplier", supplier_id="u-7", name="北辰卡源")


async def _filed(street: Town, order_no: str) -> str:
    total = {"amount_minor": 29900, "currency": "CNY"}
    lines = unit_line(unit_price_minor=29900, title="极光办公授权，1 年")
    await street.order(order_no, lines=lines, total=total, payments=[])
    opened = await street.open("SND01", order_no, description=STORY)
    await street.file_all(opened.claim_no)
    return opened.claim_no


async def _contested(street: Town, order_no: str) -> str:
    claim_no = await _filed(street, order_no)
    async with street.db.transaction() as tx:
        await actions.answer_as_seller(
            tx, street.seller, street.desk, claim_no, "contest", "标题写的就是教育版"
        )
    return claim_no


async def _decided(street: Town, order_no: str) -> str:
    claim_no = await _contested(street, order_no)
    finding = min(street.desk.pack.findings)
    ruled = staff_actions.Ruled(
        finding=finding,
        remedy="explanation",
        shares={"buyer": 100},
        reason_text="快照里标题写明教育版。",
        reason_for_departure="快照里标题写明教育版。",
    )
    async with street.db.transaction() as tx:
        claim = await staff_actions.decide_claim(
            tx, street.act("agent", "chen"), street.desk, claim_no, ruled
        )
    assert claim.decision is not None, "an agent may decide this amount"
    return claim_no
