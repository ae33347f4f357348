"""What one side alone may see of an event is sealed apart, and nothing is lost by it."""

from typing import get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from makegood.claims import events as e
from makegood.claims.parting import NOTHING_APART, PARTED, SIDE_OF, join, part
from makegood.claims.store import UPCASTS, read
from makegood.claims.view import Audience
from makegood.record.canonical import canonical
from makegood.record.chain import check_chain
from makegood.record.erased import ERASED_VALUE
from makegood.record.rules import erase, parse_entry
from tests.claims.one_sided import corrected, decided, facts, plain, sealed, sealed_in_one_piece

READERS: tuple[Audience, ...] = get_args(Audience)
AUDIENCES = st.lists(st.sampled_from(READERS), max_size=24)
EVENTS: st.SearchStrategy[e.AnyEvent] = st.one_of(
    AUDIENCES.map(facts), AUDIENCES.map(decided), st.builds(corrected)
)


@given(EVENTS)
def test_what_was_parted_is_joined_again_whatever_belongs_to_whom(event: e.AnyEvent) -> None:
    parted = part(e.event_name(event), plain(event))
    assert join(msgspec.json.decode(canonical(parted))) == plain(event)


@given(EVENTS)
def test_the_parts_for_all_hold_no_word_of_one_side(event: e.AnyEvent) -> None:
    parted = part(e.event_name(event), plain(event))
    shared = str({name: value for name, value in parted.items() if name not in SIDE_OF})
    for field, side in SIDE_OF.items():
        own = str(parted[field])
        others = [one for one in READERS if one not in (side, "supplier")]
        assert f"of {side}" not in shared
        assert not any(f"of {one}" in own for one in others)


@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_what_was_sealed_in_one_piece_reads_the_same_as_what_is_sealed_today(
    events: list[e.AnyEvent],
) -> None:
    old, new = sealed_in_one_piece(events), sealed(events)
    assert (check_chain(old), check_chain(new)) == ([], [])
    assert {one.schema_version for one in new} == {2}
    assert [read(one).event for one in old] == [read(one).event for one in new] == events


def test_a_body_without_parts_is_known_by_its_end() -> None:
    plain_facts, one_sided = (one.body for one in sealed([facts(["all"]), facts(["all", "buyer"])]))
    assert plain_facts.endswith(NOTHING_APART)
    assert not one_sided.endswith(NOTHING_APART)


@given(EVENTS)
def test_the_public_entry_does_not_tell_whether_a_side_has_anything_of_its_own(
    event: e.AnyEvent,
) -> None:
    entry = parse_entry(sealed([event])[0].entry)
    assert entry is not None
    assert set(SIDE_OF) <= entry.commitments.keys()


def test_of_a_correction_only_the_sellers_own_parts_are_sealed_for_the_seller() -> None:
    parted = part("bearing_corrected", plain(corrected()))
    assert [one["number"] for one in parted["moved"]] == ["K2"]
    assert "waiting_minor" not in parted
    assert parted["of_platform"].keys() == {"/moved/0", "/waiting_minor"}


def test_an_erased_part_stays_away_and_the_rest_is_read() -> None:
    (whole,) = sealed([facts(["all", "buyer", "seller"])])
    event = read(erase(whole, ["of_buyer"])).event
    assert isinstance(event, e.FactsRecorded)
    assert [one.audience for one in event.facts] == ["all", "seller"]
    assert join({"n": 1, "of_buyer": ERASED_VALUE}) == {"n": 1}


def test_every_parted_event_has_its_way_from_the_first_version() -> None:
    assert UPCASTS.missing() == []
    assert {name: UPCASTS.current[name] for name in PARTED} == dict.fromkeys(PARTED, 2)
