"""The signer's conditions, one by one, without a database."""

from typing import get_args

import msgspec
import pytest

from makegood.record.log.checkpoint import Checkpoint
from makegood.record.log.guard import (
    ADVICE,
    Restarted,
    State,
    Trouble,
    TroubleKind,
    require_signable,
    trusted_copy,
)
from makegood.record.log.note import Ed25519Signer, sign_note
from makegood.record.log.tiles import grow, root_at
from makegood.record.log.tree import leaf_hash

ORIGIN = "log.example/main"
KEY = Ed25519Signer(ORIGIN, bytes(range(32)))
STRANGER = Ed25519Signer(ORIGIN, bytes(range(1, 33)))
HERE = grow({}, 0, [leaf_hash(b"%d" % n) for n in range(300)])
ELSEWHERE = grow({}, 0, [leaf_hash(b"x%d" % n) for n in range(400)])


def here(size: int) -> bytes:
    """A root of the stored tree."""
    return root_at(HERE.tiles, size)


def note(size: int, root: bytes, signer: Ed25519Signer = KEY) -> bytes:
    """A signed checkpoint."""
    return bytes(sign_note(bytes(Checkpoint(ORIGIN, size, root)), [signer]))


SOUND = State(origin=ORIGIN, size=300, root=HERE.root, signed_size=280, note=note(280, here(280)))


def trouble(
    copy: bytes | None, changed: dict[str, object], restarted: Restarted | None = None
) -> str | None:
    """What the guard says of a state; None when it may be signed."""
    state = msgspec.structs.replace(SOUND, **changed)
    try:
        require_signable(state, copy, here, [KEY.verifier], restarted)
    except Trouble as found:
        return found.kind
    return None


@pytest.mark.parametrize(
    ("expected", "copy", "changed"),
    [
        (None, note(280, here(280)), {}),
        (None, note(1, here(1)), {}),
        (None, note(300, here(300)), {}),
        (None, None, {"note": None, "signed_size": 0}),
        ("rewound", note(301, ELSEWHERE.root), {}),
        ("rewound", note(400, ELSEWHERE.root), {"note": None, "signed_size": 0}),
        ("forked", note(280, root_at(ELSEWHERE.tiles, 280)), {}),
        ("forked", note(300, root_at(ELSEWHERE.tiles, 300)), {"note": None, "signed_size": 0}),
        ("copy_missing", None, {}),
        ("copy_damaged", note(280, here(280), STRANGER), {}),
        ("copy_damaged", b"", {}),
        ("head_changed", note(280, here(280)), {"signed_size": 281}),
        ("head_changed", note(280, here(280)), {"note": None}),
        ("head_changed", note(280, here(280)), {"note": note(280, here(280), STRANGER)}),
        ("head_changed", note(280, here(280)), {"note": note(280, here(279))}),
        ("head_changed", note(280, here(280)), {"note": b"\xff"}),
        ("tiles_changed", note(280, here(280)), {"root": here(299)}),
        ("tiles_changed", note(280, here(280)), {"size": 299}),
        ("tiles_changed", note(280, here(280)), {"size": 10_000}),
    ],
)
def test_only_what_continues_everything_signed_may_be_signed(
    expected: str | None, copy: bytes | None, changed: dict[str, object]
) -> None:
    assert trouble(copy, changed) == expected


def test_a_stated_restart_gives_up_exactly_the_copy_that_it_names() -> None:
    lost = Checkpoint(ORIGIN, 400, ELSEWHERE.root)
    restarted = Restarted(lost, Checkpoint(ORIGIN, 290, here(290)))
    fresh: dict[str, object] = {"note": None, "signed_size": 0}
    assert trouble(note(400, ELSEWHERE.root), fresh, restarted) is None
    other = note(399, root_at(ELSEWHERE.tiles, 399))
    assert trouble(other, fresh, restarted) == "rewound"
    assert trouble(note(400, ELSEWHERE.root), {}, restarted) == "rewound", "signed since then"
    forged = Restarted(lost, Checkpoint(ORIGIN, 290, here(289)))
    assert trouble(note(400, ELSEWHERE.root), fresh, forged) == "forked"


def test_a_restart_without_a_known_copy_does_not_excuse_a_later_loss() -> None:
    restarted = Restarted(None, Checkpoint(ORIGIN, 290, here(290)))
    assert trouble(None, {"note": None, "signed_size": 0}, restarted) is None
    assert trouble(None, {}, restarted) == "copy_missing"


@pytest.mark.parametrize(
    ("copy", "known"),
    [(None, None), (b"", None), (note(9, here(9), STRANGER), None), (note(9, here(9)), 9)],
)
def test_a_copy_is_trusted_by_its_signature(copy: bytes | None, known: int | None) -> None:
    found = trusted_copy(copy, ORIGIN, [KEY.verifier])
    assert (found.size if found else None) == known


def test_every_trouble_has_advice() -> None:
    assert set(ADVICE) == set(get_args(TroubleKind))
    assert str(Trouble("forked")) == ADVICE["forked"]
