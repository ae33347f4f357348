"""Write the offline page's hash into the manual. Run: `python -m tools.write_verifier_hash`."""

import re
from pathlib import Path

from makegood.verify.page import offline_page_hash

PAGE = Path(__file__).parents[1] / "docs" / "verifying.md"

if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    PAGE.write_text(re.sub(r"`[0-9a-f]{64}`", f"`{offline_page_hash()}`", text, count=1), "utf-8")
