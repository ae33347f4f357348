"""How appeals ended: which rule and whose decision was upheld or changed, read from histories."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.claims import events as e
from makegood.claims import store
from makegood.claims.fold import folds
from makegood.claims.listing_store import appealed_claims
from makegood.claims.state import Claim, Recorded
from makegood.policy.backtest.intervals import wilson
from makegood.store.database import Connection

FEWEST: Final = 30
"""Below so many appeals a count is shown and no rate."""


class AppealEnded(msgspec.Struct, frozen=True, kw_only=True):
    """One appeal and the decision it was about."""

    claim_no: str
    at: datetime
    by: e.Party
    rule_id: str
    rule_version: str
    decided_by: str
    decided_by_name: str
    changed: bool


class Overturned(msgspec.Struct, frozen=True, kw_only=True):
    """Appeals of one rule or decider. `low` and `high`: the 95 % interval of the rate, in 0..1."""

    key: str
    name: str
    decided: int
    changed: int
    low: float
    high: float

    @property
    def is_rate(self) -> bool:
        """Whether there are enough of them to speak of a rate."""
        return self.decided >= FEWEST


def appeals_of(history: Sequence[Recorded]) -> list[AppealEnded]:
    """Every decided appeal of one claim, in order."""
    return [
        _ended(before, recorded)
        for before, recorded in zip(folds(history), history[1:], strict=False)
        if isinstance(recorded.event, e.AppealDecided)
    ]


def by_rule(appeals: Iterable[AppealEnded]) -> list[Overturned]:
    """Per rule, all its versions together; the most changed first."""
    return _grouped([(one.rule_id, one.rule_id, one) for one in appeals])


def by_decider(appeals: Iterable[AppealEnded]) -> list[Overturned]:
    """Per person, the machine among them, whose decision was appealed."""
    return _grouped([(one.decided_by, one.decided_by_name, one) for one in appeals])


async def appeals_between(
    conn: Connection, market_id: str, since: datetime, until: datetime
) -> list[AppealEnded]:
    """Every appeal that was decided in this time."""
    ended: list[AppealEnded] = []
    for claim_no in await appealed_claims(conn, market_id, since, until):
        loaded = await store.load(conn, market_id, claim_no)
        assert loaded is not None, "a decided appeal has a history"
        ended += [one for one in appeals_of(loaded.history) if since <= one.at < until]
    return ended


def _ended(before: Claim, recorded: Recorded) -> AppealEnded:
    assert isinstance(recorded.event, e.AppealDecided)
    assert before.decision is not None, "an appeal is about a decision"
    assert before.appeal is not None, "an appeal was filed"
    return AppealEnded(
        claim_no=before.claim_no,
        at=recorded.at,
        by=before.appeal.by,
        rule_id=before.decision.rule_id,
        rule_version=before.decision.rule_version,
        decided_by=before.decision.decided_by,
        decided_by_name=before.decision.decided_by_name,
        changed=recorded.event.outcome == "changed",
    )


def _grouped(rows: Iterable[tuple[str, str, AppealEnded]]) -> list[Overturned]:
    groups: dict[str, list[AppealEnded]] = defaultdict(list)
    names: dict[str, str] = {}
    for key, name, ended in rows:
        groups[key].append(ended)
        names[key] = name
    found = [_overturned(key, names[key], group) for key, group in groups.items()]
    return sorted(found, key=lambda one: (-one.changed, -one.decided, one.key))


def _overturned(key: str, name: str, group: Sequence[AppealEnded]) -> Overturned:
    changed = sum(one.changed for one in group)
    sure = wilson(changed, len(group))
    return Overturned(
        key=key, name=name, decided=len(group), changed=changed, low=sure.low, high=sure.high
    )
