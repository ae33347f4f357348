"""Generated calls of every operation: no fault of ours, and no answer that is not described."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from makegood.people.keys.rules import KeyRole
from tests.api.kit import COMPLAINT, Line, buyer_token, key_of
from tests.api.live import listening
from tests.claims.town import Town

EXAMPLES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    """NDJSON is sent as it was generated."""
    return str(value).encode("utf-8", "replace")


@pytest.mark.parametrize("role", ["market", "agent", "buyer", "operator"])
async def test_every_answer_is_a_described_one(app: Litestar, town: Town, role: str) -> None:
    token = await buyer_token(app)
    claim_no = (await Line(app, token).post("/claims", COMPLAINT)).json()["claim_no"]
    if role != "buyer":
        key_role: KeyRole = role  # type: ignore[assignment]
        token = await key_of(town, key_role)
    description = (await Line(app).get("/openapi.json")).json()
    known = {"claim_no": claim_no, "order_no": "O-1", "number": "1"}
    async with listening(app) as address:
        await asyncio.to_thread(walk, description, address, token, known)


def walk(description: dict[str, Any], address: str, token: str, known: dict[str, str]) -> None:
    """Call every operation with generated input, half of it about things that are there."""
    schema = schemathesis.openapi.from_dict(description)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), f"the description is wrong: {result}"
        operation = result.ok()

        @given(case=operation.as_strategy(), real=st.booleans())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Any, real: bool) -> None:
            if real:
                named = {name: known[name] for name in case.path_parameters if name in known}
                case.path_parameters.update(named)
            answer = case.call(
                base_url=f"{address}/api/v1",
                headers={"authorization": f"Bearer {token}"},
                timeout=60,
            )
            case.validate_response(answer, checks=CHECKS)

        call()
