"""What the public log tells of audits: announced, drawn, recorded, finished."""

from typing import Final

import msgspec

STREAM: Final = "audits"


class AuditAnnounced(msgspec.Struct, frozen=True, kw_only=True, tag="audit_announced"):
    """Written before the beacon is known. `claims` is private: the numbers of the population."""

    audit: int
    beacon: str
    round: int
    known_at: str
    miss_bps: int
    since: str
    until: str
    population: int
    sample: int
    claims: list[str]


class AuditDrawn(msgspec.Struct, frozen=True, kw_only=True, tag="audit_drawn"):
    """The beacon's value, and privately the claims that it drew, in order."""

    audit: int
    value: str
    sample: int
    claims: list[str]


class AuditRecorded(msgspec.Struct, frozen=True, kw_only=True, tag="audit_recorded"):
    """What the auditor found about the claim at a place of the draw."""

    audit: int
    rank: int
    result: str
    cause: str
    claim_no: str
    note: str


class AuditFinished(msgspec.Struct, frozen=True, kw_only=True, tag="audit_finished"):
    """The whole result; sellers whose record did not match are named."""

    audit: int
    sample: int
    matches: int
    mismatches: int
    unreachable: int
    sellers: list[str]


PRIVATE: Final = frozenset({"claims", "claim_no", "note"})
