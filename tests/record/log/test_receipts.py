"""A receipt is a promise that can be checked, and its state says what became of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.record.log import reading
from makegood.record.log.entry_store import Outage, state_outage
from makegood.record.log.note import Ed25519Signer, sign_note
from makegood.record.log.policy import policy_of
from makegood.record.log.proof import verify_proof
from makegood.record.log.receipt import (
    MERGE_WITHIN,
    number_of,
    parse_number,
    receipt_of,
    sign_receipt,
    verify_receipt,
)
from makegood.record.log.sequencer import run_rounds
from makegood.record.log.store import load_head
from makegood.record.log.strict import Malformed
from makegood.store.database import Database
from tests.record.log.rooms import MARKET, ORIGIN, StepClock, add_streams, log_room, stream_events

KEY = Ed25519Signer(ORIGIN, bytes(range(32)))
OTHER = Ed25519Signer("other.example/log", bytes(range(32)))


def a_receipt() -> bytes:
    (event,) = stream_events("AS-receipt", 1)
    return sign_receipt(receipt_of(event, ORIGIN), [KEY])


def test_a_receipt_is_believed_by_the_log_s_key_alone() -> None:
    receipt = verify_receipt(a_receipt(), [KEY.verifier])
    assert (receipt.origin, receipt.seq) == (ORIGIN, 1)
    for keys in ([], [OTHER.verifier]):
        with pytest.raises(Malformed) as wrong:
            verify_receipt(a_receipt(), keys)
        assert wrong.value.reason == "not_signed"


def test_every_changed_bit_of_a_receipt_is_refused() -> None:
    whole = a_receipt()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        with pytest.raises(Malformed):
            verify_receipt(bytes(changed), [KEY.verifier])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b"makegood.receipt/v1", b"makegood.receipt/v2"),
        lambda text: text.replace(b"number ", b"number 0"),
        lambda text: text.replace(b"\nat 2026", b"\nat 2025"),
        lambda text: text.replace(b"merge-by 2026", b"merge-by 2036"),
        lambda text: text.replace(b"Z\n", b"+00:00\n"),
        lambda text: text.replace(b" 1\nat", b" 01\nat"),
        lambda text: text + b"more\n",
    ],
)
def test_a_signed_text_that_is_no_receipt_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    text = a_receipt().split(b"\n\n")[0] + b"\n"
    note = bytes(sign_note(spoil(text), [KEY]))
    with pytest.raises(Malformed):
        verify_receipt(note, [KEY.verifier])


@given(leaf=st.binary(min_size=32, max_size=32))
def test_a_number_is_found_again_however_it_is_typed(leaf: bytes) -> None:
    number = number_of(leaf)
    typed = f" {number.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert parse_number(number) == parse_number(typed) == leaf[:5]


@pytest.mark.parametrize("text", ["", "7K3Q", "7K3Q-FX2", "7K3Q-FX2MM", "UUUU-UUUU", "七K3Q-FX2M"])
def test_what_is_no_number_is_not_looked_up(text: str) -> None:
    assert parse_number(text) is None


async def test_a_receipt_s_state_follows_the_log(db: Database, tmp_path: Path) -> None:
    room = log_room(db, tmp_path)
    clock = room.clock
    assert isinstance(clock, StepClock)
    async with db.connection() as conn:
        (event,) = await add_streams(conn, 1)
        in_time, too_late = event.at + MERGE_WITHIN, event.at + 2 * MERGE_WITHIN

        async def state(now: object = in_time) -> reading.ReceiptStatus:
            return await reading.receipt_status(conn, MARKET, event.entry_hash, event.at, now)  # type: ignore[arg-type]

        assert (await state()).state == "waiting"
        assert (await state(too_late)).state == "late"
        clock.at = event.at + timedelta(seconds=2)
        await run_rounds(room)
        merged = await state(too_late)
        assert merged.state == "merged"
        assert merged.entry is not None
        assert merged.entry.idx == 0
        (found,) = await reading.find_by_number(conn, MARKET, number_of(event.entry_hash))
        assert found == merged.entry
        proof = await reading.prove_entry(conn, MARKET, 0)
        keys = room.keys.open(MARKET, ORIGIN).verifiers
        seen = verify_proof(bytes(proof or b""), event.entry_hash, policy_of(*keys))
        assert seen.checkpoint.size == 1
        assert await reading.prove_entry(conn, MARKET, 1) is None


async def test_entries_are_proven_at_once_in_an_older_checkpoint(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    async with db.connection() as conn:
        events = await add_streams(conn, 270)
        await run_rounds(room)
        head = await load_head(conn, MARKET)
        await add_streams(conn, 300)
        await run_rounds(room)
        assert head is not None
        note = head.note or b""
        wanted = [3, 4, 255, 256, 269]
        proofs = await reading.prove_entries_at(conn, MARKET, wanted, note, head.signed_size)
        assert await reading.prove_entries_at(conn, MARKET, [], note, head.signed_size) == {}
    policy = policy_of(*room.keys.open(MARKET, ORIGIN).verifiers)
    assert list(proofs) == wanted
    for idx, proof in proofs.items():
        seen = verify_proof(bytes(proof), events[idx].entry_hash, policy)
        assert seen.checkpoint.size == 270


async def test_a_late_or_lost_entry_shows_what_the_operator_states(
    db: Database, tmp_path: Path
) -> None:
    room = log_room(db, tmp_path)
    async with db.connection() as conn:
        (event,) = await add_streams(conn, 1)
        await run_rounds(room)
        outage = Outage(began_at=event.at, ended_at=room.clock.now(), statement="power cut")
        await state_outage(conn, MARKET, outage, room.clock.now())
        late = await reading.receipt_status(
            conn, MARKET, event.entry_hash, event.at, room.clock.now()
        )
        assert (late.state, late.outages) == ("merged_late", (outage,))
        (lost,) = stream_events("AS-never", 1)
        gone = await reading.receipt_status(
            conn, MARKET, lost.entry_hash, lost.at, room.clock.now()
        )
        assert (gone.state, gone.entry) == ("unknown", None)
        assert await reading.find_by_number(conn, MARKET, number_of(lost.entry_hash)) == []
