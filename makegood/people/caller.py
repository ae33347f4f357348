"""Who is calling, as proven by a session, a key or a link: the frame a permission is asked in."""

from typing import Literal, TypeAlias

import msgspec

from makegood.base.actor import Actor, Role

Via: TypeAlias = Literal["nothing", "buyer_session", "staff_session", "api_key"]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """One request's caller. `actor` is None for nobody.

    For sellers and suppliers, `actor.id` is the seller's or supplier's id, so that every
    person of one seller is the same party; `account_id` says which person it was.
    """

    market_id: str
    actor: Actor | None = None
    via: Via = "nothing"
    session_id: str = ""
    account_id: str = ""
    display_name: str = ""
    language: str = ""
    two_factor: bool = False
    limited: bool = False
    """Signed in, but a required second factor is not set up yet: only `account.own` is allowed."""
    order_nos: tuple[str, ...] = ()
    """The orders a buyer has proven; empty for everyone else."""

    @property
    def role(self) -> Role | Literal["nobody"]:
        """The column of the roles matrix this caller stands in."""
        return self.actor.role if self.actor else "nobody"

    def holds_order(self, order_no: str) -> bool:
        """Whether a buyer's session covers this order."""
        return order_no in self.order_nos


def nobody(market_id: str) -> Caller:
    """A visitor who proved nothing."""
    return Caller(market_id=market_id)
