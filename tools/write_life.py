"""Write `docs/life-of-a-claim.md` from the table of steps. Run: `python -m tools.write_life`."""

from pathlib import Path

from makegood.claims.document import life_document
from makegood.policy.pack import load_pack

PAGE = Path(__file__).parents[1] / "docs" / "life-of-a-claim.md"


def main() -> None:
    """Overwrite the page."""
    PAGE.write_text(life_document(load_pack()), "utf-8")


if __name__ == "__main__":
    main()
