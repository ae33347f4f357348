"""Contracts with business customers: own clocks and hours, and a truthful list of what was kept."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from makegood.base.business_time import Calendar, Slot
from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions, store
from makegood.claims.events import Deadline
from makegood.claims.kept import Promise, promises_of
from makegood.claims.staff_actions import Ruled
from makegood.claims.state import Claim
from makegood.people.contracts.actions import put_contract
from makegood.people.contracts.rules import Contract, Standard, standard_for, wrong_fields
from tests.claims.town import Town, unit_line

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Calendar(
    week=[*([[Slot(9 * 60, 12 * 60), Slot(13 * 60 + 30, 18 * 60)]] * 5), [], []],
    holidays=[date(2026, 11, 26), date(2026, 11, 27)],
)
CONTRACT = Contract(
    contract_id="yunqi",
    name="云起网吧",
    tier="enterprise",
    buyer_ids=("b-1",),
    manager_id="chen",
    begins_on=date(2026, 1, 1),
    minutes={"first_response": 5, "next_reply": 60, "decision": 240},
    calendar=OFFICE,
    standards=(Standard(reason="SND", remedies=("refund_full", "replace"), within_minutes=480),),
)
WRONG_SPEC = "买的是国服卡，收到的是国际服，昨天晚上发现的"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai; the 25th is a Wednesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


async def agree(town: Town, contract: Contract = CONTRACT) -> None:
    async with town.db.transaction() as tx:
        await put_contract(tx, town.act("operator", "op"), contract, 0)
    town.desk.contracts.forget("main")


async def filed(town: Town, at: datetime, order_no: str = "O-1") -> str:
    """A claim about goods without a supplier."""
    town.clock.at = at
    await town.order(
        order_no,
        lines=unit_line(supplier=None),
    )
    return (await town.open("SND01", order_no, description=WRONG_SPEC)).claim_no


async def claim_of(town: Town, claim_no: str) -> Claim:
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    return loaded.claim


async def clock(town: Town, claim_no: str, kind: str) -> Deadline | None:
    found = (await claim_of(town, claim_no)).deadlines
    return next((deadline for deadline in found if deadline.kind == kind), None)


async def kept(town: Town, claim_no: str) -> Mapping[str, Promise]:
    """The promises of a claim by kind; of a kind that stands twice, the last."""
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    found = promises_of(loaded.history, CONTRACT.standards, town.clock.at)
    return {promise.kind: promise for promise in found}


async def write(town: Town, claim_no: str, who: str) -> None:
    act = {"buyer": town.buyer, "agent": town.agent, "seller": town.seller}[who]
    async with town.db.transaction() as tx:
        await actions.post_message(tx, act, town.desk, claim_no, f"{who} {town.clock.at}")


async def test_a_contract_sets_the_clocks_and_the_manager_owns_the_claim(town: Town) -> None:
    await agree(town)
    claim = await claim_of(town, await filed(town, local(23, 10)))
    found = {d.kind: d.at for d in claim.deadlines}
    assert found["first_response"] == local(23, 10, 5)
    assert found["decision"] == local(23, 15, 30)
    assert claim.owner_name == "陈默"
    assert claim.opened.contract is not None
    assert (claim.opened.contract.contract_id, claim.opened.contract.version) == ("yunqi", 1)


async def test_two_slots_a_day_and_a_holiday_do_not_count(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(25, 17))
    decision = await clock(town, claim_no, "decision")
    assert decision is not None
    assert decision.at == local(30, 12), "an hour on Wednesday, then Monday's morning slot"


async def test_a_customer_without_a_contract_keeps_the_usual_clocks(town: Town) -> None:
    await agree(town, msgspec.structs.replace(CONTRACT, buyer_ids=("b-2",)))
    claim_no = await filed(town, local(23, 10))
    decision = await clock(town, claim_no, "decision")
    assert decision is not None
    assert decision.at == local(24, 10)


@pytest.mark.parametrize(
    "dates", [{"begins_on": date(2026, 11, 24)}, {"ends_on": date(2026, 11, 22)}]
)
async def test_a_contract_holds_from_its_first_day_to_its_last(
    town: Town, dates: dict[str, date]
) -> None:
    await agree(town, msgspec.structs.replace(CONTRACT, **dates))
    claim = await claim_of(town, await filed(town, local(23, 10)))
    assert claim.opened.contract is None


async def test_a_pause_over_night_costs_no_working_time(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 17))
    await town.settle()
    await town.file_all(claim_no)
    assert (await claim_of(town, claim_no)).state == "waiting_seller"
    town.clock.at = local(24, 2)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, claim_no)
    decision = await clock(town, claim_no, "decision")
    assert decision is not None
    assert decision.at == local(24, 14, 30), "four whole hours are left"


async def test_a_change_of_the_contract_does_not_reach_claims_that_run(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 10))
    async with town.db.transaction() as tx:
        faster = msgspec.structs.replace(CONTRACT, minutes={"decision": 30})
        await put_contract(tx, town.act("operator", "op"), faster, 1)
    claim = await claim_of(town, claim_no)
    assert claim.opened.contract is not None
    assert claim.opened.contract.minutes["decision"] == 240


async def test_an_answer_is_owed_to_the_first_unanswered_message(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 10))
    await write(town, claim_no, "buyer")
    town.clock.at += timedelta(minutes=30)
    await write(town, claim_no, "buyer")
    owed = await clock(town, claim_no, "next_reply")
    assert owed is not None
    assert owed.at == local(23, 11)


async def test_nothing_is_owed_when_the_agent_answers_last(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 10))
    await write(town, claim_no, "buyer")
    await write(town, claim_no, "agent")
    assert await clock(town, claim_no, "next_reply") is None
    town.clock.at += timedelta(minutes=5)
    await write(town, claim_no, "agent")
    assert await clock(town, claim_no, "next_reply") is None


async def test_another_partys_message_starts_no_clock(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 10))
    await write(town, claim_no, "seller")
    assert await clock(town, claim_no, "next_reply") is None


async def test_what_was_kept_and_what_was_broken_is_read_from_the_history(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 10))
    await town.settle()
    await write(town, claim_no, "buyer")
    town.clock.at += timedelta(minutes=90)
    await town.settle()
    await write(town, claim_no, "agent")
    found = await kept(town, claim_no)
    assert not found["first_response"].broken
    assert found["next_reply"].met_at == town.clock.at
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    replies = [p for p in promises_of(loaded.history, (), town.clock.at) if p.kind == "next_reply"]
    assert [promise.broken for promise in replies] == [True, False]


async def test_a_promised_solution_is_kept_by_its_remedy_in_time(town: Town) -> None:
    await agree(town)
    claim_no = await filed(town, local(23, 10))
    await town.settle()
    await town.file_all(claim_no)
    async with town.db.transaction() as tx:
        await actions.answer_as_seller(tx, town.seller, town.desk, claim_no, "contest", "没有问题")
    ruled = Ruled(
        finding="not_as_described",
        remedy="refund_full",
        amount_minor=None,
        shares={"seller": 100},
        reason_text="规格不符",
        reason_for_departure="页面写的是国服",
    )
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, claim_no, ruled)
    await town.settle()
    solution = (await kept(town, claim_no))["solution"]
    assert (solution.broken, solution.remedy) == (False, "")
    assert solution.due_at == local(24, 10, 30)


def test_the_closest_standard_holds() -> None:
    standards = [
        Standard(reason="*", within_minutes=3),
        Standard(reason="KEY", within_minutes=2),
        Standard(reason="KEY02", within_minutes=1),
    ]
    found = [standard_for(standards, code) for code in ("KEY02", "KEY01", "DLV01")]
    assert [one.within_minutes for one in found if one] == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contract_id": "a b"}, "contract_id"),
        ({"name": " "}, "name"),
        ({"buyer_ids": ()}, "buyer_ids"),
        ({"ends_on": date(2025, 1, 1)}, "ends_on"),
        ({"minutes": {"decision": 0}}, "minutes"),
        ({"minutes": {"seller_reply": 5}}, "minutes"),
        ({"calendar": Calendar(week=[[]] * 7)}, "calendar"),
        ({"standards": (Standard(reason="*", within_minutes=-1),)}, "standards"),
        ({"standards": (Standard(reason="*", within_minutes=1),) * 2}, "standards_twice"),
        ({"auto_cap_minor": -1}, "auto_cap_minor"),
    ],
)
def test_what_cannot_be_right_is_named(changes: dict[str, object], field: str) -> None:
    assert wrong_fields(msgspec.structs.replace(CONTRACT, **changes)) == (field,)


async def test_a_customer_belongs_to_one_contract(town: Town) -> None:
    await agree(town)
    other = msgspec.structs.replace(CONTRACT, contract_id="other")
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="buyer_in_contract"):
            await put_contract(tx, town.act("operator", "op"), other, 0)


async def test_two_people_who_change_one_contract_do_not_overwrite_each_other(town: Town) -> None:
    await agree(town)
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="stale_version"):
            await put_contract(tx, town.act("operator", "op"), CONTRACT, 0)
