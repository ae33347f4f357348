"""What an audit finds: one thing that should not be, and since it is one, where and how much."""

import msgspec


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that should not be. `amount_minor` is signed; `where` names the account or leg.

    `currency` is empty where no single one is concerned: then all of the market's payouts stop.
    """

    check: str
    where: str
    amount_minor: int
    market_id: str = ""
    currency: str = ""
