"""What portal pages show of orders and the guided claim: plain values, made elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from makegood.claims.view import EvidenceView, FactView
from makegood.policy.model import Reason


class UnitShown(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of an order line. `key` is line and unit as `1.2`; `window_left` is 0 to 1."""

    key: str
    unit_no: int
    title: str
    paid_minor: int
    currency: str
    delivered_at: datetime | None
    promised_at: datetime | None
    has_key: bool
    reveal_tracked: bool
    revealed: bool
    window_open: bool
    window_until: datetime
    window_state: str
    window_left: str
    claim_no: str = ""
    chosen: bool = False


class LineShown(msgspec.Struct, frozen=True, kw_only=True):
    """One product of an order."""

    line_no: int
    title: str
    paid_minor: int
    listing_text: str
    units: list[UnitShown]


class OrderShown(msgspec.Struct, frozen=True, kw_only=True):
    """An order for its proven buyer: no contact, no code."""

    order_no: str
    seller_name: str
    placed_at: datetime
    paid_at: datetime | None
    total_minor: int
    currency: str
    policy: str
    lines: list[LineShown]


class OrderCard(msgspec.Struct, frozen=True, kw_only=True):
    """One line of "orders confirmed on this device"."""

    order_no: str
    title: str
    count: int
    seller_name: str
    placed_at: datetime
    may_claim: bool
    window_open: bool
    window_until: datetime | None


class OngoingClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim under way, on the start page."""

    claim_no: str
    state: str
    title: str


class ReasonGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The reasons of one kind; `chosen` is the name of the chosen one."""

    code: str
    reasons: list[Reason]
    open: bool
    chosen: str = ""


class SlotShown(msgspec.Struct, frozen=True, kw_only=True):
    """One evidence slot with what is in it so far."""

    code: str
    kind: Literal["image", "video", "text", "account"]
    name: str
    how: str
    required: bool
    text: str
    files: list[EvidenceView]

    @property
    def filled(self) -> bool:
        """Whether something is in it."""
        return bool(self.text.strip()) or bool(self.files)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One question of the check: done already, or asked right after submitting."""

    s: Literal["done", "next"]
    text: str
    note: str = ""


class CheckShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the check says before anything is submitted."""

    tone: Literal["ok", "warn", "bad", "acc"]
    head: str
    text: str
    facts: list[FactView] = []
    asks: list[Ask] = []


class RemedyChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One remedy that a buyer can wish for."""

    wants: str
    amount_minor: int
    currency: str


class DoneStep(msgspec.Struct, frozen=True, kw_only=True):
    """A finished step, folded to one line."""

    number: int
    title: str
    text: str


class ClaimForm(msgspec.Struct, frozen=True, kw_only=True):
    """The whole guided claim at one moment."""

    order_no: str
    draft_no: str
    saved_at: datetime | None
    at: Literal[1, 2, 3, 4]
    units: list[UnitShown]
    groups: list[ReasonGroup]
    reason: str
    description: str
    question: str
    slots: list[SlotShown]
    check: CheckShown | None
    remedies: list[RemedyChoice]
    wants: str
    done_steps: list[DoneStep]
    bar_head: str
    bar_text: str
    errors: Mapping[str, str]
    fault: str = ""
    fault_values: Mapping[str, object] = {}

    @property
    def required_count(self) -> int:
        """How many slots must be filled."""
        return sum(slot.required for slot in self.slots)

    @property
    def required_done(self) -> int:
        """How many of them are."""
        return sum(slot.required and slot.filled for slot in self.slots)
