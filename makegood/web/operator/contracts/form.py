"""A contract as a form writes it and as it is read back: hours, days and standards as text."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from makegood.base.business_time import Calendar, Slot
from makegood.base.refusal import Refused
from makegood.people.contracts.public_days import PublicDays
from makegood.people.contracts.rules import STAGES, TIERS, Contract, Standard
from makegood.web.desk.forms import Form

_SLOT: Final = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至]\s*(\d{1,2}):(\d{2})")
_BETWEEN: Final = re.compile(r"[,，、;；\s]+")
DAYS: Final = 7


def contract_of(form: Form, contract_id: str, currency: str) -> Contract:
    """The contract that a form describes.

    Raises:
        Refused: `contract_wrong` with the `fields` that cannot be read.
    """
    read = Reading(form)
    contract = Contract(
        contract_id=contract_id,
        name=form.text("name", 80),
        tier=next((tier for tier in TIERS if tier == form.text("tier")), "merchant"),
        buyer_ids=tuple(dict.fromkeys(_words(form.text("buyers")))),
        manager_id=form.text("manager", 64),
        begins_on=read.day("begins_on") or date.min,
        ends_on=read.day("ends_on", needed=False),
        minutes=read.minutes(),
        calendar=read.calendar() if form.text("working_hours") == "yes" else None,
        standards=read.standards(),
        auto_cap_minor=read.amount("auto_cap", currency),
    )
    if read.wrong:
        raise Refused("contract_wrong", fields=sorted(set(read.wrong)))
    return contract


class Reading:
    """Reads the fields of one form and remembers those that cannot be read."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.wrong: list[str] = []

    def day(self, name: str, *, needed: bool = True) -> date | None:
        """A date as `2026-12-31`."""
        text = self._form.text(name, 10)
        found = _date(text)
        if found is None and (needed or text):
            self.wrong.append(name)
        return found

    def minutes(self, prefix: str = "minutes_") -> dict[str, int]:
        """The clocks that are filled in; an empty one is left to the tier or the rules."""
        found: dict[str, int] = {}
        for stage in STAGES:
            text = self._form.text(f"{prefix}{stage}", 9)
            if text and not _is_number(text):
                self.wrong.append("minutes")
            elif text:
                found[stage] = int(text)
        return found

    def calendar(self) -> Calendar:
        """Working hours: one line per weekday, holidays, days with hours of their own."""
        return Calendar(
            timezone=self._form.text("timezone", 40),
            week=[self._slots(self._form.text(f"day_{n}", 80), "week") for n in range(DAYS)],
            holidays=self._holidays(),
            special=self._special(),
        )

    def standards(self) -> tuple[Standard, ...]:
        """One standard per line: reason, minutes, and remedies where only some will do."""
        found = []
        for line in self._form.text("standards").splitlines():
            reason, *rest = _words(line) or [""]
            if not reason:
                continue
            if not rest or not _is_number(rest[0]):
                self.wrong.append("standards")
                continue
            found.append(
                Standard(reason=reason, within_minutes=int(rest[0]), remedies=tuple(rest[1:]))
            )
        return tuple(found)

    def amount(self, name: str, currency: str) -> int | None:
        """An amount in minor units; None where empty."""
        minor = self._form.amount_minor(name, currency)
        if minor is None and self._form.text(name, 20):
            self.wrong.append(f"{name}_minor")
        return minor

    def _slots(self, text: str, field: str) -> list[Slot]:
        spans = _SLOT.findall(text)
        if _SLOT.sub("", text).strip(" ,，、;；"):
            self.wrong.append(field)
        return [Slot(_minute(a, b), _minute(c, d)) for a, b, c, d in spans]

    def _holidays(self) -> list[date]:
        days = []
        for text in _words(self._form.text("holidays")):
            day = _date(text)
            if day is None:
                self.wrong.append("holidays")
            else:
                days.append(day)
        return sorted(set(days))

    def _special(self) -> dict[str, list[Slot]]:
        found = {}
        for line in self._form.text("special").splitlines():
            day, _, hours = line.strip().partition(" ")
            if not day:
                continue
            if _date(day) is None:
                self.wrong.append("special")
            else:
                found[day] = self._slots(hours, "special")
        return found


def with_public_days(form: Form, days: PublicDays) -> Form:
    """The form with a year's days off and worked weekends filled in; what was typed stays.

    A worked weekend has the hours of Monday.
    """
    holidays = _words(form.text("holidays"))
    special = [line for line in form.text("special").splitlines() if line.strip()]
    dated = {line.split()[0] for line in special}
    hours = form.text("day_0", 80)
    new = [day for day in map(date.isoformat, days.off) if day not in holidays]
    own = [f"{day} {hours}" for day in map(date.isoformat, days.worked) if day not in dated]
    changed = {
        "holidays": ["\n".join(sorted([*holidays, *new]))],
        "special": ["\n".join(sorted([*special, *own]))],
        "working_hours": ["yes"],
    }
    return Form(form.fields | changed, form.files)


def filled(contract: Contract | None) -> dict[str, object]:
    """The texts of the form's fields for a contract, or for a new one."""
    calendar = contract.calendar if contract else None
    week = calendar.week if calendar else [[Slot(540, 1080)]] * 5 + [[], []]
    standards = contract.standards if contract else ()
    return {
        "timezone": calendar.timezone if calendar else "Asia/Shanghai",
        "week": [slots_text(slots) for slots in week],
        "holidays": "\n".join(day.isoformat() for day in calendar.holidays) if calendar else "",
        "special": _special_text(calendar),
        "standards": "\n".join(_standard_text(one) for one in standards),
        "buyers": "\n".join(contract.buyer_ids) if contract else "",
    }


def slots_text(slots: Sequence[Slot]) -> str:
    """Hours as a person writes them: `09:00-12:00, 13:30-18:00`."""
    return ", ".join(f"{_clock(slot.begins)}-{_clock(slot.ends)}" for slot in slots)


def _special_text(calendar: Calendar | None) -> str:
    days = sorted(calendar.special.items()) if calendar else []
    return "\n".join(f"{day} {slots_text(slots)}".rstrip() for day, slots in days)


def _standard_text(standard: Standard) -> str:
    return " ".join((standard.reason, str(standard.within_minutes), *standard.remedies))


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text) if word]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _minute(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
