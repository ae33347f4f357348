"""SQL of backtests."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.policy.backtest.result import Result
from makegood.store.database import Connection, Record

State = Literal["waiting", "running", "done", "cancelled", "failed"]
COLUMNS: Final = """
    backtest_id, draft_id, edit_no, state, started_by, asked_at, started_at, ended_at, claims_done,
    claims_total, cancel_asked, result, trouble
"""


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest of one form of a draft."""

    backtest_id: str
    draft_id: str
    edit_no: int
    state: State
    started_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    claims_done: int
    claims_total: int
    cancel_asked: bool
    result: Result | None
    trouble: str

    @property
    def under_way(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return min(100, 100 * self.claims_done // max(1, self.claims_total))


async def insert(
    tx: Connection,
    market_id: str,
    *,
    backtest_id: str,
    draft_id: str,
    edit_no: int,
    started_by: str,
    asked_at: datetime,
) -> bool:
    """Ask for a backtest; False where this draft has one under way."""
    done = await tx.fetchval(
        """
        insert into backtest (market_id, backtest_id, draft_id, edit_no, state, started_by,
                              asked_at)
        values ($1, $2, $3, $4, 'waiting', $5, $6)
        on conflict (market_id, draft_id) where state in ('waiting', 'running') do nothing
        returning 1
        """,
        market_id,
        backtest_id,
        draft_id,
        edit_no,
        started_by,
        asked_at,
    )
    return done is not None


async def load(conn: Connection, market_id: str, backtest_id: str) -> Backtest | None:
    """One backtest."""
    row = await conn.fetchrow(
        f"select {COLUMNS} from backtest where market_id = $1 and backtest_id = $2",
        market_id,
        backtest_id,
    )
    return _backtest(row) if row else None


async def newest(conn: Connection, market_id: str, draft_id: str) -> Backtest | None:
    """The newest backtest of a draft."""
    row = await conn.fetchrow(
        f"""
        select {COLUMNS} from backtest where market_id = $1 and draft_id = $2
        order by asked_at desc, backtest_id desc limit 1
        """,
        market_id,
        draft_id,
    )
    return _backtest(row) if row else None


async def note_progress(
    tx: Connection, market_id: str, backtest_id: str, done: int, total: int, now: datetime
) -> bool:
    """Write how far it is; False where somebody wants it to stop or it has ended."""
    going = await tx.fetchval(
        """
        update backtest set state = 'running', claims_done = $3, claims_total = $4,
               started_at = coalesce(started_at, $5)
        where market_id = $1 and backtest_id = $2 and state in ('waiting', 'running')
          and not cancel_asked
        returning 1
        """,
        market_id,
        backtest_id,
        done,
        total,
        now,
    )
    return going is not None


async def end(
    tx: Connection,
    market_id: str,
    backtest_id: str,
    state: State,
    now: datetime,
    *,
    result: Result | None = None,
    trouble: str = "",
) -> None:
    """Write how it ended; what has ended stays as it is."""
    await tx.execute(
        """
        update backtest set state = $3, ended_at = $4, result = $5, trouble = $6,
               claims_done = case when $3 = 'done' then claims_total else claims_done end
        where market_id = $1 and backtest_id = $2 and state in ('waiting', 'running')
        """,
        market_id,
        backtest_id,
        state,
        now,
        None if result is None else msgspec.to_builtins(result),
        trouble,
    )


async def ask_to_cancel(tx: Connection, market_id: str, draft_id: str, now: datetime) -> None:
    """Stop what is under way: at once where it still waits, else at its next step."""
    await tx.execute(
        """
        update backtest set cancel_asked = true,
               state = case when state = 'waiting' then 'cancelled' else state end,
               ended_at = case when state = 'waiting' then $3 else ended_at end
        where market_id = $1 and draft_id = $2 and state in ('waiting', 'running')
        """,
        market_id,
        draft_id,
        now,
    )


def _backtest(row: Record) -> Backtest:
    told = dict(row)
    result = told.pop("result")
    return Backtest(**told, result=None if result is None else msgspec.convert(result, Result))
