"""The table of steps is whole, and the page in the manual is made from it."""

import json
from pathlib import Path
from typing import get_args

from makegood.base.actor import Role
from makegood.claims.document import life_document
from makegood.claims.edges import EDGES
from makegood.claims.promises import THEN
from makegood.claims.stages import STAGES, STATES
from makegood.claims.state import OPEN_STATES
from makegood.policy.pack import load_pack

ROOT = Path(__file__).parents[2]
CODES = {state.code for state in STATES}
ENDS = {"settled", "closed", "withdrawn", "declined"}


def test_the_page_in_the_manual_is_the_table_in_force() -> None:
    page = ROOT / "docs" / "life-of-a-claim.md"
    assert page.read_text("utf-8") == life_document(load_pack()), "run python -m tools.write_life"


def test_every_step_leads_from_known_states_to_a_known_one_by_known_actors() -> None:
    assert {edge.to for edge in EDGES} <= CODES | {"="}
    assert {source for edge in EDGES for source in edge.sources} <= CODES
    assert {role for edge in EDGES for role in edge.actors} <= set(get_args(Role))
    assert {edge.deadline for edge in EDGES if edge.deadline} <= set(THEN)
    assert len({edge.name for edge in EDGES}) == len(EDGES)


def test_every_state_is_reached_and_no_open_one_is_a_dead_end() -> None:
    assert {edge.to for edge in EDGES} - {"="} == CODES - {"open"}
    for state in OPEN_STATES:
        assert any(state in edge.sources and edge.to not in ("=", state) for edge in EDGES), state
    assert CODES == OPEN_STATES | ENDS


def test_every_step_says_in_both_languages_when_it_is_open_and_what_zero_does() -> None:
    for edge in EDGES:
        assert edge.guard_zh, edge.name
        assert edge.guard_en, edge.name
        assert bool(edge.deadline) == bool(edge.zero_zh) == bool(edge.zero_en), edge.name


def test_states_and_stages_are_those_that_pages_have_words_for() -> None:
    for language in ("zh", "en"):
        words = ROOT / "makegood" / "web" / "words" / language
        states = json.loads((words / "state.json").read_text("utf-8"))
        stages = json.loads((words / "stage.json").read_text("utf-8"))
        assert set(states) == CODES
        assert {code for code, _, _ in STAGES} <= set(stages)
