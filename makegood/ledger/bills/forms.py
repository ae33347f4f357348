"""The forms in which channels write their bills: Alipay, WeChat Pay, Stripe, and a plain one."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from makegood.ledger.bills.alipay import read_alipay
from makegood.ledger.bills.plain import read_plain
from makegood.ledger.bills.rules import BillFault, BillLine, check_whole
from makegood.ledger.bills.sheet import cut, decode
from makegood.ledger.bills.stripe import read_stripe
from makegood.ledger.bills.wechat import read_wechat

Rows: TypeAlias = Sequence[tuple[int, list[str]]]
Reader: TypeAlias = Callable[[Rows, str], list[BillLine]]

FORMS: Final[dict[str, Reader]] = {
    "alipay": read_alipay,
    "wechat": read_wechat,
    "stripe": read_stripe,
    "plain": read_plain,
}
FORM_OF_KIND: Final[dict[str, str]] = {"alipay": "alipay", "wechat": "wechat", "stripe": "stripe"}
"""The form of a gateway kind's bill; all others write the plain one."""


def read_bill(form: str, content: bytes, currency: str) -> list[BillLine]:
    """Every line of a bill, or the first thing that is wrong with it; never a part.

    `currency` is the account's, for forms that do not name it.

    Raises:
        BillFault: with line and column as the file has them.
    """
    reader = FORMS.get(form)
    if reader is None:
        raise BillFault("form_unknown", column=form)
    rows = list(cut(decode(content)))
    lines = reader(rows, currency)
    check_whole(lines)
    return lines
