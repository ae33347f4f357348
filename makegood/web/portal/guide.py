"""Builds the guided claim: what to show of a draft, and which of its parts are still missing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.claims.draft_store import Draft, KeptDraft
from makegood.claims.evidence import Evidence
from makegood.claims.factsheet import order_facts
from makegood.claims.looking import PreCheck
from makegood.claims.rows import Intake
from makegood.claims.view import EvidenceView, FactView
from makegood.policy.model import Pack, Reason
from makegood.web.portal.order import shown_units
from makegood.web.portal.shown import (
    Ask,
    CheckShown,
    ClaimForm,
    DoneStep,
    ReasonGroup,
    RemedyChoice,
    SlotShown,
    UnitShown,
)
from makegood.web.words import Words

Step = Literal[1, 2, 3, 4]
STEPS: Final[dict[str, Step]] = {"1": 1, "2": 2, "3": 3, "4": 4}
WANTS: Final = ("reissue", "refund", "repair", "compensation", "explanation")
GROUP_ORDER: Final = ("KEY", "DLV", "SND", "ACC", "MBR", "PAY", "SRV", "SEC", "CHG")
SHOWN_FACTS: Final = ("order.paid", "delivery.delivered", "key.revealed", "delivery.delivered_at")


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """All that the guided claim is made of."""

    intake: Intake
    draft: KeptDraft
    files: list[Evidence]
    checked: PreCheck | None
    pack: Pack
    """The version of the rules that this order follows."""
    at: Step
    group: str = ""
    question: str = ""
    errors: dict[str, str] = {}
    fault: str = ""


def form_of(guide: Guide, words: Words, now: datetime) -> ClaimForm:
    """The form as the page shows it."""
    draft, pack = guide.draft.content, guide.pack
    reason = pack.reasons.get(draft.reason)
    units = _units(guide, now)
    slots = slots_of(pack, reason, draft, guide.files, words)
    missing = missing_slots(slots)
    return ClaimForm(
        order_no=guide.intake.order.order_no,
        draft_no=guide.draft.draft_no,
        saved_at=guide.draft.saved_at,
        at=guide.at,
        units=units,
        groups=_groups(guide, pack, words),
        reason=draft.reason,
        description=draft.description,
        question=guide.question,
        slots=slots,
        check=_check(guide, reason, words, now),
        remedies=_remedies(units, guide.intake.order.total.currency),
        wants=draft.wants,
        done_steps=_done(guide, reason, slots, words),
        bar_head=_bar(guide.at, draft.reason, slots, missing, words),
        bar_text=words.t("open.bar.time"),
        errors=guide.errors,
        fault=guide.fault,
        fault_values={},
    )


def slots_of(
    pack: Pack, reason: Reason | None, draft: Draft, files: Sequence[Evidence], words: Words
) -> list[SlotShown]:
    """The buyer's slots of a reason, the required ones first."""
    if reason is None:
        return []
    uses = [use for use in reason.slots if pack.slots[use.slot].who == "buyer"]
    return [
        _slot(pack, use.slot, use.required, draft, files, words)
        for use in sorted(uses, key=lambda use: not use.required)
    ]


def missing_slots(slots: Sequence[SlotShown]) -> list[SlotShown]:
    """Required slots with nothing in them."""
    return [slot for slot in slots if slot.required and not slot.filled]


def _slot(
    pack: Pack,
    code: str,
    required: bool,
    draft: Draft,
    files: Sequence[Evidence],
    words: Words,
) -> SlotShown:
    slot = pack.slots[code]
    return SlotShown(
        code=code,
        kind=slot.kind,
        name=words.pick(slot.name.zh, slot.name.en),
        how=words.pick(slot.how.zh, slot.how.en),
        required=required,
        text=draft.texts.get(code, ""),
        files=[_item(item) for item in files if item.slot == code],
    )


def _item(item: Evidence) -> EvidenceView:
    return EvidenceView(
        evidence_id=item.evidence_id,
        slot=item.slot,
        party=item.party,
        media_type=item.media_type,
        size=item.size,
        sha256=item.sha256,
        notes=list(item.notes),
        added_at=item.added_at,
        has_thumb=item.thumb_sha256 is not None,
    )


def _units(guide: Guide, now: datetime) -> list[UnitShown]:
    """The units; a single free one is chosen by itself."""
    units = shown_units(guide.intake, now)
    chosen = set(guide.draft.content.units)
    free = [unit.key for unit in units if not unit.claim_no]
    if not chosen and len(free) == 1:
        chosen = set(free)
    return [msgspec.structs.replace(unit, chosen=unit.key in chosen) for unit in units]


def _groups(guide: Guide, pack: Pack, words: Words) -> list[ReasonGroup]:
    """The reasons that fit the goods, kind by kind; the chosen kind is open."""
    category = guide.intake.order.lines[0].category.split("/")[0]
    chosen = pack.reasons.get(guide.draft.content.reason)
    opened = chosen.group if chosen else guide.group
    found = []
    for code in GROUP_ORDER:
        reasons = [
            reason
            for reason in pack.reasons.values()
            if reason.group == code and category in reason.categories
        ]
        if reasons:
            inside = chosen if chosen is not None and chosen.group == code else None
            found.append(
                ReasonGroup(
                    code=code,
                    reasons=reasons,
                    open=code == opened,
                    chosen=words.pick(inside.name.zh, inside.name.en) if inside else "",
                )
            )
    return found


def _check(guide: Guide, reason: Reason | None, words: Words, now: datetime) -> CheckShown | None:
    """What is known before submitting, and who is asked right after it."""
    checked = guide.checked
    if reason is None or checked is None:
        return None
    if checked.existing:
        return CheckShown(
            tone="warn",
            head=words.t("open.check_existing.head"),
            text=words.t("open.check_existing.text"),
        )
    if checked.refusal:
        return CheckShown(
            tone="bad",
            head=words.t(f"refusal.{checked.refusal}.title"),
            text=words.t(f"refusal.{checked.refusal}.text"),
        )
    return CheckShown(
        tone="acc",
        head=words.t("open.check_ready.head"),
        text=words.t("open.check_ready.text"),
        facts=_facts(checked, now),
        asks=_asks(reason, words),
    )


def _facts(checked: PreCheck, now: datetime) -> list[FactView]:
    """Facts of the order that a proven buyer may see before a claim: never another's account."""
    return [
        FactView(fact.name, fact.value, fact.source, fact.interest, fact.at)
        for fact in order_facts(checked.units, now)
        if fact.name in SHOWN_FACTS and fact.value is not None
    ]


def _asks(reason: Reason, words: Words) -> list[Ask]:
    asks = [
        Ask(s="done", text=words.t("open.asks.order")),
        Ask(s="done", text=words.t("open.asks.window")),
    ]
    if "supplier" in reason.opponents:
        note = words.t("open.asks.supplier_note")
        asks.append(Ask(s="next", text=words.t("open.asks.supplier"), note=note))
    if reason.careful:
        note = words.t("open.asks.person_note")
        asks.append(Ask(s="next", text=words.t("open.asks.person"), note=note))
    return asks


def _remedies(units: Sequence[UnitShown], currency: str) -> list[RemedyChoice]:
    claimed = sum(unit.paid_minor for unit in units if unit.chosen)
    return [
        RemedyChoice(
            wants=wants, amount_minor=claimed if wants == "refund" else 0, currency=currency
        )
        for wants in WANTS
    ]


def _done(
    guide: Guide, reason: Reason | None, slots: Sequence[SlotShown], words: Words
) -> list[DoneStep]:
    done = []
    if guide.at > 1 and reason is not None:
        chosen = guide.draft.content.units
        names = [words.t("order.unit", n=key.partition(".")[2]) for key in chosen]
        title = words.pick(reason.name.zh, reason.name.en)
        done.append(DoneStep(number=1, title=title, text=words.text("open.comma").join(names)))
    if guide.at > 2 and slots:
        filled = sum(slot.filled for slot in slots)
        text = words.t("open.required_done", done=filled, all=len(slots))
        done.append(DoneStep(number=2, title=words.t("open.step2"), text=text))
    if guide.at > 3:
        done.append(
            DoneStep(number=3, title=words.t("open.step3"), text=words.t("open.check_ready.head"))
        )
    return done


def _bar(
    at: Step, reason: str, slots: Sequence[SlotShown], missing: Sequence[SlotShown], words: Words
) -> str:
    if at == 1 and not reason:
        return words.t("open.bar.choose")
    if at == 1 and slots:
        return words.t("open.bar.next", n=len(slots))
    if missing:
        names = words.text("open.comma").join(slot.name for slot in missing)
        return words.t("open.still", names=names)
    return words.t("open.bar.ready")
