"""A bundle opens everything of a decision but the values of the other side, and says which."""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.bundles.disclosing import (
    AUDIENCES,
    Audience,
    closed_fields,
    opened_fields,
)
from makegood.claims import events as e
from makegood.claims.parting import SIDE_OF, Side
from makegood.claims.view import Audience as Readers
from makegood.record.rules import SealedEvent, erase, parse_entry
from tests.claims.one_sided import corrected, decided, facts, recorded, sealed, sealed_in_one_piece

PARTIES: tuple[Audience, ...] = ("buyer", "seller", "outside")
READERS: tuple[Readers, ...] = get_args(Readers)
AUDIENCES_OF = st.lists(st.sampled_from(READERS), max_size=8)


def opened(events: Sequence[e.AnyEvent], audience: Audience) -> dict[tuple[int, str], Any]:
    """What a bundle opens, by step and name."""
    found = opened_fields(sealed(events), recorded(events), audience)
    return {(one.version, one.name): one.value for one in found}


def closed(events: Sequence[e.AnyEvent], audience: Audience) -> dict[tuple[int, str], str]:
    """What stays closed, and why."""
    found = closed_fields(sealed(events), recorded(events), audience)
    return {(one.version, one.name): one.why for one in found}


@pytest.mark.parametrize("audience", ["buyer", "seller"])
def test_a_party_reads_the_decision_but_for_the_value_of_the_other_side(
    audience: Audience,
) -> None:
    events = [decided(["all", "buyer", "seller"])]
    other = "seller" if audience == "buyer" else "buyer"
    shown = opened(events, audience)
    decision = shown[1, "decision"]
    assert decision["reason_text"] == "依据卡密状态。"
    assert [one["actual"] for one in decision["conditions"]] == ["value of all", None, None]
    place = 1 if audience == "buyer" else 2
    assert shown[1, f"of_{audience}"] == {
        f"/decision/conditions/{place}/actual": f"value of {audience}",
        f"/decision/conditions/{place}/source": f"source for {audience}",
    }
    assert closed(events, audience) == {
        (1, "actor_id"): "platform",
        (1, "approved_by"): "platform",
        (1, "of_platform"): "platform",
        (1, f"of_{other}"): other,
    }


def test_nothing_is_closed_where_a_side_has_nothing_of_its_own() -> None:
    events: list[e.AnyEvent] = [decided(["all", "buyer"]), facts(["all", "all"])]
    shown = opened(events, "buyer")
    assert (shown[1, "of_seller"], shown[2, "of_platform"]) == ({}, {})
    assert "seller" not in closed(events, "buyer").values()


def test_facts_of_one_side_do_not_close_those_of_all() -> None:
    events = [facts(["all", "seller", "platform", "all"])]
    shown = opened(events, "buyer")
    assert [one["value"] for one in shown[1, "facts"]] == ["fact of all", "fact of all"]
    assert closed(events, "buyer")[1, "of_seller"] == "seller"
    assert opened(events, "seller")[1, "of_seller"]["/facts/1"]["value"] == "fact of seller"


@given(st.lists(st.one_of(AUDIENCES_OF.map(facts), AUDIENCES_OF.map(decided)), max_size=4))
def test_no_bundle_holds_a_word_that_is_not_its_readers(events: list[e.AnyEvent]) -> None:
    for audience in PARTIES:
        said = str(list(opened(events, audience).values()))
        others = [one for one in ("buyer", "seller", "platform") if one != audience]
        assert not any(f"of {one}" in said or f"for {one}" in said for one in others)
        assert "cluster_claims_30d" not in said
        assert "acc-7" not in said


def test_a_seller_reads_its_own_parts_of_a_correction_and_nobody_elses() -> None:
    shown = opened([corrected()], "seller")
    assert [one["amount_minor"] for one in shown[1, "moved"]] == [1234]
    assert not any(word in str(shown) for word in ("4321", "777"))
    assert closed([corrected()], "seller")[1, "of_platform"] == "platform"
    assert not {"moved", "of_seller", "of_platform"} & {
        name for _, name in opened([corrected()], "buyer")
    }
    assert shown[1, "moved"] == opened([corrected()], "platform")[1, "moved"]


def test_a_correction_sealed_in_one_piece_stays_closed_to_a_seller_it_tells_too_much() -> None:
    whole = corrected()
    own = msgspec.structs.replace(whole, moved=whole.moved[1:])
    entries, history = sealed_in_one_piece([whole, own]), recorded([whole, own])
    kept = {(one.version, one.name): one.why for one in closed_fields(entries, history, "seller")}
    assert (kept[1, "moved"], kept[1, "waiting_minor"]) == ("one_piece", "platform")
    assert (2, "moved") not in kept


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("make", [sealed, sealed_in_one_piece])
def test_what_is_opened_and_what_is_closed_is_all_that_was_committed_to(
    audience: Audience, make: Any
) -> None:
    events: list[e.AnyEvent] = [
        decided(["buyer", "seller", "platform"]),
        facts(["seller"]),
        e.Escalated(kind="stage", to="lead", why="words among colleagues"),
        e.KeyRevealed(unit_no=1, generation=1),
        corrected(),
    ]
    entries: list[SealedEvent] = make(events)
    history = recorded(events)
    said = [(one.version, one.name) for one in opened_fields(entries, history, audience)]
    kept = [(one.version, one.name) for one in closed_fields(entries, history, audience)]
    assert kept == sorted(kept)
    assert sorted(said + kept) == sorted(
        (entry.seq, name)
        for one in entries
        if (entry := parse_entry(one.entry)) is not None
        for name in entry.commitments
    )


@pytest.mark.parametrize(("side", "other"), [("seller", "buyer"), ("buyer", "seller")])
def test_what_was_sealed_in_one_piece_stays_closed_as_a_whole(side: Side, other: Side) -> None:
    events: list[e.AnyEvent] = [decided([side], around=None), facts([side])]
    entries, history = sealed_in_one_piece(events), recorded(events)
    found = {(one.version, one.name): one.why for one in closed_fields(entries, history, other)}
    assert found[1, "decision"] == found[2, "facts"] == "one_piece"
    own = {(one.version, one.name) for one in opened_fields(entries, history, side)}
    assert {(1, "decision"), (2, "facts")} <= own


def test_limits_and_the_history_of_a_device_close_an_old_decision_for_both_sides() -> None:
    events = [decided(["all"])]
    for party in PARTIES:
        names = {
            one.name for one in opened_fields(sealed_in_one_piece(events), recorded(events), party)
        }
        assert "decision" not in names


def test_what_was_erased_is_said_to_be() -> None:
    events = [facts(["all", "buyer"])]
    entries = [erase(one, ["facts", "of_buyer"]) for one in sealed(events)]
    found = {one.name: one.why for one in closed_fields(entries, recorded(events), "buyer")}
    assert (found["facts"], found["of_buyer"]) == ("erased", "erased")
    assert not set(SIDE_OF) & {
        one.name for one in opened_fields(entries, recorded(events), "buyer") if one.value
    }
