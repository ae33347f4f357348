"""Writes a mail out: subject, text and HTML from its folder, in the reader's language."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from makegood.base.money import Money
from makegood.base.money import money_text as amount_in_words
from makegood.people.markets.rules import Language, MarketSettings
from makegood.talk.mail import Content, Letter, Said

_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


class Addresses(msgspec.Struct, frozen=True):
    """What a mail may say that is stored nowhere: the code's digits, and where its button leads."""

    code: str = ""
    url: str = ""
    receipt: str = ""
    """Where anybody can check the receipt of the step that the mail is about."""


class Letters:
    """The templates of all mails, read from `mails/`."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("makegood.talk", "mails"),
            undefined=StrictUndefined,
            autoescape=select_autoescape(("html",)),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["money"] = money_text

    def write(
        self,
        settings: MarketSettings,
        mail_id: str,
        to: str,
        language: Language,
        content: Content,
        addresses: Addresses,
        sent_at: datetime,
    ) -> Letter:
        """The letter of this mail. Lines that a header could not hold are joined."""
        words = _words(settings, language, content, addresses)
        folder = content.__struct_config__.tag
        return Letter(
            sender_name=settings.name_zh if language == "zh" else settings.name_en,
            sender=settings.mail_from,
            to=to,
            subject=" ".join(self._text(f"{folder}/subject.{language}.txt", words).split()),
            text=self._body(f"{folder}/text.{language}.txt", language, words),
            html=self._text(f"{folder}/html.{language}.html", words),
            message_id=f"<{mail_id}@{settings.mail_from.rpartition('@')[2]}>",
            language=language,
            sent_at=sent_at,
        )

    def _body(self, name: str, language: Language, words: dict[str, object]) -> str:
        """The plain text, with the receipt's address below where the mail has one."""
        text = self._text(name, words)
        return text + self._text(f"receipt.{language}.txt", words) if words["receipt"] else text

    def _text(self, name: str, words: dict[str, object]) -> str:
        return self._templates.get_template(name).render(words)


def money_text(money: Money) -> str:
    """An amount as people write it: ¥98.00."""
    return amount_in_words(money.amount_minor, money.currency)


def time_text(at: datetime, timezone: str, language: Language) -> str:
    """A time as people of the market write it: 11-22 20:59, or 22 Nov 20:59."""
    local = at.astimezone(ZoneInfo(timezone))
    if language == "zh":
        return f"{local:%m-%d %H:%M}"
    return f"{local.day} {_MONTHS.split()[local.month - 1]} {local:%H:%M}"


def _words(
    settings: MarketSettings, language: Language, content: Content, addresses: Addresses
) -> dict[str, object]:
    """What templates may say: the content's fields, in one language, and market and addresses."""
    fields = {name: getattr(content, name) for name in content.__struct_fields__}
    said = {name: _in(language, value) for name, value in fields.items()}
    return {
        **said,
        "market": settings.name_zh if language == "zh" else settings.name_en,
        "contact": settings.support_contact,
        "code": addresses.code,
        "url": addresses.url,
        "receipt": addresses.receipt,
        "language": language,
        "time": lambda at: time_text(at, settings.timezone, language),
    }


def _in(language: Language, value: object) -> object:
    """Sentences in the reader's language, at any depth of a field."""
    match value:
        case Said():
            return value.zh if language == "zh" else value.en
        case tuple():
            return [_in(language, part) for part in value]
        case msgspec.Struct() if not isinstance(value, Money):
            return {name: _in(language, getattr(value, name)) for name in value.__struct_fields__}
        case _:
            return value
