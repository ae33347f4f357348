"""`./bench`: lists the benchmarks with what they measure, or runs one."""

import ast
import importlib
import sys
from pathlib import Path

from makegood.base.trouble import CannotRun

FOLDER = Path(__file__).parent
_NOT_ONE = {"__init__", "__main__"}


def benchmarks() -> dict[str, str]:
    """Every file with a `main`, and the first line of what it says about itself."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if path.stem not in _NOT_ONE and "main" in names:
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def main(arguments: list[str]) -> int:
    """List, or run the named one with the arguments after its name."""
    found = benchmarks()
    if not arguments or arguments[0] in ("-h", "--help"):
        for name, words in found.items():
            print(f"{name:<10} {words}")
        return 0
    if arguments[0] not in found:
        print(f"bench: no {arguments[0]!r}; there are: {', '.join(found)}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"benchmarks.{arguments[0]}")
    try:
        status: int = module.main(arguments[1:])
        return status
    except CannotRun as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
