"""One product's after-sales policy before it is bought: for the page, the API and checkouts."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.orders.products.rules import FEWEST, Product, arrival_minutes, window_days
from makegood.policy.backtest.intervals import wilson
from makegood.policy.deadline import product_class
from makegood.policy.judgement import Words
from makegood.policy.model import Pack, StageClock

CLOCKS: Final = ("seller_reply", "decision", "refund_order", "appeal_window", "appeal_decision")
"""The times that a buyer wants to know before buying."""


class EvidenceShown(msgspec.Struct, frozen=True):
    """One kind of evidence that may be asked for."""

    slot: str
    name_zh: str
    name_en: str


class ReasonShown(msgspec.Struct, frozen=True, kw_only=True):
    """One reason a buyer may claim for: what is asked for, and what can be found."""

    code: str
    name_zh: str
    name_en: str
    evidence: list[str]
    """Codes of the required slots; `evidence_names` has their words."""
    evidence_names: list[EvidenceShown]


class BearerShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be found, and who bears the price then, in percent."""

    finding: str
    name_zh: str
    name_en: str
    shares: dict[str, int]


class ClockShown(msgspec.Struct, frozen=True, kw_only=True):
    """How long a stage may take, and what happens at its end."""

    stage: str
    minutes: int
    then_zh: str
    then_en: str


class SuccessShown(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of a period as orders tell them. No rate where there are fewer than thirty."""

    n: int
    within_minutes: int
    quick: int
    rate_percent: float | None
    low_percent: float | None
    high_percent: float | None
    since: datetime
    until: datetime


class PolicyShown(msgspec.Struct, frozen=True, kw_only=True):
    """The after-sales policy of a product. Windows are never shorter than the term sold.

    `policy_id` and `policy_version` are what a checkout sends back with the order, with the time
    at which the buyer confirmed (`lines[].policy`).
    """

    sku: str
    category: str
    title: str
    policy_id: str
    policy_version: str
    rules_url: str
    claim_url: str
    contact: str
    claim_window_days: int
    arrival_minutes: int
    reasons: list[ReasonShown]
    liability: list[BearerShown]
    clocks: list[ClockShown]
    success: SuccessShown | None


def policy_of(
    pack: Pack, sku: str, category: str, product: Product | None, base_url: str, contact: str
) -> PolicyShown:
    """The policy by these rules; without orders the category's usual terms, and no figures."""
    known = product.category if product else category
    whole = known.split("/")[0]
    reasons = pack.reasons_for(whole)
    return PolicyShown(
        sku=sku,
        category=known,
        title=product.title if product else sku,
        policy_id=pack.name,
        policy_version=pack.version,
        rules_url=f"{base_url}/rules/{pack.name}@{pack.version}",
        claim_url=f"{base_url}/",
        contact=contact,
        claim_window_days=window_days(
            known,
            product.claim_window_days if product else None,
            product.term_days if product else None,
        ),
        arrival_minutes=arrival_minutes(product.arrival_minutes if product else None),
        reasons=[
            ReasonShown(
                code=reason.code,
                name_zh=reason.name.zh,
                name_en=reason.name.en,
                evidence=[use.slot for use in reason.slots if use.required],
                evidence_names=[_slot(pack, use.slot) for use in reason.slots if use.required],
            )
            for reason in reasons
        ],
        liability=_liability(pack, [reason.table for reason in reasons]),
        clocks=[_clock(pack, stage, whole) for stage in CLOCKS],
        success=_success(product) if product else None,
    )


def _slot(pack: Pack, code: str) -> EvidenceShown:
    name: Words = pack.slots[code].name
    return EvidenceShown(code, name.zh, name.en)


def _liability(pack: Pack, tables: list[str]) -> list[BearerShown]:
    """What the tables of these reasons may find, each once, in their order."""
    rows = [row for table in dict.fromkeys(tables) for row in pack.tables[table].rows]
    codes = dict.fromkeys(str(row.outcome.get("finding", "")) for row in rows)
    found = [pack.findings[code] for code in codes if code in pack.findings]
    return [
        BearerShown(
            finding=finding.code,
            name_zh=finding.name.zh,
            name_en=finding.name.en,
            shares={name: share for name, share in finding.shares.as_dict().items() if share},
        )
        for finding in found
        if finding.shares is not None
    ]


def _clock(pack: Pack, stage: str, category: str) -> ClockShown:
    clock: StageClock = pack.clocks.stages[stage]
    special = clock.by_product.get(product_class(pack, category))
    return ClockShown(
        stage=stage,
        minutes=special.default_minutes if special else clock.default_minutes,
        then_zh=clock.consequence.zh,
        then_en=clock.consequence.en,
    )


def _success(product: Product) -> SuccessShown | None:
    if product.sold == 0:
        return None
    sure = wilson(product.quick, product.sold)
    enough = product.sold >= FEWEST
    return SuccessShown(
        n=product.sold,
        within_minutes=60,
        quick=product.quick,
        rate_percent=_percent(product.quick / product.sold) if enough else None,
        low_percent=_percent(sure.low) if enough else None,
        high_percent=_percent(sure.high) if enough else None,
        since=product.since,
        until=product.until,
    )


def _percent(share: float) -> float:
    return round(100 * share, 1)
