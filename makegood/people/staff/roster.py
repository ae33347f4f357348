"""Who works here, and who may handle what: in particular a complaint about one of us."""

from collections.abc import Mapping, Sequence

import msgspec

from makegood.people.staff.rules import DECIDING_ROLES, StaffRole


class RosterLine(msgspec.Struct, frozen=True, kw_only=True):
    """One person on the roster; `reports_to` is the direct lead's account id."""

    account_id: str
    display_name: str
    role: StaffRole
    department_id: str | None = None
    skills: tuple[str, ...] = ()
    reports_to: str | None = None


def outside_the_line(about: str, roster: Sequence[RosterLine]) -> tuple[RosterLine, ...]:
    """Who may handle a complaint about the person `about`.

    Never that person, nobody the person reports to at any height, and nobody who reports to
    the person. Empty means: it goes to the outside mediator.
    """
    line = line_of(about, roster)
    return tuple(one for one in roster if one.account_id not in line and one.role in DECIDING_ROLES)


def line_of(about: str, roster: Sequence[RosterLine]) -> set[str]:
    """The person, everybody above and everybody below, by account id."""
    return _leads_of(about, roster) | _reports_of(about, roster) | {about}


def others(than: str, roster: Sequence[RosterLine]) -> tuple[RosterLine, ...]:
    """Who may review a decision of the person `than`."""
    return tuple(one for one in roster if one.account_id != than and one.role in DECIDING_ROLES)


def _leads_of(person: str, roster: Sequence[RosterLine]) -> set[str]:
    lead_of: Mapping[str, str | None] = {one.account_id: one.reports_to for one in roster}
    found: set[str] = set()
    lead = lead_of.get(person)
    while lead is not None and lead not in found:
        found.add(lead)
        lead = lead_of.get(lead)
    return found


def _reports_of(person: str, roster: Sequence[RosterLine]) -> set[str]:
    found: set[str] = set()
    waiting = [person]
    while waiting:
        lead = waiting.pop()
        below = {one.account_id for one in roster if one.reports_to == lead} - found
        found |= below
        waiting.extend(below)
    return found - {person}
