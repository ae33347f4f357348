"""The generated manual page of the API: conventions, and a table of every operation."""

from collections.abc import Sequence
from typing import Final

from makegood.people.roles import Matrix
from makegood.web.api.openapi import problem_codes
from makegood.web.api.operation import Operation
from makegood.web.api.pages import example_call

HEAD: Final = """# The API

Everything a page can do, the API can do, through the same actions and the same rules. The
description for programs is at `/api/v1/openapi.json`; the same for people, with an example of
every call, is at `/api/v1/docs` of your own install.

## Who calls

A program sends `Authorization: Bearer mg_…`. Make a key with

```sh
makegood key create --role market --name "shop system"
```

Roles are `market` (a shop system), `seller` (with `--seller ID`), `agent`, `operator` and
`auditor`. A key is printed once, stored hashed, and belongs to one market. A buyer holds no key:

```sh
curl https://HOST/api/v1/proofs -H 'Content-Type: application/json' \\
  -d '{"order_no": "O-1001", "contact": "b1@example.com"}'        # 202, a code is mailed if it fits
curl https://HOST/api/v1/proofs/PROOF_ID -H 'Content-Type: application/json' \\
  -d '{"code": "314159"}'                                         # 201, a session for this order
```

or, with the query password set at checkout, `{"order_no": …, "claim_code": …}` in one step. The
`token` of the answer is the bearer from then on. A shop system's own order page asks for a
one-time link with `POST /orders/{order_no}/links`. Nothing about an order is said before proof,
and neither answers nor their time tell an unknown order from a foreign one.

Steps that only a person with a second factor may take (`approval`, `appeal-decision`) answer to
that person's own session, never to a key.

## Conventions

- **Idempotency.** Every POST takes `Idempotency-Key`. The same key and body get the first answer
  again for 24 hours (`Idempotent-Replay: true`); the same key with another body is refused with
  422 `idempotency_key_reused`. A refused call leaves no trace, and an answer that holds a token
  is never kept. `PUT /orders/{order_no}` is idempotent by nature. Of a body that is streamed (a
  file), its length stands for it.
- **Versions.** `POST /claims/{claim_no}/decision` needs `If-Match: "VERSION"` with the version
  that was read; when somebody was quicker it answers 412 `stale_version`.
- **Problems** are `application/problem+json` with `type`, `title`, `status`, `code` and `detail`
  in the language of `Accept-Language`; `fields` names wrong places of the input, `details` holds
  what a program can use (`claim_no`, `come_back_at`, …).

| status | means |
|---|---|
| 400 | `malformed`: the body is no JSON in UTF-8 |
| 401 | `unauthenticated`: no key or session, or one that does not live here |
| 404 | `not_found`: nothing under this number, or not yours: the two look alike |
| 405 | `method_not_allowed`, with `Allow` |
| 409 | a rule refuses; `code` says which |
| 412 | `stale_version` |
| 413, 415 | `too_large`, `wrong_type`, `file_too_large`, `file_type_not_accepted` |
| 422 | `input` with `fields`, or `idempotency_key_reused` |
| 429 | `proof_locked`, with `Retry-After` |
| 503 | `unavailable`, with `Retry-After`: the database or a gateway is away, nothing is lost |

- **Money** is `{"amount_minor": 9800, "currency": "CNY"}` in the smallest unit. **Times** are
  RFC 3339 in UTC. **Lists** take `limit` and `cursor` and answer `items` and `next_cursor`, which
  is null at the end.
- Fields that an operation does not know are refused, so a misspelt one never passes unnoticed.

## Payments without an order

`POST /claims` with `{"trade_no", "amount", "contact"}` instead of `order_no` opens a claim that
waits in state `open`. Every gateway account of the market is asked for the trade number. When
exactly one payment of that amount is found and no order has it, the claim is accepted and the
rules go on; otherwise a person looks at it.

## Payment notifications

`GET` or `POST /hooks/payments/{account}` takes a notification in the gateway's own form: its
signature, merchant, order and amount are checked and the gateway is asked back before anything
is believed. The answer is the word that the gateway wants (`success` for epay).

## Operations
"""


def api_document(operations: Sequence[Operation], matrix: Matrix, base: str) -> str:
    """The whole page as Markdown; equal operations, equal text."""
    lines = [HEAD, "| operation | call | who | refusals |", "|---|---|---|---|"]
    for operation in operations:
        roles = [role for role, may in matrix.grants[operation.action].items() if may != "."]
        refusals = ", ".join(problem_codes(operation, matrix).get(409, []))
        lines.append(
            f"| `{operation.name}` | `{operation.method} {operation.path}`: {operation.summary} "
            f"| {', '.join(roles)} | {refusals} |"
        )
    lines.append("\n## Examples\n")
    for operation in operations:
        lines += [f"### {operation.name}\n", "```sh", example_call(operation, base), "```\n"]
    return "\n".join(lines)
