"""What `./bench tamper` does to the files of one bundle, and what both verifiers say of it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, Final, NamedTuple

from makegood.verify.judge import judge
from tests.verify import mutations
from tests.verify.javascript import JavaScript, case_of, javascript, pin_text, plain
from tests.verify.making import NOW, PIN, POLICY, bundle, history, receipt

ACCEPTED: Final = ("intact", "not_merged", "late")
AT_ONCE: Final = 64
"""Files in one question to node."""
BUNDLE_STEP: Final = 23
"""Every so many bytes of a whole bundle are changed: each file in it has a checksum anyway."""
RESIGNED_STEP: Final = 11
"""Every so many bytes of a proof are changed by an operator who signs the bundle again."""


class Spoiled(NamedTuple):
    """A file that nobody may accept, and what was laid beside it."""

    content: bytes
    beside: bytes | None = None


@dataclass
class Tally:
    """How many files were judged, and what went wrong."""

    files: int = 0
    proof_bytes: int = 0
    """Bytes in the proofs of all bundles."""
    proof_bytes_changed: int = 0
    """How many of them were changed, one in each file."""
    accepted: int = 0
    disputed: int = 0
    python_seconds: float = 0.0
    script_seconds: float = 0.0
    """From the question to node to its answer."""
    examples: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in what another process counted."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def weigh_bundles(seeds: Sequence[int], step: int, salt: int) -> Tally:
    """Everything that is done to these bundles, judged; with a node of its own."""
    tally = Tally()
    with javascript() as script:
        for seed in seeds:
            _weigh_proofs(script, tally, seed, step, Random(f"{salt}/{seed}/proofs"))
            _weigh(script, tally, _others(seed, step, Random(f"{salt}/{seed}")))
    return tally


def require_honest(script: JavaScript) -> None:
    """A verifier that refuses everything would pass every other measure here."""
    files = [Spoiled(bundle()), Spoiled(mutations.honest_proof(1)[0])]
    for content, beside in files + [Spoiled(*proof) for proof in mutations.proofs_of(bundle())]:
        ours = judge(content, NOW, PIN, beside).state
        theirs = script.judge(content, NOW, POLICY, beside=beside)
        assert ours == theirs["state"] == "intact", (ours, theirs)


def _weigh_proofs(script: JavaScript, tally: Tally, seed: int, step: int, draw: Random) -> None:
    """Every `step`-th byte of every proof in a bundle, changed beside the entry it is about."""
    for proof, entry in mutations.proofs_of(bundle(seed)):
        before = tally.files
        changed = mutations.changed_bytes(proof, draw, step)
        _weigh(script, tally, (Spoiled(content, entry) for content in changed))
        tally.proof_bytes += len(proof)
        tally.proof_bytes_changed += tally.files - before


def _others(seed: int, step: int, draw: Random) -> Iterator[Spoiled]:
    """A proof with its receipt inside, a receipt, and the whole bundle: changed, cut, forged."""
    whole = bundle(seed)
    proof, told = mutations.honest_proof(seed)
    made = (
        mutations.changed_bytes(proof, draw, step),
        mutations.changed_bytes(receipt(history(seed)[0]), draw, step),
        mutations.changed_bytes(whole, draw, BUNDLE_STEP * step),
        mutations.resigned(seed, draw, RESIGNED_STEP * step),
        *(mutations.cuts(content, draw, 6) for content in (proof, told, whole)),
        *(mutations.respelled(content) for content in (proof, told)),
        mutations.swaps(whole),
        (content for _, content in mutations.forged_bundles(seed)),
    )
    return (Spoiled(content) for contents in made for content in contents)


def _weigh(script: JavaScript, tally: Tally, files: Iterator[Spoiled]) -> None:
    """Judge each file twice; none may be accepted, and both must say the same."""
    pin = pin_text(POLICY)
    while some := list(islice(files, AT_ONCE)):
        began = time.perf_counter()
        ours = [plain(judge(content, NOW, PIN, beside)) for content, beside in some]
        between = time.perf_counter()
        theirs = script.ask_all([case_of(one.content, NOW, pin, None, one.beside) for one in some])
        tally.python_seconds += between - began
        tally.script_seconds += time.perf_counter() - between
        _count(tally, ours, theirs)


def _count(tally: Tally, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        tally.files += 1
        tally.accepted += one["state"] in ACCEPTED or other["state"] in ACCEPTED
        if one != other:
            tally.disputed += 1
            tally.examples.append(f"{one} but the page {other}")
