"""The four kinds of facts, as short builders for the lists beside this file."""

from makegood.policy.facts import (
    EVERYONE,
    Audience,
    FactSpec,
    Kind,
    SourceKind,
)

Sources = tuple[SourceKind, ...]
Admissions = dict[SourceKind, tuple[bool | int | str, ...]]


def _spec(
    kind: Kind,
    name: str,
    zh: str,
    en: str,
    sources: Sources,
    words: tuple[str, ...],
    against_own: Admissions | None,
    admits_from: dict[SourceKind, int] | None,
    neutral: Sources,
    audience: Audience,
) -> FactSpec:
    return FactSpec(
        name=name,
        kind=kind,
        zh=zh,
        en=en,
        sources=sources,
        words=words,
        against_own=against_own or {},
        admits_from=admits_from or {},
        neutral=neutral,
        audience=audience,
    )


def yes_no(
    name: str,
    zh: str,
    en: str,
    *,
    sources: Sources,
    against_own: Admissions | None = None,
    neutral: Sources = (),
    audience: Audience = EVERYONE,
) -> FactSpec:
    return _spec("yes_no", name, zh, en, sources, (), against_own, None, neutral, audience)


def count(
    name: str,
    zh: str,
    en: str,
    *,
    sources: Sources,
    admits_from: dict[SourceKind, int] | None = None,
    neutral: Sources = (),
    audience: Audience = EVERYONE,
) -> FactSpec:
    return _spec("count", name, zh, en, sources, (), None, admits_from, neutral, audience)


def word(
    name: str,
    zh: str,
    en: str,
    *,
    sources: Sources,
    words: tuple[str, ...],
    against_own: Admissions | None = None,
    neutral: Sources = (),
    audience: Audience = EVERYONE,
) -> FactSpec:
    return _spec("word", name, zh, en, sources, words, against_own, None, neutral, audience)


def time(
    name: str,
    zh: str,
    en: str,
    *,
    sources: Sources,
    neutral: Sources = (),
    audience: Audience = EVERYONE,
) -> FactSpec:
    return _spec("time", name, zh, en, sources, (), None, None, neutral, audience)
