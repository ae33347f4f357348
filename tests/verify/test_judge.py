"""What the verifier says of honest files, and of every way in which a file can be wrong."""

from makegood.verify.judge import judge
from makegood.verify.pins import NO_PIN
from tests.verify import making
from tests.verify.making import NOW, PIN, bundle


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
