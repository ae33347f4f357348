"""A backtest's figures as text for a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from makegood.base.money import amount_parts

if TYPE_CHECKING:
    from makegood.policy.backtest.result import GroupEffect, PartyEffect, Result


def report(result: "Result") -> str:
    """The whole report; every rate with its interval, every sum with its."""
    return "\n".join(_lines(result))


def _lines(result: "Result") -> Iterator[str]:
    yield f"{result.draft} against {result.in_force}"
    if result.since is not None and result.until is not None:
        yield f"{result.claims:,} claims, {result.since:%Y-%m-%d} to {result.until:%Y-%m-%d}"
    yield f"{result.vectors:,} different constellations of facts, each judged once"
    low, high = result.changed_rate.low, result.changed_rate.high
    yield (
        f"{result.changed:,} would end differently: {result.changed / result.claims:.1%} "
        f"(95 % {low:.1%} to {high:.1%}, Wilson)"
    )
    yield ""
    head = f"{'better':>19}{'worse':>9}{'in all, ' + result.currency:>16}"
    yield f"{head}   95 % (bootstrap over claims)"
    for effect in result.parties:
        yield _party(effect, result.currency)
    yield ""
    yield (
        f"To a person: {result.to_person_before:,} before, {result.to_person_after:,} after; "
        f"{abs(result.hours_saved):,.1f} hours {'saved' if result.hours_saved >= 0 else 'more'} "
        f"at {result.minutes_each:g} minutes each ({result.minutes_from})"
    )
    yield from _groups("By size of the seller (orders)", result.sizes, result.currency)
    yield from _groups("By tier of the buyer", result.tiers, result.currency)
    yield from _flows(result)
    yield from _conflicts(result)
    yield from _samples(result)


def _party(effect: "PartyEffect", currency: str) -> str:
    in_all = _money(effect.delta_minor, currency)
    return (
        f"{effect.party:<10}{effect.better:>9,}{effect.worse:>9,}{in_all:>16}"
        f"   {_money(effect.low_minor, currency)} to {_money(effect.high_minor, currency)}"
    )


def _groups(title: str, groups: "tuple[GroupEffect, ...]", currency: str) -> Iterator[str]:
    yield ""
    yield title
    for group in groups:
        in_all = _money(group.delta_minor, currency)
        yield (
            f"  {group.group:<10}{group.changed:>7,} of {group.claims:>7,} changed"
            f" ({group.rate.low:.1%} to {group.rate.high:.1%}){in_all:>16}"
        )


def _flows(result: "Result") -> Iterator[str]:
    if result.flows:
        yield ""
        yield "What changes"
    for flow in result.flows[:10]:
        yield f"  {flow.claims:>7,}  {flow.before} → {flow.after}"


def _conflicts(result: "Result") -> Iterator[str]:
    if result.conflict_count:
        yield ""
        yield f"Against {result.conflict_count:,} decisions of people; the first:"
        for one in result.conflicts[:5]:
            yield f"  {one.case_id}  {one.decided} → {one.draft} ({one.rule})"


def _samples(result: "Result") -> Iterator[str]:
    if result.samples:
        yield ""
        yield f"{len(result.samples)} samples to look at (chosen by hash, not by hand)"
    for one in result.samples:
        yield (
            f"  {one.case_id:<22}{one.before} → {one.after}  {one.rule_after}"
            f"  buyer {_money(one.buyer_minor, result.currency)}"
        )


def _money(minor: int, currency: str) -> str:
    """An amount with its sign, in the decimals of its currency."""
    whole, rest = amount_parts(minor, currency)
    sign = "+" if minor > 0 else "-" if minor < 0 else ""
    return f"{sign}{whole:,}{rest}"
