"""The refund saga against the gateway program with its faults, while workers are killed."""

from pathlib import Path

from benchmarks.refund_saga import run_saga


async def test_no_cent_is_lost_or_paid_twice_while_workers_die(
    tmp_path: Path, database_url: str
) -> None:
    result = await run_saga(tmp_path, database_url, refunds=60, kills=8, patience_seconds=600.0)
    assert result.unfinished == 0
    assert result.gateway_minor == result.ledger_minor > 0
    assert (result.differing, result.pending_minor, result.audit_rows) == (0, 0, 0)
    assert result.told_wrong == 0
