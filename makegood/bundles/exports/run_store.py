"""SQL of making files: one run at a time has a request, and what it leaves behind is known.

A run is a number that grows. Whoever wants the file made anew, stopped, or its claims erased
takes the next number; a run that finds another number than its own has lost the request and
writes nothing more. `loose_ref` names stored content that is not the request's answer: what is
being put, or what expired. It is deleted under the row's lock, so nobody deletes what another
run made.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.store.database import Connection


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it stands, its row locked until the transaction ends."""

    run: int
    file_ref: str
    loose_ref: str
    under_way: bool


class LetGo(msgspec.Struct, frozen=True):
    """What an erasure took from one request: stored files, and the run that has to start anew."""

    export_no: int
    files: list[str]
    run: int | None


async def lock(tx: Connection, market_id: str, export_no: int) -> Standing | None:
    """Hold a request for this transaction; None for an unknown one."""
    row = await tx.fetchrow(
        """
        select run, file_ref, loose_ref, state in ('waiting', 'making') as under_way
        from scoped_export where market_id = $1 and export_no = $2 for update
        """,
        market_id,
        export_no,
    )
    return None if row is None else Standing(**row)


async def take(tx: Connection, market_id: str, export_no: int) -> int:
    """Make a locked request's file from now on; answers the number of this run."""
    return int(
        await tx.fetchval(
            """
            update scoped_export
            set state = 'making', run = run + 1, claims_done = 0, problem = '', gone = ''
            where market_id = $1 and export_no = $2 returning run
            """,
            market_id,
            export_no,
        )
    )


async def note_progress(
    tx: Connection, market_id: str, export_no: int, run: int, done: int
) -> bool:
    """Write how many claims are in; False where this run has lost the request."""
    return await _of_run(tx, "claims_done = $4", market_id, export_no, run, done)


async def note_loose(tx: Connection, market_id: str, export_no: int, run: int, sha256: str) -> bool:
    """Name the content that is about to be put; False where this run has lost the request."""
    return await _of_run(tx, "loose_ref = $4", market_id, export_no, run, sha256)


async def save_failed(
    tx: Connection, market_id: str, export_no: int, run: int, problem: str
) -> bool:
    """This run could not make it."""
    return await _of_run(tx, "state = 'failed', problem = $4", market_id, export_no, run, problem)


async def save_made(
    tx: Connection,
    market_id: str,
    export_no: int,
    run: int,
    *,
    sha256: str,
    size: int,
    at: datetime,
    expires_at: datetime,
) -> bool:
    """The file is in the storage; False where this run has lost the request."""
    return await _of_run(
        tx,
        """
        state = 'made', sha256 = decode($4, 'hex'), file_ref = $4, bytes = $5, made_at = $6,
        expires_at = $7, loose_ref = '', problem = ''
        """,
        market_id,
        export_no,
        run,
        sha256,
        size,
        at,
        expires_at,
    )


async def cancel(tx: Connection, market_id: str, export_no: int) -> bool:
    """Stop what waits or is at work; False where nothing is under way."""
    done = await tx.fetchval(
        """
        update scoped_export set state = 'cancelled', run = run + 1
        where market_id = $1 and export_no = $2 and state in ('waiting', 'making') returning true
        """,
        market_id,
        export_no,
    )
    return bool(done)


async def restart(tx: Connection, market_id: str, export_no: int) -> int | None:
    """Let a request that failed, was stopped or lost its file wait again; answers the run before.

    None where there is nothing to make.
    """
    run: int | None = await tx.fetchval(
        """
        update scoped_export set state = 'waiting', run = run + 1, claims_done = 0, problem = ''
        where market_id = $1 and export_no = $2
          and (state in ('failed', 'cancelled') or state = 'made' and file_ref = '')
        returning run
        """,
        market_id,
        export_no,
    )
    return run


async def let_go(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> list[LetGo]:
    """Let go of the files that hold these claims, and begin anew what is being made of them.

    That there was an export, for whom and why, stays on record. Every row that names a claim
    is locked and read as it is then: one that is finished meanwhile is seen with its file.
    """
    rows = await tx.fetch(
        """
        with held as (
            select export_no, file_ref, loose_ref, state in ('waiting', 'making') as under_way
            from scoped_export where market_id = $1 and claim_nos && $2 for update
        )
        update scoped_export e
        set file_ref = '',
            gone = case when held.file_ref = '' then e.gone else 'erased' end,
            loose_ref = case when held.under_way then e.loose_ref else '' end,
            state = case when held.under_way then 'waiting' else e.state end,
            run = e.run + case when held.under_way then 1 else 0 end
        from held where e.market_id = $1 and e.export_no = held.export_no
        returning e.export_no, e.run, held.file_ref, held.loose_ref, held.under_way
        """,
        market_id,
        list(claim_nos),
    )
    return [
        LetGo(
            row["export_no"],
            [] if row["under_way"] else [r for r in (row["file_ref"], row["loose_ref"]) if r],
            row["run"] if row["under_way"] else None,
        )
        for row in rows
    ]


async def expire(tx: Connection, now: datetime) -> int:
    """Let go of files that were kept long enough; answers how many."""
    rows = await tx.fetch(
        """
        update scoped_export set gone = 'expired', loose_ref = file_ref, file_ref = ''
        where file_ref <> '' and expires_at <= $1 returning export_no
        """,
        now,
    )
    return len(rows)


async def loose(conn: Connection) -> list[tuple[str, int]]:
    """(market, number) of requests that nobody makes and that left content in the storage."""
    rows = await conn.fetch(
        """
        select market_id, export_no from scoped_export
        where loose_ref <> '' and state not in ('waiting', 'making')
        """
    )
    return [(row["market_id"], row["export_no"]) for row in rows]


async def clear_loose(tx: Connection, market_id: str, export_no: int) -> None:
    """What was loose is deleted."""
    await tx.execute(
        "update scoped_export set loose_ref = '' where market_id = $1 and export_no = $2",
        market_id,
        export_no,
    )


async def _of_run(
    tx: Connection, changes: str, market_id: str, export_no: int, run: int, *values: object
) -> bool:
    """Change a request's row as the run that has it; False where it has lost it."""
    done = await tx.fetchval(
        f"""
        update scoped_export set {changes}
        where market_id = $1 and export_no = $2 and run = $3 and state = 'making' returning true
        """,
        market_id,
        export_no,
        run,
        *values,
    )
    return bool(done)
