"""What a bundle holds for people: the same facts in three layouts, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from makegood.bundles.packing import Contents
from makegood.claims.letter import Letter, letter_of
from makegood.claims.view import ClaimView
from makegood.policy.document import reasons_document
from makegood.policy.model import Pack
from makegood.verify.page import offline_page
from makegood.web.page import Page
from makegood.web.words import LANGS

LAYOUTS: Final = ("payment-dispute", "complaint-12315", "court")
"""For a payment company or card scheme, for the consumer hotline, for a court."""

_START: Final = "bundle/templates/start.html"
_DOCUMENT: Final = "bundle/templates/document.html"
_LETTER: Final = "bundle/templates/letter.html"
_RULES: Final = "policy/rules.md"


def pages_of(page: Page, claim: ClaimView, pack: Pack, contents: Contents) -> dict[str, bytes]:
    """Names and contents. Nothing in them depends on when they are made."""
    names = {one.sha256: one.name for one in (*contents.evidence, *contents.left_out)}
    pages = {
        "verify.html": offline_page(),
        _RULES: reasons_document(pack).encode(),
        "read-me.html": _html(page, _START, claim, contents, names),
    }
    for lang in LANGS:
        spoken = replace(page, words=replace(page.words, lang=lang, now=claim.opened_at))
        for layout in LAYOUTS:
            made = _html(spoken, _DOCUMENT, claim, contents, names, layout=layout)
            pages[f"{layout}.{lang}.html"] = made
        if claim.decision is not None:
            made = _html(spoken, _LETTER, claim, contents, names, letter=_letter(claim, pack))
            pages[f"letter.{lang}.html"] = made
    return pages


def _letter(claim: ClaimView, pack: Pack) -> Letter:
    """The letter as on the site; its rule lies in the bundle."""
    letter = letter_of(claim, pack)
    return msgspec.structs.replace(
        letter, rule_url=_RULES if letter.rule_url else "", handbook_url=""
    )


def _html(
    page: Page,
    template: str,
    claim: ClaimView,
    contents: Contents,
    names: Mapping[str, str],
    **more: object,
) -> bytes:
    return page.html(
        template,
        claim=claim,
        contents=contents,
        names=names,
        inside={one.name for one in contents.evidence},
        layouts=LAYOUTS,
        langs=LANGS,
        **more,
    ).encode()
