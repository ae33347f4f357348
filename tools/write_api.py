"""Write `docs/api.md` from the table of operations. Run: `python -m tools.write_api`."""

from pathlib import Path

from makegood.people.roles import load_matrix
from makegood.web.api.dispatch import BASE
from makegood.web.api.document import api_document
from makegood.web.api.table import OPERATIONS

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

if __name__ == "__main__":
    PAGE.write_text(api_document(OPERATIONS, load_matrix(), BASE), "utf-8")
