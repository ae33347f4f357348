"""Judging: facts and a pack in, one explained judgement out. Pure and deterministic."""

from collections.abc import Mapping

from makegood.policy.facts import Fact
from makegood.policy.judgement import Context, Judgement, Wants
from makegood.policy.model import Pack


def judge(
    pack: Pack, reason: str, facts: Mapping[str, Fact], wants: Wants, context: Context
) -> Judgement:
    """The finding, shares, remedies and explanation for one claim's facts.

    Call `facts.derive` first. Raises KeyError for a reason that the pack does not have.
    """
    raise KeyError(reason)
