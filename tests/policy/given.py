"""Given facts for policy tests: short notation, neutral sources unless a test says otherwise."""

from datetime import UTC, datetime

from makegood.policy.facts import Fact, SourceKind, Value
from makegood.policy.judgement import Context, Judgement, Wants
from makegood.policy.model import Pack
from makegood.policy.pack import load_pack
from makegood.policy.rules import judge
from makegood.policy.statements import derive, fact, merge
from makegood.policy.vocabulary import FACTS

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PACK: Pack = load_pack()
IMPARTIAL: tuple[SourceKind, ...] = ("agent", "issuer", "order", "platform_log", "gateway")

GOOD_STANDING = Context(
    amount_minor=9_800,
    auto_cap_minor=20_000,
    trust_ok=True,
    cluster_claims_30d=1,
    risk_percent=10,
)


def known(**values: Value) -> dict[str, Fact]:
    """Facts by name, `key__revealed=True`, from the most impartial source that may state each."""
    return derive(
        merge(_impartial(name.replace("__", "."), value) for name, value in values.items())
    )


def said(source: SourceKind, **values: Value) -> list[Fact]:
    """Statements of one source."""
    return [fact(name.replace("__", "."), value, source, NOW) for name, value in values.items()]


def joined(*groups: list[Fact]) -> dict[str, Fact]:
    """Statements of several sources as the judge receives them."""
    return derive(merge(one for group in groups for one in group))


def judged(
    reason: str,
    facts: dict[str, Fact],
    wants: Wants = "refund",
    context: Context = GOOD_STANDING,
) -> Judgement:
    """The default pack's judgement."""
    return judge(PACK, reason, facts, wants, context)


def _impartial(name: str, value: Value) -> Fact:
    sources = FACTS[name].sources
    best = next((one for one in IMPARTIAL if one in sources), sources[0])
    return fact(name, value, best, NOW)
