"""A market's checkpoints go out by themselves, survive outages, and a rewound log is found out."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from makegood.base.refusal import Refused
from makegood.base.time import rfc3339
from makegood.record.anchors import actions, store
from makegood.record.anchors.actions import statement_of
from makegood.record.anchors.files import anchors_of, best_anchored_size, name_in_policy
from makegood.record.anchors.onchain import check_proof
from makegood.record.anchors.rules import (
    Chain,
    Other,
    Timestamper,
    Witness,
    is_silent,
    pause_after,
)
from makegood.record.anchors.timestamp import split_roots, verify_timestamp
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.note import Note, parse_note, parse_signature_lines, sign_note, signed_by
from makegood.record.log.sequencer import load_roots
from makegood.sources import SystemIds
from makegood.store.database import Database
from makegood.verify.anchors import Anchors, check_anchors
from makegood.verify.pins import Authority, Pin
from tests.anchors.logs import WitnessProgram
from tests.anchors.programs import PAYER, Anvil, TsaProgram
from tests.anchors.rooms import VAULT, Record
from tests.record.log.rooms import MARKET, ORIGIN


@pytest.fixture
def record(db: Database, folder: Path, client: httpx.AsyncClient) -> Record:
    return Record(db, folder, client)


@pytest.fixture
async def witness(record: Record, tmp_path: Path) -> AsyncIterator[WitnessProgram]:
    program = WitnessProgram(tmp_path / "w", await record.vkey())
    yield program
    program.stop()


def config_of(witness: WitnessProgram) -> Witness:
    return Witness(url=witness.url, vkey=str(witness.verifier))


async def test_a_checkpoint_is_stamped_signed_and_put_on_a_chain(
    record: Record, witness: WitnessProgram, tsa: TsaProgram, anvil: Anvil
) -> None:
    stamp = await record.add("TSA", Timestamper(url=tsa.url, root_pem=tsa.root_pem))
    seen = await record.add("Association", config_of(witness))
    chain = await record.add("Chain", Chain(url=anvil.url, key=PAYER, confirmations=2))
    await record.grow(5)

    await record.work()
    anvil.mine(2)
    await record.work(minutes=1)

    stamped, signed, mined = [await record.newest(one) for one in (stamp, seen, chain)]
    assert [one.state for one in (stamped, signed, mined)] == ["done", "done", "done"]
    statement = statement_of(stamped)
    stamp_of = verify_timestamp(stamped.proof or b"", statement.body, tsa.root_pem, nonce=None)
    assert stamp_of.at == stamped.proven_at
    note = Note(statement.body, parse_signature_lines(signed.proof or b""))
    assert list(signed_by(note, [witness.verifier])) == [witness.verifier]
    assert check_proof(mined.proof or b"", statement.body).confirmations >= 2
    found = await as_a_reader_finds_them(record, statement.size, tsa.root_pem)
    assert [one.partition(" ")[0] for one in found.stamps] == [rfc3339(stamp_of.at)]
    assert [one.rpartition("-")[2] for one in found.carried] == ["evm.json"]


async def as_a_reader_finds_them(record: Record, size: int, root_pem: str) -> Anchors:
    """What the verifier makes of a bundle's anchors when it is given the authority's root."""
    async with record.db.connection() as conn:
        anchored = await anchors_of(conn, VAULT, MARKET, size)
    assert anchored is not None
    files = {name: memoryview(content) for name, content in anchored.files.items()}
    pin = Pin(authority=Authority(*split_roots(root_pem)))
    text = parse_note(anchored.checkpoint).text
    return check_anchors(files, text, anchored.checkpoint, pin, time.time() + 60)


async def test_nothing_goes_out_twice_and_growth_goes_out_on_the_next_round(
    record: Record, tsa: TsaProgram
) -> None:
    place = await record.add("TSA", Timestamper(url=tsa.url, root_pem=tsa.root_pem))
    await record.grow(3)
    await record.work()
    first = await record.newest(place)

    await record.work(minutes=90)
    unchanged = await record.newest(place)
    await record.grow(2)
    await record.work(minutes=1)
    second = await record.newest(place)

    assert unchanged == first
    assert second.size > first.size
    assert second.state == "done"


async def test_an_outage_is_shown_and_ends_by_itself(
    record: Record, tsa: TsaProgram, tmp_path: Path, witness: WitnessProgram
) -> None:
    place = await record.add("Association", config_of(witness), every_minutes=1)
    await record.grow(3)
    witness.stop()

    await record.work()
    await record.work(minutes=2)
    away = await record.newest(place)
    witness.start()
    await record.work(minutes=15)
    back = await record.newest(place)

    assert (away.state, away.problem) == ("sent", "no answer: ConnectError")
    assert away.failures == 2
    assert (back.state, back.problem) == ("done", "")


async def test_a_rewound_log_is_contradicted_by_its_witness(
    record: Record, witness: WitnessProgram
) -> None:
    place = await record.add("Association", config_of(witness), every_minutes=1)
    known = await record.grow(9)
    await record.work()
    await record.grow(8)
    await record.work(minutes=2)

    await restore_backup(record, anchored=known, size=known + 4)
    await record.work(minutes=2)
    await record.work(minutes=2)

    rewound = await record.newest(place)
    assert (rewound.state, rewound.contradicted) == ("refused", True)


async def test_after_a_stated_restart_a_smaller_log_is_anchored_again(
    record: Record, tsa: TsaProgram
) -> None:
    place = await record.add("TSA", Timestamper(url=tsa.url, root_pem=tsa.root_pem))
    size = await record.grow(9)
    await record.work()

    await restore_backup(record, anchored=size, size=size - 5)
    async with record.db.connection() as conn:
        await conn.execute(
            "insert into log_restart (market_id, epoch, statement, restarted_at) "
            "values ($1, 2, $2, $3)",
            MARKET,
            b"signed",
            record.clock.now() + timedelta(minutes=1),
        )
    await record.work(hours=2)

    anchor = await record.newest(place)
    async with record.db.connection() as conn:
        assert await best_anchored_size(conn, MARKET, 1) == size - 5
    assert (anchor.size, anchor.state) == (size - 5, "done")


async def test_a_place_that_was_removed_gets_nothing_more(record: Record, tsa: TsaProgram) -> None:
    place = await record.add("TSA", Timestamper(url="http://127.0.0.1:9", root_pem=tsa.root_pem))
    await record.grow(3)
    await record.work()
    async with record.db.transaction() as tx:
        await actions.remove_place(tx, record.act, SystemIds(), place.place_id)

    await record.work(minutes=5)
    ended = await record.newest(place)

    assert (ended.state, ended.problem) == ("refused", "this place was removed")
    with pytest.raises(Refused):
        async with record.db.transaction() as tx:
            await actions.remove_place(tx, record.act, SystemIds(), place.place_id)


async def test_settings_are_sealed_and_the_log_tells_who_watches(
    record: Record, tsa: TsaProgram
) -> None:
    await record.add("Time authority", Timestamper(url=tsa.url, root_pem=tsa.root_pem))

    async with record.db.connection() as conn:
        stored = await conn.fetchval("select sealed from anchor_place")
        entry = await conn.fetchval("select entry from event where stream = 'anchors'")

    assert tsa.url.encode() not in stored
    assert b"Time authority" in entry
    assert tsa.url.encode() not in entry


async def test_a_quorum_cannot_ask_for_more_witnesses_than_there_are(
    record: Record, witness: WitnessProgram
) -> None:
    await record.add("Association", config_of(witness))

    async with record.db.transaction() as tx:
        await actions.need_witnesses(tx, record.act, SystemIds(), 1)
        assert await store.witnesses_needed(tx, MARKET) == 1
    with pytest.raises(Refused):
        async with record.db.transaction() as tx:
            await actions.need_witnesses(tx, record.act, SystemIds(), 2)


async def test_an_adapter_that_is_not_installed_says_so(record: Record) -> None:
    place = await record.add("Notary", Other(adapter="notary"))
    await record.grow(1)

    await record.work()
    anchor = await record.newest(place)

    assert (anchor.state, anchor.problem) == (
        "refused",
        "no adapter named 'notary' is installed",
    )


async def test_a_place_is_silent_when_the_log_moved_on_without_it(
    record: Record, tsa: TsaProgram
) -> None:
    config = Timestamper(url=tsa.url, root_pem=tsa.root_pem)
    place = await record.add("TSA", config, every_minutes=10)
    size = await record.grow(3)
    await record.work()
    done = await record.newest(place)
    later = record.clock.now().replace(hour=12)

    assert not is_silent(place, done, size, later)
    assert is_silent(place, done, size + 1, later)
    assert is_silent(place, None, size, later)


@pytest.mark.parametrize(
    ("name", "taken", "given"),
    [
        ("witness.example/w1", [], "witness.example/w1"),
        ("witness.example/w1", ["witness.example/w1"], "w1"),
        ("w1", ["w1"], "w2"),
        ("none", [], "w1"),
        ("quorum", ["w1"], "w2"),
        ("协会", [], "w1"),
        ("#1", [], "w1"),
        ("a\x7fb", [], "w1"),
    ],
)
def test_a_policy_names_a_witness_as_it_names_itself(
    name: str, taken: list[str], given: str
) -> None:
    assert name_in_policy(name, taken) == given


def test_pauses_grow_and_end() -> None:
    seconds = [pause_after(failures).total_seconds() for failures in (1, 2, 3, 7, 50)]

    assert seconds == [10, 20, 40, 600, 600]


async def restore_backup(record: Record, anchored: int, size: int) -> None:
    """What a superuser does who wants the end of the log forgotten, its copy included."""
    async with record.db.connection() as conn:
        root = (await load_roots(conn, MARKET, size))(size)
        keys = record.log.keys.open(MARKET, ORIGIN)
        note = sign_note(bytes(Checkpoint(ORIGIN, size, root)), keys.active)
        await conn.execute("delete from anchor where size > $1", anchored)
        await conn.execute("update log_head set signed_size = $1, note = $2", size, bytes(note))
