"""What the refund saga asks of a payment gateway, and everything a gateway may answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway can do; the saga takes another way where it cannot.

    `stable_refund_no`: the gateway knows our refund number, so the same request again is
    harmless. Without it a request whose outcome is unknown is never sent a second time.
    `answers`: there is something to ask; False for payments that only people know about, where
    no answer is no fault.
    """

    can_refund: bool = True
    stable_refund_no: bool = True
    answers: bool = True


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One refund to one payment leg. `refund_no` stays the same for every attempt.

    `before_minor` is what the gateway said had gone back of this payment before our first
    attempt; None where nobody asked.
    """

    refund_no: str
    trade_no: str
    order_no: str
    amount_minor: int
    paid_minor: int
    currency: str = "CNY"
    reason: str = ""
    before_minor: int | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Common to all answers; `text` is the gateway's own words, for people only."""

    text: str = ""


class Arrived(Reply, frozen=True, kw_only=True):
    """The money went back."""

    gateway_ref: str = ""


class Accepted(Reply, frozen=True, kw_only=True):
    """The gateway took the request; it has not said yet that the money went back."""

    gateway_ref: str = ""


class Declined(Reply, frozen=True, kw_only=True):
    """A definitive no: nothing was and nothing will be executed."""


class Unsupported(Reply, frozen=True, kw_only=True):
    """This gateway cannot refund; nothing was executed."""


class NotFound(Reply, frozen=True, kw_only=True):
    """Asked for a refund, the gateway has none under this number (or none on this payment)."""


class NotSent(Reply, frozen=True, kw_only=True):
    """The request never reached the gateway."""


class Unknown(Reply, frozen=True, kw_only=True):
    """No one can say yet whether it was executed."""


RefundReply: TypeAlias = Arrived | Accepted | Declined | Unsupported | NotFound | NotSent | Unknown

CaptureState = Literal["paid", "unpaid", "refunded", "frozen"]


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the gateway itself states it.

    `refunded_minor` is None where the gateway does not tell.
    """

    trade_no: str
    order_no: str
    amount_minor: int
    state: CaptureState
    currency: str = "CNY"
    refunded_minor: int | None = None
    paid_at: datetime | None = None


DisputeKind = Literal["chargeback", "complaint"]
DisputeState = Literal["needs_response", "under_review", "won", "lost", "withdrawn"]


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's dispute of a payment as the channel itself states it. Times are aware UTC.

    A `chargeback` takes the money away when it is lost; a `complaint` only asks for an answer.
    `won` means that the money stays here. `due_at` is the channel's own deadline for an answer.
    `also_no` is a second number of the payment, where the channel has two.
    """

    dispute_ref: str
    trade_no: str
    amount_minor: int
    state: DisputeState
    kind: DisputeKind
    also_no: str = ""
    order_no: str = ""
    currency: str = "CNY"
    reason: str = ""
    opened_at: datetime | None = None
    due_at: datetime | None = None


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A message at our door as it came: fields of query and form, raw body, headers.

    Header names are in lower case. Who signs what differs by gateway.
    """

    fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class PaymentNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A signed message that a payment was made; to be asked back before it is believed."""

    trade_no: str
    order_no: str
    amount_minor: int
    currency: str = "CNY"


class RefundNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A signed message that something happened to a refund; to be asked back."""

    refund_no: str


class DisputeNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A signed message that something happened to a dispute; to be asked back."""

    dispute_ref: str


class OtherNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A signed message about something that concerns us not; taken, so that it is not repeated."""

    text: str


Notice: TypeAlias = PaymentNotice | RefundNotice | DisputeNotice | OtherNotice

Trouble = Literal["not_reached", "silent", "credentials", "signature", "unclear"]
"""Why a gateway could not be asked: for the words that a person reads, never for a decision."""


class GatewayUnavailable(Exception):
    """The gateway could not be asked, or its answer makes no sense.

    `sent` is False only when it is certain that the request never left.
    """

    def __init__(self, text: str, *, sent: bool = True, trouble: Trouble = "unclear") -> None:
        super().__init__(text)
        self.sent = sent
        self.trouble: Trouble = trouble


class NoticeRefused(Exception):
    """A notification that is not what it claims; `reason` is a short word for the record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PaymentGateway(Protocol):
    """One account at one payment gateway."""

    @property
    def channel(self) -> str:
        """The account's name, as orders and accounts of the ledger name it."""
        ...

    @property
    def abilities(self) -> Abilities: ...

    @property
    def notice_answer(self) -> str:
        """The word that tells the gateway to stop repeating a notification."""
        ...

    async def refund(self, request: RefundRequest) -> RefundReply:
        """Send money back. Raises GatewayUnavailable when the outcome is not known."""
        ...

    async def query_refund(self, request: RefundRequest) -> RefundReply:
        """Ask what became of a refund. Raises GatewayUnavailable."""
        ...

    async def query_payment(self, *, trade_no: str = "", order_no: str = "") -> list[Capture]:
        """What the gateway holds under a trade or order number; empty means it has none.

        Raises GatewayUnavailable when it does not say.
        """
        ...

    async def verify_notification(self, notification: Notification) -> Notice:
        """Check signature and merchant of a notification.

        Raises NoticeRefused, or GatewayUnavailable where only the gateway can check it.
        """
        ...


@runtime_checkable
class DisputeSource(Protocol):
    """A gateway that tells of its buyers' disputes."""

    async def query_dispute(self, dispute_ref: str) -> Dispute | None:
        """One dispute as it is now, None when there is none. Raises GatewayUnavailable."""
        ...
