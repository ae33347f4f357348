"""Lists of claims: queues, filters and text search, page by page."""

import base64
from datetime import datetime
from typing import Final

import msgspec

from makegood.base.refusal import Refused
from makegood.claims.grams import grams_asked, normal
from makegood.claims.listed import CLASS_NO
from makegood.claims.view import ClaimRow

QUEUES: Final = (
    "mine",
    "review",
    "waiting",
    "overdue",
    "approvals",
    "appeals",
    "tasks",
    "all",
    "done",
)
WAITING: Final = ["verifying", "waiting_seller", "waiting_buyer", "waiting_supplier", "negotiating"]
_QUEUE_TERMS: Final = {
    "mine": "is_open and owner_id = ?",
    "review": "is_open and state = any (?::text[])",
    "waiting": "is_open and state = any (?::text[])",
    "overdue": "is_open and next_deadline_at < ?",
    "approvals": "is_open and awaits_approval",
    "appeals": "is_open and state = 'appealed'",
    "tasks": "is_open and has_tasks",
    "all": "is_open",
    "done": "not is_open",
    "everything": "",
}
_OF_ORDERS: Final = """
    claim_no = any (array(
        select claim_no from claim_unit where market_id = $1 and order_no = any (?::text[])))
"""
"""Found by the units that claims are about, which are indexed by order."""
NEWEST_FIRST: Final = ("done", "everything")
"""Lists in which nothing waits for anybody: their order is that of the opening."""
PAGE: Final = 50
MOST: Final = 200


class ClaimFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which claims a list shows. Empty fields do not filter; `q` searches their text."""

    queue: str = "all"
    state: str = ""
    seller_id: str = ""
    owner_id: str = ""
    priority: str = ""
    lane: str = ""
    reason: str = ""
    q: str = ""
    order_nos: tuple[str, ...] = ()
    limit: int = PAGE
    cursor: str = ""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended, in the list's own order."""

    class_no: int
    at: datetime
    claim_no: str


class Page(msgspec.Struct, frozen=True):
    """One page; `next_cursor` is empty at the end."""

    items: list[ClaimRow]
    next_cursor: str


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions with their arguments; `$1` is the market, the arguments follow in order."""

    terms: tuple[str, ...]
    arguments: tuple[object, ...]
    newest_first: bool
    limit: int
    everything: bool = False
    """Open and ended claims alike: each half has indexes of its own."""


class Conditions:
    """Collects conditions and numbers their arguments."""

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.arguments: list[object] = []

    def add(self, term: str, *values: object) -> None:
        """One more condition; each `?` of the term stands for one of the values."""
        for value in values:
            self.arguments.append(value)
            term = term.replace("?", f"${len(self.arguments) + 1}", 1)
        self.terms.append(term)


def where(filter_: ClaimFilter, reader_id: str, now: datetime) -> Where:
    """The conditions of a filter for this reader."""
    found = Conditions()
    if reader_id:
        found.add("not (apart_ids @> array[?::text])", reader_id)
    _add_queue(found, filter_.queue, reader_id, now)
    for column in ("state", "seller_id", "owner_id", "lane", "reason"):
        if getattr(filter_, column):
            found.add(f"{column} = ?", getattr(filter_, column))
    if filter_.priority:
        found.add("class_no = ?", CLASS_NO.get(filter_.priority, 3))
    if filter_.order_nos:
        found.add(_OF_ORDERS, list(filter_.order_nos))
    newest_first = filter_.queue in NEWEST_FIRST or bool(filter_.order_nos) or bool(filter_.q)
    if filter_.cursor:
        _add_cursor(found, parse_cursor(filter_.cursor), newest_first=newest_first)
    return Where(
        terms=tuple(found.terms),
        arguments=tuple(found.arguments),
        newest_first=newest_first,
        limit=max(1, min(filter_.limit, MOST)),
        everything=filter_.queue == "everything",
    )


def search_terms(query: str) -> tuple[list[int], list[str]]:
    """The grams every match has, and the words its text must hold."""
    return grams_asked(query), [f"%{_literal(word)}%" for word in normal(query).split()]


def cursor_of(class_no: int, at: datetime, claim_no: str) -> str:
    """The cursor after this row of the list."""
    packed = msgspec.json.encode(Cursor(class_no, at, claim_no))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def parse_cursor(text: str) -> Cursor:
    """A cursor as a list gave it out; anything else is refused."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(packed, type=Cursor)
    except (ValueError, msgspec.DecodeError) as error:
        raise Refused("not_found", cursor=text[:40]) from error


def _add_queue(found: Conditions, queue: str, reader_id: str, now: datetime) -> None:
    if queue not in _QUEUE_TERMS:
        raise Refused("not_found", queue=queue)
    values: dict[str, tuple[object, ...]] = {
        "mine": (reader_id,),
        "review": (["in_review", "reopened", "open"],),
        "waiting": (WAITING,),
        "overdue": (now,),
    }
    if _QUEUE_TERMS[queue]:
        found.add(_QUEUE_TERMS[queue], *values.get(queue, ()))


def _add_cursor(found: Conditions, cursor: Cursor, *, newest_first: bool) -> None:
    if newest_first:
        found.add("(opened_at, claim_no) < (?, ?)", cursor.at, cursor.claim_no)
    else:
        key = (cursor.class_no, cursor.at, cursor.claim_no)
        found.add("(class_no, queue_at, claim_no) > (?, ?, ?)", *key)


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
