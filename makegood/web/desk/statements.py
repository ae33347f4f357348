"""What a person of ours may put on record as a fact, as choices and figures of a form."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from makegood.base.refusal import Refused
from makegood.policy.facts import FactSpec, Value
from makegood.policy.model import Pack
from makegood.policy.vocabulary import FACTS
from makegood.web.desk.forms import Form, local_time

COUNTS = range(11)
USAGE: Final = "usage."
"""Facts that no rule reads and amounts are computed from."""
FIGURES: Final = (
    "usage.stopped_at",
    "usage.units_used",
    "usage.units_total",
    "usage.balance_used_minor",
)
"""What is left of something prepaid is computed from these; an amount stands in the claim's own
currency, a time in the market's zone."""
TOGETHER: Final = {"usage.units_used", "usage.units_total"}
"""Uses made say nothing without how many there are in all."""


class FactChoice(msgspec.Struct, frozen=True):
    """One fact with the values it can take; `key` of a value comes back in the form."""

    name: str
    values: list[tuple[str, Value]]


def fact_choices(pack: Pack, reason_code: str) -> list[FactChoice]:
    """Facts that the rules of this reason read and a person may state; all of them if none."""
    reason = pack.reasons.get(reason_code)
    read = set(pack.tables[reason.table].inputs) if reason else set()
    stated = [
        spec
        for spec in FACTS.values()
        if "agent" in spec.sources and spec.kind != "time" and not spec.name.startswith(USAGE)
    ]
    wanted = [spec for spec in stated if spec.name in read] or stated
    return [FactChoice(spec.name, _values(spec)) for spec in wanted]


def chosen_fact(choices: list[FactChoice], key: str) -> tuple[str, Value] | None:
    """The fact and value behind a form's key; None for anything that was not offered."""
    for choice in choices:
        for offered, value in choice.values:
            if offered == key:
                return choice.name, value
    return None


def figures_for(pack: Pack, reason_code: str) -> tuple[str, ...]:
    """The figures that the refund of some finding of this reason is computed from; else none."""
    reason = pack.reasons.get(reason_code)
    rows = pack.tables[reason.table].rows if reason else ()
    found = [pack.findings.get(str(row.outcome.get("finding", ""))) for row in rows]
    return FIGURES if any(one and one.refund_rule == "prorated" for one in found) else ()


def stated_figures(
    form: Form, names: tuple[str, ...], currency: str, zone: ZoneInfo, now: datetime
) -> dict[str, Value]:
    """The figures that were filled in.

    Raises Refused `not_a_fact` for one that cannot be read, lies in the future, or stands alone.
    """
    said = {
        name: _figure(form, name, currency, zone) for name in names if form.text(f"figure.{name}")
    }
    alone = TOGETHER - set(said)
    ahead = [name for name, value in said.items() if isinstance(value, datetime) and value > now]
    wrong = [name for name, value in said.items() if value is None] + ahead
    if wrong or len(alone) == 1:
        raise Refused("not_a_fact", name=next(iter([*wrong, *sorted(alone)])))
    return said


def _figure(form: Form, name: str, currency: str, zone: ZoneInfo) -> Value:
    """One figure, or None where it is none."""
    text = form.text(f"figure.{name}", 40)
    if FACTS[name].kind == "time":
        return local_time(text, zone)
    if name.endswith("_minor"):
        amount = form.amount_minor(f"figure.{name}", currency)
        return amount if amount is not None and amount >= 0 else None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _values(spec: FactSpec) -> list[tuple[str, Value]]:
    known: list[Value]
    match spec.kind:
        case "yes_no":
            known = [True, False, None]
        case "count":
            known = [*COUNTS, None]
        case _:
            known = [*spec.words, None]
    return [(f"{spec.name}={value}", value) for value in known]
