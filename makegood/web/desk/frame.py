"""What every desk page needs around its content: queues, counts, keys and the person."""

from collections.abc import Mapping
from typing import Final

from litestar import Request
from litestar.datastructures import State

from makegood.web.desk import present
from makegood.web.page import Page

KEYS_COOKIE: Final = "mg_keys"

QUEUES: Final = (
    ("mine", "inbox"),
    ("review", "user"),
    ("overdue", "clock"),
    ("waiting", "hourglass"),
    ("appeals", "scale"),
    ("approvals", "check-c"),
    ("tasks", "users"),
    ("all", "book"),
    ("done", "lock"),
)
"""Each queue with its icon; the first is where a person's day begins."""

QUEUE_NAMES: Final = frozenset(name for name, _ in QUEUES)

KEY_LIST: Final = (
    ("move", "J / K"),
    ("pick", "X"),
    ("open", "↵"),
    ("back", "Esc"),
    ("confirm", "E"),
    ("depart", "O"),
    ("ask", "R"),
    ("up", "U"),
    ("assign", "A"),
    ("mine", "I"),
    ("take", "T"),
    ("macro", "M"),
    ("fresh", "."),
    ("filter", "/"),
    ("find", "⌘K"),
    ("send", "⌘↵"),
    ("undo", "Z"),
    ("all", "?"),
)
"""Keys as the dialog lists them; `data-key` in the templates carries them out."""

AnyRequest = Request[object, object, State]


def frame(
    page: Page, request: AnyRequest, queue: str, counts: Mapping[str, int], *, rail: bool = False
) -> dict[str, object]:
    """Names that `desk/templates/shell.html` and the desk's macros use.

    `queue` is empty where a page belongs to none.
    """
    return {
        "queue": queue if queue in QUEUE_NAMES or not queue else "mine",
        "queues": QUEUES,
        "counts": counts,
        "rail": rail,
        "key_list": KEY_LIST,
        "keys_off": request.cookies.get(KEYS_COOKIE) == "off",
        "me": page.caller.account_id,
        "fact_icon": present.fact_icon,
        "step_icon": present.step_icon,
        "step_words": present.step_words,
        "step_detail": present.step_detail,
        "clock_kind": present.clock_kind,
        "ring": present.ring,
    }
