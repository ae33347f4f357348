"""Write `docs/reasons.md` from the default rule pack. Run: `python -m tools.write_reasons`."""

from pathlib import Path

from makegood.policy.document import reasons_document
from makegood.policy.pack import load_pack

PAGE = Path(__file__).parents[1] / "docs" / "reasons.md"


def main() -> None:
    """Overwrite the page."""
    PAGE.write_text(reasons_document(load_pack()), "utf-8")


if __name__ == "__main__":
    main()
