"""How amounts, times, lengths and sizes read in each language. Pure functions."""

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from makegood.base.money import amount_parts, sign_of

Lang = Literal["zh", "en"]

MINUS = "−"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def money_html(amount_minor: int, currency: str, *, size: str = "", signed: bool = False) -> Markup:
    """An amount with its parts marked up, so that symbol and cents can be lighter.

    The sign stands before the symbol; `signed` shows a plus too.
    """
    sign, symbol, whole, rest = _money_parts(amount_minor, currency, signed)
    cents = Markup("<s>{}</s>").format(rest) if rest else Markup("")
    large = Markup(' data-size="{}"').format(size) if size else Markup("")
    return Markup('<span class="money"{}>{}<i>{}</i>{}{}</span>').format(
        large, sign, symbol, whole, cents
    )


def moment(at: datetime, lang: Lang, zone: ZoneInfo) -> str:
    """Day and minute: `11-22 20:59` or `22 Nov 20:59`."""
    here = at.astimezone(zone)
    return f"{_day(here, lang)} {here:%H:%M}"


def stamp(at: datetime, zone: ZoneInfo) -> str:
    """A full time for records: `2026-11-21 20:59:10`."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def day(at: datetime, lang: Lang, zone: ZoneInfo) -> str:
    """The day alone: `11-22` or `22 Nov`."""
    return _day(at.astimezone(zone), lang)


def minute(at: datetime, zone: ZoneInfo) -> str:
    """The time of day alone: `20:59`."""
    return at.astimezone(zone).strftime("%H:%M")


def when(at: datetime, now: datetime, lang: Lang, zone: ZoneInfo) -> str:
    """A near day by its name, else as `moment` has it: `明天 14:00`, `today 20:41`."""
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    names = NEAR_DAYS[lang]
    name = names.get((here.date() - today).days)
    if name is None:
        return moment(at, lang, zone)
    return f"{name} {here:%H:%M}"


NEAR_DAYS: dict[Lang, dict[int, str]] = {
    "zh": {-1: "昨天", 0: "今天", 1: "明天"},
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
}


def span(length: timedelta, lang: Lang) -> str:
    """A length with its units spelt: `2 小时 14 分`, `2 h 14 min`, at most two units."""
    seconds = abs(int(length.total_seconds()))
    parts = [
        (seconds // 86400, "天", "d"),
        (seconds // 3600 % 24, "小时", "h"),
        (seconds // 60 % 60, "分", "min"),
    ]
    shown = [(count, zh, en) for count, zh, en in parts if count]
    if not shown:
        return f"{seconds} 秒" if lang == "zh" else f"{seconds} s"
    first = parts.index(shown[0])
    near = [part for part in parts[first : first + 2] if part[0]]
    return " ".join(f"{count} {zh if lang == 'zh' else en}" for count, zh, en in near)


def short_span(length: timedelta) -> str:
    """Hours and minutes for lists: `2:14`; days are hours."""
    seconds = abs(int(length.total_seconds()))
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}"


def clock_face(length: timedelta) -> str:
    """Hours, minutes and seconds: `02:14:09`; days are hours."""
    seconds = abs(int(length.total_seconds()))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def file_size(size: int) -> str:
    """A file's size as people say it: `3.1 MB`."""
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KB"
    return f"{size / 1024 / 1024:.1f} MB"


def short_hash(sha256: str) -> str:
    """The ends of a digest: `7c1e…40af`."""
    return f"{sha256[:4]}…{sha256[-4:]}" if len(sha256) > 8 else sha256


def _day(here: datetime, lang: Lang) -> str:
    if lang == "zh":
        return f"{here:%m-%d}"
    return f"{here.day} {MONTHS[here.month - 1]}"


def _money_parts(amount_minor: int, currency: str, signed: bool) -> tuple[str, str, str, str]:
    whole, rest = amount_parts(amount_minor, currency)
    sign = MINUS if amount_minor < 0 else ("+" if signed and amount_minor > 0 else "")
    return sign, sign_of(currency), f"{whole:,}", rest


def escaped(text: str) -> Markup:
    """Text made safe for a page, line breaks kept as `<br>`."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())
