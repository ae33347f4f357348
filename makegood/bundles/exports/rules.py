"""One request of a regulator, court, mediator or party, and what became of it."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from makegood.base.ids import is_claim_no

Kind = Literal["regulator", "mediator", "court", "party"]
Sight = Literal["buyer", "seller", "outside", "platform"]
State = Literal["waiting", "making", "made", "handed_over", "failed", "cancelled"]
Gone = Literal["", "erased", "expired"]
KINDS: Final[tuple[Kind, ...]] = ("regulator", "mediator", "court", "party")
MOST_CLAIMS: Final = 500
DUE_SOON: Final = timedelta(days=2)
KEPT: Final = timedelta(days=30)
"""How long a file can be downloaded; afterwards it is deleted and can be made again."""
_SPACE: Final = re.compile(r"[\s,;，；、]+")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `basis` is the law or order, `case_no` the number they gave it."""

    asked_by: str
    kind: Kind
    basis: str
    case_no: str = ""
    due_at: datetime | None = None
    audience: Sight = "platform"
    """Whose sight of the claims is given: what this side may see, and nothing more."""
    claim_nos: tuple[str, ...]


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its answer. `sha256` and `bytes` are those of the file made last."""

    export_no: int
    asked_by: str
    asked_of: str
    """The account that took the request down; the file is made in its name."""
    kind: Kind
    basis: str
    case_no: str
    due_at: datetime | None
    parts: list[str]
    claim_nos: list[str]
    state: State
    asked_at: datetime
    run: int
    """Counts who works on the file; a run whose number is no longer this one has lost it."""
    claims_done: int
    made_at: datetime | None = None
    sha256: bytes | None = None
    bytes: int | None = None
    file_ref: str = ""
    """Where the storage keeps it; empty before it is made and once it is gone."""
    gone: Gone = ""
    """Why a file that was made is no longer kept."""
    expires_at: datetime | None = None
    handed_at: datetime | None = None
    handed_note: str = ""
    problem: str = ""
    """A code of what went wrong, for a request that failed."""

    @property
    def under_way(self) -> bool:
        """Whether its file waits to be made or is being made."""
        return self.state in ("waiting", "making")

    @property
    def may_retry(self) -> bool:
        """Whether its file can be made (again)."""
        return self.state in ("failed", "cancelled") or (self.state == "made" and bool(self.gone))

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return 100 * self.claims_done // len(self.claim_nos)

    def has_file(self, now: datetime) -> bool:
        """Whether the file can be downloaded."""
        return bool(self.file_ref) and self.expires_at is not None and now < self.expires_at

    def is_due(self, now: datetime) -> bool:
        """Whether the answer is late or nearly so."""
        waits = self.handed_at is None and self.due_at is not None
        return waits and self.due_at is not None and self.due_at - now < DUE_SOON


def claim_nos_in(text: str) -> tuple[str, ...]:
    """The claim numbers of a list that a person typed, each once, in their order."""
    words = [word.upper() for word in _SPACE.split(text.strip()) if word]
    return tuple(dict.fromkeys(words))


def wrong_fields(request: Request) -> list[str]:
    """What is missing or malformed in a request; nothing is exported without a basis."""
    wrong = [name for name in ("asked_by", "basis") if not getattr(request, name).strip()]
    if not _are_claims(request.claim_nos):
        wrong.append("claim_nos")
    return wrong


def _are_claims(claim_nos: Sequence[str]) -> bool:
    return 0 < len(claim_nos) <= MOST_CLAIMS and all(map(is_claim_no, claim_nos))
