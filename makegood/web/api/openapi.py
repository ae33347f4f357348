"""The description of the API (OpenAPI 3.1), made from the table of operations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from makegood.base.refusal import CODES
from makegood.people.roles import Matrix
from makegood.web.api.faults import PROBLEM, REFUSAL_STATUS, STATUS, Problem
from makegood.web.api.operation import JSON, Operation

_NAMES: Final = re.compile(r"{(\w+)}")
_REF: Final = "#/components/schemas/{name}"
_UPLOAD: Final = {
    "type": "object",
    "required": ["slot", "file"],
    "properties": {
        "slot": {"type": "string", "description": "The evidence slot, before the file."},
        "file": {"type": "string", "format": "binary"},
    },
}
_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body get the first answer again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
Part = dict[str, Any]
"""A piece of the description, which is JSON."""


def describe(operations: Sequence[Operation], matrix: Matrix, base: str, version: str) -> Part:
    """The whole description."""
    shapes, schemas = _shapes(operations)
    paths: dict[str, Part] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, matrix, shapes
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Makegood", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of the market (`mg_…`) or a buyer's session token.",
                }
            },
        },
    }


def problem_codes(operation: Operation, matrix: Matrix) -> dict[int, list[str]]:
    """The problem codes of an operation by status."""
    grants = matrix.grants[operation.action]
    cases = (
        (True, ("input", "not_found", "unavailable")),
        (grants.get("nobody") != "yes", ("unauthenticated",)),
        (operation.reads != "nothing", ("too_large", "wrong_type")),
        (operation.reads in ("json", "multipart"), ("malformed",)),
        (operation.takes_key, ("idempotency_key_reused",)),
        ("If-Match" in operation.headers, ("stale_version",)),
        (operation.reads == "multipart", ("file_too_large", "file_type_not_accepted")),
        ("fresh" in grants.values(), ("fresh_proof_needed",)),
        (True, operation.refusals),
    )
    codes = [code for holds, named in cases if holds for code in named]
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        status = STATUS.get(code) or REFUSAL_STATUS.get(code, 409)
        assert code in STATUS or code in CODES, f"{operation.name}: unknown code {code}"
        found.setdefault(status, []).append(code)
    return dict(sorted(found.items()))


def _shapes(operations: Sequence[Operation]) -> tuple[Mapping[type, Part], Part]:
    """References to every shape, and the schemas they point to."""
    kinds: dict[type, None] = {Problem: None}
    for operation in operations:
        bodies = (operation.body, operation.answer, *operation.other_answers.values())
        kinds |= dict.fromkeys(kind for kind in bodies if kind not in (None, bytes))
    references, schemas = msgspec.json.schema_components(list(kinds), ref_template=_REF)
    return dict(zip(kinds, references, strict=True)), dict(schemas)


def _operation(operation: Operation, matrix: Matrix, shapes: Mapping[type, Part]) -> Part:
    roles = [role for role, may in matrix.grants[operation.action].items() if may != "."]
    described: Part = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.path.split("/")[1]],
        "parameters": _parameters(operation),
        "responses": _answers(operation, matrix, shapes),
        "x-action": operation.action,
        "x-roles": roles,
    }
    if operation.reads != "nothing":
        described["requestBody"] = {"required": True, "content": _content(operation, shapes)}
    if "nobody" not in roles:
        described["security"] = [{"bearer": []}]
    return described


def _parameters(operation: Operation) -> list[Part]:
    found: list[Part] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _NAMES.findall(operation.path)
    ]
    if operation.query is not None:
        schema = msgspec.json.schema_components([operation.query], ref_template=_REF)
        properties = next(iter(schema[1].values()))["properties"]
        found += [
            {"name": name, "in": "query", "required": False, "schema": _plain(part)}
            for name, part in properties.items()
        ]
    found += [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": what,
            "schema": {"type": "string"},
        }
        for name, what in operation.headers.items()
    ]
    return [*found, _IDEMPOTENCY] if operation.takes_key else found


def _plain(schema: Part) -> Part:
    """A query field: what is absent is not sent, so null is no value of it."""
    choices = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    return choices[0] if len(choices) == 1 else {k: v for k, v in schema.items() if k != "default"}


def _content(operation: Operation, shapes: Mapping[type, Part]) -> Part:
    match operation.reads:
        case "multipart":
            return {"multipart/form-data": {"schema": _UPLOAD}}
        case "ndjson":
            line = msgspec.json.encode(operation.example).decode()
            return {"application/x-ndjson": {"schema": {"type": "string"}, "example": line}}
        case _:
            assert operation.body is not None, f"{operation.name} reads a shape it does not name"
            return {JSON: {"schema": shapes[operation.body], "example": operation.example}}


def _answers(operation: Operation, matrix: Matrix, shapes: Mapping[type, Part]) -> Part:
    answers: Part = {}
    kinds = {operation.status: operation.answer, **operation.other_answers}
    for status, kind in kinds.items():
        answers[str(status)] = _good(operation, kind, shapes)
    for status, codes in problem_codes(operation, matrix).items():
        if str(status) in answers:
            continue
        schema = {
            "allOf": [
                shapes[Problem],
                {"properties": {"code": {"enum": codes}, "status": {"const": status}}},
            ]
        }
        answers[str(status)] = {
            "description": ", ".join(codes),
            "content": {PROBLEM: {"schema": schema}},
        }
    return answers


def _good(operation: Operation, kind: type | None, shapes: Mapping[type, Part]) -> Part:
    content: Part
    if kind is None or kind is bytes:
        content = {operation.media_type: {"schema": {}}}
    elif operation.media_type == JSON:
        content = {JSON: {"schema": shapes[kind]}}
    else:
        content = {operation.media_type: {"schema": {"type": "string"}}}
    content |= {media: {"schema": {"type": "string"}} for media in operation.other_media}
    return {"description": operation.summary, "content": content}
