"""Reading a message: normalise, find cues, tag reasons, judge vagueness. Pure; never raises."""

from makegood.reading import cues
from makegood.reading.extract import amount_minor, order_numbers
from makegood.reading.mask import mask_secrets
from makegood.reading.message import GENERAL, NO_ORDER, OrderContext, Reading, Tag
from makegood.reading.model import shipped_model
from makegood.reading.normalise import normalise, without_values
from makegood.reading.vague import ENOUGH_WORDS, informative, is_vague, missing

OTHER = "OTHER"
TAGS = 3
LEAST_CONFIDENCE = 0.05
WORTH_WEIGHING = 0.005
SURE_ENOUGH_TO_ASK = 0.3
NOT_SOLD_HERE = 0.2
AGAINST_THE_STATE = 0.2

__all__ = ["mask_secrets", "read_message"]


def read_message(text: str, order: OrderContext = NO_ORDER) -> Reading:
    """What the text says, given what the order says. Never raises for any text."""
    normal = normalise(text)
    told = informative(normal)
    all_well = cues.resolved(normal)
    tags = (Tag(OTHER, 1.0),) if all_well else _tags(normal, order, told)
    # A text without content has no likely reason: its question must stay general.
    reason = order.reason or (_likely(tags) if told >= ENOUGH_WORDS else None)
    open_points = missing(normal, reason, told)
    vague = not all_well and is_vague(open_points, told)
    is_repeat = cues.repeated(normal, order.prior_contacts)
    numbers = order_numbers(text, order.order_nos, order.order_no_patterns)
    return Reading(
        tags=tags,
        urgent=cues.urgent(normal, is_repeat=is_repeat),
        anger=cues.anger(text, normal),
        wants=cues.wants(normal),
        human_asked=cues.human_asked(normal),
        threat=cues.threat(normal),
        injection=cues.injection(normal),
        resolved=all_well,
        repeat=is_repeat,
        missing=open_points,
        vague=vague,
        follow_up=(reason or GENERAL) if vague else None,
        order_nos=numbers,
        amount_minor=amount_minor(text),
        # Only numbers that the database knows stay readable: a found one may be a card code.
        masked=mask_secrets(text, order.order_nos),
    )


def _tags(normal: str, order: OrderContext, told: int) -> tuple[Tag, ...]:
    found = shipped_model().confidences(without_values(cues.affirmed(normal)))
    # Only codes that could still be shown are weighed against the order.
    weighed = {code: one * _fit(code, order) for code, one in found.items() if one > WORTH_WEIGHING}
    total = (sum(weighed.values()) or 1.0) / _certainty(told)
    best = sorted(weighed.items(), key=lambda pair: (-pair[1], pair[0]))[:TAGS]
    return tuple(
        Tag(code, round(one / total, 3)) for code, one in best if one / total >= LEAST_CONFIDENCE
    )


def _fit(code: str, order: OrderContext) -> float:
    """How well a reason fits the order's state, which outweighs the wording."""
    weight = 1.0
    if order.reasons and code != OTHER and code not in order.reasons:
        weight *= NOT_SOLD_HERE
    if order.paid is False and code in ("DLV01", "DLV02", "DLV05"):
        weight *= AGAINST_THE_STATE
    if order.delivered is True and order.revealed is True and code in ("DLV01", "DLV06", "CHG01"):
        weight *= AGAINST_THE_STATE
    if order.delivered is False and code in ("KEY01", "KEY02", "KEY07", "MBR01", "DLV02"):
        weight *= AGAINST_THE_STATE
    return weight


def _certainty(told: int) -> float:
    """How much a text of few telling words may be trusted, 0.3..1."""
    return min(1.0, 0.3 + 0.1 * told)


def _likely(tags: tuple[Tag, ...]) -> str | None:
    if not tags or tags[0].code == OTHER or tags[0].confidence < SURE_ENOUGH_TO_ASK:
        return None
    return tags[0].code
