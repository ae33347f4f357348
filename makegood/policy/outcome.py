"""What follows from a finding: remedies in ladder order, lane, class, and the automatic lane."""

from collections.abc import Iterable, Mapping
from typing import cast

from makegood.policy.facts import Fact
from makegood.policy.judgement import Class, Context, Lane, Remedy, Shares, Wants
from makegood.policy.model import Finding, Pack, Reason
from makegood.policy.tables import Row, Scalar, Table
from makegood.policy.weigh import plain

SYSTEM_SOURCES = ("order", "delivery_log", "platform_log", "gateway", "supplier", "issuer")
ADD_ON_RUNG = 5


def remedies_for(
    pack: Pack,
    finding: Finding | None,
    facts: Mapping[str, Fact],
    wants: Wants,
    context: Context,
    *,
    auto: bool,
) -> tuple[tuple[Remedy, ...], str | None]:
    """The remedies that apply, in ladder order, and the one recommended."""
    if finding is None:
        return (), None
    row = _row(
        pack.tables["remedies"],
        facts,
        {
            "finding.kind": finding.kind,
            "finding.refund_rule": finding.refund_rule,
            "stock.available": _stock(facts, context),
            "stock.in_time": _in_time(pack, context),
            "claim.failed_repairs": context.failed_repairs,
            "claim.wants": wants,
            "claim.auto_lane": auto,
        },
    )
    codes = str(row.outcome["remedies"]).split(",")
    ladder = tuple(_remedy(pack, code, alone=len(codes) == 1) for code in codes)
    return ladder, _recommended(pack, row, codes, wants)


def lane_of(pack: Pack, reason: Reason, facts: Mapping[str, Fact], context: Context) -> Lane:
    """Fast for the simple, careful where a machine must not close alone."""
    row = _row(
        pack.tables["lane"],
        facts,
        {
            "reason.careful": reason.careful,
            "claim.high_value": _high_value(pack, context),
            "claim.repeats": context.repeats,
        },
    )
    return cast(Lane, row.outcome["lane"])


def class_by_table(pack: Pack, reason: Reason, context: Context) -> Class:
    """The class of a claim before ageing."""
    row = _row(
        pack.tables["class"],
        {},
        {
            "reason.base_class": reason.base_class,
            "reason.group": reason.group,
            "claim.high_value": _high_value(pack, context),
            "claim.repeats": context.repeats,
            "claim.deadline_left_percent": context.deadline_left_percent,
        },
    )
    return cast(Class, row.outcome["class"])


def auto_lane(
    pack: Pack,
    reason: Reason,
    facts: Mapping[str, Fact],
    context: Context,
    shares: Shares,
    *,
    by_system: bool,
) -> bool:
    """Whether money may go back at once: every condition of the table, nothing unknown."""
    row = _row(
        pack.tables["auto_lane"],
        facts,
        {
            "claim.reason": reason.code,
            "claim.certain": True,
            "claim.buyer_bears": shares.buyer > 0,
            "claim.system_evidence": by_system,
            "claim.within_cap": context.amount_minor <= context.auto_cap_minor,
            "claim.trust_ok": context.trust_ok,
            "claim.cluster_claims": context.cluster_claims_30d,
            "claim.risk_ok": _risk_ok(context),
            "claim.human_asked": context.human_asked,
        },
    )
    return row.outcome["auto"] is True


def system_evidence(used: Iterable[Fact]) -> bool:
    """Whether the facts rest on systems alone, not on what a party or a person said."""
    return all(said.source in SYSTEM_SOURCES for said in used)


def _row(table: Table, facts: Mapping[str, Fact], own: Mapping[str, Scalar]) -> Row:
    actual = [own[name] if name in own else plain(facts.get(name)) for name in table.inputs]
    index = table.decide(actual)
    if index is None:
        raise AssertionError(f"{table.id} has no row for {actual}")
    return table.rows[index]


def _remedy(pack: Pack, code: str, *, alone: bool) -> Remedy:
    rung = pack.head.rungs[code]
    return Remedy(code=code, rung=rung, add_on=rung == ADD_ON_RUNG and not alone)


def _recommended(pack: Pack, row: Row, codes: list[str], wants: Wants) -> str:
    if row.outcome["buyer_may_choose"] is True:
        chosen = [code for code in pack.head.wants[wants] if code in codes]
        if chosen:
            return chosen[0]
    return str(row.outcome["recommended"])


def _stock(facts: Mapping[str, Fact], context: Context) -> bool | None:
    """Blocked goods are never reissued, whatever is in stock."""
    if plain(facts.get("goods.blocked_category")) is True:
        return False
    return context.stock_available


def _in_time(pack: Pack, context: Context) -> bool | None:
    """Whether a reissue arrives within min(2 h, promise)."""
    if context.reissue_eta_minutes is None:
        return None
    limit = pack.head.limits.reissue_eta_minutes
    if context.promise_minutes is not None:
        limit = min(limit, context.promise_minutes)
    return context.reissue_eta_minutes <= limit


def _high_value(pack: Pack, context: Context) -> bool:
    limit = context.high_value_minor
    if limit is None:
        limit = pack.head.limits.high_value_minor
    return context.amount_minor >= limit


def _risk_ok(context: Context) -> bool | None:
    if context.risk_percent is None:
        return None
    return context.risk_percent < context.risk_limit_percent
