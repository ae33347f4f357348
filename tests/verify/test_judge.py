"""What the verifier says of honest files, and of every way in which a file can be wrong."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import get_args

import msgspec
import pytest

from makegood.base.trouble import CannotRun
from makegood.bundles.disclosing import Why
from makegood.bundles.packing import pack
from makegood.commands.verify import pin_of
from makegood.record.log.checkpoint import parse_checkpoint
from makegood.record.log.note import parse_note, sign_note
from makegood.record.log.policy import Policy
from makegood.record.log.receipt import Receipt, receipt_of, sign_receipt
from makegood.record.log.strict import REASONS
from makegood.verify.archive import write_archive
from makegood.verify.judge import judge
from makegood.verify.pins import NO_PIN, Pin
from makegood.verify.verdict import EXIT_CODES, Caution, State, Verdict
from makegood.verify.words import Language, facts_of, text_of, title_of, words_of
from tests.verify import making
from tests.verify.javascript import JavaScript, plain
from tests.verify.making import (
    FOREIGN_KEY,
    KEY,
    NOW,
    OTHER_KEY,
    PIN,
    POLICY,
    Log,
    archive,
    bundle,
    contents,
    history,
    receipt,
)
from tests.verify.mutations import changed_bytes

FIXTURES = Path(__file__).parent / "fixtures"


def test_an_honest_bundle_is_intact() -> None:
    verdict = judge(bundle(), NOW, PIN)
    assert (verdict.state, verdict.entries, verdict.fields, verdict.files) == ("intact", 4, 9, 1)
    assert (verdict.witnesses, verdict.claimed) == (("consumers",), ())


def test_without_a_pin_it_is_only_consistent_with_itself() -> None:
    verdict = judge(bundle(), NOW, NO_PIN)
    assert (verdict.state, verdict.pinned, verdict.claimed) == ("unpinned", False, ("consumers",))


def test_entries_that_wait_for_their_place_carry_receipts() -> None:
    content = bundle(unmerged=[4])
    soon = making.AT.timestamp() + 200
    assert [judge(content, now, PIN).state for now in (soon, NOW)] == ["not_merged", "late"]


def test_a_proof_needs_to_say_of_what() -> None:
    events = history()
    log = Log(events)
    bare = log.proof(0)
    assert judge(bare, NOW, PIN).state == "unbound"
    assert judge(bare, NOW, PIN, receipt(events[0])).state == "intact"
    assert judge(bare, NOW, PIN, events[0].entry).state == "intact"
    assert judge(bare, NOW, PIN, events[1].entry).state == "damaged"


def test_a_file_older_than_a_checkpoint_that_was_kept_is_refused(script: JavaScript) -> None:
    newer = Log(history(), after=99).checkpoint
    pin = Pin(POLICY, parse_checkpoint(parse_note(newer).text))
    assert judge(bundle(), NOW, pin).state == "old_checkpoint"
    assert script.judge(bundle(), NOW, POLICY, seen=newer)["state"] == "old_checkpoint"


def test_a_log_that_shows_two_histories_of_one_size_is_caught() -> None:
    other = Log(history(9))
    pin = Pin(POLICY, parse_checkpoint(parse_note(other.checkpoint).text))
    assert judge(bundle(), NOW, pin).reason == "forked"


def test_a_file_from_the_future_is_refused(script: JavaScript) -> None:
    before = making.AT.timestamp() - 301
    told = receipt(history()[0])
    assert judge(told, before, PIN).state == "future"
    assert script.judge(told, before, POLICY)["state"] == "future"


def test_a_quorum_is_asked_for_where_the_reader_pins_one(script: JavaScript) -> None:
    assert judge(bundle(), NOW, PIN).witnesses == ("consumers",)
    events = history()
    alone = archive(pack(contents(events, Log(events, witness=None)), [KEY]))
    assert judge(alone, NOW, PIN).state == "too_few_witnesses"
    assert script.judge(alone, NOW, POLICY)["state"] == "too_few_witnesses"


def test_a_witness_that_was_cut_off_is_missed_by_who_asks_for_one() -> None:
    event = history()[0]
    whole = Log([event]).proof(0, receipt(event))
    cut = whole[: whole.rindex(b"\n", 0, -1) + 1]
    assert judge(cut, NOW, PIN).state == "too_few_witnesses"
    content = judge(cut, NOW, Pin(msgspec.structs.replace(POLICY, quorum="none")))
    assert (content.state, content.witnesses) == ("intact", ())


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (Policy(logs=(OTHER_KEY.verifier,)), "wrong_key"),
        (Policy(logs=(FOREIGN_KEY.verifier,)), "wrong_origin"),
        (Policy(logs=(FOREIGN_KEY.verifier, KEY.verifier)), "intact"),
    ],
)
def test_the_pin_decides_whose_files_are_believed(policy: Policy, state: str) -> None:
    assert judge(bundle(), NOW, Pin(policy)).state == state


def test_a_witness_that_only_the_file_names_is_not_the_readers() -> None:
    verdict = judge(bundle(), NOW, Pin(Policy(logs=(KEY.verifier,))))
    assert (verdict.state, verdict.witnesses, verdict.claimed) == ("intact", (), ("consumers",))


KEY_OF_AN_OLD_RECEIPT = Policy(logs=(KEY.verifier,))


def test_who_knows_one_key_reads_what_witnesses_and_newer_keys_signed_beside_it(
    script: JavaScript,
) -> None:
    events = history()
    rotated = sign_receipt(receipt_of(events[0], making.ORIGIN), [KEY, OTHER_KEY])
    witnessed = Log(events).proof(0, rotated)
    for content, state in ((rotated, "late"), (witnessed, "intact")):
        verdict = judge(content, NOW, Pin(KEY_OF_AN_OLD_RECEIPT))
        assert (verdict.state, verdict.cautions[-1]) == (state, "others_signed")
        assert plain(verdict) == script.judge(content, NOW, KEY_OF_AN_OLD_RECEIPT)
        told = dict(facts_of(verdict, "en"))
        assert told["Other signatures"] == words_of("en")["cautions"]["others_signed"]
    assert "others_signed" not in judge(Log(events).proof(0, receipt(events[0])), NOW, PIN).cautions


def test_only_lines_that_were_passed_over_anyway_can_change_unseen(script: JavaScript) -> None:
    events = history()
    proof = Log(events).proof(0, receipt(events[0]))
    passed_over = proof.rindex("\n— ".encode()) + 1
    for changed in changed_bytes(proof, Random(9), 3):
        verdict = judge(changed, NOW, Pin(KEY_OF_AN_OLD_RECEIPT))
        assert plain(verdict) == script.judge(changed, NOW, KEY_OF_AN_OLD_RECEIPT)
        if verdict.fits:
            assert changed[:passed_over] == proof[:passed_over]
            assert "others_signed" in verdict.cautions


def spelled(at: str, merge_by: str) -> bytes:
    """A receipt with these times, honestly signed."""
    event = history()[0]
    told = Receipt(
        origin=making.ORIGIN,
        leaf_hash=event.entry_hash,
        stream=event.pseudonym,
        seq=1,
        at=at,
        merge_by=merge_by,
    )
    return bytes(sign_note(bytes(told), [KEY]))


STRANGE = [
    spelled("9999-12-31T23:59:30Z", "9999-12-31T23:59:59Z"),
    spelled("9999-12-31T23:58:30Z", "9999-12-31T23:59:30Z"),
    spelled("0001-01-01T00:00:00Z", "0001-01-01T00:01:00Z"),
    spelled("2026-02-30T00:00:00Z", "2026-02-30T00:01:00Z"),
    spelled("2026-11-21T24:00:00Z", "2026-11-22T00:01:00Z"),
    spelled("2026-11-21T12:59:60Z", "2026-11-21T13:01:00Z"),
    b"",
    b"PK\x03\x04",
    b"PK\x03\x04" + b"\xff" * 40,
    b"makegood.receipt/v2\nx\n\n\xe2\x80\x94 a AAAAAAAA\n",
    b"makegood.receipt/v1\n" + b"x" * 70_000,
    b"c2sp.org/tlog-proof@v2\n",
    *(
        write_archive([("manifest.json", text), ("manifest.note", b"x")])
        for text in (
            b"[" * 5000 + b"]" * 5000,
            b'{"format":"makegood.bundle","version":2}',
            b'{"format":"makegood.bundle","version":true}',
            b'{"format":"makegood.bundle","version":1.0}',
            b'{"a":1,"a":1}',
            b'"\\ud800"',
            b"9007199254740993",
            b"\xef\xbb\xbf{}",
        )
    ),
]


@pytest.mark.parametrize("content", STRANGE)
def test_nothing_strange_is_accepted_or_breaks_a_verifier(
    script: JavaScript, content: bytes
) -> None:
    ours = judge(content, NOW, PIN)
    assert plain(ours) == script.judge(content, NOW, POLICY)
    assert EXIT_CODES[ours.state] >= 10


def test_every_state_and_reason_has_words_in_both_languages() -> None:
    zh, en = words_of("zh"), words_of("en")
    assert zh["states"].keys() == en["states"].keys() == EXIT_CODES.keys()
    assert zh["reasons"].keys() == en["reasons"].keys() >= REASONS.keys()
    assert (zh["page"].keys(), zh["facts"].keys()) == (en["page"].keys(), en["facts"].keys())
    assert zh["closed"].keys() == en["closed"].keys() == set(get_args(Why))
    assert zh["cautions"].keys() == en["cautions"].keys() == set(get_args(Caution))
    broken = judge(b"PK\x03\x04", NOW, NO_PIN)
    assert "{" not in title_of(broken, "zh") + text_of(broken, "zh") + text_of(broken, "en")


def test_a_bundle_says_how_much_stays_closed_and_why(script: JavaScript) -> None:
    verdict = judge(bundle(), NOW, PIN)
    assert verdict.closed == {"buyer": 4}
    assert script.judge(bundle(), NOW, POLICY)["closed"] == {"buyer": 4}
    told = dict(facts_of(verdict, "en"))
    assert told["Values closed to you"] == "for the buyer's eyes only (4)"


def test_a_reason_of_a_later_release_is_shown_as_it_is(script: JavaScript) -> None:
    events = history()
    whole = contents(events, Log(events))
    reasons = ["__proto__", "later", "seller", "later"]
    said = [
        msgspec.structs.replace(one, why=why)
        for one, why in zip(whole.closed, reasons, strict=True)
    ]
    content = archive(pack(msgspec.structs.replace(whole, closed=said), [KEY]))
    verdict = judge(content, NOW, PIN)
    assert plain(verdict) == script.judge(content, NOW, POLICY)
    assert verdict.closed == {"__proto__": 1, "later": 2, "seller": 1}
    assert "later (2)" in dict(facts_of(verdict, "zh"))["没有向您公开的值"]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.zip")), ids=lambda path: path.name)
def test_bundles_of_every_release_stay_good(script: JavaScript, path: Path) -> None:
    content = path.read_bytes()
    verdict = judge(content, NOW, PIN)
    assert (verdict.state, verdict.entries, verdict.closed) == ("intact", 4, {})
    assert plain(verdict) == script.judge(content, NOW, POLICY)


def test_the_command_lists_every_value_that_stays_closed(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(bundle())
    ran = subprocess.run(
        [sys.executable, "-m", "makegood", "verify", "bundle.zip", "--closed"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == EXIT_CODES["unpinned"], ran.stderr
    assert "1 claim_opened.actor_id: for the buyer's eyes only" in ran.stdout


def test_a_pin_that_cannot_be_used_says_which_and_why(tmp_path: Path) -> None:
    page, kept = tmp_path / "keys+old.html", tmp_path / "kept.txt"
    page.write_text("<!doctype html>\n")
    kept.write_bytes(Log(history(), key=OTHER_KEY).checkpoint)
    key = str(KEY.verifier)
    for said, seen, why in (
        ("missing.txt", None, "missing.txt cannot be read: No such file"),
        (str(page), None, "holds neither keys nor a policy"),
        (key[:-2], None, "this is no whole key"),
        (key, kept, "is no checkpoint signed by the key of --pin"),
    ):
        with pytest.raises(CannotRun, match=re.escape(why)):
            pin_of(said, seen)
    (tmp_path / "keys.txt").write_text(f"{key}\n")
    by_file, spelled = pin_of(str(tmp_path / "keys.txt"), None), pin_of(key, None)
    assert by_file == spelled == Pin(KEY_OF_AN_OLD_RECEIPT)


@pytest.mark.parametrize("state", ["too_large", "other_version"])
def test_what_was_not_read_is_not_called_broken(state: State) -> None:
    verdict = Verdict(state=state, reason="archive")
    for language in get_args(Language):
        assert words_of(language)["reasons"]["archive"] not in text_of(verdict, language)
