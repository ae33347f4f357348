"""What a verdict rests on beside the log's key: witnesses, time stamps; and what it leaves out."""

import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from makegood.bundles.packing import pack
from makegood.record.anchors.timestamp import ask, split_roots
from makegood.record.log.note import parse_note
from makegood.verify.judge import judge
from makegood.verify.pins import NO_PIN, Authority, Pin
from makegood.verify.verdict import Verdict
from makegood.verify.words import facts_of, words_of
from tests.anchors.programs import TsaProgram
from tests.verify import making
from tests.verify.command import verify
from tests.verify.javascript import JavaScript, plain
from tests.verify.making import (
    KEY,
    PIN,
    POLICY,
    Log,
    archive,
    contents,
    history,
    receipt,
)

KEY_ALONE = Pin(msgspec.structs.replace(POLICY, witnesses={}, quorum="none"))
WITNESS_UNASKED = Pin(msgspec.structs.replace(POLICY, quorum="none"))
EVENTS = history(origin_time=datetime(2020, 1, 1, tzinfo=UTC))
LOG = Log(EVENTS)
SOON = time.time() + 3600
"""Time stamps are made by the clock of this machine."""
MANUAL = Path(__file__).parents[2] / "docs" / "verifying.md"
NODE = b'{"tx_hash":"0x00"}'


def stamp(tsa: TsaProgram, checkpoint: bytes = LOG.checkpoint) -> bytes:
    """What the authority answers for a checkpoint."""
    return answer(tsa, ask(parse_note(checkpoint).text).request)


def answer(tsa: TsaProgram, asked: bytes) -> bytes:
    """What the authority answers to a request."""
    headers = {"content-type": "application/timestamp-query"}
    return httpx.post(tsa.url, content=asked, headers=headers, trust_env=False, timeout=60).content


def anchored(anchors: Mapping[str, bytes]) -> bytes:
    """A bundle with these files in its folder of anchors."""
    whole = contents(EVENTS, LOG)
    return archive(pack(msgspec.structs.replace(whole, pages={**whole.pages, **anchors}), [KEY]))


def relying_on(tsa: TsaProgram) -> Pin:
    return msgspec.structs.replace(PIN, authority=Authority(*split_roots(tsa.root_pem)))


def both(script: JavaScript, content: bytes, pin: Pin) -> Verdict:
    """The verdict on which both verifiers agree."""
    verdict = judge(content, SOON, pin)
    assert plain(verdict) == script.judge(content, SOON, pin.policy)
    return verdict


def without_its_last_line(note: bytes) -> bytes:
    """A witness's line cut off."""
    return note[: note.rindex(b"\n", 0, -1) + 1]


def test_a_pin_without_witnesses_says_that_none_was_asked(script: JavaScript) -> None:
    proof = LOG.proof(0, receipt(EVENTS[0]))
    cut = both(script, without_its_last_line(proof), KEY_ALONE)
    assert (cut.state, cut.witnesses, cut.cautions) == ("intact", (), ("no_witness_named",))
    assert words_of("en")["cautions"]["no_witness_named"] in dict(facts_of(cut, "en")).values()


def test_a_witness_that_was_named_and_has_not_signed_is_said_to_be_missing(
    script: JavaScript,
) -> None:
    proof = LOG.proof(0, receipt(EVENTS[0]))
    assert both(script, proof, WITNESS_UNASKED).cautions == ()
    cut = both(script, without_its_last_line(proof), WITNESS_UNASKED)
    assert (cut.state, cut.cautions) == ("intact", ("no_witness_seen",))
    alone = archive(pack(contents(EVENTS, Log(EVENTS, witness=None)), [KEY]))
    assert both(script, alone, WITNESS_UNASKED).cautions == ("no_witness_seen",)


def test_what_no_checkpoint_covers_says_that_nobody_can_have_seen_it(script: JavaScript) -> None:
    waiting = archive(pack(contents(EVENTS, LOG, unmerged=[1, 2, 3, 4]), [KEY]))
    for content in (receipt(EVENTS[0]), waiting):
        assert both(script, content, PIN).cautions == ("no_checkpoint",)


def test_without_any_pin_no_witness_counts(script: JavaScript) -> None:
    assert both(script, anchored({}), NO_PIN).cautions == ("no_witness_named",)


def test_anchors_are_named_as_carried_and_not_checked(script: JavaScript) -> None:
    lines = parse_note(LOG.checkpoint)
    witnessed = bytes(lines)[len(lines.text) + 1 :]
    content = anchored(
        {
            "anchors/1-tsa.tsr": b"anything",
            "anchors/1-tsa.tsr.root.pem": b"a certificate",
            "anchors/2-evm.json": NODE,
            "anchors/3-witness.txt": witnessed,
            "anchors/4-witness.txt": "— somebody AAAAAAAA\n".encode(),
            "anchors/anchors.json": b"[]",
        }
    )
    verdict = both(script, content, PIN)
    assert verdict.carried == ("anchors/1-tsa.tsr", "anchors/2-evm.json", "anchors/4-witness.txt")
    assert (verdict.state, verdict.cautions) == ("intact", ("anchors_not_checked",))
    assert any("not checked" in value for _, value in facts_of(verdict, "en"))
    assert any("没有核对" in value for _, value in facts_of(verdict, "zh"))


def test_a_time_stamp_by_the_authority_that_the_reader_pins_is_checked(tsa: TsaProgram) -> None:
    content = anchored({"anchors/1-tsa.tsr": stamp(tsa), "anchors/2-evm.json": NODE})
    verdict = judge(content, SOON, relying_on(tsa))
    ((at, _, signer),) = (one.partition(" ") for one in verdict.stamps)
    assert (verdict.state, verdict.carried) == ("intact", ("anchors/2-evm.json",))
    assert at.endswith("Z")
    assert signer.startswith("CN=")


def test_a_stamp_of_another_authority_or_checkpoint_does_not_count(
    tsa: TsaProgram, stranger: TsaProgram
) -> None:
    older = stamp(tsa, Log(EVENTS, after=3).checkpoint)
    spoiled = bytearray(stamp(tsa))
    spoiled[len(spoiled) // 2] ^= 1
    for wrong in (stamp(stranger), older, bytes(spoiled), b"", b"nonsense"):
        verdict = judge(anchored({"anchors/1-tsa.tsr": wrong}), SOON, relying_on(tsa))
        assert (verdict.state, verdict.reason) == ("no_timestamp", "stamp")
    beside = anchored({"anchors/1-tsa.tsr": stamp(stranger), "anchors/2-tsa.tsr": stamp(tsa)})
    verdict = judge(beside, SOON, relying_on(tsa))
    assert (len(verdict.stamps), verdict.carried) == (1, ("anchors/1-tsa.tsr",))


def test_a_stamp_over_nothing_does_not_stand_for_a_checkpoint(tsa: TsaProgram) -> None:
    query = ["openssl", "ts", "-query", "-data", "/dev/null", "-sha256", "-cert"]
    asked = subprocess.run(query, capture_output=True, check=True).stdout
    waiting = contents(EVENTS, LOG, unmerged=[1, 2, 3, 4])
    pages = {"anchors/1-tsa.tsr": answer(tsa, asked)}
    content = archive(pack(msgspec.structs.replace(waiting, pages=pages), [KEY]))
    assert judge(content, SOON, relying_on(tsa)).state == "no_timestamp"


def test_a_stamp_from_the_future_is_refused(tsa: TsaProgram) -> None:
    content = anchored({"anchors/1-tsa.tsr": stamp(tsa)})
    verdict = judge(content, SOON - 7200, relying_on(tsa))
    assert (verdict.state, verdict.reason) == ("future", "clock")


def test_who_asks_for_a_stamp_is_told_where_there_is_none(tsa: TsaProgram) -> None:
    files = (anchored({}), receipt(EVENTS[0]), LOG.proof(0, receipt(EVENTS[0])))
    assert {judge(one, SOON, relying_on(tsa)).state for one in files} == {"no_timestamp"}


def test_openssl_accepts_a_stamp_as_the_manual_says(tsa: TsaProgram, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.txt").write_bytes(LOG.checkpoint)
    (tmp_path / "authority.pem").write_text(tsa.root_pem)
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "1-tsa.tsr").write_bytes(stamp(tsa))
    lines = [line.strip() for line in MANUAL.read_text("utf-8").splitlines()]
    said = [line for line in lines if line.startswith(("sed '/^$/", "openssl ts -verify"))]
    script = "\n".join(["set -e", *said])
    ran = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert (len(said), ran.returncode) == (2, 0), ran.stderr


def test_the_command_checks_stamps_against_the_certificate_it_is_given(
    tsa: TsaProgram, stranger: TsaProgram, tmp_path: Path
) -> None:
    (tmp_path / "bundle.zip").write_bytes(anchored({"anchors/1-tsa.tsr": stamp(tsa)}))
    (tmp_path / "tsa.pem").write_text(tsa.root_pem)
    (tmp_path / "other.pem").write_text(stranger.root_pem)
    (tmp_path / "none.pem").write_text("nothing")
    pin = ("--pin", str(making.KEY.verifier))
    status, said = verify(tmp_path, *pin, "--tsa-cert", "tsa.pem")
    assert (status, "Time stamps by the authority you named: 20" in said) == (0, True), said
    status, said = verify(tmp_path, *pin)
    assert (status, "anchors/1-tsa.tsr: carried, not checked" in said) == (0, True), said
    assert verify(tmp_path, *pin, "--tsa-cert", "other.pem")[0] == 20
    status, said = verify(tmp_path, *pin, "--tsa-cert", "none.pem")
    assert (status, "--tsa-cert cannot be used" in said) == (1, True), said
