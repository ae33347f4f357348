"""What a draft changes beside rows, with what was there before, and where its edits were."""

from collections.abc import Iterator
from typing import Final

import msgspec

from makegood.policy.compare import changed_texts
from makegood.policy.explain import label_without_unit
from makegood.policy.inputs import OF_FACTS, OF_JUDGE
from makegood.policy.model import Clocks, Finding, Limits, Pack
from makegood.web.public.rule_parts import clock_rows, parts_changed
from makegood.web.words import Words

COLUMNS: Final = {
    name: label_without_unit(one.label)
    for columns in (OF_FACTS, *OF_JUDGE.values())
    for name, one in columns.items()
}
KINDS: Final = ("edits", "stage", "limit", "text", "product")
"""Where the words of an edit's place are, beside those of the pack."""


class Beside(msgspec.Struct, frozen=True):
    """One thing that is otherwise; without `before` and `now` only its name is told."""

    label: str
    before: str = ""
    now: str = ""


def beside_tables(base: Pack, pack: Pack, others: tuple[str, ...], words: Words) -> list[Beside]:
    """Every change that is not one of rows, with what was there before where that can be said."""
    told = [*_limits(base, pack, words), *_times(base, pack, words), *_sentences(base, pack, words)]
    rest = tuple(code for code in others if not _told(base, pack, code))
    return [*told, *(Beside(one.name) for one in parts_changed(pack, rest, words))]


def place_of_edit(pack: Pack, detail: str, words: Words) -> str:
    """Where an edit was: facts, findings, figures and stages by their names, the rest as it is."""
    return " ".join(_name(pack, token, words) for token in detail.split())


def _name(pack: Pack, token: str, words: Words) -> str:
    known = COLUMNS.get(token)
    if known is not None:
        return words.pick(known.zh, known.en)
    finding = pack.findings.get(token)
    if finding is not None:
        return words.pick(finding.name.zh, finding.name.en)
    keys = (f"rules.{kind}.{token}" for kind in KINDS)
    return next((words.text(key) for key in keys if words.has(key)), token)


def _limits(base: Pack, pack: Pack, words: Words) -> Iterator[Beside]:
    before, now = base.head.limits, pack.head.limits
    for name in Limits.__struct_fields__:
        if getattr(before, name) != getattr(now, name):
            label = words.text(f"rules.limit.{name}")
            yield Beside(
                label, *(_figure(name, getattr(one, name), words) for one in (before, now))
            )


def _figure(name: str, value: int, words: Words) -> str:
    if name.endswith("_minor"):
        return words.amount(value)
    return f"{value / 100:.2f}%" if name.endswith("_bp") else str(value)


def _times(base: Pack, pack: Pack, words: Words) -> Iterator[Beside]:
    for row in clock_rows(pack, base):
        if row.was is None:
            continue
        key = f"rules.stage.{row.stage}"
        label = words.text(key) if words.has(key) else row.stage
        if row.product:
            label = f"{label} · {words.text(f'rules.product.{row.product}')}"
        before = _span(row.was.default_minutes, row.was.p0_minutes, words)
        yield Beside(label, before, _span(row.usual, row.urgent, words))


def _span(usual: int, urgent: int, words: Words) -> str:
    said = words.span(usual * 60)
    if urgent == usual:
        return said
    return f"{said} (P0 {words.span(urgent * 60)})"


def _sentences(base: Pack, pack: Pack, words: Words) -> Iterator[Beside]:
    """Changed sentences in the languages in which they changed."""
    for code, now in pack.findings.items():
        before = base.findings.get(code)
        for field in changed_texts(before, now) if before else ():
            was, says = getattr(before, field), getattr(now, field)
            label = f"{words.pick(now.name.zh, now.name.en)} · {words.text(f'rules.text.{field}')}"
            if was.zh != says.zh:
                yield Beside(label, was.zh, says.zh)
            if was.en != says.en:
                yield Beside(label, was.en, says.en)


def _told(base: Pack, pack: Pack, code: str) -> bool:
    """Whether figures, times and sentences are all that differs in a part."""
    kind, _, name = code.partition("/")
    match kind:
        case "pack":
            return _bare_head(base) == _bare_head(pack)
        case "clocks":
            return _bare_clocks(base.clocks) == _bare_clocks(pack.clocks)
        case "findings":
            one, other = base.findings.get(name), pack.findings.get(name)
            return bool(one and other) and _bare_finding(one) == _bare_finding(other)
        case _:
            return False


def _bare_head(pack: Pack) -> object:
    return msgspec.structs.replace(
        pack.head, version="1", limits=Limits(reissue_eta_minutes=0, high_value_minor=0)
    )


def _bare_clocks(clocks: Clocks) -> object:
    stages = {
        name: msgspec.structs.replace(stage, default_minutes=0, p0_minutes=0, by_product={})
        for name, stage in clocks.stages.items()
    }
    return msgspec.structs.replace(clocks, stages=stages)


def _bare_finding(finding: Finding | None) -> object:
    if finding is None:
        return None
    nothing = msgspec.structs.replace(finding.name, zh="", en="")
    return msgspec.structs.replace(
        finding, name=nothing, clause=nothing, for_buyer=nothing, for_seller=nothing
    )
