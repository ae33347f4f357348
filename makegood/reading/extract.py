"""Order numbers and amounts out of a message; the order database decides which numbers count."""

import re
from collections.abc import Sequence
from typing import Final

_CANDIDATE = re.compile(r"(?<![A-Za-z0-9\-])[A-Za-z]{0,6}[\-_]?\d{8,24}(?![A-Za-z0-9])")
_MIXED = re.compile(
    r"(?<![A-Za-z0-9\-])(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{12,24}(?![A-Za-z0-9\-])"
)
_LABELLED = re.compile(
    r"(?:订单号|訂單號|订单编号|订单|單號|order\s*(?:no\.?|number|id|#)?)\s*(?:是|为|is|[:：#=])?\s*"
    r"([A-Za-z0-9\-_]{6,32})",
    re.IGNORECASE,
)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_PAYMENT_NO = re.compile(r"(?:4200|1000)\d{20,24}|20\d{6}22001\d{10,17}")
_AMOUNT = re.compile(
    r"(?:[¥￥]|rmb|cny)\s?(\d{1,7}(?:\.\d{1,2})?)|(\d{1,7}(?:\.\d{1,2})?)\s?(?:元|块|圆|rmb|yuan|cny)",
    re.IGNORECASE,
)
MAX_NUMBERS: Final = 5
MAX_PATTERN: Final = 200


def order_numbers(
    text: str, known: Sequence[str] = (), patterns: Sequence[str] = ()
) -> tuple[str, ...]:
    """Order numbers in the text.

    With `known` (the orders this reader may see) only those count, however they are written.
    Otherwise labelled numbers first, then numbers of the market's patterns or of common forms.
    """
    if known:
        lower = text.lower()
        return tuple(number for number in known if number.lower() in lower)[:MAX_NUMBERS]
    found = [match[1] for match in _LABELLED.finditer(text) if any(c.isdigit() for c in match[1])]
    for pattern in _compiled(patterns) or [_CANDIDATE, _MIXED]:
        found.extend(match[0] for match in pattern.finditer(text))
    kept = [number for number in found if not _other_number(number)]
    return tuple(dict.fromkeys(kept))[:MAX_NUMBERS]


def amount_minor(text: str) -> int | None:
    """The largest amount named in the text, in minor units; None when none is named."""
    found = [first or second for first, second in _AMOUNT.findall(text)]
    return max((_minor(one) for one in found), default=None)


def _compiled(patterns: Sequence[str]) -> list[re.Pattern[str]]:
    """The market's patterns; one that does not compile is left out, never fatal for a message."""
    out = []
    for pattern in patterns:
        try:
            out.append(re.compile(pattern[:MAX_PATTERN]))
        except re.error:
            continue
    return out


def _other_number(number: str) -> bool:
    """A mobile number or a payment channel's own number, which people paste by mistake."""
    return bool(_MOBILE.fullmatch(number) or _PAYMENT_NO.fullmatch(number))


def _minor(decimal: str) -> int:
    whole, _, rest = decimal.partition(".")
    return int(whole) * 100 + int((rest + "00")[:2])
