"""What the product asks of every pack beside its rules: time limits, figures, and words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, get_args

from makegood.policy.deadline import Stage
from makegood.policy.faults import Fault
from makegood.policy.judgement import PersonWhy, Shares, Wants
from makegood.policy.model import Clocks, Head, MinutesOf, Pack, ProductClass, StageClock

MAX_MINUTES: Final = 400 * 24 * 60
"""The longest time limit: a little over a year."""
LIMITS: Final = {
    "reissue_eta_minutes": 10_080,
    "high_value_minor": 10**10,
    "interest_bp": 2_400,
    "deposit_interest_bp": 2_400,
}
"""The largest value of each figure."""
_STAGES: Final = (*get_args(Stage), "decision_complex")
_HOLDS: Final = (*get_args(ProductClass), "new_seller_extra")
_MAX_HOLD_DAYS: Final = 400
_MAX_ROUNDS: Final = 20
"""The most extensions, requests for evidence, or counter-offers."""


def missing_parts(pack: Pack) -> Iterator[Fault]:
    """Whatever a claim would ask this pack for in vain, so that no claim ever stops on it."""
    yield from _stages(pack.clocks)
    yield from _counts(pack.clocks)
    yield from _head(pack.head)
    words = pack.words
    said: dict[str, tuple[Mapping[str, object], Iterable[str]]] = {
        "person_why": (words.person_why, get_args(PersonWhy)),
        "recourse": (words.recourse, ("none",)),
        "values": (words.values, ("true", "false", "unknown_value")),
        "parties": (words.parties, Shares.__struct_fields__),
        "remedies": (words.remedies, pack.head.remedies),
    }
    for column, (known, asked) in said.items():
        yield from _absent("words.json", column, known, asked)


def fitting_minutes(usual: int, urgent: int) -> bool:
    """Whether these may be a stage's time limits."""
    return 0 < urgent <= usual <= MAX_MINUTES


def _stages(clocks: Clocks) -> Iterator[Fault]:
    yield from _absent("clocks.json", "stages", clocks.stages, _STAGES)
    for name, stage in clocks.stages.items():
        yield from _minutes(name, "", stage)
        for product, minutes in stage.by_product.items():
            if product not in get_args(ProductClass):
                yield _fault("clocks.json", "choice", name, "by_product", product[:80])
            yield from _minutes(name, f"by_product.{product}.", minutes)


def _minutes(stage: str, where: str, minutes: StageClock | MinutesOf) -> Iterator[Fault]:
    usual, urgent = minutes.default_minutes, minutes.p0_minutes
    if fitting_minutes(usual, urgent):
        return
    told = {"default_minutes": usual, "p0_minutes": urgent}
    outside = [name for name, value in told.items() if not 1 <= value <= MAX_MINUTES]
    for name in outside:
        yield _fault("clocks.json", "figure", stage, where + name, f"1–{MAX_MINUTES}")
    if not outside:
        yield _fault("clocks.json", "urgent", stage, f"{where}p0_minutes", str(usual))


def _counts(clocks: Clocks) -> Iterator[Fault]:
    yield from _absent("clocks.json", "payout_hold_days", clocks.payout_hold_days, _HOLDS)
    yield from _within("clocks.json", "payout_hold_days.", clocks.payout_hold_days, _MAX_HOLD_DAYS)
    yield from _within("clocks.json", "extensions.", clocks.extensions, _MAX_ROUNDS)
    rounds = {
        "evidence_requests": clocks.evidence_requests,
        "counter_offers": clocks.counter_offers,
    }
    yield from _within("clocks.json", "", rounds, _MAX_ROUNDS)


def _head(head: Head) -> Iterator[Fault]:
    yield from _absent("pack.json", "wants", head.wants, get_args(Wants))
    yield from _absent("pack.json", "rungs", head.rungs, head.remedies)
    for name, most in LIMITS.items():
        yield from _within("pack.json", "limits.", {name: getattr(head.limits, name)}, most)


def _within(file: str, where: str, figures: Mapping[str, int], most: int) -> Iterator[Fault]:
    for name, value in figures.items():
        if not 0 <= value <= most:
            yield _fault(file, "figure", "", where + name, f"0–{most}")


def _absent(
    file: str, column: str, known: Mapping[str, object], asked: Iterable[str]
) -> Iterator[Fault]:
    for name in asked:
        if name not in known:
            yield _fault(file, "missing", name, column)


def _fault(file: str, code: str, row: str, column: str, detail: str = "") -> Fault:
    return Fault(code=code, file=file, row=row, column=column, detail=detail)
