"""What a pack says about a vector, and what that means for one case in money."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from makegood.policy.backtest.case import Actual, Case
from makegood.policy.backtest.vector import Vector
from makegood.policy.judgement import Shares
from makegood.policy.model import Pack
from makegood.policy.remedies import GOODS, MONEY, REPAIRS
from makegood.policy.remedy import Cause
from makegood.policy.rules import settle
from makegood.policy.stake import borne_by, coupon_of, refund_of

Who = Literal["machine", "person", "waits"]
What = Literal["refund", "part", "goods", "coupon", "repair", "nothing", "open"]
OPEN: Final[What] = "open"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A pack's answer to a vector; amounts follow from the case."""

    who: Who
    rule: str
    finding: str | None = None
    shares: Shares = Shares()
    remedy: str = ""
    add_ons: tuple[str, ...] = ()
    refund_rule: str = "none"
    cause: Cause = "non_buyer"
    auto: bool = False
    """The automatic lane: money may go back within minutes."""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a case ends: by whom, what, and who bears how much of it in minor units.

    Goods count at the price paid for what they replace.
    """

    who: Who
    what: What
    finding: str
    rule: str
    borne: dict[str, int] = {}

    @property
    def to_buyer_minor(self) -> int:
        """What the buyer gets: all that the others bear."""
        return sum(self.borne.values())

    @property
    def kind(self) -> str:
        """Who and what in one word, such as `machine.refund`."""
        return f"{self.who}.{self.what}"


def deferring(pack: Pack) -> Pack:
    """The pack with tables of its own, which put many questions to the engine in one call."""
    tables = {name: table.deferring() for name, table in pack.tables.items()}
    return msgspec.structs.replace(pack, tables=tables)


def verdicts_of(pack: Pack, vectors: Sequence[Vector]) -> list[Verdict]:
    """The verdicts of a deferring pack, every answer confirmed by the engine."""
    found = [verdict_of(pack, vector) for vector in vectors]
    for table in pack.tables.values():
        table.confirm()
    return found


def verdict_of(pack: Pack, vector: Vector) -> Verdict:
    """The pack's verdict; a reason that the pack does not have goes to a person."""
    if vector.reason not in pack.reasons:
        return Verdict(who="person", rule="")
    said = settle(pack, vector.reason, vector.facts(), vector.wants, vector.context)
    finding, row = said.match.finding, said.match.row
    return Verdict(
        who="waits" if said.waits else "machine" if said.certain else "person",
        rule=row.id if row else f"{said.match.table.id}.0",
        finding=finding.code if finding and not said.waits else None,
        shares=said.match.shares,
        remedy=said.recommended or "",
        add_ons=tuple(one.code for one in said.remedies if one.add_on),
        refund_rule=finding.refund_rule if finding else "none",
        cause=finding.cause if finding else "non_buyer",
        auto=said.auto,
    )


def ends(case: Case, in_force: Verdict, draft: Verdict) -> tuple[End, End]:
    """How the case ends under the rules in force and under the draft.

    What a machine decides ends as its pack says. What goes to a person is counted as it really
    ended; where that person had followed the suggestion of the rules in force, they are counted
    as following the draft's suggestion too. Without a known end the suggestion stands for it.
    """
    before = _machine_end(case, in_force) if in_force.who == "machine" else None
    after = _machine_end(case, draft) if draft.who == "machine" else None
    if before is None:
        before = _person_end(case, in_force, in_force)
    return before, after or _person_end(case, draft, in_force)


def really_ended(case: Case, actual: Actual) -> End:
    """How the case ended in truth."""
    return End(
        who="machine" if actual.by == "machine" else "person",
        what=_what(actual.remedy, actual.amount_minor, case.stake.paid_minor),
        finding=actual.finding,
        rule="",
        borne=_money(
            case, Shares(**actual.shares), actual.remedy, actual.amount_minor, actual.coupon_minor
        ),
    )


def _person_end(case: Case, verdict: Verdict, in_force: Verdict) -> End:
    actual = case.actual
    changed = _suggestion(verdict) != _suggestion(in_force)
    followed = actual is None or (changed and actual.finding == in_force.finding)
    if verdict.finding is not None and followed:
        end = _machine_end(case, verdict)
    elif actual is not None:
        end = really_ended(case, actual)
    else:
        end = End(who="person", what=OPEN, finding="", rule="")
    return msgspec.structs.replace(end, who=verdict.who, rule=verdict.rule)


def _suggestion(verdict: Verdict) -> tuple[object, ...]:
    return verdict.finding, verdict.shares, verdict.remedy, verdict.refund_rule, verdict.cause


def _machine_end(case: Case, verdict: Verdict) -> End:
    measured, remedy = case.measured, verdict.remedy
    amount = refund_of(verdict.refund_rule, verdict.cause, verdict.shares, case.stake, measured)
    refund = amount or 0 if remedy in MONEY else 0
    coupon = coupon_of(
        verdict.finding, remedy, verdict.add_ons, case.stake.paid_minor, measured.minutes_late
    )
    # A figure that nobody stated is asked of a person, whatever the rule would say.
    who: Who = "person" if amount is None else verdict.who
    return End(
        who=who,
        what=_what(remedy, refund, case.stake.paid_minor),
        finding=verdict.finding or "",
        rule=verdict.rule,
        borne=_money(case, verdict.shares, remedy, refund, coupon),
    )


def _what(remedy: str, amount_minor: int, paid_minor: int) -> What:
    if remedy in MONEY:
        return "refund" if amount_minor >= paid_minor else "part"
    if remedy in GOODS or remedy == "upgrade":
        return "goods"
    if remedy in REPAIRS:
        return "repair"
    return "coupon" if remedy == "coupon" else "nothing"


def _money(
    case: Case, shares: Shares, remedy: str, refund_minor: int, coupon_minor: int
) -> dict[str, int]:
    """Who bears what: the refund or the goods by shares, a coupon by the platform."""
    goods = case.stake.paid_minor if remedy in GOODS or remedy == "upgrade" else 0
    moved = refund_minor if remedy in MONEY else goods
    borne = borne_by(shares.as_dict(), moved) if moved else {}
    if coupon_minor:
        borne = {**borne, "platform": borne.get("platform", 0) + coupon_minor}
    return borne
