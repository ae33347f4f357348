"""Payment notifications in each gateway's own form: checked, asked back, then believed."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from makegood.ledger.refund.gateway import Notification
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call, Method, Operation
from makegood.web.api.reading import MOST_QUERY_FIELDS, whole_body

HOOKS_BASE: Final = "/hooks"


async def notify(call: Call) -> Answer:
    """Take a notification; epay calls GET, others POST a form or JSON, and want their own word."""
    body = b""
    if call.method == "POST":
        limit = call.things.settings.body_limit
        body = await whole_body(call.receive, call.header(b"content-length"), limit)
    notification = Notification(
        fields={**_fields(call.scope["query_string"]), **_form(call, body)},
        body=body,
        headers=_headers(call),
    )
    answer = await call.things.notify(
        call.act.market_id, call.path["account"], notification, call.act.request_id
    )
    return Answer(
        status=answer.status, body=answer.body.encode(), media_type="text/plain; charset=utf-8"
    )


def _form(call: Call, body: bytes) -> Mapping[str, str]:
    """A form's fields; a body that says it is JSON has none."""
    return {} if "json" in call.header(b"content-type").lower() else _fields(body)


def _headers(call: Call) -> Mapping[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in call.headers.items()}


def _fields(text: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_QUERY_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Fault("malformed") from error
    return dict(pairs)


def _hook(name: str, method: Method) -> Operation:
    return Operation(
        name=name,
        method=method,
        path="/payments/{account}",
        action="payment.notify",
        summary="A gateway's payment notification.",
        run=notify,
        query=None,
        uses="nothing",
        media_type="text/plain",
        keeps_answer=False,
    )


HOOKS: Final = (_hook("notifyPayment", "GET"), _hook("notifyPaymentByForm", "POST"))
