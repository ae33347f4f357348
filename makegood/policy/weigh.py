"""Whose word may decide what: no source decides alone for its own purse against another side."""

from collections.abc import Mapping

from makegood.policy.facts import Fact, Interest, admits
from makegood.policy.judgement import Shares
from makegood.policy.tables import Scalar, Table
from makegood.policy.vocabulary import FACTS


def may_decide(said: Fact, shares: Shares, opponents: tuple[str, ...]) -> bool:
    """Whether this statement alone may carry a machine decision with these shares.

    It may if the source has no purse in the matter, speaks against its own purse, is of the side
    that bears the whole price, or is supported by such a source.
    """
    spec = FACTS.get(said.name)
    if said.interest == "none" or (spec is not None and admits(spec, said.source, said.value)):
        return True
    return any(_impartial(one, shares, opponents) for one in (said.interest, *said.also))


def credible(
    table: Table, facts: Mapping[str, Fact], shares: Shares, opponents: tuple[str, ...]
) -> list[Scalar]:
    """The table's input values with interested statements read as unknown."""
    return [
        plain(facts.get(name)) if _counts(facts.get(name), shares, opponents) else None
        for name in table.inputs
    ]


def plain(said: Fact | None) -> Scalar:
    """A fact's value as a table reads it; times are read only through derived facts."""
    if said is None or not isinstance(said.value, (bool, int, str)):
        return None
    return said.value


def _counts(said: Fact | None, shares: Shares, opponents: tuple[str, ...]) -> bool:
    return said is None or may_decide(said, shares, opponents)


def _impartial(interest: Interest, shares: Shares, opponents: tuple[str, ...]) -> bool:
    if interest == "none":
        return True
    if _borne_by_side_of(interest, shares) == 100:
        return True
    gains = interest == "buyer" or interest in opponents
    return not gains


def _borne_by_side_of(interest: Interest, shares: Shares) -> int:
    """What the source's own side bears. Who sold and who supplied stand together here: a supplier
    who says what costs the seller's side gains nothing from it, and recourse is between them.
    """
    if interest in ("seller", "supplier"):
        return shares.seller + shares.supplier
    return int(getattr(shares, interest))
