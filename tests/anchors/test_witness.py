"""A witness signs only what contains all it signed before, whatever a log and a crash do."""

import base64
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from makegood.base.trouble import CannotRun
from makegood.gateways.anchors.witness import WitnessClient
from makegood.record.anchors.gateway import (
    AnchorContradicted,
    AnchorRefused,
    AnchorUnavailable,
    Lost,
    Proof,
    Statement,
    Submitted,
)
from makegood.record.anchors.rules import Witness as WitnessConfig
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.note import (
    COSIGNATURE_V1,
    Ed25519Signer,
    Note,
    parse_note,
    parse_signature_lines,
    parse_verifier,
    sign_note,
    signed_by,
)
from makegood.record.log.statement import restart_of
from makegood.witness.keeping import Folder
from makegood.witness.rules import Refuse, Sign, judge
from makegood.witness.serving import Witness
from tests.anchors.logs import ORIGIN, MemoryLog, WitnessProgram

ORIGINS = ("log.example/learning", "log.example/reading", "log.example/trusting")
"""A log for each test of the witness that they share: a witness never forgets what it saw."""


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder_of_witness(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.make_key("witness.example/w1", b"w" * 32)
    return folder


@pytest.fixture
def kept(folder_of_witness: Folder) -> Iterator[Folder]:
    with folder_of_witness.held():
        yield folder_of_witness


@pytest.fixture
def witness(kept: Folder) -> Witness:
    log = MemoryLog()
    return Witness(kept, kept.signer(), {ORIGIN: [log.signer.verifier]}, Noon())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WitnessProgram]:
    logs = [MemoryLog(origin=origin).vkey for origin in ORIGINS]
    program = WitnessProgram(tmp_path_factory.mktemp("witness"), *logs)
    yield program
    program.stop()


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[WitnessProgram]:
    program = WitnessProgram(tmp_path, MemoryLog().vkey)
    yield program
    program.stop()


async def request(log: MemoryLog, old: int, size: int | None = None) -> bytes:
    """An honest request of a log."""
    statement = log.statement(size)
    return spelled(old, await log.prove(old, statement.size), statement)


def spelled(old: int, path: list[bytes], statement: Statement) -> bytes:
    """A request with any parts."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in path), ""]
    return "".join(f"{line}\n" for line in lines).encode() + statement.checkpoint


async def submit(
    program: WitnessProgram, client: httpx.AsyncClient, log: MemoryLog, seen: int = 0
) -> Submitted:
    """What a market's worker does with the newest checkpoint."""
    config = WitnessConfig(url=program.url, vkey=str(program.verifier))
    adapter = WitnessClient(config, client, log.prove, seen)
    return await adapter.submit(log.statement(), b"")


async def test_a_first_checkpoint_and_its_growth_are_signed(witness: Witness, kept: Folder) -> None:
    log = MemoryLog(3)

    first = witness.add_checkpoint(await request(log, 0))
    log.grow(4)
    second = witness.add_checkpoint(await request(log, 3))

    assert (first.status, second.status) == (200, 200)
    note = Note(log.statement().body, parse_signature_lines(second.body))
    found = signed_by(note, [kept.signer().verifier])
    assert [one.time for one in found.values()] == [int(Noon().now().timestamp())]


async def test_the_same_checkpoint_may_be_sent_again(witness: Witness) -> None:
    log = MemoryLog(3)
    witness.add_checkpoint(await request(log, 0))

    again = witness.add_checkpoint(await request(log, 3))

    assert again.status == 200


async def test_an_unknown_origin_is_404_and_an_unknown_key_403(witness: Witness) -> None:
    stranger = MemoryLog(2, origin="other.example/log")
    impostor = MemoryLog(2, seed=b"x" * 32)

    assert witness.add_checkpoint(await request(stranger, 0)).status == 404
    assert witness.add_checkpoint(await request(impostor, 0)).status == 403


async def test_a_wrong_old_size_is_409_with_the_size_that_was_signed(witness: Witness) -> None:
    log = MemoryLog(5)
    witness.add_checkpoint(await request(log, 0))
    log.grow(2)

    for old in (0, 4, 6):
        answer = witness.add_checkpoint(await request(log, old))
        assert (answer.status, answer.kind, answer.body) == (409, "text/x.tlog.size", b"5\n")


async def test_an_old_size_above_the_checkpoint_is_400(witness: Witness) -> None:
    log = MemoryLog(3)

    assert witness.add_checkpoint(spelled(4, [], log.statement())).status == 400


async def test_a_fork_is_422_or_409_and_leaves_what_was_signed(
    witness: Witness, kept: Folder
) -> None:
    log = MemoryLog(6)
    witness.add_checkpoint(await request(log, 0))
    forged = log.fork(4)

    same_size = witness.add_checkpoint(await request(forged, 6))
    forged.grow(3)
    grown = witness.add_checkpoint(await request(forged, 6))

    assert (same_size.status, grown.status) == (409, 422)
    latest = kept.latest_checkpoint(ORIGIN)
    assert latest is not None
    assert (latest.size, latest.root) == (6, log.statement(6).root)


async def test_a_rewound_log_is_refused(witness: Witness) -> None:
    log = MemoryLog(6)
    witness.add_checkpoint(await request(log, 0))

    rewound = witness.add_checkpoint(await request(log, 0, size=4))
    pretending = witness.add_checkpoint(await request(log, 4, size=5))

    assert (rewound.status, pretending.status) == (409, 409)


async def test_a_proof_with_a_first_checkpoint_or_too_much_of_it_is_refused(
    witness: Witness,
) -> None:
    log = MemoryLog(3)
    statement = log.statement()

    assert witness.add_checkpoint(spelled(0, [b"p" * 32], statement)).status == 422
    assert witness.add_checkpoint(spelled(0, [b"p" * 32] * 64, statement)).status == 400


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body.replace(b"old 0", b"old 00"),
        lambda body: body.replace(b"old 0", b"old -1"),
        lambda body: body.replace(b"old 0", b"size 0"),
        lambda body: body.replace(b"old 0\n\n", b"old 0\n"),
        lambda body: body.replace(b"\n3\n", b"\n03\n"),
        lambda body: body[:-1],
        lambda body: body + b"\n",
        lambda body: b"",
        lambda body: b"\xff\xfe" + body,
        lambda body: body + b"x" * 70_000,
    ],
)
async def test_any_other_spelling_is_400(witness: Witness, damage: object) -> None:
    body = await request(MemoryLog(3), 0)
    assert callable(damage)

    assert witness.add_checkpoint(damage(body)).status == 400


async def test_signatures_of_others_are_passed_over_and_not_kept(
    witness: Witness, kept: Folder
) -> None:
    log = MemoryLog(3)
    other = Ed25519Signer("other.example", b"o" * 32)
    note = parse_note(log.statement().checkpoint)
    both = Note(note.text, (*note.signatures, *sign_note(note.text, [other]).signatures))

    answer = witness.add_checkpoint(b"old 0\n\n" + bytes(both))

    latest = kept.latest(ORIGIN)
    assert answer.status == 200
    assert latest is not None
    assert [one.name for one in latest.signatures] == [ORIGIN, "witness.example/w1"]


async def test_what_was_signed_survives_a_power_cut(
    fresh: WitnessProgram, client: httpx.AsyncClient
) -> None:
    log = MemoryLog(9)
    assert isinstance(await submit(fresh, client, log), Proof)

    fresh.stop()
    fresh.start()
    forged = log.fork(5)
    forged.grow()

    assert fresh.add(await request(log, 0, size=4)).status_code == 409
    with pytest.raises(AnchorContradicted):
        await submit(fresh, client, forged, seen=9)
    log.grow(3)
    assert isinstance(await submit(fresh, client, log, seen=9), Proof)


async def test_the_client_learns_the_size_from_the_witness(
    running: WitnessProgram, client: httpx.AsyncClient
) -> None:
    log = MemoryLog(4, ORIGINS[0])
    await submit(running, client, log)
    log.grow(3)

    proof = await submit(running, client, log, seen=0)
    behind = MemoryLog(2, ORIGINS[0])
    stale = await submit(running, client, behind)

    assert isinstance(proof, Proof)
    assert stale == Lost(why="the witness has seen size 7 already", seen=7)


async def test_anyone_may_read_what_the_witness_saw_last(
    running: WitnessProgram, client: httpx.AsyncClient
) -> None:
    log = MemoryLog(12, ORIGINS[1])
    await submit(running, client, log)

    shown = await client.get(f"{running.url}/latest", params={"origin": ORIGINS[1]})
    unknown = await client.get(f"{running.url}/latest", params={"origin": "other"})

    assert parse_note(shown.content).text == log.statement().body
    assert unknown.status_code == 404


async def test_a_cosignature_of_another_key_or_text_is_refused(
    running: WitnessProgram, client: httpx.AsyncClient
) -> None:
    log = MemoryLog(20, ORIGINS[2])
    other = Ed25519Signer("witness.example/w1", b"z" * 32, COSIGNATURE_V1)
    stranger = WitnessConfig(url=running.url, vkey=str(other.verifier))
    config = WitnessConfig(url=running.url, vkey=str(running.verifier))
    trusting = WitnessClient(config, client, log.prove)
    proof = await trusting.submit(log.statement(), b"")
    assert isinstance(proof, Proof)

    with pytest.raises(AnchorRefused, match="another key"):
        await WitnessClient(stranger, client, log.prove, 20).submit(log.statement(), b"")
    with pytest.raises(AnchorRefused, match="does not fit"):
        trusting.verify(log.statement(19), b"", proof.data)


async def test_a_witness_that_is_away_is_tried_again_later(client: httpx.AsyncClient) -> None:
    signer = Ed25519Signer("w", b"z" * 32, COSIGNATURE_V1)
    config = WitnessConfig(url="http://127.0.0.1:9", vkey=str(signer.verifier))

    with pytest.raises(AnchorUnavailable):
        await WitnessClient(config, client, MemoryLog().prove).submit(MemoryLog(1).statement(), b"")


def test_a_second_process_on_the_same_folder_is_kept_out(kept: Folder, tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="another witness"), Folder(tmp_path).held():
        pass


async def test_a_stated_restart_is_accepted_by_a_person_and_only_for_what_was_signed(
    witness: Witness, kept: Folder
) -> None:
    log = MemoryLog(9)
    logs = {ORIGIN: [log.signer.verifier]}
    witness.add_checkpoint(await request(log, 0))
    forged = log.fork(4)
    restored, lost = checkpoint_of(forged, 6), checkpoint_of(log, 9)
    statement = stated(log, lost, restored)
    stranger = MemoryLog(seed=b"x" * 32)
    others = (
        stated(log, checkpoint_of(log, 8), restored),
        stated(stranger, lost, restored),
        b"nonsense",
    )

    for wrong in others:
        with pytest.raises(CannotRun):
            kept.accept_restart(wrong, logs, 1)
    before = witness.add_checkpoint(await request(forged, 6, 8))
    kept.accept_restart(statement, logs, 1)
    after = witness.add_checkpoint(await request(forged, 6, 8))

    assert (before.status, after.status) == (409, 200)


def checkpoint_of(log: MemoryLog, size: int) -> Checkpoint:
    """The state of a log at a size."""
    return Checkpoint(ORIGIN, size, log.statement(size).root)


def stated(log: MemoryLog, old: Checkpoint, new: Checkpoint) -> bytes:
    """A signed statement that gives up one state for another."""
    restart = restart_of(2, old, new, Noon().now(), "disk lost, backup restored")
    return bytes(sign_note(bytes(restart), [log.signer]))


async def test_a_damaged_memory_stops_the_witness(
    witness: Witness, kept: Folder, tmp_path: Path
) -> None:
    witness.add_checkpoint(await request(MemoryLog(3), 0))
    (path,) = (tmp_path / "logs").iterdir()
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(CannotRun, match="damaged"):
        kept.latest(ORIGIN)


def test_the_command_makes_a_key_once_and_prints_what_a_log_needs(tmp_path: Path) -> None:
    options = ["--data", str(tmp_path), "--name", "witness.example/w1"]
    command = [sys.executable, "-m", "makegood", "witness", "key", *options]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    second = subprocess.run(command, capture_output=True, text=True, check=False)

    assert parse_verifier(first.stdout.strip()).name == "witness.example/w1"
    assert second.returncode == 1
    assert "a witness keeps its key" in second.stderr


def test_a_key_is_made_once(folder_of_witness: Folder) -> None:
    with pytest.raises(CannotRun, match="exists already"):
        folder_of_witness.make_key("witness.example/w1", b"v" * 32)


async def test_of_two_branches_only_the_first_is_ever_signed() -> None:
    """Whatever the order of requests, the signed sizes and roots form one history."""
    honest = MemoryLog(40)
    branches = [honest, honest.fork(20), honest.fork(35)]
    logs = {ORIGIN: [honest.signer.verifier]}
    for first in branches:
        latest = None
        for size in (10, 25, 38, 40):
            for branch in (first, *branches):
                old = latest.size if latest is not None else 0
                verdict = judge(await request(branch, old, size), logs, latest)
                if isinstance(verdict, Sign):
                    latest = verdict.checkpoint
                else:
                    assert isinstance(verdict, Refuse)
        assert latest is not None
        assert latest.root == first.statement(40).root
