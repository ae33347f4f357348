"""Bugs planted in what outsiders rely on; each must be caught by the property that guards it."""

import asyncio
import base64
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest

from makegood.base.actor import Actor
from makegood.bundles.disclosing import Audience, opened_fields
from makegood.claims import events as e
from makegood.claims.state import Recorded
from makegood.claims.view import Audience as Readers
from makegood.insight.rows.figures import ReadRows, read_rows
from makegood.record.log.checkpoint import Checkpoint
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, seal
from makegood.standing.audits.rules import draw
from makegood.verify.bundle import Disclosed
from makegood.witness.rules import Logs, Refuse, Sign, judge, parse_request
from tests.anchors.logs import ORIGIN, MemoryLog
from tests.insight.rows import ROW, sealed_lines

Judge = Callable[[bytes, Logs, Checkpoint | None], Sign | Refuse]
Opens = Callable[[Sequence[SealedEvent], Sequence[Recorded], Audience], Iterator[Disclosed]]
Draw = Callable[[str, Collection[str], int], list[str]]


def request(log: MemoryLog, old: int, size: int) -> bytes:
    """What a log posts to a witness."""
    path = asyncio.run(log.prove(old, size))
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in path), ""]
    return "".join(f"{line}\n" for line in lines).encode() + log.statement(size).checkpoint


def signs_one_history(judged: Judge) -> None:
    """Property: whatever is asked in whatever order, what was signed is one growing log."""
    honest = MemoryLog(24)
    logs = {ORIGIN: [honest.signer.verifier]}
    branches = [honest, honest.fork(6), honest.fork(20)]
    signed: list[Checkpoint] = []
    for turn, size in enumerate((4, 9, 9, 16, 12, 24, 24)):
        for branch in branches[turn % 3 :] + branches[: turn % 3]:
            known = signed[-1].size if signed else 0
            for old in (0, min(known, size)):
                latest = signed[-1] if signed else None
                verdict = judged(request(branch, old, size), logs, latest)
                signed += [verdict.checkpoint] if isinstance(verdict, Sign) else []
    sizes = [one.size for one in signed]
    assert sizes == sorted(sizes)
    assert any(
        all(branch.statement(one.size).root == one.root for one in signed) for branch in branches
    )


def nobody_can_choose(drawn: Draw) -> None:
    """Property: the order in which claims are listed changes nothing about the draw."""
    numbers = [f"AS-{place}" for place in range(40)]
    assert drawn("3 7 11", numbers, 10) == drawn("3 7 11", numbers[::-1], 10)
    assert drawn("3 7 11", numbers, 10) != drawn("3 7 12", numbers, 10)


def a_missing_row_shows(read: Callable[[list[bytes]], ReadRows]) -> None:
    """Property: a row cut out of the middle is a fault."""
    lines = sealed_lines([ROW] * 5)
    assert read(lines[:2] + lines[3:]).faults


def opens_nothing_of_one_side(opens: Opens) -> None:
    """Property: an outsider's bundle holds the words that all may read, and no others."""
    at, buyer = datetime(2026, 11, 21, tzinfo=UTC), Actor(role="buyer", id="b-1")
    said = [
        e.MessagePosted(message_id=f"m-{one}", text=f"for {one}", audience=one)
        for one in get_args(Readers)
    ]
    events = [NewEvent("message_posted", 1, msgspec.to_builtins(one)) for one in said]
    head = StreamHead(market_id="main", stream="AS-1", pseudonym=b"p" * 16)
    keys = [bytes([number]) * 32 for number in range(len(events))]
    sealed = seal(head, events, keys, at, buyer)
    history = [Recorded(n, at, buyer, event) for n, event in enumerate(said, start=1)]
    shown = [one.value for one in opens(sealed, history, "outside")]
    assert "for all" in shown
    assert not {"for buyer", "for seller", "for platform", "b-1"} & {str(one) for one in shown}


def judge_without_proof(body: bytes, logs: Logs, latest: Checkpoint | None) -> Sign | Refuse:
    """The bug: sizes are compared and the consistency proof is not."""
    verdict = judge(body, logs, latest)
    if isinstance(verdict, Refuse) and verdict.status == 422:
        asked = parse_request(body)
        return Sign(asked.note, asked.checkpoint)
    return verdict


def judge_forgetfully(body: bytes, logs: Logs, latest: Checkpoint | None) -> Sign | Refuse:
    """The bug: the witness answers before it has written down what it signed."""
    return judge(body, logs, None)


def judge_by_size(body: bytes, logs: Logs, latest: Checkpoint | None) -> Sign | Refuse:
    """The bug: two roots of one size are the same to it."""
    asked = parse_request(body)
    if latest is not None and latest.size == asked.checkpoint.size:
        return Sign(asked.note, asked.checkpoint)
    return judge(body, logs, latest)


def open_as_for(party: Audience) -> Opens:
    """The bug: an outsider is taken for one of the parties, or for the platform."""
    return lambda sealed, history, _audience: opened_fields(sealed, history, party)


def draw_the_first(value: str, numbers: Collection[str], size: int) -> list[str]:
    """The bug: whoever lists the claims chooses."""
    return list(numbers)[:size]


def read_leniently(lines: list[bytes]) -> ReadRows:
    """The bug: faults are passed over in silence."""
    return ReadRows(read_rows(lines).rows, ())


def test_the_true_rules_hold() -> None:
    signs_one_history(judge)
    nobody_can_choose(draw)
    a_missing_row_shows(read_rows)
    opens_nothing_of_one_side(opened_fields)


@pytest.mark.parametrize("broken", [judge_without_proof, judge_forgetfully, judge_by_size])
def test_a_witness_that_forgets_or_does_not_compare_is_caught(broken: Judge) -> None:
    with pytest.raises(AssertionError):
        signs_one_history(broken)


@pytest.mark.parametrize("party", ["buyer", "seller", "platform"])
def test_a_bundle_that_takes_an_outsider_for_a_party_is_caught(party: Audience) -> None:
    with pytest.raises(AssertionError):
        opens_nothing_of_one_side(open_as_for(party))


def test_a_draw_by_the_order_of_a_list_is_caught() -> None:
    with pytest.raises(AssertionError):
        nobody_can_choose(draw_the_first)


def test_a_reader_that_passes_over_gaps_is_caught() -> None:
    with pytest.raises(AssertionError):
        a_missing_row_shows(read_leniently)
