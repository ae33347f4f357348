"""Decision tables: the allow-list of what a cell may say, and deciding with zen-engine."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
import zen

MEMO_SIZE: Final = 4_096
Scalar = bool | int | str | None
CellOp = Literal["any", "unknown", "one_of", "lt", "le", "gt", "ge"]
CellState = Literal["met", "not_met", "held"]

_WORDS = re.compile(r"'[A-Za-z0-9_.\-]+'(?:\s*,\s*'[A-Za-z0-9_.\-]+')*")
_LIMIT = re.compile(r"(>=|<=|>|<) (-?\d{1,15})")
_OPS: Final[dict[str, CellOp]] = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


class Cell(msgspec.Struct, frozen=True):
    """One condition of a row, parsed from the allow-list."""

    op: CellOp
    values: tuple[bool | int | str, ...] = ()

    def state(self, actual: Scalar) -> CellState:
        """Whether the value satisfies the cell; `held` when the value is unknown."""
        if self.op == "any":
            return "met"
        if self.op == "unknown":
            return "met" if actual is None else "not_met"
        if actual is None:
            return "held"
        return "met" if self._holds(actual) else "not_met"

    def _holds(self, actual: bool | int | str) -> bool:
        if self.op == "one_of":
            # The first value's type is the type of all; True is not 1 here.
            return type(actual) is type(self.values[0]) and actual in self.values
        limit = self.values[0]
        if isinstance(actual, (bool, str)) or isinstance(limit, (bool, str)):
            return False
        return _compare(self.op, actual, limit)


class Row(msgspec.Struct, frozen=True):
    """One row: its id, its conditions in the order of the table's inputs, and its outcome."""

    id: str
    note: str
    cells: tuple[Cell, ...]
    outcome: dict[str, bool | int | str]
    asked: tuple[tuple[int, Cell], ...]
    """The cells that ask something, each with its place among the inputs."""

    def state(self, actual: Sequence[Scalar]) -> CellState:
        """`not_met` if one cell fails for certain, `held` if one is unknown, else `met`."""
        found: CellState = "met"
        for place, cell in self.asked:
            state = cell.state(actual[place])
            if state == "not_met":
                return "not_met"
            if state == "held":
                found = "held"
        return found


class Table:
    """A compiled table. First match wins; the same inputs are evaluated once per process."""

    def __init__(self, table_id: str, inputs: tuple[str, ...], rows: tuple[Row, ...], jdm: str):
        self.id = table_id
        self.inputs = inputs
        self.rows = rows
        self._decision = zen.ZenEngine().create_decision(jdm)
        self._decision.validate()
        self._jdm = jdm
        self._looped: zen.ZenDecision | None = None
        self._deferred: dict[tuple[tuple[str, Scalar], ...], Sequence[Scalar]] | None = None
        self._memo: dict[tuple[tuple[str, Scalar], ...], int | None] = {}

    def decide(self, actual: Sequence[Scalar]) -> int | None:
        """The index of the first row that matches the values of `inputs`, or None."""
        key = _key(actual)
        if key not in self._memo:
            if self._deferred is not None:
                self._deferred[key] = actual
                return first_met(self.rows, actual)
            if len(self._memo) >= MEMO_SIZE:
                self._memo.clear()
            self._memo[key] = self._ask_engine(actual)
        return self._memo[key]

    def deferring(self) -> "Table":
        """A copy that answers by its own reading and asks the engine for all of it at `confirm`.

        One call for many inputs costs a seventh of a call for each: most of a call's cost is the
        way into the engine and back.
        """
        copy = Table(self.id, self.inputs, self.rows, self._jdm)
        copy._deferred = {}
        return copy

    def confirm(self) -> None:
        """Put everything answered since the last time to the engine; it must say the same."""
        assert self._deferred is not None, f"{self.id} answers at once"
        asked, self._deferred = self._deferred, {}
        if len(self._memo) + len(asked) > MEMO_SIZE:
            self._memo.clear()
        answers = self._ask_loop(asked.values()) if self._names_rows() else None
        for place, (key, actual) in enumerate(asked.items()):
            index = self._ask_engine(actual) if answers is None else answers[place]
            self._memo[key] = self._agreed(actual, index)

    def _names_rows(self) -> bool:
        """Whether an answer alone says which row gave it."""
        return all(row.outcome.get("rule") == row.id for row in self.rows)

    def _ask_loop(self, many: Iterable[Sequence[Scalar]]) -> list[int | None]:
        """The row of each input, from the same table run in the engine's loop mode."""
        if self._looped is None:
            jdm = json.loads(self._jdm)
            loop = {"executionMode": "loop", "inputField": "asked", "outputPath": "answers"}
            jdm["nodes"][1]["content"].update(loop)
            self._looped = zen.ZenEngine().create_decision(json.dumps(jdm))
        contexts = [nested(zip(self.inputs, actual, strict=True)) for actual in many]
        answers = self._looped.evaluate({"asked": contexts}, {})["result"]["answers"]
        places = {row.id: index for index, row in enumerate(self.rows)}
        return [places[answer["rule"]] if answer else None for answer in answers]

    def _ask_engine(self, actual: Sequence[Scalar]) -> int | None:
        context = nested(zip(self.inputs, actual, strict=True))
        answer = self._decision.evaluate(context, {"trace": True})
        traced = answer["trace"]["table"]["traceData"]
        index = int(traced["index"]) if traced else None
        return self._agreed(actual, index)

    def _agreed(self, actual: Sequence[Scalar], index: int | None) -> int | None:
        """The engine's answer, which must be what the explanation will say."""
        expected = first_met(self.rows, actual)
        assert index == expected, f"{self.id}: engine says row {index}, explanation {expected}"
        return index


def _key(actual: Sequence[Scalar]) -> tuple[tuple[str, Scalar], ...]:
    """The type is part of the key: True and 1 are equal in Python, not in a rule."""
    return tuple((type(value).__name__, value) for value in actual)


def nested(pairs: "zip[tuple[str, Scalar]]") -> dict[str, object]:
    """Dotted names as the nested object that the engine reads."""
    out: dict[str, object] = {}
    for name, value in pairs:
        spot = out
        *outer, last = name.split(".")
        for part in outer:
            spot = spot.setdefault(part, {})  # type: ignore[assignment]
        spot[last] = value
    return out


def first_met(rows: Sequence[Row], actual: Sequence[Scalar]) -> int | None:
    """The first row whose every cell is met, by our own reading of the cells."""
    for index, row in enumerate(rows):
        if row.state(actual) == "met":
            return index
    return None


def parse_cell(text: str) -> Cell | None:
    """A cell of the allow-list, or None for anything else."""
    if text == "":
        return Cell("any")
    if text == "null":
        return Cell("unknown")
    if text in ("true", "false"):
        return Cell("one_of", (text == "true",))
    limit = _LIMIT.fullmatch(text)
    if limit:
        return Cell(_OPS[limit[1]], (int(limit[2]),))
    if _WORDS.fullmatch(text):
        return Cell("one_of", tuple(re.findall(r"'([^']+)'", text)))
    return None


def _compare(op: CellOp, actual: int, limit: int) -> bool:
    match op:
        case "lt":
            return actual < limit
        case "le":
            return actual <= limit
        case "gt":
            return actual > limit
        case "ge":
            return actual >= limit
        case _:
            raise AssertionError(op)
