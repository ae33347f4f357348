"""The decision letter says what was asked and not given, and how each item counted."""

from itertools import product

import msgspec
import pytest

from makegood.claims import actions, staff_actions
from makegood.claims.asked import Asked, asked_of
from makegood.claims.letter import Letter, letter_of
from makegood.claims.staff_actions import Ruled
from makegood.claims.view import ClaimView
from tests.claims import histories as h
from tests.claims.test_promises import waiting_for_seller
from tests.claims.town import Town
from tests.web import samples


def asked(
    wants: str, finding: str, remedy: str, given_minor: int = 0, **decided: object
) -> tuple[str, str]:
    """How the letter answers what was wanted: how much of it, and why not all."""
    decision = msgspec.structs.replace(
        samples.DECISION,
        **{
            "finding": finding,
            "remedy": remedy,
            "amount_minor": given_minor,
            "assist": "alone",
            **decided,
        },
    )
    claim = msgspec.structs.replace(samples.REFUNDING, wants=wants, decision=decision)
    found = asked_of(claim, decision, h.PACK)
    return found.met, found.why


@pytest.mark.parametrize(
    ("wants", "finding", "remedy", "given", "said"),
    [
        ("refund", "key_invalid_supplier", "refund_full", 9800, ("all", "")),
        ("refund", "membership_dropped_seller", "refund_prorated", 7350, ("part", "prorated")),
        ("refund", "partly_delivered_seller", "refund_prorated", 4900, ("part", "unit")),
        ("refund", "publisher_change", "price_reduction", 6860, ("part", "shared")),
        ("refund", "key_invalid_supplier", "refund_full", 5000, ("part", "refunded_before")),
        ("refund", "not_delivered_seller", "reissue", 0, ("other", "goods_first")),
        ("reissue", "key_invalid_supplier", "refund_full", 9800, ("other", "no_goods")),
        ("reissue", "account_reclaimed_seller", "refund_full", 9800, ("other", "not_offered")),
        ("refund", "delivered_late", "coupon", 0, ("other", "not_offered")),
        ("refund", "key_redeemed_by_buyer", "explanation", 0, ("nothing", "finding")),
    ],
)
def test_whoever_gets_less_than_was_asked_is_told_by_which_rule(
    wants: str, finding: str, remedy: str, given: int, said: tuple[str, str]
) -> None:
    assert asked(wants, finding, remedy, given) == said


def test_a_persons_own_ruling_and_an_agreement_name_no_rule_as_the_cause() -> None:
    short = ("refund", "publisher_change", "price_reduction", 5000)
    assert asked(*short, assist="departed") == ("part", "person")
    assert asked(*short, assist="unaided") == ("part", "person")
    assert asked(*short, assist="agreed") == ("part", "agreed")


def test_a_persons_own_finding_is_named_and_its_formula_too() -> None:
    assert asked("refund", "ban_buyer_conduct", "explanation", assist="unaided") == (
        "nothing",
        "finding_person",
    )
    dropped = ("refund", "membership_dropped_supplier", "refund_prorated", 7350)
    assert asked(*dropped, assist="departed") == ("part", "prorated")


def test_what_was_asked_may_be_one_of_the_choices() -> None:
    choices = ["reissue", "refund_full"]
    assert asked("refund", "key_invalid_supplier", "reissue", choices=choices) == ("choice", "")


def test_no_finding_leaves_less_than_was_asked_without_a_reason() -> None:
    given = {"refund_full": 1, "reissue": 0, "repair": 0, "coupon": 0, "explanation": 0}
    for code, wants, remedy in product(h.PACK.findings, h.PACK.head.wants, given):
        met, why = asked(wants, code, remedy, given[remedy])
        assert bool(why) == (met not in ("all", "choice")), (code, wants, remedy)


async def ruled_letter(town: Town) -> Letter:
    """A claim about a wrong specification, contested by the seller and ruled by a person."""
    claim_no = await waiting_for_seller(town)
    await town.file(claim_no, "other")
    await town.file(claim_no, "listing_source", town.seller)
    async with town.db.transaction() as tx:
        await actions.answer_as_seller(tx, town.seller, town.desk, claim_no, "contest", "不是我")
    async with town.db.transaction() as tx:
        await staff_actions.state_fact(
            tx, town.agent, town.desk, claim_no, "goods.matches_listing", False
        )
    await town.settle()
    claim = await town.view(claim_no)
    if claim.decision is None:
        async with town.db.transaction() as tx:
            await staff_actions.decide_claim(tx, town.agent, town.desk, claim_no, RULED)
        claim = await town.view(claim_no, town.buyer)
    return letter_of(claim, h.PACK)


RULED = Ruled(finding="not_as_described", remedy="refund_full", reason_text="对过下单时的页面")


async def test_each_item_filed_is_listed_with_how_it_counted(town: Town) -> None:
    letter = await ruled_letter(town)
    by_slot = dict(zip([e.slot for e in letter.evidence], letter.weighed, strict=True))

    assert by_slot["other"].counted == "before"
    assert by_slot["diff_marked"].counted == "looked"
    [point] = by_slot["diff_marked"].points
    assert (point.fact, point.value, point.source) == ("goods.matches_listing", False, "agent")
    assert letter.contested


async def test_what_is_filed_after_the_decision_is_not_weighed_in_its_letter(town: Town) -> None:
    letter = await ruled_letter(town)
    await town.later(minutes=5)
    await town.file(letter.claim_no, "other")
    later = letter_of(await town.view(letter.claim_no, town.buyer), h.PACK)

    assert later.weighed == letter.weighed
    assert (later.asked, later.unfollowed) == (letter.asked, letter.unfollowed)


def test_a_word_in_ones_own_cause_and_words_that_disagree_are_told_apart() -> None:
    first, second, third = samples.DECISION.conditions
    conditions = [
        msgspec.structs.replace(first, fact="supplier.redeemed_before_reveal", met="held"),
        msgspec.structs.replace(second, fact="supplier.status", actual=None, met="held"),
        msgspec.structs.replace(third, fact="order.paid"),
    ]
    said = samples.FACTS[0]

    def fact(name: str, value: str | bool, source: str) -> object:
        return msgspec.structs.replace(said, name=name, value=value, source=source)

    claim: ClaimView = msgspec.structs.replace(
        samples.REFUNDING,
        facts=[
            fact("supplier.redeemed_before_reveal", False, "supplier"),
            fact("supplier.status", "valid", "supplier"),
            fact("supplier.status", "invalid", "issuer"),
            fact("order.paid", True, "order"),
        ],
        decision=msgspec.structs.replace(samples.DECISION, conditions=conditions),
    )
    found = [(one.fact, one.doubt) for one in letter_of(claim, h.PACK).unfollowed]
    assert found == [
        ("supplier.redeemed_before_reveal", "own_purse"),
        ("supplier.status", "disagree"),
    ]


def test_what_a_person_confirmed_from_an_interested_source_is_not_told_as_refused() -> None:
    first, *others = samples.DECISION.conditions
    held = msgspec.structs.replace(first, fact="supplier.status", actual="valid", met="held")
    said = msgspec.structs.replace(samples.FACTS[0], name="supplier.status", value="valid")

    def doubts(*, machine: bool, assist: str) -> list[str]:
        decision = msgspec.structs.replace(
            samples.DECISION, conditions=[held, *others], machine=machine, assist=assist
        )
        claim = msgspec.structs.replace(samples.REFUNDING, facts=[said], decision=decision)
        return [one.doubt for one in letter_of(claim, h.PACK).unfollowed]

    assert doubts(machine=True, assist="alone") == ["own_purse"]
    assert doubts(machine=False, assist="followed") == ["followed"]


def test_an_item_that_could_turn_the_decision_is_not_called_beside_the_point() -> None:
    slot = h.PACK.slots["error_screen"]
    turning = [name for name in slot.proves if name != "supplier.status"]
    other = msgspec.structs.replace(samples.DECISION.conditions[0], fact="order.paid")

    def counted(would_change: list[str]) -> list[str]:
        decision = msgspec.structs.replace(
            samples.DECISION, conditions=[other], would_change=would_change
        )
        claim = msgspec.structs.replace(
            samples.REFUNDING, decision=decision, evidence=samples.EVIDENCE[:1]
        )
        return [item.counted for item in letter_of(claim, h.PACK).weighed]

    assert counted(turning[:1]) == ["open"]
    assert counted([]) == ["beside"]


def test_what_the_sides_agreed_on_weighs_nobodys_evidence() -> None:
    decision = msgspec.structs.replace(samples.DECISION, machine=False, assist="agreed")
    claim = msgspec.structs.replace(
        samples.REFUNDING, decision=decision, evidence=samples.EVIDENCE[:1]
    )
    assert [item.counted for item in letter_of(claim, h.PACK).weighed] == ["agreed"]


def test_less_is_what_was_asked_minus_what_is_given_and_never_negative() -> None:
    def less(asked_minor: int, given_minor: int) -> int:
        return Asked(
            wants="refund", asked_minor=asked_minor, given_minor=given_minor, met="part", why="unit"
        ).less_minor

    assert less(9800, 4900) == 4900
    assert less(0, 4900) == 0
