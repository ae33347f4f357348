"""Why a form came back: a refusal in words, and the status of the page that shows it."""

import msgspec

from makegood.base.refusal import Refused
from makegood.web.errors import refusal_words
from makegood.web.page import Page


class Fault(msgspec.Struct, frozen=True):
    """Why a form came back."""

    title: str
    text: str


def status_of(refused: Refused | None) -> int:
    """The status of a form page: 412 when someone else was quicker, 409 for other refusals."""
    if refused is None:
        return 200
    return 412 if refused.code == "stale_version" else 409


def fault_of(page: Page, refused: Refused | None) -> Fault | None:
    """A refusal in words; a stale page says that nothing was lost."""
    if refused is None:
        return None
    if refused.code == "stale_version":
        words = page.words
        return Fault(words.t("desk.notice.stale.title"), words.t("desk.notice.stale.text"))
    return Fault(*refusal_words(page, refused))
