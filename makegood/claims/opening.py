"""Opening a claim: what is checked before it is taken on, and the events it begins with."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.claims import events as e
from makegood.claims.factsheet import order_facts
from makegood.claims.grams import normal
from makegood.claims.holding import first_hold
from makegood.claims.promises import Timetable
from makegood.claims.rows import Intake, UnitClaim
from makegood.orders import rules as order_rules
from makegood.orders import windows
from makegood.orders.facts import UnitFacts, check_paid, unit_facts
from makegood.orders.order import Order
from makegood.people.contracts.rules import Agreed
from makegood.policy.judgement import Class
from makegood.policy.model import Pack, Reason
from makegood.policy.priority import class_of
from makegood.reading.message import OrderContext, Reading
from makegood.reading.rules import mask_secrets

NO_WINDOW: Final = ("PAY", "SEC", "SRV")
"""A wrong charge, a theft or our own conduct can be complained about after any window."""
NOT_ARRIVED: Final = ("DLV01", "DLV02", "DLV05", "DLV06")
PAYMENT_LINE: Final = 0
"""The line that stands for the payment itself: charged twice, or too much."""
SERVICE_LINE: Final = -1
"""The line that stands for our own conduct, so that it never joins a claim about goods."""
ABOUT_PAYMENT: Final = ("PAY02", "PAY03")
ABOUT_SERVICE: Final = "SRV"
ENDED: Final = ("settled", "closed", "withdrawn", "declined")
"""States in which a claim that still binds its unit is no longer live: it was decided."""
EXCERPT_LETTERS: Final = 120


class OpenClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint about units of an order line. Line 0 is the payment of the order."""

    order_no: str
    line_no: int | None = None
    units: tuple[int, ...] = ()
    reason: str
    description: str
    wants: str
    channel: str = "web"
    external_id: str = ""
    account: str = ""
    """The account the goods were redeemed to or meant for, as the buyer declares it."""
    began_at: datetime | None = None
    """When the problem began; a decided unit can be claimed again only for a later one."""


class Existing(msgspec.Struct, frozen=True):
    """The unit has a live claim: that one goes on."""

    claim_no: str


class Owner(msgspec.Struct, frozen=True):
    """Who is responsible from the first moment."""

    owner_id: str
    owner_name: str


def reason_of(pack: Pack, code: str) -> Reason:
    """The reason by its code; refuses what the pack does not know."""
    reason = pack.reasons.get(code)
    if reason is None:
        raise Refused("reason_not_for_product", reason=code)
    return reason


def confirmed_policy(order: Order, line_no: int | None) -> str:
    """The version the buyer confirmed at checkout for this line, `id@version`, or ""."""
    lines = [line for line in order.lines if line_no in (None, line.line_no)]
    policy = lines[0].policy if lines else None
    return f"{policy.id}@{policy.version}" if policy else ""


def is_beside_goods(reason: str) -> bool:
    """Whether a reason is about the payment or about us, whatever becomes of the goods."""
    return reason in ABOUT_PAYMENT or reason.startswith(ABOUT_SERVICE)


def claimed_units(intake: Intake, command: OpenClaim) -> list[UnitFacts]:
    """The units a claim is about; refuses what the order does not have."""
    order, version = intake.order, intake.order_version
    if command.reason.startswith(ABOUT_SERVICE):
        return [service_unit(order, version)]
    if command.line_no == PAYMENT_LINE or command.reason in ABOUT_PAYMENT:
        return [payment_unit(order, version, overpaid_minor(order) or order.total.amount_minor)]
    line_no = command.line_no
    if line_no is None:
        if len(order.lines) != 1:
            raise Refused("not_a_unit", lines=[line.line_no for line in order.lines])
        line_no = order.lines[0].line_no
    line = order_rules.line_of(order, line_no)
    numbers = command.units or tuple(range(1, line.quantity + 1))
    return [unit_facts(order, version, line_no, number) for number in sorted(set(numbers))]


def payment_unit(order: Order, version: int, worth_minor: int) -> UnitFacts:
    """The payment as a unit, worth what may have been charged above the total."""
    return _beside_goods(order, version, PAYMENT_LINE, worth_minor)


def service_unit(order: Order, version: int) -> UnitFacts:
    """Our conduct as a unit: what it may earn is measured by the order, nothing is taken back."""
    return _beside_goods(order, version, SERVICE_LINE, order_rules.covered_minor(order))


def _beside_goods(order: Order, version: int, line_no: int, worth_minor: int) -> UnitFacts:
    first = unit_facts(order, version, order.lines[0].line_no, 1)
    return msgspec.structs.replace(
        first,
        unit=UnitRef(order.order_no, line_no, 0),
        unit_paid_minor=worth_minor,
        has_key=False,
        supplier_id=None,
    )


def overpaid_minor(order: Order) -> int:
    """What was charged above the total, as far as the order lists its payments."""
    unit = UnitRef(order.order_no, PAYMENT_LINE, 0)
    return order_rules.unit_values(order).get(unit, 0)


def existing_claim(intake: Intake, units: list[UnitFacts], command: OpenClaim) -> Existing | None:
    """The live claim of these units, if any; refuses a decided unit unless a later problem began.

    A unit that was decided is appealed or reopened; the same complaint under another reason is
    the same dispute.
    """
    numbers = {(unit.unit.line_no, unit.unit.unit_no) for unit in units}
    for bound in intake.bound:
        if (bound.line_no, bound.unit_no) not in numbers:
            continue
        if not _has_ended(bound):
            return Existing(bound.claim_no)
        if command.began_at is None or not began_later(command.began_at, bound):
            raise Refused("already_decided", claim_no=bound.claim_no)
    return None


def check_times(order: Order, units: list[UnitFacts], command: OpenClaim, now: datetime) -> None:
    """Refuse what comes before the promised time or after the window of the product."""
    check_paid(order)
    if command.reason[:3] in NO_WINDOW or units[0].unit.line_no <= PAYMENT_LINE:
        return
    line = order_rules.line_of(order, units[0].unit.line_no)
    for facts in units:
        unit = order_rules.unit_of(line, facts.unit.unit_no)
        windows.check_window(order, line, unit, now)
    if command.reason in NOT_ARRIVED:
        windows.check_arrival_time(order, line, now)


def check_reason(reason: Reason, units: list[UnitFacts]) -> None:
    """Refuse a reason that this kind of product cannot have."""
    category = units[0].category.split("/")[0]
    known = category if category != "blocked" else "other"
    if known not in reason.categories:
        raise Refused("reason_not_for_product", reason=reason.code, category=category)


def order_context(order: Order, units: list[UnitFacts], reason: Reason) -> OrderContext:
    """What the reading of the description may know of the order."""
    return OrderContext(
        order_nos=(order.order_no,),
        paid=order.paid_at is not None,
        delivered=units[0].delivered_at is not None,
        revealed=units[0].revealed_at is not None,
        reason=reason.code,
    )


def opened(
    pack: Pack,
    intake: Intake,
    units: list[UnitFacts],
    command: OpenClaim,
    reading: Reading,
    *,
    claim_no: str,
    owner: Owner,
    repeats: int,
    act: Act,
    about_staff: str = "",
    contract: e.ContractPin | None = None,
    contracted: bool = True,
) -> list[e.AnyEvent]:
    """A claim taken on: opened, what the order says, its amount held, accepted.

    A unit that was decided before, and has a later problem by the buyer's own word, is a
    person's to look at.
    """
    unit, order = units[0], intake.order
    claimed = sum(one.unit_paid_minor for one in units)
    priority: Class = class_of(pack, command.reason, amount_minor=claimed, repeats=repeats)
    again = any(_binds(bound, units) for bound in intake.bound)
    lane: e.Lane = "careful" if again or pack.reasons[command.reason].careful else "fast"
    times = Timetable(
        pack, act.now, priority=priority, category=unit.category, lane=lane, contract=contract
    )
    question = pack.reasons[command.reason].question
    beginning = e.ClaimOpened(
        claim_no=claim_no,
        order_no=order.order_no,
        order_version=intake.order_version,
        line_no=unit.unit.line_no,
        units=[one.unit.unit_no for one in units],
        reason=command.reason,
        description=mask_secrets(command.description),
        wants=command.wants,
        channel=command.channel,
        external_id=command.external_id,
        buyer_id=unit.buyer_id,
        seller_id=unit.seller_id,
        seller_name=unit.seller_name,
        supplier_id=unit.supplier_id or "",
        category=unit.category,
        title=unit.title,
        claimed_minor=claimed,
        currency=unit.currency,
        tags={tag.code: round(tag.confidence * 100) for tag in reading.tags},
        follow_up_zh=question.zh if reading.vague else "",
        follow_up_en=question.en if reading.vague else "",
        lane=lane,
        priority=priority,
        owner_id=owner.owner_id,
        owner_name=owner.owner_name,
        about_staff=about_staff,
        policy_version=f"{pack.name}@{pack.version}",
        contract=contract,
        deadlines=[
            times.of(stage) for stage in ("first_response", "auto_lane", "decision", "hard_stop")
        ],
    )
    return [
        beginning,
        e.FactsRecorded(facts=order_facts(units, act.now, contracted=contracted)),
        *first_hold(beginning),
        e.ClaimAccepted(),
    ]


def pinned(agreed: Agreed | None) -> e.ContractPin | None:
    """What a claim keeps of its customer's contract; a later change does not reach it."""
    if agreed is None:
        return None
    contract = agreed.contract
    return e.ContractPin(
        contract_id=contract.contract_id,
        version=agreed.version,
        tier=contract.tier,
        minutes=dict(agreed.minutes),
        calendar=contract.calendar,
        auto_cap_minor=contract.auto_cap_minor,
    )


def texts(command: OpenClaim, claim_no: str, unit: UnitFacts) -> tuple[str, str]:
    """The excerpt lists show and the text search runs over: no codes, no contacts."""
    description = mask_secrets(command.description)
    excerpt = " ".join(description.split())[:EXCERPT_LETTERS]
    searched = (claim_no, command.order_no, unit.title, unit.seller_name, description)
    return excerpt, normal(" ".join(searched))


def _binds(bound: UnitClaim, units: list[UnitFacts]) -> bool:
    return any((bound.line_no, bound.unit_no) == (u.unit.line_no, u.unit.unit_no) for u in units)


def _has_ended(bound: UnitClaim) -> bool:
    return bound.state in ENDED


def began_later(began_at: datetime, bound: UnitClaim) -> bool:
    return bound.closed_at is not None and began_at > bound.closed_at
