"""One JDM document as a table: the only shape that passes, and row and column of what does not."""

import json
import re
from typing import Final, Literal

import msgspec

from makegood.policy.decoding import converted, read_json
from makegood.policy.faults import Fault, PackRefused, refused
from makegood.policy.tables import Cell, Row, Table, parse_cell

MAX_BYTES: Final = 1_000_000
_TEXT = re.compile(r"'([A-Za-z0-9_.,\-]*)'")
_NUMBER = re.compile(r"-?\d{1,15}")
_KINDS: Final = ("inputNode", "decisionTableNode", "outputNode")
_OF_ROW: Final = ("_id", "_description")
"""What a row holds beside its cells."""


class _Field(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    field: str


class _Content(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    hit_policy: Literal["first"]
    inputs: list[_Field]
    outputs: list[_Field]
    rules: list[dict[str, object]]


class _Position(msgspec.Struct, forbid_unknown_fields=True):
    x: float
    y: float


class _Node(msgspec.Struct, forbid_unknown_fields=True):
    id: Literal["input", "table", "output"]
    name: str
    type: Literal["inputNode", "decisionTableNode", "outputNode"]
    position: _Position
    content: _Content | None = None


class _Edge(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    id: str
    source_id: str
    target_id: str
    type: Literal["edge"]


class _Jdm(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    content_type: Literal["application/vnd.gorules.decision"]
    name: str
    nodes: list[_Node]
    edges: list[_Edge]


_SHAPE: Final = [("input", "inputNode"), ("table", "decisionTableNode"), ("output", "outputNode")]
_FLOW: Final = [("input", "table"), ("table", "output")]


def read_table(raw: bytes, file: str) -> Table:
    """A compiled table of one JDM file. Raises PackRefused with file, row and column."""
    if len(raw) > MAX_BYTES:
        raise refused("too_large", file, detail=str(MAX_BYTES))
    return table_of(read_json(raw, file), file)


def table_of(document: object, file: str) -> Table:
    """A compiled table of a decoded JDM document.

    Only one shape passes: input, one decision table with first-hit policy, output. So function
    nodes, loops, sub-decisions, clocks and random numbers cannot be expressed at all.
    Raises PackRefused with file, row and column.
    """
    _only_known_nodes(document, file)
    jdm = converted(document, _Jdm, file)
    content = _only_table(jdm, file)
    _unique_columns(content, file)
    rows = _rows(content, file)
    _unique_ids(rows, file)
    inputs = tuple(field.field for field in content.inputs)
    try:
        return Table(jdm.name, inputs, rows, json.dumps(document))
    except (RuntimeError, ValueError) as error:
        raise refused("engine", file, detail=str(error)[:200]) from error


def _only_known_nodes(document: object, file: str) -> None:
    """Whatever could run is named before anything else that is wrong with its node."""
    nodes = document.get("nodes") if isinstance(document, dict) else None
    for number, node in enumerate(nodes if isinstance(nodes, list) else (), 1):
        told = node if isinstance(node, dict) else {}
        content = told.get("content")
        if isinstance(told.get("type"), str) and told["type"] not in _KINDS:
            column = f"nodes[{number}].type"
            raise refused("node", file, column=column, detail=told["type"][:80])
        if isinstance(content, dict) and "executionMode" in content:
            column = f"nodes[{number}].content.executionMode"
            raise refused("loop", file, column=column, detail=str(content["executionMode"])[:80])


def _only_table(jdm: _Jdm, file: str) -> _Content:
    if [(node.id, node.type) for node in jdm.nodes] != _SHAPE:
        raise refused("only_table", file, column="nodes")
    if [(edge.source_id, edge.target_id) for edge in jdm.edges] != _FLOW:
        raise refused("edges", file, column="edges")
    content = jdm.nodes[1].content
    if content is None or jdm.nodes[0].content or jdm.nodes[2].content:
        raise refused("no_content", file)
    return content


def _rows(content: _Content, file: str) -> tuple[Row, ...]:
    """Every row; the first fault of each is told at once with those of the others."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, row in enumerate(content.rules, 1):
        try:
            rows.append(_row(content, row, number, file))
        except PackRefused as wrong:
            faults.extend(wrong.faults)
    if faults:
        raise PackRefused(tuple(faults))
    return tuple(rows)


def _row(content: _Content, row: dict[str, object], number: int, file: str) -> Row:
    ids = {field.id for field in [*content.inputs, *content.outputs]}
    strange = set(row) - ids - set(_OF_ROW)
    missing = ids - set(row)
    if strange or missing or "_id" not in row:
        names = ", ".join(sorted(strange | missing)) or "_id"
        raise refused("columns", file, row=str(number), detail=names[:200])
    told = {name: _text(value, name, number, file) for name, value in row.items()}
    cells = tuple(_cell(told[field.id], field.field, number, file) for field in content.inputs)
    outcome = {
        field.field: _outcome(told[field.id], field.field, number, file)
        for field in content.outputs
    }
    asked = tuple((place, cell) for place, cell in enumerate(cells) if cell.op != "any")
    return Row(told["_id"], told.get("_description", ""), cells, outcome, asked)


def _text(value: object, column: str, number: int, file: str) -> str:
    if not isinstance(value, str):
        raise refused("kind", file, row=str(number), column=column, detail="string")
    return value


def _cell(text: str, column: str, number: int, file: str) -> Cell:
    cell = parse_cell(text)
    if cell is None:
        raise _not_allowed(text, column, number, file)
    return cell


def _outcome(text: str, column: str, number: int, file: str) -> bool | int | str:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return int(text)
    words = _TEXT.fullmatch(text)
    if words is None:
        raise _not_allowed(text, column, number, file)
    return words[1]


def _not_allowed(text: str, column: str, number: int, file: str) -> PackRefused:
    return refused("cell", file, row=str(number), column=column, detail=repr(text[:80]))


def _unique_columns(content: _Content, file: str) -> None:
    ids = [one.id for one in (*content.inputs, *content.outputs)]
    for side in (ids, *([one.field for one in s] for s in (content.inputs, content.outputs))):
        again = next((name for name in side if side.count(name) > 1), None)
        if again is not None:
            raise refused("column_twice", file, column=again[:80], detail=again[:80])
    if hidden := sorted(set(ids) & set(_OF_ROW)):
        raise refused("columns", file, detail=", ".join(hidden))


def _unique_ids(rows: tuple[Row, ...], file: str) -> None:
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        if row.id in seen:
            raise refused("id_twice", file, row=str(number), detail=repr(row.id[:80]))
        seen.add(row.id)
