"""Statements of sources: making one, joining several, and deriving what follows from them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from makegood.policy.facts import INTEREST_OF, Fact, Interest, SourceKind, Value, fits
from makegood.policy.vocabulary import FACTS

DAY_SECONDS = 86_400


def fact(name: str, value: Value, source: SourceKind, at: datetime, source_id: str = "") -> Fact:
    """A statement with the vocabulary's interest and audience filled in.

    Raises ValueError for a name, type, word or source outside the vocabulary.
    """
    spec = FACTS.get(name)
    if spec is None:
        raise ValueError(f"unknown fact {name!r}")
    if source != "derived" and source not in spec.sources:
        raise ValueError(f"{source!r} may not state {name!r}")
    if value is not None and not fits(spec.kind, spec.words, value):
        raise ValueError(f"{value!r} is not a value of {name!r}")
    return Fact(
        name=name,
        value=value,
        source=source,
        at=at,
        interest="none" if source in spec.neutral else INTEREST_OF[source],
        audience=spec.audience,
        source_id=source_id,
    )


def merge(statements: Iterable[Fact]) -> dict[str, Fact]:
    """One fact per name: equal values support each other, different ones become unknown.

    A later statement of the same source replaces its earlier one; unknown never replaces known.
    """
    latest: dict[tuple[str, str, str], Fact] = {}
    for said in sorted(statements, key=lambda said: said.at):
        key = (said.name, said.source, said.source_id)
        if said.value is not None or key not in latest:
            latest[key] = said
    by_name: dict[str, list[Fact]] = {}
    for said in latest.values():
        by_name.setdefault(said.name, []).append(said)
    return {name: _joined(group) for name, group in sorted(by_name.items())}


def derive(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts plus those that follow from them by arithmetic alone.

    A stated fact is never replaced. A derived one carries the interest of the inputs that have
    one, so that arithmetic does not launder an interested source.
    """
    out = dict(facts)
    _untracked_counts_as_revealed(out)
    _before(out, "supplier.redeemed_before_reveal", "supplier.redeemed_at", "key.revealed_at")
    _before(out, "key.expired_before_sale", "key.expires_at", "delivery.delivered_at")
    _before(out, "key.expired_after_reveal", "key.revealed_at", "key.expires_at")
    _gap(out, "delivery.minutes_late", "delivery.promised_at", "delivery.delivered_at", 60)
    _gap(
        out,
        "account.banned_days_after_handover",
        "account.handed_over_at",
        "account.banned_at",
        DAY_SECONDS,
    )
    _gap(out, "usage.served_seconds", "delivery.delivered_at", "usage.stopped_at", 1)
    _overcharge(out)
    return out


def _joined(group: list[Fact]) -> Fact:
    known = [said for said in group if said.value is not None]
    if not known:
        return group[0]
    first = known[0]
    if any(said.value != first.value for said in known):
        return _with(first, value=None, conflict=True, also=())
    others = tuple(sorted({said.interest for said in known[1:]}))
    return _with(first, value=first.value, conflict=False, also=others)


def _with(said: Fact, *, value: Value, conflict: bool, also: tuple[Interest, ...]) -> Fact:
    return Fact(
        name=said.name,
        value=value,
        source=said.source,
        at=said.at,
        interest=said.interest,
        audience=said.audience,
        source_id=said.source_id,
        also=also,
        conflict=conflict,
    )


def _untracked_counts_as_revealed(out: dict[str, Fact]) -> None:
    tracked, delivered = out.get("key.tracked"), out.get("delivery.delivered")
    if tracked is None or delivered is None:
        return
    if tracked.value is False and delivered.value is True:
        said = out.get("key.revealed")
        if said is None or said.value is not True:
            out["key.revealed"] = _derived("key.revealed", True, tracked, delivered)
        at = out.get("delivery.delivered_at")
        if at is not None and "key.revealed_at" not in out:
            out["key.revealed_at"] = _derived("key.revealed_at", at.value, tracked, at)


def _before(out: dict[str, Fact], name: str, earlier: str, later: str) -> None:
    first, second = _time_of(out, earlier), _time_of(out, later)
    if first is None or second is None or _is_known(out, name):
        return
    out[name] = _derived(name, first < second, out[earlier], out[later])


def _gap(out: dict[str, Fact], name: str, start: str, end: str, unit_seconds: int) -> None:
    first, second = _time_of(out, start), _time_of(out, end)
    if first is None or second is None or _is_known(out, name):
        return
    seconds = int((second - first).total_seconds())
    out[name] = _derived(name, seconds // unit_seconds, out[start], out[end])


def _overcharge(out: dict[str, Fact]) -> None:
    over = out.get("payment.overcharged_minor")
    if over is None or not isinstance(over.value, int) or _is_known(out, "payment.amount_matches"):
        return
    out["payment.amount_matches"] = _derived("payment.amount_matches", over.value == 0, over)


def _is_known(out: Mapping[str, Fact], name: str) -> bool:
    return name in out and out[name].value is not None


def _time_of(out: Mapping[str, Fact], name: str) -> datetime | None:
    said = out.get(name)
    return said.value if said is not None and isinstance(said.value, datetime) else None


def _derived(name: str, value: Value, *inputs: Fact) -> Fact:
    interested = [said for said in inputs if said.interest != "none"]
    source = interested[0] if interested else inputs[0]
    return Fact(
        name=name,
        value=value,
        source=source.source,
        at=max(said.at for said in inputs),
        interest=source.interest,
        audience=FACTS[name].audience,
        source_id=source.source_id,
        also=source.also,
    )
