"""How codes look: one table from states to tone and shape, and small figures for templates."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.claims.view import DeadlineView
from makegood.policy.explain import label_without_unit
from makegood.policy.judgement import Words
from makegood.policy.model import Pack
from makegood.policy.vocabulary import FACTS
from makegood.web.formats import Lang

Tone = Literal["", "acc", "ok", "warn", "bad"]
Dot = Literal["open", "half", "wait", "late", "shut"]


class Look(msgspec.Struct, frozen=True):
    """A badge's colour and shape; the word comes from the catalogue."""

    tone: Tone
    dot: Dot


STATE_LOOKS: Final[Mapping[str, Look]] = {
    "open": Look("acc", "open"),
    "verifying": Look("acc", "half"),
    "waiting_seller": Look("acc", "wait"),
    "waiting_buyer": Look("warn", "wait"),
    "waiting_supplier": Look("acc", "wait"),
    "negotiating": Look("acc", "half"),
    "in_review": Look("acc", "half"),
    "decided": Look("acc", "half"),
    "executing": Look("acc", "half"),
    "settled": Look("ok", "shut"),
    "closed": Look("", "shut"),
    "appealed": Look("warn", "half"),
    "reopened": Look("warn", "half"),
    "withdrawn": Look("", "shut"),
    "declined": Look("", "shut"),
    "external": Look("warn", "wait"),
}

REASON_ICONS: Final[Mapping[str, str]] = {
    "DLV": "hourglass",
    "KEY": "card-x",
    "SND": "desc",
    "ACC": "user-x",
    "MBR": "crown",
    "PAY": "dup",
    "SRV": "chat",
    "SEC": "lock",
    "CHG": "undo",
}


def state_look(state: str) -> Look:
    """The badge of a claim state."""
    return STATE_LOOKS.get(state, Look("", "open"))


def share_left(deadline: DeadlineView, now: datetime) -> str:
    """What part of the time is left, 0 to 1, for the ring of a clock."""
    whole = (deadline.at - deadline.set_at).total_seconds()
    left = (deadline.at - now).total_seconds()
    return f"{max(0.0, min(1.0, left / whole)) if whole > 0 else 0.0:.2f}"


def fact_name(name: str, lang: Lang) -> str:
    """A fact's name in words; the name itself where the vocabulary does not know it."""
    spec = FACTS.get(name)
    if spec is None:
        return name
    label = label_without_unit(Words(spec.zh, spec.en))
    return label.zh if lang == "zh" else label.en


OTHER_SLOT: Final[dict[Lang, str]] = {"zh": "其他材料", "en": "Something else"}
"""What is filed without a slot of its own."""


def slot_namer(names: Callable[[], Pack]) -> Callable[[str, Lang], str]:
    """A function from an evidence slot's code to its name."""

    def slot_name(code: str, lang: Lang) -> str:
        slot = names().slots.get(code)
        if slot is None:
            return OTHER_SLOT[lang] if code == "other" else code
        return slot.name.zh if lang == "zh" else slot.name.en

    return slot_name


def reason_namer(names: Callable[[], Pack]) -> Callable[[str, Lang], str]:
    """A function from a reason's code to its name."""

    def reason_name(code: str, lang: Lang) -> str:
        reason = names().reasons.get(code)
        if reason is None:
            return code
        return reason.name.zh if lang == "zh" else reason.name.en

    return reason_name


def finding_namer(names: Callable[[], Pack]) -> Callable[[str, Lang], str]:
    """A function from a finding's code to its name."""

    def finding_name(code: str, lang: Lang) -> str:
        finding = names().findings.get(code)
        if finding is None:
            return code
        return finding.name.zh if lang == "zh" else finding.name.en

    return finding_name


def share_teller(names: Callable[[], Pack]) -> Callable[[str], list[tuple[str, int]]]:
    """A function from a finding's code to who bears how many percent; nobody while it waits."""

    def finding_shares(code: str) -> list[tuple[str, int]]:
        finding = names().findings.get(code)
        shares = finding.shares if finding is not None else None
        return [(party, part) for party, part in shares.as_dict().items() if part] if shares else []

    return finding_shares


def reason_icon(code: str) -> str:
    """The icon of a reason's group."""
    return REASON_ICONS.get(code[:3], "dots")
