"""The description says what the API does, and the page needs nothing from elsewhere."""

import re
from pathlib import Path

from makegood.people.roles import load_matrix
from makegood.web.api.document import api_document
from makegood.web.api.openapi import describe
from makegood.web.api.table import OPERATIONS
from tests.api.kit import Line


def test_every_operation_has_its_own_name_and_a_row_of_the_matrix() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert {operation.action for operation in OPERATIONS} <= set(load_matrix().actions)


def test_every_body_has_an_example_and_refuses_what_it_does_not_know() -> None:
    described = describe(OPERATIONS, load_matrix(), "/api/v1", "1")
    bodies = [
        operation["requestBody"]["content"]["application/json"]
        for path in described["paths"].values()
        for operation in path.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    schemas = described["components"]["schemas"]
    shapes = [schemas[body["schema"]["$ref"].rpartition("/")[2]] for body in bodies]
    assert all("example" in body for body in bodies)
    assert [shape["title"] for shape in shapes if shape.get("additionalProperties")] == []
    assert {shape["additionalProperties"] for shape in shapes} == {False}


async def test_the_description_is_public(stranger: Line) -> None:
    described = await stranger.get("/openapi.json")
    assert described.status_code == 200
    assert described.json()["paths"]["/claims"]["post"]["operationId"] == "openClaim"


async def test_the_page_shows_every_operation_and_loads_nothing(stranger: Line) -> None:
    page = await stranger.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert all(f'id="{operation.name}"' in page.text for operation in OPERATIONS)
    assert not re.search(r"<script|<link|src=", page.text)


def test_the_manual_page_is_the_generated_one() -> None:
    page = Path(__file__).parents[2] / "docs" / "api.md"
    written = api_document(OPERATIONS, load_matrix(), "/api/v1")
    assert page.read_text("utf-8") == written, "run: python -m tools.write_api"
