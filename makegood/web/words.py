"""Words of the pages in Chinese and English: one key set, filled with escaped values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup, escape

from makegood.base.money import MINOR_DIGITS, money_text, plain_amount, sign_of
from makegood.claims.view import ConditionView, PersonView, StepView
from makegood.policy.inputs import is_amount
from makegood.web import formats
from makegood.web.formats import Lang
from makegood.web.look import fact_name

LANGS: tuple[Lang, ...] = ("zh", "en")
FOLDER = Path(__file__).parent / "words"
MARKET_ZONE = ZoneInfo("Asia/Shanghai")

Leaf = str | dict[str, str]
"""One entry: a text, or `{"one": …, "other": …}` chosen by the value of `n`."""

Catalogue = Mapping[Lang, Mapping[str, Leaf]]


def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """All `<lang>/*.json` files as flat keys: `claim.json` with `{"a": {"b": …}}` → `claim.a.b`."""
    return {lang: _load_language(folder / lang) for lang in LANGS}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one page: a language, a time zone and the present."""

    catalogue: Catalogue
    lang: Lang
    now: datetime
    zone: ZoneInfo = MARKET_ZONE
    currency: str = "CNY"
    """The market's, for amounts that do not name their own."""

    def t(self, key: str, /, **values: object) -> Markup:
        """The text of a key with `{name}` places filled; values are escaped.

        Texts whose key ends in `_html` may carry markup of their own; all others are escaped.
        Raises KeyError for an unknown key: a page without its words is our bug.
        """
        leaf = self.catalogue[self.lang][key]
        text = leaf if isinstance(leaf, str) else _plural(leaf, values.get("n"))
        safe = Markup(text) if key.endswith("_html") else escape(text)
        return safe.format(**values) if "{" in text else safe

    def text(self, key: str, /, **values: object) -> str:
        """The same for what is no page: a table's cell, a line on paper, with nothing escaped."""
        return self.t(key, **values).unescape()

    def of_refusal(self, detail: Mapping[str, object]) -> dict[str, object]:
        """What fills the places of a refusal's words: `owed_minor` is told as `owed`, an amount."""
        currency = str(detail.get("currency", self.currency))
        amounts = {
            name.removesuffix("_minor"): self.amount(value, currency)
            for name, value in detail.items()
            if name.endswith("_minor") and isinstance(value, int)
        }
        return {"n": 0, **detail, **amounts}

    def has(self, key: str) -> bool:
        """Whether the catalogue knows this key."""
        return key in self.catalogue[self.lang]

    def code(self, group: str, value: str, /, **values: object) -> Markup:
        """The word of a code, e.g. `code("state", "open")`; the code itself where none is kept.

        Codes can come from rule packs that an operator edits, so an unknown one must still show.
        """
        key = f"{group}.{value}"
        return self.t(key, **values) if self.has(key) else escape(value)

    def said(self, text: str) -> Markup:
        """What a gateway said: our own sentences translated, the channel's as they are."""
        return self.code("said", text)

    def pick(self, zh: str, en: str) -> str:
        """Of data kept in both languages, this page's; the other one where it is missing."""
        return (zh or en) if self.lang == "zh" else (en or zh)

    def money(
        self, amount_minor: int, currency: str = "", size: str = "", signed: bool = False
    ) -> Markup:
        """An amount for a page, in minor units; of the market's currency where none is named."""
        of = currency or self.currency
        return formats.money_html(amount_minor, of, size=size, signed=signed)

    def amount(self, amount_minor: int, currency: str = "") -> str:
        """The same for a button or sentence: `¥98.00`."""
        return money_text(amount_minor, currency or self.currency)

    def sign(self, currency: str) -> str:
        """What stands before amounts of a currency, for sums that script shows."""
        return sign_of(currency)

    def digits(self, currency: str) -> int:
        """How many decimals a currency has."""
        return MINOR_DIGITS.get(currency, 2)

    def plain(self, amount_minor: int, currency: str) -> str:
        """An amount as a form's field holds it: `98.00`."""
        return plain_amount(amount_minor, currency)

    def moment(self, at: datetime) -> str:
        """`11-22 20:59` or `22 Nov 20:59`."""
        return formats.moment(at, self.lang, self.zone)

    def when(self, at: datetime) -> str:
        """Like `moment`, with yesterday, today and tomorrow by name."""
        return formats.when(at, self.now, self.lang, self.zone)

    def near(self, at: datetime) -> str:
        """The shortest that says it: the time of day for today, else day and minute."""
        same_day = at.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()
        return self.minute(at) if same_day else self.moment(at)

    def day(self, at: datetime) -> str:
        """`11-22` or `22 Nov`."""
        return formats.day(at, self.lang, self.zone)

    def minute(self, at: datetime) -> str:
        """`20:59`."""
        return formats.minute(at, self.zone)

    def stamp(self, at: datetime) -> str:
        """`2026-11-21 20:59:10`, for records."""
        return formats.stamp(at, self.zone)

    def span(self, length: timedelta | float) -> str:
        """A length (or seconds) with units: `2 小时 14 分`."""
        return formats.span(_length(length), self.lang)

    def short_span(self, length: timedelta | float) -> str:
        """A length for lists: `2:14`."""
        return formats.short_span(_length(length))

    def clock_face(self, length: timedelta | float) -> str:
        """A length as a large clock shows it: `02:14:09`; script lets it tick."""
        return formats.clock_face(_length(length))

    def left(self, at: datetime) -> timedelta:
        """How long until a time; negative once it has passed."""
        return at - self.now

    def size(self, size: int) -> str:
        """A file size in bytes, readable."""
        return formats.file_size(size)

    def initial(self, person: PersonView) -> str:
        """The one sign in an avatar: the first letter of a name, or what the role is called."""
        if person.role in ("machine", "system") or not person.name:
            return str(self.t("open.check_sign"))
        if person.role == "buyer":
            return str(self.t("party.buyer"))[0]
        return person.name[0].upper()

    def person(self, person: PersonView) -> str:
        """What a person is called for this reader: buyers and the machine by their role alone."""
        if person.role in ("buyer", "system"):
            return str(self.t(f"party.{person.role}"))
        return person.name

    def consequence(self, then: str, kind: str, /, **values: object) -> Markup:
        """What happens at zero: by the deadline's kind, else by its code. `at` fills the time."""
        key = f"deadline.zero.{_kind(kind)}"
        return self.t(key if self.has(key) else f"deadline.then.{then}", **values)

    def deadline_head(self, kind: str) -> Markup:
        """What must happen before a deadline, in a few words."""
        key = f"deadline.head.{_kind(kind)}"
        return self.t(key if self.has(key) else "deadline.head.decision")

    def would_change(self, fact: str) -> Markup:
        """What kind of new evidence would change a decision that rests on this fact."""
        return self.t("letter.would_change", fact=fact_name(fact, self.lang))

    def step(
        self, step: StepView, slot_name: Callable[[str, Lang], str], currency: str = ""
    ) -> Markup:
        """One line of a claim's history, amounts in its currency. Codes become words."""
        leaf = self.catalogue[self.lang].get(f"event.{step.what}")
        if not isinstance(leaf, str):
            return escape(step.what)
        names = {name for _, name, _, _ in Formatter().parse(leaf) if name}
        values = {name: self._step_value(name, step, currency) for name in names}
        if "slot" in names:
            slot = step.with_.get("slot")
            values["slot"] = escape(slot_name(str(slot), self.lang) if slot else "")
        return Markup(str(escape(leaf).format(**values)).strip(" ：:"))

    def event(self, what: str) -> Markup:
        """What kind of step an event was, without its details."""
        leaf = self.catalogue[self.lang].get(f"event.{what}", "")
        plain = leaf.partition("{")[0].strip(" ：:") if isinstance(leaf, str) else ""
        return escape(plain) if plain else self.code("verify.event", what)

    def _step_value(self, name: str, step: StepView, currency: str) -> Markup:
        given = step.with_
        match name:
            case "amount":
                minor = given.get("amount_minor") or given.get("price_minor")
                return self.money(int(minor), currency) if minor else Markup("")
            case "remedy":
                return self.code("remedy", str(given.get("remedy") or "none"))
            case "kind":
                return self.code("money.kind", str(given.get("kind") or ""))
            case "state":
                group = f"money.state.{given.get('kind')}"
                return self.code(group, str(given.get("state") or ""))
            case _:
                return escape(given.get(name) or "")

    def value(self, value: bool | int | str | None) -> Markup:
        """A fact's value in words: yes, no, unknown, or as it is."""
        if value is None:
            return self.t("common.unknown")
        if isinstance(value, bool):
            return self.t("common.yes" if value else "common.no")
        if isinstance(value, str) and self.has(f"value.{value}"):
            return self.t(f"value.{value}")
        return self._moment_or_text(value)

    def actual(self, condition: ConditionView, currency: str = "") -> Markup:
        """A condition's value in words, or for whose eyes alone it is."""
        if condition.kept_for != "all":
            return self.t(f"explain.kept.{condition.kept_for}")
        return self.fact(condition.fact, condition.actual, currency)

    def fact(self, name: str, value: bool | int | str | None, currency: str = "") -> Markup:
        """A fact's value: amounts as money, closed words in words, times in the market's zone."""
        if is_amount(name) and isinstance(value, int):
            return self.money(value, currency)
        return self.value(value)

    def _moment_or_text(self, value: int | str) -> Markup:
        """Times arrive as RFC 3339 text; they are shown in the market's zone."""
        if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and "T" in value:
            try:
                return escape(self.moment(datetime.fromisoformat(value)))
            except ValueError:
                return escape(value)
        return escape(value)


def choose_language(asked: str | None, cookie: str | None, accept: str | None) -> Lang:
    """The language of a page: what the address asks for, the cookie, the browser, Chinese."""
    for wish in (asked, cookie):
        if wish in ("zh", "en"):
            return "zh" if wish == "zh" else "en"
    for wish in _accepted(accept or ""):
        if wish.startswith("zh"):
            return "zh"
        if wish.startswith("en"):
            return "en"
    return "zh"


def _accepted(header: str) -> list[str]:
    """Languages of an Accept-Language header, best first; a broken weight counts as 0."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((float(weight) if weight else 1.0, name.lower()))
        except ValueError:
            wishes.append((0.0, name.lower()))
    return [name for _, name in sorted(wishes, key=lambda wish: -wish[0])]


def _plural(leaf: dict[str, str], n: object) -> str:
    return leaf["one"] if n == 1 else leaf["other"]


def _kind(kind: str) -> str:
    """`task:4711` and its like are one kind."""
    return kind.partition(":")[0]


def _length(length: timedelta | float) -> timedelta:
    return length if isinstance(length, timedelta) else timedelta(seconds=length)


def _load_language(folder: Path) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    for path in sorted(folder.glob("*.json")):
        tree = msgspec.json.decode(path.read_bytes(), type=dict[str, object])
        found.update(_flat(path.stem, tree))
    return found


def _flat(prefix: str, tree: dict[str, object]) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    for name, value in tree.items():
        key = f"{prefix}.{name}"
        if isinstance(value, str):
            found[key] = value
        elif isinstance(value, dict) and value.keys() == {"one", "other"}:
            found[key] = {"one": value["one"], "other": value["other"]}
        elif isinstance(value, dict):
            found.update(_flat(key, value))
        else:
            raise ValueError(f"{key}: words are texts or objects of texts")
    return found
