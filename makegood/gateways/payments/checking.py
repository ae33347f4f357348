"""Do these credentials work? Asked without moving money: by the payment of a number nobody has.

A gateway that knows the key says "no such payment"; with a wrong key it says that instead, and
where it signs its answers, the answer proves the other side's key too.
"""

import httpx
import msgspec

from makegood.base.time import Clock
from makegood.gateways.payments.accounts import Account, ManualAccount
from makegood.gateways.payments.registry import build_gateway
from makegood.ledger.refund.gateway import GatewayUnavailable
from makegood.ledger.refund.health_store import Health

NOBODY: str = "makegood-credential-check"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found: `trouble` is empty when all is well, else a word of `Trouble`."""

    trouble: str = ""
    words: str = ""

    @property
    def good(self) -> bool:
        """Whether the gateway knows us and we know it."""
        return not self.trouble


async def check_account(account: Account, client: httpx.AsyncClient, clock: Clock) -> Checked:
    """Ask the gateway for a payment that cannot exist."""
    try:
        gateway = build_gateway(account, client, clock)
    except ValueError:
        return Checked(trouble="bad_key")
    if isinstance(account, ManualAccount):
        return Checked()
    try:
        await gateway.query_payment(trade_no=NOBODY)
    except GatewayUnavailable as failure:
        return Checked(trouble=failure.trouble, words=str(failure)[:200])
    return Checked()


def health_of(checked: Checked, clock: Clock) -> Health:
    """The check as one call among the account's others."""
    now = clock.now()
    if checked.good:
        return Health(good=1, good_at=now)
    return Health(bad=1, bad_at=now, trouble=checked.trouble, words=checked.words)
