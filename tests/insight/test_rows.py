"""Public rows: every ended claim has one, nobody can be found in it, and none can be left out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.claims import actions
from makegood.cli import main
from makegood.insight.rows.figures import Figures, figures, read_rows
from makegood.insight.rows.rules import PublicRow, release_before, step
from makegood.insight.rows.store import load_page
from makegood.record.log.publish import publish
from makegood.record.log.sequencer import run_round
from makegood.record.rules import Disclosure, disclose, parse_entry, verify_disclosure
from makegood.record.store import load
from makegood.sources import SystemIds
from makegood.worker.releasing import release_all
from tests.claims.town import Town
from tests.insight.rows import ROW, sealed_lines
from tests.record.log.rooms import ORIGIN, log_room


async def ended(town: Town, *order_nos: str) -> list[str]:
    """Claims that are over: the first was refunded by the rules, the others were taken back."""
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    claim_nos = []
    for order_no in order_nos:
        await town.order(order_no)
        opened = await town.open(order_no=order_no)
        claim_nos.append(opened.claim_no)
        if len(claim_nos) > 1:
            async with town.db.transaction() as tx:
                await actions.withdraw(tx, town.buyer, town.desk, opened.claim_no)
        await town.settle()
    for _ in range(5):
        await town.later(days=1)
    return claim_nos


async def taken_back(town: Town, *order_nos: str) -> list[str]:
    """Claims that their buyers withdrew three days ago."""
    claim_nos = []
    for order_no in order_nos:
        await town.order(order_no)
        opened = await town.open(order_no=order_no)
        async with town.db.transaction() as tx:
            await actions.withdraw(tx, town.buyer, town.desk, opened.claim_no)
        claim_nos.append(opened.claim_no)
    town.clock.at += timedelta(days=3)
    return claim_nos


async def release(town: Town) -> list[bytes]:
    """Everything that is due now."""
    await release_all(town.db, town.clock, SystemIds())
    async with town.db.connection() as conn:
        return (await load_page(conn, "main")).entries


async def test_each_ended_claim_has_one_row_of_its_seller_with_a_dense_number(town: Town) -> None:
    await ended(town, "O-1", "O-2")

    lines = await release(town)
    again = await release(town)

    found = read_rows(lines)
    assert found.faults == ()
    assert [row.number for row in found.rows] == [1, 2]
    assert {(row.outcome, row.decider) for row in found.rows} == {
        ("refunded", "rules"),
        ("withdrawn", "nobody"),
    }
    assert again == lines


async def test_a_row_waits_for_the_batch_of_a_later_day(town: Town) -> None:
    await taken_back(town, "O-1")
    async with town.db.transaction() as tx:
        await tx.execute("update claim set changed_at = $1", town.clock.now() - timedelta(hours=3))

    early = await release(town)
    town.clock.at += timedelta(days=2)
    later = await release(town)

    assert (len(early), len(later)) == (0, 1)


async def test_a_row_shows_neither_the_claim_nor_a_person_nor_a_time_of_day(town: Town) -> None:
    (claim_no,) = await taken_back(town, "O-1")

    (line,) = await release(town)

    entry = parse_entry(line)
    assert entry is not None
    text = msgspec.json.encode(entry.public).decode()
    assert claim_no not in line.decode()
    assert "O-1" not in text
    assert set(entry.public) == set(PublicRow.__struct_fields__)
    assert len(str(entry.public["day"])) == len("2026-11-21")


async def test_a_party_can_be_shown_which_row_is_theirs(town: Town) -> None:
    (claim_no,) = await taken_back(town, "O-1")
    (line,) = await release(town)

    async with town.db.connection() as conn:
        (event,) = await load(conn, "main", "rows/s-1")
    shown = disclose(event, "claim_no")

    assert shown is not None
    assert msgspec.json.decode(shown.value) == claim_no
    assert verify_disclosure(line, shown)
    other = Disclosure(shown.name, b'"AS-261121-7K3QFX"', shown.salt)
    assert not verify_disclosure(line, other)


async def test_a_claim_taken_up_again_gets_a_new_row_that_replaces_the_old_one(town: Town) -> None:
    (claim_no,) = await taken_back(town, "O-1")
    await release(town)
    async with town.db.transaction() as tx:
        # What a reopening leaves behind: the claim went on, and its row says something else.
        await tx.execute("update claim set version = version + 1 where claim_no = $1", claim_no)
        await tx.execute("update public_row set row = jsonb_set(row, '{outcome}', '\"refunded\"')")

    lines = await release(town)

    found = read_rows(lines)
    assert [row.replaces for row in found.rows] == [0, 1]
    (one,) = figures(found.rows)
    assert one.claims == 1


async def test_the_file_is_checked_against_a_copy_of_the_log(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await taken_back(town, "O-1", "O-2")
    lines = await release(town)
    room = log_room(town.db, tmp_path)
    await run_round(room, "main")
    keys = room.keys.open("main", ORIGIN).verifiers
    await publish(town.db, room.published, "main", keys)
    log = ["--log", str(room.published / "main")]
    whole, short = tmp_path / "rows.jsonl", tmp_path / "short.jsonl"
    whole.write_bytes(b"".join(line + b"\n" for line in lines))
    short.write_bytes(lines[0] + b"\n")

    good = main(["rows", str(whole), *log])
    bad = main(["rows", str(short), *log])

    said = capsys.readouterr().out
    assert (good, bad) == (0, 1)
    assert "2 rows, 0 faults" in said
    assert "1 rows of the log are not in the file" in said


def test_a_row_left_out_shows_wherever_it_stood() -> None:
    lines = sealed_lines([ROW] * 6)
    for place in range(5):
        assert read_rows(lines[:place] + lines[place + 1 :]).faults, place


def test_changed_swapped_and_invented_rows_are_found() -> None:
    lines = sealed_lines([ROW] * 4)
    changed = [lines[0].replace(b'"refunded"', b'"replaced"'), *lines[1:]]
    swapped = [lines[1], lines[0], *lines[2:]]
    second_series = [*lines, *sealed_lines([ROW])]

    for damaged in (changed, swapped, second_series, [b"{}"], [b"\xff"], [b""]):
        assert read_rows(damaged).faults


def test_figures_of_one_seller_are_counted_by_hand() -> None:
    rows = [
        msgspec.structs.replace(ROW, number=1, stars=5),
        msgspec.structs.replace(ROW, number=2, done="72h", blame="none", decider="seller"),
        msgspec.structs.replace(ROW, number=3, outcome="withdrawn", decided="never", done="never"),
        msgspec.structs.replace(ROW, number=4, appealed=True, stars=2, replaces=2),
    ]

    (one,) = figures(rows)

    assert one == Figures(
        seller="s-1",
        claims=3,
        outcomes={"refunded": 2, "withdrawn": 1},
        done_within_24h=(2, 2),
        median_done="15m",
        before_ruling=(0, 2),
        blamed=(2, 2),
        withdrawn=(1, 3),
        appealed=(1, 2),
        stars=(7, 2),
    )


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(0, 30))
def test_figures_of_spans_add_up(days: list[int], cut: int) -> None:
    rows = [
        msgspec.structs.replace(ROW, number=place, day=f"2026-11-{day + 1:02}")
        for place, day in enumerate(days, start=1)
    ]
    border = f"2026-11-{min(cut, 9) + 1:02}"

    parts = [*figures(rows, until=border), *figures(rows, since=border + "~")]

    assert sum(one.claims for one in parts) == len(rows)


def test_steps_of_time_are_coarse(now: datetime) -> None:
    spans = (None, timedelta(minutes=15), timedelta(minutes=16), timedelta(days=30))

    steps = [step(now, now + span if span is not None else None) for span in spans]

    assert steps == ["never", "15m", "1h", "longer"]


def test_a_batch_holds_whole_days_that_are_over(now: datetime) -> None:
    assert release_before(now) == datetime(2026, 11, 20, tzinfo=UTC)
