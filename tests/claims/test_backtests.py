"""A backtest of a draft over the market's own ended claims: asked for, run, stopped, kept."""

import pytest

from makegood.claims.backtests import store
from makegood.claims.backtests.actions import (
    cancel_backtest,
    measured_minutes,
    run_backtest,
    start_backtest,
)
from makegood.claims.backtests.store import Backtest
from makegood.policy.draft.model import Draft
from tests.claims.precedent_kit import draft_that_blames_the_seller, ended
from tests.claims.town import Town


async def ask(town: Town, draft: Draft) -> Backtest:
    async with town.db.transaction() as tx:
        await start_backtest(tx, town.act("operator", "op"), town.desk.ids, draft, "运营")
    return await newest(town, draft)


async def newest(town: Town, draft: Draft) -> Backtest:
    async with town.db.connection() as conn:
        found = await store.newest(conn, "main", draft.draft_id)
    assert found is not None
    return found


async def run(town: Town, asked: Backtest) -> None:
    async def stay() -> None:
        """Nobody else wants this job."""

    await run_backtest(town.db, town.desk, town.clock, "main", asked.backtest_id, stay)


async def test_the_figures_of_a_draft_are_kept_with_it(town: Town) -> None:
    await ended(town, 3)
    draft = await draft_that_blames_the_seller(town)
    asked = await ask(town, draft)
    assert (asked.state, asked.edit_no) == ("waiting", draft.edit_no)

    await run(town, asked)
    done = await newest(town, draft)

    assert (done.state, done.claims_done, done.claims_total) == ("done", 3, 3)
    assert done.result is not None
    assert (done.result.claims, done.result.changed) == (3, 3)
    assert done.result.delta("seller").delta_minor == -3 * 9800
    assert done.result.delta("supplier").delta_minor == 3 * 9800
    assert done.result.delta("buyer").delta_minor == 0
    assert [group.group for group in done.result.sizes] == ["1-29"]
    assert done.result.minutes_from == "assumed"


async def test_a_draft_has_one_backtest_under_way_and_running_it_twice_is_harmless(
    town: Town,
) -> None:
    await ended(town, 1)
    draft = await draft_that_blames_the_seller(town)
    asked = await ask(town, draft)
    assert (await ask(town, draft)).backtest_id == asked.backtest_id

    await run(town, asked)
    first = await newest(town, draft)
    await run(town, asked)
    assert await newest(town, draft) == first
    assert (await ask(town, draft)).backtest_id != asked.backtest_id


async def test_a_backtest_is_stopped_while_it_waits_and_while_it_runs(town: Town) -> None:
    await ended(town, 1)
    draft = await draft_that_blames_the_seller(town)
    waiting = await ask(town, draft)
    async with town.db.transaction() as tx:
        await cancel_backtest(tx, town.act("operator", "op"), draft.draft_id)
    assert (await newest(town, draft)).state == "cancelled"

    running = await ask(town, draft)
    async with town.db.transaction() as tx:
        await store.note_progress(tx, "main", running.backtest_id, 0, 9, town.clock.now())
        await cancel_backtest(tx, town.act("operator", "op"), draft.draft_id)
    assert (await newest(town, draft)).state == "running"
    await run(town, running)
    stopped = await newest(town, draft)
    assert (stopped.state, stopped.result) == ("cancelled", None)
    assert waiting.backtest_id != running.backtest_id


async def test_a_half_finished_draft_says_so_and_decides_nothing(town: Town) -> None:
    draft = await draft_that_blames_the_seller(town)
    async with town.db.transaction() as tx:
        await tx.execute("update policy_draft set source = $1", b'{"makegood_pack": 1}')
    await run(town, await ask(town, draft))
    failed = await newest(town, draft)
    assert (failed.state, failed.result) == ("failed", None)
    assert failed.trouble


@pytest.mark.parametrize(("decisions", "source"), [(10, "assumed"), (40, "measured")])
async def test_minutes_are_measured_between_decisions_of_one_sitting(
    town: Town, decisions: int, source: str
) -> None:
    await ended(town, 1)
    async with town.db.transaction() as tx:
        await tx.execute(
            """
            insert into precedent
            select market_id, 'N-' || n, decision_no, claim_version, case_hash, reason,
                   product_class, amount_band, fact_print, finding, outcome, remedy, amount_minor,
                   currency, shares, rule_id, rule_version, 'xu', 'person', 'followed', false,
                   decided_at + n * interval '4 minutes', ended_at, seller_id, facts, timeline
            from precedent, generate_series(1, $1) as n
            """,
            decisions,
        )
    async with town.db.connection() as conn:
        minutes = await measured_minutes(conn, "main", town.clock.now())
    assert (minutes.source, minutes.each) == (source, 4.0 if source == "measured" else 10.0)
