"""What the tables may be asked about: facts of the vocabulary, and what the judge itself knows."""

from collections.abc import Mapping
from typing import Final, get_args

import msgspec

from makegood.policy.facts import Kind
from makegood.policy.judgement import Class, Wants, Words
from makegood.policy.model import FindingKind, Pack, RefundRule
from makegood.policy.vocabulary import FACTS


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One column a table may have: its type, its name in words, and its closed list of words."""

    name: str
    kind: Kind
    label: Words
    words: tuple[str, ...] = ()
    may_be_unknown: bool = True
    least: int | None = 0
    """Smallest value of a count; None where it may be below nothing."""


def _yes_no(name: str, zh: str, en: str, *, unknown: bool = False) -> Input:
    return Input(name=name, kind="yes_no", label=Words(zh, en), may_be_unknown=unknown)


def _count(name: str, zh: str, en: str, *, unknown: bool = False) -> Input:
    return Input(name=name, kind="count", label=Words(zh, en), may_be_unknown=unknown)


def _word(name: str, zh: str, en: str, words: tuple[str, ...]) -> Input:
    return Input(name=name, kind="word", label=Words(zh, en), words=words, may_be_unknown=False)


BELOW_NOTHING: Final = ("delivery.minutes_late", "account.banned_days_after_handover")
"""Counts that are differences of two times."""

OF_FACTS: Final[dict[str, Input]] = {
    spec.name: Input(
        name=spec.name,
        kind=spec.kind,
        label=Words(spec.zh, spec.en),
        words=spec.words,
        least=None if spec.name in BELOW_NOTHING else 0,
    )
    for spec in FACTS.values()
}

_REPEATS: Final = _count("claim.repeats", "同一订单的第几次投诉", "Earlier claims on this order")
_HIGH: Final = _yes_no("claim.high_value", "金额较大", "A large amount")

OF_JUDGE: Final[dict[str, dict[str, Input]]] = {
    "remedies": {
        one.name: one
        for one in (
            _word("finding.kind", "认定的种类", "Kind of finding", get_args(FindingKind)),
            _word("finding.refund_rule", "退款算法", "Refund rule", get_args(RefundRule)),
            _yes_no("stock.available", "有货可补", "A replacement is in stock", unknown=True),
            _yes_no("stock.in_time", "补发赶得及", "A reissue arrives in time", unknown=True),
            _count("claim.failed_repairs", "修不好的次数", "Repairs that failed"),
            _word("claim.wants", "买家想要", "The buyer wants", get_args(Wants)),
            _yes_no("claim.auto_lane", "走自动通道", "In the automatic lane"),
        )
    },
    "auto_lane": {
        one.name: one
        for one in (
            _word("claim.reason", "投诉原因", "Reason of the claim", ()),
            _yes_no("claim.certain", "机器判得清", "The machine is certain"),
            _yes_no("claim.buyer_bears", "买家要承担", "The buyer bears something"),
            _yes_no("claim.system_evidence", "只凭系统证据", "System evidence alone"),
            _yes_no("claim.within_cap", "在自动额度内", "Within the cap"),
            _yes_no("claim.trust_ok", "信用够", "Trust suffices"),
            _count(
                "claim.cluster_claims", "同设备 30 天投诉数", "Claims per device in 30 days",
                unknown=True,
            ),
            _yes_no("claim.risk_ok", "风险分够低", "Risk is low enough", unknown=True),
            _yes_no("claim.human_asked", "要求人工", "A person was asked for"),
        )
    },
    "lane": {
        one.name: one
        for one in (
            _yes_no("reason.careful", "这类原因要慎重", "A reason for care"),
            _HIGH,
            _REPEATS,
        )
    },
    "class": {
        one.name: one
        for one in (
            _word("reason.base_class", "原因的级别", "Class of the reason", get_args(Class)),
            _word("reason.group", "原因分组", "Group of the reason", ()),
            _HIGH,
            _REPEATS,
            _count(
                "claim.deadline_left_percent", "时限还剩百分之几", "Percent of the time left",
                unknown=True,
            ),
        )
    },
}  # fmt: skip
"""What the judge adds to the facts when it asks the tables that are not about liability."""

FACTS_OF: Final[dict[str, tuple[str, ...]]] = {
    "remedies": ("order.category",),
    "auto_lane": ("supplier.status", "key.tracked", "key.revealed", "key.withdrawn"),
    "lane": ("order.category", "evidence.reused", "evidence.edited"),
    "class": (),
}
"""Facts that these tables may ask for beside what the judge adds."""


def is_amount(name: str) -> bool:
    """Whether a fact is an amount of money, in minor units of the order's currency."""
    return name.endswith("_minor")


def inputs_of(pack: Pack, table_id: str) -> Mapping[str, Input]:
    """Every column this table may have, by name."""
    if table_id not in OF_JUDGE:
        return {name: one for name, one in OF_FACTS.items() if one.kind != "time"}
    own = {name: _filled(pack, one) for name, one in OF_JUDGE[table_id].items()}
    return own | {name: OF_FACTS[name] for name in FACTS_OF[table_id]}


def _filled(pack: Pack, one: Input) -> Input:
    """The lists of words that come from the pack itself."""
    if one.name == "claim.reason":
        return msgspec.structs.replace(one, words=tuple(pack.reasons))
    if one.name == "reason.group":
        return msgspec.structs.replace(one, words=tuple(pack.words.groups))
    return one
