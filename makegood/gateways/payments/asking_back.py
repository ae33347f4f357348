"""What a gateway says first is seldom the end: a yes and a no are both asked back."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from makegood.ledger.refund.gateway import (
    Accepted,
    Declined,
    GatewayUnavailable,
    NotFound,
    RefundReply,
    RefundRequest,
    Unknown,
)

Query: TypeAlias = Callable[[RefundRequest], Awaitable[RefundReply]]


async def after_accept(query: Query, request: RefundRequest, reference: str) -> RefundReply:
    """A request was taken; only the query says whether the money went back."""
    try:
        seen = await query(request)
    except GatewayUnavailable:
        return Accepted(gateway_ref=reference)
    return Accepted(gateway_ref=reference) if isinstance(seen, NotFound | Unknown) else seen


async def confirm_refusal(query: Query, request: RefundRequest, text: str) -> RefundReply:
    """A refusal may be about a repeated number; what the query finds outranks it."""
    try:
        seen = await query(request)
    except GatewayUnavailable:
        return Unknown(text=text)
    return Declined(text=text) if isinstance(seen, NotFound) else seen
