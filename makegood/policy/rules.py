"""Judging: facts and a pack in, one explained judgement out. Pure and deterministic."""

from collections.abc import Mapping, Sequence

import msgspec

from makegood.policy.explain import conditions, tried, would_change
from makegood.policy.facts import Fact
from makegood.policy.judgement import (
    Condition,
    Context,
    Judgement,
    Lane,
    PersonWhy,
    Remedy,
    Shares,
    Wants,
    Words,
)
from makegood.policy.model import Finding, Pack, Reason
from makegood.policy.outcome import (
    auto_lane,
    class_by_table,
    lane_of,
    remedies_for,
    system_evidence,
)
from makegood.policy.tables import Row, Scalar, Table
from makegood.policy.weigh import credible, plain

AGREEMENT = "R-02"
NOBODY = Shares()


class _Match(msgspec.Struct, frozen=True):
    """What the table said: the row, its finding and shares, and whether a machine may say it."""

    table: Table
    row: Row | None
    finding: Finding | None
    shares: Shares
    believed: tuple[Scalar, ...]
    person: PersonWhy | None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome without its words and reasons: what a backtest counts."""

    match: _Match
    lane: Lane
    person: PersonWhy | None
    """Why a person must decide, or None."""
    certain: bool
    auto: bool
    remedies: tuple[Remedy, ...]
    recommended: str | None

    @property
    def waits(self) -> bool:
        """Whether the claim waits for somebody's answer; nothing is decided yet."""
        return _waits(self.match)


def judge(
    pack: Pack, reason: str, facts: Mapping[str, Fact], wants: Wants, context: Context
) -> Judgement:
    """The finding, shares, remedies and explanation for one claim's facts.

    Call `statements.merge` and `statements.derive` first. Raises KeyError for a reason that the
    pack does not have.
    """
    settled = settle(pack, reason, facts, wants, context)
    return _judgement(pack, pack.reasons[reason], facts, context, settled)


def settle(
    pack: Pack, reason: str, facts: Mapping[str, Fact], wants: Wants, context: Context
) -> Settled:
    """What `judge` says, without the explanation; the same arguments, the same outcome."""
    about = pack.reasons[reason]
    match = _match(pack, about, facts)
    lane = lane_of(pack, about, facts, context)
    person = match.person or _for_a_person(match, lane, context)
    certain = match.finding is not None and person is None and not _waits(match)
    auto = certain and auto_lane(
        pack, about, facts, context, match.shares, by_system=_by_system(match, facts)
    )
    remedies, recommended = remedies_for(pack, match.finding, facts, wants, context, auto=auto)
    return Settled(
        match=match,
        lane=lane,
        person=person,
        certain=certain,
        auto=auto,
        remedies=remedies,
        recommended=recommended,
    )


def _match(pack: Pack, reason: Reason, facts: Mapping[str, Fact]) -> _Match:
    """The agreement table first: what a side takes on itself needs no further finding."""
    for side in ("seller", "supplier"):
        agreed = facts.get(f"{side}.accepts")
        if side in reason.opponents and agreed is not None and agreed.value is True:
            return _read(pack, pack.tables[AGREEMENT], reason, facts)
    return _read(pack, pack.tables[reason.table], reason, facts)


def _read(pack: Pack, table: Table, reason: Reason, facts: Mapping[str, Fact]) -> _Match:
    actual = tuple(plain(facts.get(name)) for name in table.inputs)
    index = table.decide(actual)
    if index is None:
        return _Match(table, None, None, NOBODY, actual, _nothing_matched(table, facts, actual))
    row = table.rows[index]
    finding = pack.findings[str(row.outcome["finding"])]
    shares = _shares(row)
    believed = tuple(credible(table, facts, shares, reason.opponents))
    person = _doubt(table, index, believed, facts)
    return _Match(table, row, finding, shares, believed, person)


def _shares(row: Row) -> Shares:
    return Shares(**{name: int(row.outcome[f"shares.{name}"]) for name in NOBODY.as_dict()})


def _nothing_matched(
    table: Table, facts: Mapping[str, Fact], actual: Sequence[Scalar]
) -> PersonWhy:
    if any(name in facts and facts[name].conflict for name in table.inputs):
        return "sources_disagree"
    open_rows = any(row.state(actual) == "held" for row in table.rows)
    return "fact_unknown" if open_rows else "no_rule"


def _doubt(
    table: Table, index: int, believed: Sequence[Scalar], facts: Mapping[str, Fact]
) -> PersonWhy | None:
    """Why the matched row may not be said by a machine, or None."""
    row = table.rows[index]
    if row.outcome["machine"] == "person":
        return "rule_says"
    if row.state(believed) != "met":
        return "interested_source"
    if row.outcome["machine"] == "wait":
        return None
    for earlier in table.rows[:index]:
        if _could_have_been(earlier, row, believed):
            return _why_open(earlier, table, believed, facts)
    return None


def _could_have_been(earlier: Row, row: Row, believed: Sequence[Scalar]) -> bool:
    """Whether an unknown fact might have led to an earlier row that differs for the buyer.

    Unknown is never "no". A row that itself asks for "unknown" has answered for that fact.
    """
    same = earlier.outcome["shares.buyer"] == row.outcome["shares.buyer"]
    if same and earlier.outcome["machine"] != "wait":
        return False
    if earlier.state(believed) != "held":
        return False
    open_places = {place for place, cell in earlier.asked if cell.state(believed[place]) == "held"}
    answered = {place for place, cell in row.asked if cell.op == "unknown"}
    return not open_places & answered


def _why_open(
    earlier: Row, table: Table, believed: Sequence[Scalar], facts: Mapping[str, Fact]
) -> PersonWhy:
    open_facts = [
        facts.get(table.inputs[place])
        for place, cell in earlier.asked
        if cell.state(believed[place]) == "held"
    ]
    if any(said is not None and said.conflict for said in open_facts):
        return "sources_disagree"
    if any(said is not None and said.value is not None for said in open_facts):
        return "interested_source"
    return "fact_unknown"


def _for_a_person(match: _Match, lane: Lane, context: Context) -> PersonWhy | None:
    if _waits(match):
        return None
    if context.human_asked:
        return "human_asked"
    return "careful_lane" if lane == "careful" else None


def _waits(match: _Match) -> bool:
    return match.row is not None and match.row.outcome["machine"] == "wait"


def _by_system(match: _Match, facts: Mapping[str, Fact]) -> bool:
    if match.row is None:
        return False
    used = [
        facts[match.table.inputs[place]] for place, cell in match.row.asked if cell.op != "unknown"
    ]
    return system_evidence(used)


def _judgement(
    pack: Pack,
    reason: Reason,
    facts: Mapping[str, Fact],
    context: Context,
    settled: Settled,
) -> Judgement:
    match, person = settled.match, settled.person
    finding, row, words = match.finding, match.row, pack.words
    waits = settled.waits
    return Judgement(
        pack=pack.name,
        pack_version=pack.version,
        pack_digest=pack.digest,
        table=match.table.id,
        rule=row.id if row else f"{match.table.id}.0",
        rule_version=pack.version,
        clause=finding.clause if finding else words.default_clause,
        law=tuple(words.law[key] for key in finding.law) if finding else (),
        finding=finding.code if finding else None,
        for_buyer=finding.for_buyer if finding else words.default_for_buyer,
        for_seller=finding.for_seller if finding else words.default_for_seller,
        shares=match.shares if finding and not waits else None,
        advance=finding.advance if finding else "none",
        recourse=words.recourse[finding.recourse if finding else "none"],
        flags=_flags(finding, match.shares, facts),
        remedies=settled.remedies,
        recommended=settled.recommended,
        refund_rule=finding.refund_rule if finding else "none",
        cause=finding.cause if finding else "non_buyer",
        burden=reason.burden,
        root_cause=finding.root_cause if finding else None,
        lane=settled.lane,
        priority_class=class_by_table(pack, reason, context),
        certain=settled.certain,
        needs_person=person,
        needs_person_words=_person_words(pack, person),
        wait_for=_wait_for(finding) if waits else None,
        auto_lane=settled.auto,
        explanation=_explanation(pack, match, facts),
        tried=tried(pack, match.table, facts, match.believed, row),
        would_change=would_change(
            pack, reason, match.table, match.believed, match.shares.buyer if finding else None
        ),
    )


def _flags(finding: Finding | None, shares: Shares, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """The finding's marks, and one where the platform itself may have to stand in.

    消法 art. 44: a platform that cannot name the seller answers in the seller's place.
    """
    if finding is None:
        return ()
    named = facts.get("seller.identity_known")
    exposed = shares.seller > 0 and named is not None and named.value is False
    return (*finding.flags, "platform_exposure") if exposed else finding.flags


def _explanation(pack: Pack, match: _Match, facts: Mapping[str, Fact]) -> tuple[Condition, ...]:
    if match.row is None:
        return ()
    return conditions(pack, match.table, match.row, facts, match.believed)


def _person_words(pack: Pack, why: PersonWhy | None) -> Words | None:
    return pack.words.person_why[why] if why else None


def _wait_for(finding: Finding | None) -> str:
    return "supplier" if finding is not None and finding.root_cause == "supplier" else "channel"
