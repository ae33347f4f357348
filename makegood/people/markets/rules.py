"""What a market can set, which goods it may never accept, and when it may open."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from makegood.base.actor import Role
from makegood.people.contracts.rules import are_minutes, usual_tier_minutes
from makegood.people.markets.terms import MoneyTerms, faults_of

Language: TypeAlias = Literal["zh", "en"]
Tier: TypeAlias = Literal["S", "A", "B", "C", "D"]
SetupStep: TypeAlias = Literal["operator", "shop", "categories", "payments", "team", "check"]

SETUP_STEPS: Final[tuple[SetupStep, ...]] = (
    "operator",
    "shop",
    "categories",
    "payments",
    "team",
    "check",
)
"""The six steps of the first run, in their order; each is a page of its own."""

SKIPPABLE_STEPS: Final[frozenset[SetupStep]] = frozenset({"shop", "payments"})

LOCKED_CATEGORIES: Final = ("boosted_traffic", "stolen_account", "minor_game_account")
"""Goods whose sale is itself unlawful. No setting accepts them; a buyer can still complain."""


class AutoLane(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of refunds by machine, in minor units of the market's currency."""

    enabled: bool = True
    cap_minor: int = 20_000
    """The largest refund of one claim; a seller's own cap can only be lower."""
    guest_cap_minor: int = 5_000
    """The largest refund of one claim for a payment instrument without aged history."""
    guest_day_cap_minor: int = 10_000
    """All machine refunds of one such instrument in one day."""
    claims_per_30_days: int = 1
    """How many earlier claims of one device or person still leave the lane open."""


class SoloMode(msgspec.Struct, frozen=True):
    """A shop of one person: appeals go to this outside mediator, and pages say so."""

    mediator_name: str
    mediator_contact: str
    operator_id: str = ""
    """The account of the one person, who therefore works the desk too; empty in a declaration
    made before that was recorded, which gives nobody the desk."""


class PolicyInForce(msgspec.Struct, frozen=True):
    """The rule pack new orders are bound to."""

    pack_id: str = "starting"
    version: int = 1


class MarketSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an operator sets for one market."""

    name_zh: str
    name_en: str
    base_url: str
    """Where the market is reached, without a slash at the end: `https://help.example.com`."""
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    languages: tuple[Language, ...] = ("zh", "en")
    blocked_categories: tuple[str, ...] = ()
    """Blocked by choice, beside the locked ones."""
    auto_lane: AutoLane = AutoLane()
    money: MoneyTerms = MoneyTerms()
    mail_from: str = "after-sales@localhost"
    support_contact: str = ""
    solo: SoloMode | None = None
    policy: PolicyInForce = PolicyInForce()
    second_factor_roles: tuple[Role, ...] = ("operator", "lead", "agent")
    show_supplier_names: bool = False
    order_no_hint: str = ""
    """How order numbers look here, in words for a buyer who mistyped one."""
    tier_minutes: dict[str, dict[str, int]] = msgspec.field(default_factory=usual_tier_minutes)
    """Clocks of each tier of customer: stage, then minutes; the rule pack's where left out."""
    retention_years: int = 3
    """How long claims and orders are kept after their end; the law asks for three years."""
    opened_at: datetime | None = None


class Market(msgspec.Struct, frozen=True):
    """A market with its settings; `version` counts changes."""

    market_id: str
    settings: MarketSettings
    version: int


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """Who sells in a market. `auto_lane_cap_minor` is None when only the market's cap holds.

    `own_auto_cap_minor` is the seller's own wish, below the market's. From `escrow_since` on the
    seller's money stays in escrow until the claim window of each sale has closed, because
    `escrow_claim_no` found a false description.
    """

    seller_id: str
    name: str
    tier: Tier = "B"
    suspended_at: datetime | None = None
    deposit_note: str = ""
    auto_lane_cap_minor: int | None = None
    own_auto_cap_minor: int | None = None
    escrow_since: datetime | None = None
    escrow_claim_no: str = ""
    contract_id: str = ""


class Supplier(msgspec.Struct, frozen=True):
    """Where goods come from; `contact` is the address questions are mailed to, or empty."""

    supplier_id: str
    name: str
    contact: str = ""


class Department(msgspec.Struct, frozen=True):
    """Where a claim can be handed over to: tech, risk, finance."""

    department_id: str
    name_zh: str
    name_en: str


class SetupState(msgspec.Struct, frozen=True):
    """What of the first run is settled."""

    done: frozenset[SetupStep]
    skipped: frozenset[SetupStep]

    @property
    def next_step(self) -> SetupStep | None:
        """The first step that is neither done nor skipped; None when all are settled."""
        settled = self.done | self.skipped
        return next((step for step in SETUP_STEPS if step not in settled), None)


def is_blocked(settings: MarketSettings, category: str) -> bool:
    """Whether goods of this category are refused for stock and reissue."""
    return category in LOCKED_CATEGORIES or category in settings.blocked_categories


def auto_lane_cap_minor(settings: MarketSettings, seller: Seller | None) -> int:
    """The largest machine refund for this seller's goods; 0 closes the lane."""
    if not settings.auto_lane.enabled:
        return 0
    own = (seller.auto_lane_cap_minor, seller.own_auto_cap_minor) if seller else ()
    return min([settings.auto_lane.cap_minor, *(cap for cap in own if cap is not None)])


def missing_before_opening(
    setup: SetupState, settings: MarketSettings, deciders: int
) -> tuple[str, ...]:
    """What still keeps the market closed: unsettled steps, and a second person for appeals.

    `deciders` counts people who can decide claims and have their second factor. A shop of one
    person has its second one outside, but somebody must be there to decide at all: the operator
    who declared it, or somebody else.
    """
    steps = [step for step in SETUP_STEPS[:-1] if step not in setup.done | setup.skipped]
    if settings.solo:
        return (*steps, *(() if deciders else ("decider",)))
    return (*steps, *(() if deciders >= 2 else ("second_person",)))


def wrong_fields(settings: MarketSettings) -> tuple[str, ...]:
    """The names of settings that cannot be right; empty when all are well."""
    caps = (settings.auto_lane.cap_minor, settings.auto_lane.guest_cap_minor)
    checks = {
        "name_zh": bool(settings.name_zh.strip()),
        "name_en": bool(settings.name_en.strip()),
        "base_url": settings.base_url.startswith(("http://", "https://"))
        and not settings.base_url.endswith("/"),
        "currency": len(settings.currency) == 3 and settings.currency.isupper(),
        "languages": bool(settings.languages),
        "auto_lane": min(caps) >= 0,
        "money": not faults_of(settings.money),
        "tier_minutes": all(are_minutes(clocks) for clocks in settings.tier_minutes.values()),
        "mail_from": "@" in settings.mail_from,
        "retention_years": 3 <= settings.retention_years <= 30,
        "second_factor_roles": "operator" in settings.second_factor_roles,
    }
    return tuple(name for name, fits in checks.items() if not fits)
