"""What one person of a role may do alone, by the market's settings."""

from makegood.people.markets.rules import MarketSettings
from makegood.people.markets.terms import limit_minor as _limit_of


def limit_minor(
    settings: MarketSettings, kind: str, role: str, currency: str, contract_id: str = ""
) -> int:
    """Up to and including this amount one person of the role acts alone, in minor units.

    Limits are amounts of the market's currency: in any other one nobody acts alone.
    """
    if currency != settings.currency:
        return 0
    return _limit_of(settings.money, kind, role, contract_id)


def needs_second_person(
    settings: MarketSettings, kind: str, role: str, amount_minor: int, currency: str
) -> bool:
    """Whether this must be proposed; a limit of nothing needs two persons even for nothing."""
    alone = limit_minor(settings, kind, role, currency)
    return alone == 0 or amount_minor > alone
