"""The description for programs and for people: `openapi.json` and a page without any script."""

from collections.abc import Sequence

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from makegood.people.roles import Matrix
from makegood.web.api.openapi import describe, problem_codes
from makegood.web.api.operation import Answer, Call, Operation, Run
from makegood.web.words import Catalogue, Words, choose_language


def description_operations(
    operations: Sequence[Operation], catalogue: Catalogue, base: str
) -> tuple[Operation, ...]:
    """The two operations that describe all the others."""

    async def read_description(call: Call) -> Answer:
        version = call.things.settings.version
        described = describe(operations, call.things.matrix, base, version)
        return Answer(body=msgspec.json.encode(described))

    async def read_docs(call: Call) -> Answer:
        language = choose_language(None, None, call.header(b"accept-language"))
        words = Words(catalogue, language, call.act.now)
        text = docs_page(operations, call.things.matrix, base, words)
        return Answer(body=text.encode(), media_type="text/html; charset=utf-8")

    return (
        _public("readDescription", "/openapi.json", "This description.", read_description),
        _public("readDocs", "/docs", "The same for people.", read_docs, "text/html"),
    )


def docs_page(operations: Sequence[Operation], matrix: Matrix, base: str, words: Words) -> str:
    """All operations on one page, with an example call of each."""
    environment = Environment(
        loader=PackageLoader("makegood.web.api", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = [
        {
            "operation": operation,
            "roles": [role for role, may in matrix.grants[operation.action].items() if may != "."],
            "codes": problem_codes(operation, matrix),
            "example": example_call(operation, base),
        }
        for operation in operations
    ]
    return environment.get_template("docs.html").render(rows=rows, base=base, t=words.t, w=words)


def example_call(operation: Operation, base: str) -> str:
    """A curl command that calls the operation."""
    parts = [f"curl -X {operation.method} https://HOST{base}{operation.path}"]
    parts.append("-H 'Authorization: Bearer mg_…'")
    parts += [f"-H '{name}: \"7\"'" for name in operation.headers]
    if operation.reads == "multipart":
        parts.append("-F slot=error_screen -F file=@screen.png")
    elif operation.example is not None:
        kind = "application/x-ndjson" if operation.reads == "ndjson" else "application/json"
        body = msgspec.json.encode(operation.example).decode()
        parts += [f"-H 'Content-Type: {kind}'", f"-d '{body}'"]
    return " \\\n  ".join(parts)


def _public(
    name: str,
    path: str,
    summary: str,
    run: Run,
    media_type: str = "application/json",
) -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=path,
        action="public.read",
        summary=summary,
        run=run,
        uses="nothing",
        media_type=media_type,
    )
