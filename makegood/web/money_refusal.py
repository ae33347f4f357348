"""A form about money that was refused: kept with its reason for people, and said to the typist."""

from typing import Final

from makegood.base.refusal import Refused
from makegood.ledger.refusals import note_refusal
from makegood.web.desk.faults import Fault
from makegood.web.errors import refusal_words
from makegood.web.page import Page
from makegood.web.things import Things

PRIVATE: Final = frozenset({"second_factor_stale", "sign_in_failed", "sign_in_slowed"})
"""Mistyped codes are counted elsewhere; they are no requests about money."""


async def keep_refusal(page: Page, things: Things, action: str, refused: Refused) -> Fault:
    """Keep who asked for what and why not; answers the words for the page.

    `action` is the right that the form needs, as in the roles matrix.
    """
    if refused.code not in PRIVATE:
        await note_refusal(things.db, page.act(), action, refused.code, refused.detail)
    return Fault(*refusal_words(page, refused))
