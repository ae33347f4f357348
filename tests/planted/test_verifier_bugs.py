"""Checks taken out of a verifier one by one: the spoiled files must show that each is missing."""

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from makegood.privacy import redaction
from makegood.record.canonical import Value
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, seal
from makegood.verify.judge import judge
from makegood.verify.page import core
from tests.record.histories import AT, BUYER, key
from tests.verify import mutations
from tests.verify.javascript import JavaScript, javascript, plain
from tests.verify.making import NOW, PIN, bundle, history, receipt

BUGS = {
    "any root will do": ("return last === 0n && same(found, root)", "return last === 0n"),
    "signatures are counted, not checked": (
        "if (!(await fits(note.text, verifier, signature.content))) throw",
        "if (!signature.content.length) throw",
    ),
    "anybody may sign a bundle's checkpoint as well": (
        "if (knownOnly && logs.size + seen.size !== note.signatures.length) {",
        "if (logs.size < 0) {",
    ),
    "anybody may sign a bundle's manifest as well": (
        "if (knownOnly && signed.size !== note.signatures.length) {",
        "if (signed.size < 0) {",
    ),
    "base64 has many spellings": (
        "if (encodeBase64(bytes) !== text) throw",
        "if (!bytes) throw",
    ),
    "numbers have leading zeros": ("/^(?:0|[1-9][0-9]{0,18})$/", "/^[0-9]{1,19}$/"),
    "opened values are believed": (
        "if (!known || encodeBase64(digest) !== entry.commitments[one.name]) throw",
        "if (!known) throw",
    ),
    "what stays closed need not be told": (
        "if (!complete || said.some((one, at) => byPlace(one, committed[at]))) throw",
        "if (!closed) throw",
    ),
    "files need no event": ("prints.get(one.version) !== listed.get(one.name)", "false"),
    "the history may have gaps": ("if (!chained) throw", "if (!entry) throw"),
    "the manifest is not compared with the files": (
        "if (one.size !== bytes.length || one.sha256 !== hex(await sha256(bytes))) throw",
        "if (!bytes) throw",
    ),
    "files may be added": (
        "if (!complete || here.some((name, at) => name !== manifest.files[at].name)) {",
        "if (manifest.files.some((one) => !files.has(one.name))) {",
    ),
    "bytes may follow the archive": (
        "if (heads.length === 0 || !same(bytes.subarray(place), directory(heads))) {",
        "if (heads.length === 0) {",
    ),
    "the key is taken from the file": ("requirePinned(pin, await", "requirePinned({}, await"),
    "another log will do": (
        "if (pin.policy && pin.policy.logs.every((key) => key.name !== origin)) {",
        "if (!origin) {",
    ),
    "a receipt's number is decoration": (
        "if (!spelled || found.stream.length !== 16) throw",
        "if (found.stream.length !== 16) throw",
    ),
}


def spoiled() -> Iterator[bytes]:
    """Files that no true verifier accepts, those that catch most at the front."""
    yield from (content for _, content in mutations.forged_bundles(5))
    proof, told = mutations.honest_proof(3)
    yield from mutations.respelled(proof)
    yield from mutations.respelled(told)
    yield from mutations.swaps(bundle())
    yield from mutations.cuts(proof, Random(4), 6)
    yield from mutations.cuts(bundle(), Random(4), 6)
    yield from mutations.changed_bytes(receipt(history()[0]), Random(2), 3)
    yield from mutations.changed_bytes(proof, Random(1), 3)


def shows_a_difference(script: JavaScript) -> bool:
    """Property: the script says of every spoiled file what Python says."""
    return any(
        plain(judge(one, NOW, PIN)) != script.judge(one, NOW, PIN.policy) for one in spoiled()
    )


def test_the_true_script_shows_none() -> None:
    with javascript() as script:
        few = list(islice(spoiled(), 150))
        assert all(plain(judge(one, NOW, PIN)) == script.judge(one, NOW, PIN.policy) for one in few)


@pytest.mark.parametrize("bug", BUGS)
def test_a_check_that_was_taken_out_is_missed(bug: str) -> None:
    before, after = BUGS[bug]
    assert core().count(before) == 1, "the bug has its place"
    with javascript(core().replace(before, after)) as script:
        assert shows_a_difference(script)


def sealed(fields: dict[str, Value]) -> SealedEvent:
    """A decision of a claim."""
    head = StreamHead(market_id="main", stream="AS-1", pseudonym=key(1)[:16])
    (event,) = seal(head, [NewEvent("claim_decided", 1, fields, frozenset())], [key(2)], AT, BUYER)
    return event


def nothing_is_left_of(trace: str, gone: redaction.Gone, event: SealedEvent) -> None:
    """Property: what an erasure leaves of an event says nothing of the person."""
    left = {**event.fields(), **gone}
    assert trace not in str(left)


def test_a_trace_deep_in_a_decision_is_erased_and_a_redaction_without_traces_is_caught() -> None:
    conditions: list[Value] = [{"fact": "account.bound", "actual": "uid-990017-zhao"}]
    event = sealed({"decision": {"reason_text": "说明", "conditions": conditions}})
    nothing_is_left_of("uid-990017", redaction.buyers_part(event, ["uid-990017-zhao"]), event)
    with pytest.raises(AssertionError):
        nothing_is_left_of("uid-990017", redaction.buyers_part(event, []), event)
