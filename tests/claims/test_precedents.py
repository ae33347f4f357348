"""Ended claims become precedents with the facts they were decided on; like ones are found."""

from datetime import timedelta

import msgspec
import pytest

from makegood.base.refusal import Refused
from makegood.claims.precedents import rules, store
from makegood.claims.precedents.actions import (
    catch_up,
    compute_night,
    family_of,
    rules_without_precedent,
    splits,
)
from makegood.claims.precedents.handbook import load_handbook
from makegood.claims.staff_actions import Ruled, decide_claim
from makegood.policy.backtest.running import Run
from makegood.policy.backtest.tally import Minutes
from makegood.policy.packfile import read_parts, write_parts
from tests.claims.precedent_kit import draft_that_blames_the_seller, ended, opened, publish
from tests.claims.town import Town
from tests.orders.making import PAID_AT, line

WRITTEN = "页面写明了到期日，买家下单前勾选过，与那几件不同"


async def test_an_ended_claim_becomes_a_precedent_once(town: Town) -> None:
    [claim_no] = await ended(town, 1)
    assert await catch_up(town.db, town.desk, "main") == 0
    assert await catch_up(town.db, town.desk, "main", everything=True) == 0
    async with town.db.connection() as conn:
        [row] = await store.of_claim(conn, "main", claim_no)
    assert (row.finding, row.outcome, row.assist) == ("key_invalid_supplier", "refund", "alone")
    assert ("supplier.status", "invalid") in [(one.name, one.value) for one in row.said]
    assert len(row.case_hash) == 64


async def test_like_claims_stand_beside_a_new_one_with_what_differs(town: Town) -> None:
    await ended(town, 4)
    same, other = await opened(town, 10), await opened(town, 11, "unknown")
    async with town.db.connection() as conn:
        alike = await family_of(conn, town.agent, town.desk, same)
        unlike = await family_of(conn, town.agent, town.desk, other)
        nobody = await family_of(conn, town.agent, town.desk, "AS-000000-000000")
    assert (alike.claims, alike.binding) == (4, "key_invalid_supplier")
    assert len(alike.nearest) == 4
    assert all(not like.differs and like.shares for like in alike.nearest)
    assert (unlike.claims, unlike.binding) == (0, "")
    assert [point.fact for point in unlike.nearest[0].differs] == ["supplier.status"]
    assert nobody == rules.Family()


async def test_who_departs_from_like_claims_says_what_differs(town: Town) -> None:
    await like_claims_without_a_rule(town, 3)
    claim_no = await looked_at(town, 20)
    ruled = Ruled(finding="key_works", remedy="explanation", reason_text="核对过了")
    with pytest.raises(Refused, match="reason_needed"):
        async with town.db.transaction() as tx:
            await decide_claim(tx, town.agent, town.desk, claim_no, ruled)
    written = msgspec.structs.replace(ruled, reason_for_departure=WRITTEN)
    async with town.db.transaction() as tx:
        claim = await decide_claim(tx, town.agent, town.desk, claim_no, written)
    assert claim.proposed is not None
    assert claim.proposed.departure == WRITTEN
    assert (claim.proposed.like_claims, claim.proposed.like_ended) == (3, 0)


async def like_claims_without_a_rule(town: Town, count: int) -> None:
    """People decided, one like the other, where the rules know no answer."""
    for number in range(count):
        claim_no = await looked_at(town, number)
        ruled = Ruled(finding="key_invalid_supplier", remedy="refund_full", reason_text="核对过了")
        async with town.db.transaction() as tx:
            await decide_claim(tx, town.agent, town.desk, claim_no, ruled)
    await town.later(hours=2)
    assert await catch_up(town.db, town.desk, "main") == count


async def looked_at(town: Town, number: int) -> str:
    """A claim whose supplier does not know; a person looks at it."""
    claim_no = await opened(town, number, "unknown")
    await town.later(hours=30)
    assert (await town.view(claim_no)).state == "in_review"
    return claim_no


async def test_figures_of_the_night_count_pairs_and_the_machines_part(town: Town) -> None:
    await ended(town, 4)
    async with town.db.transaction() as tx:
        await tx.execute("update precedent set finding = 'key_works' where claim_no = ("
                         "select min(claim_no) from precedent)")  # fmt: skip
    night = await compute_night(town.db, "main", town.clock.now())
    assert (night.facts.pairs, night.facts.agreeing) == (6, 3)
    assert (night.findings.pairs, night.findings.agreeing) == (3, 3)
    async with town.db.connection() as conn:
        [kept] = await store.nights(conn, "main")
        [split] = await splits(conn, "main", town.clock.now())
        figures = await load_handbook(conn, "main")
    assert (kept.facts, kept.assists) == (night.facts, {"alone": 4})
    assert split.ends == {"key_invalid_supplier": 3, "key_works": 1}
    missing = rules_without_precedent(
        town.desk.pack, {rule: shown.decisions for rule, shown in figures.items()}
    )
    assert "R-07.3" not in missing
    assert "R-07.1" in missing


async def test_deciding_again_on_the_recorded_facts_changes_nothing(town: Town) -> None:
    numbers = await ended(town, 3)
    async with town.db.connection() as conn:
        cases = [one async for one in store.cases(conn, "main")]
    run = Run(town.desk.pack, None)
    run.add(cases)
    result = run.result(Minutes(6.0))
    assert (result.claims, result.changed) == (len(numbers), 0)
    assert result.unknown_circumstances == 0


async def test_a_prorated_refund_without_an_amount_follows_the_finding_s_formula(
    town: Town,
) -> None:
    began = (PAID_AT - timedelta(days=90)).isoformat()
    membership = line(
        category="membership",
        term_days=360,
        unit_price_minor=12_000,
        list_price_minor=12_000,
        listing={"text": "年卡", "claim_window_days": 400},
        delivery={"kind": "membership", "delivered_at": began},
    )
    total = {"amount_minor": 12_000, "currency": "CNY"}
    times = {"placed_at": began, "paid_at": began}
    await town.order("O-90", lines=[membership], total=total, payments=[], **times)
    claim = await town.open("MBR01", "O-90")
    await town.file_all(claim.claim_no)
    await town.later(hours=30)
    ruled = Ruled(
        finding="membership_dropped_seller",
        remedy="refund_prorated",
        reason_text="核对过了",
        reason_for_departure=WRITTEN,
    )
    async with town.db.transaction() as tx:
        decided = await decide_claim(tx, town.agent, town.desk, claim.claim_no, ruled)
    decision = decided.proposed or decided.decision
    assert decision is not None
    assert 8_990 <= decision.amount_minor <= 9_000


async def test_like_claims_are_those_judged_by_the_same_rows(town: Town) -> None:
    await ended(town, 3)
    before = await opened(town, 30)
    await publish(town, (await draft_that_blames_the_seller(town)).source)
    after = await opened(town, 31)
    async with town.db.connection() as conn:
        same = await family_of(conn, town.agent, town.desk, before)
        other = await family_of(conn, town.agent, town.desk, after)
    assert (same.claims, same.binding) == (3, "key_invalid_supplier")
    assert (other.claims, other.binding) == (0, ""), "what ended under other rows binds nobody"
    assert len(other.nearest) == 3, "and is shown all the same"


async def test_a_reason_that_only_a_later_version_has_is_told_apart_by_its_own_facts(
    town: Town,
) -> None:
    await opened(town, 0)
    parts = read_parts(town.desk.pack.source)
    [known] = [one for one in parts["reasons"] if one["code"] == "KEY01"]
    parts["reasons"].append({**known, "code": "KEY09"})
    await publish(town, write_parts(parts))

    numbers = [await opened(town, number, reason="KEY09") for number in (1, 2)]
    other = await opened(town, 3, "unknown", reason="KEY09")
    for claim_no in numbers:
        ruled = Ruled(finding="key_invalid_supplier", remedy="refund_full", reason_text="按规则")
        async with town.db.transaction() as tx:
            await decide_claim(tx, town.agent, town.desk, claim_no, ruled)
        await town.settle()
    await town.later(days=20)
    assert await catch_up(town.db, town.desk, "main") >= len(numbers)

    async with town.db.connection() as conn:
        alike = await family_of(conn, town.agent, town.desk, numbers[0])
        unlike = await family_of(conn, town.agent, town.desk, other)
    assert (alike.claims, unlike.claims) == (1, 0)
    assert [point.fact for point in unlike.nearest[0].differs] == ["supplier.status"]


async def test_the_handbook_counts_only_what_ended_under_rows_that_still_stand(
    town: Town,
) -> None:
    await ended(town, 6)
    await compute_night(town.db, "main", town.clock.now())
    assert await counted(town, "R-07.3") == 6

    await publish(town, (await draft_that_blames_the_seller(town)).source)
    await compute_night(town.db, "main", town.clock.now())
    assert await counted(town, "R-07.3") == 0


async def counted(town: Town, rule_id: str) -> int:
    """How many decisions the handbook shows for a rule."""
    async with town.db.connection() as conn:
        shown = (await load_handbook(conn, "main")).get(rule_id)
    return shown.decisions if shown else 0
