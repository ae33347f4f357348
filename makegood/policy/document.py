"""The generated page of the pack: reasons, what to file, findings, who bears what, remedies."""

from collections.abc import Iterator

from makegood.policy.explain import wanted_words
from makegood.policy.judgement import Words
from makegood.policy.model import Finding, Pack, Reason, Who
from makegood.policy.tables import Row, Table
from makegood.policy.vocabulary import FACTS

HEAD = """# Reasons, evidence, findings and remedies

Generated from the rule pack `{name}` version {version}. Rules of a table are read from the top;
the first that matches decides. A fact that is unknown matches no rule: it goes to a person.
"""


def reasons_document(pack: Pack) -> str:
    """The whole pack as Markdown, in the order of the taxonomy; equal packs, equal text."""
    lines = [HEAD.format(name=pack.name, version=pack.version)]
    group = ""
    for reason in pack.reasons.values():
        if reason.group != group:
            group = reason.group
            lines.append(f"\n## {group} {_both(pack.words.groups[group])}\n")
        lines.extend(_reason(pack, reason))
    lines.append("\n## Rules\n")
    for name in sorted({reason.table for reason in pack.reasons.values()} | {"R-02"}):
        lines.extend(_table(pack, pack.tables[name]))
    return "\n".join(lines) + "\n"


def _reason(pack: Pack, reason: Reason) -> Iterator[str]:
    yield f"### {reason.code} {_both(reason.name)}\n"
    yield f"{reason.help.zh}。{reason.help.en}.\n"
    yield f"- Asked when the description is vague: {_both(reason.question)}"
    sides: tuple[tuple[str, Who], ...] = (("Buyer", "buyer"), ("Seller", "seller"))
    for title, who in sides:
        slots = pack.template(reason.code, who)
        named = ", ".join(f"{_both(slot.name)}{' *' * needed}" for slot, needed in slots)
        yield f"- {title} files: {named}"
    own = ", ".join(_both(slot.name) for slot, _ in pack.template(reason.code, "system"))
    yield f"- Collected by the system: {own}"
    yield f"- Rules: {reason.table}; class {reason.base_class}; burden: {reason.burden}"
    yield f"- For: {', '.join(reason.categories)}\n"


def _table(pack: Pack, table: Table) -> Iterator[str]:
    yield f"### {table.id} {_both(pack.words.tables[table.id])}\n"
    yield "| rule | if | finding | who bears | by machine |"
    yield "|---|---|---|---|---|"
    for row in table.rows:
        finding = pack.findings[str(row.outcome["finding"])]
        wanted = _conditions(pack, table, row)
        yield (
            f"| {row.id} | {wanted} | {_both(finding.name)} | {_bearers(finding)} "
            f"| {row.outcome['machine']} |"
        )
    yield f"| {table.id}.0 | nothing above | a person decides | open | no |\n"


def _conditions(pack: Pack, table: Table, row: Row) -> str:
    parts = []
    for place, cell in row.asked:
        spec, wanted = FACTS[table.inputs[place]], wanted_words(pack, cell)
        parts.append(f"{spec.zh}：{wanted.zh} ({spec.en}: {wanted.en})")
    return "; ".join(parts) or "always"


def _bearers(finding: Finding) -> str:
    if finding.shares is None:
        return "waits"
    return ", ".join(f"{who} {share} %" for who, share in finding.shares.as_dict().items() if share)


def _both(words: Words) -> str:
    return f"{words.zh} / {words.en}"
