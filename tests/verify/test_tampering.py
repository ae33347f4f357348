"""Whatever is changed in a bundle, a proof or a receipt: no verifier accepts it, and all agree."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from makegood.verify.judge import judge
from makegood.verify.pins import NO_PIN, Pin
from tests.verify import mutations
from tests.verify.javascript import JavaScript, plain
from tests.verify.making import NOW, PIN, POLICY, bundle, history, receipt

ACCEPTED = ("intact", "not_merged", "late")


def accepted_or_disputed(
    script: JavaScript, files: Iterable[bytes], pin: Pin = PIN
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Files that a verifier accepts, or of which the two verifiers say different things."""
    wrong = []
    for content in files:
        ours, theirs = plain(judge(content, NOW, pin)), script.judge(content, NOW, pin.policy)
        if ours != theirs or ours["state"] in ACCEPTED:
            wrong.append((ours, theirs))
    return wrong


def test_no_changed_byte_of_a_proof_is_accepted(script: JavaScript) -> None:
    proof, _ = mutations.honest_proof(3)
    assert judge(proof, NOW, PIN).state == script.judge(proof, NOW, POLICY)["state"] == "intact"
    assert accepted_or_disputed(script, mutations.changed_bytes(proof, Random(1))) == []


def test_no_changed_byte_of_a_receipt_is_accepted(script: JavaScript) -> None:
    content = receipt(history()[0])
    assert accepted_or_disputed(script, mutations.changed_bytes(content, Random(2))) == []


def test_no_changed_byte_of_a_bundle_is_accepted(script: JavaScript) -> None:
    assert accepted_or_disputed(script, mutations.changed_bytes(bundle(), Random(3), 29)) == []


def test_nothing_cut_or_added_is_accepted(script: JavaScript) -> None:
    proof, told = mutations.honest_proof(4)
    for content in (proof, told, bundle()):
        assert accepted_or_disputed(script, mutations.cuts(content, Random(4), 12)) == []


def test_no_other_spelling_is_accepted(script: JavaScript) -> None:
    for content in mutations.honest_proof(8):
        assert accepted_or_disputed(script, mutations.respelled(content)) == []


def test_no_swapped_missing_or_added_file_is_accepted(script: JavaScript) -> None:
    assert accepted_or_disputed(script, mutations.swaps(bundle())) == []


@pytest.mark.parametrize(("name", "content"), list(mutations.forged_bundles(5)))
def test_a_forged_bundle_is_not_accepted(script: JavaScript, name: str, content: bytes) -> None:
    assert accepted_or_disputed(script, [content]) == []


def test_without_a_pin_the_verifiers_agree_too(script: JavaScript) -> None:
    files = [content for _, content in mutations.forged_bundles(6)]
    proof, told = mutations.honest_proof(6)
    files += [*mutations.changed_bytes(proof, Random(6), 7)]
    files += [*mutations.changed_bytes(told, Random(7), 5)]
    assert accepted_or_disputed(script, files, NO_PIN) == []
