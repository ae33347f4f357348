"""The closed list of remedies, by what has to be moved for each."""

from typing import Final

MONEY: Final = (
    "refund_full",
    "refund_prorated",
    "refund_extra",
    "refund_owed",
    "price_reduction",
)
"""Money goes back to the buyer by the original route."""
GOODS: Final = ("reissue", "replacement")
"""New goods take the place of the old ones."""
REPAIRS: Final = ("repair", "paid_repair")
"""Somebody puts the goods right; the paid one after the buyer has paid for it."""
COUPON: Final = "coupon"
"""A coupon instead of money: only where both sides agree on it."""
NOTHING: Final = ("explanation",)
"""The reasons are all there is: the claim was not upheld, or only an answer was wanted."""
ALL: Final = frozenset((*MONEY, *GOODS, *REPAIRS, *NOTHING, COUPON, "upgrade"))
FULL_REFUND: Final = "refund_full"
PAID_REPAIR_PERCENT: Final = 20
"""The usual price of putting right what the buyer broke, in percent of the goods' price."""
