"""A posted form of a desk, seller or operator page, read field by field."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from litestar.datastructures import State, UploadFile

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.amounts import read_amount, read_minor
from makegood.web.problem import PageFault

LONGEST: Final = 4000
AnyRequest = Request[object, object, State]


class Form(msgspec.Struct, frozen=True):
    """The fields of a form; a field that was not sent reads as empty."""

    fields: dict[str, list[str]]
    files: dict[str, UploadFile] = {}

    def text(self, name: str, most: int = LONGEST) -> str:
        """One field without space around it, cut at `most` characters."""
        values = self.fields.get(name)
        return values[-1].strip()[:most] if values else ""

    def many(self, name: str) -> list[str]:
        """All values of a field, such as ticked boxes."""
        return self.fields.get(name, [])

    def whole(self, name: str, otherwise: int = 0) -> int:
        """A field as a whole number of at most nine digits."""
        text = self.text(name, 9)
        return int(text) if text.isascii() and text.isdigit() else otherwise

    def amount_minor(self, name: str, currency: str) -> int | None:
        """An amount in the currency's units as minor units; None when empty or no amount."""
        try:
            return read_minor(self.text(name), currency)
        except Refused:
            return None

    def hundredths(self, name: str) -> int | None:
        """A figure with at most two decimals, such as a percentage, in hundredths."""
        return self.amount_minor(name, "CNY")

    def money(self, name: str, currency: str) -> Money:
        """An amount to be moved. Raises Refused with the reason where it cannot be one."""
        return read_amount(self.text(name), currency)


def local_time(text: str, zone: ZoneInfo) -> datetime | None:
    """What a field for day and time holds, on a clock of `zone`; None when it is no time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None


async def read_form(request: AnyRequest) -> Form:
    """The form of this request."""
    try:
        posted = await request.form()
    except ValueError as error:
        raise PageFault(400, "malformed") from error
    fields: dict[str, list[str]] = {}
    files: dict[str, UploadFile] = {}
    for name, value in posted.multi_items():
        if isinstance(value, UploadFile):
            files[name] = value
        else:
            # No column can hold NUL, and nobody types it.
            fields.setdefault(name, []).append(str(value).replace("\x00", ""))
    return Form(fields, files)
