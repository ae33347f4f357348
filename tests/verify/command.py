"""`makegood verify` as somebody types it who was given a bundle."""

import subprocess
import sys
from pathlib import Path


def verify(folder: Path, *said: str) -> tuple[int, str]:
    """Check the folder's `bundle.zip`; answers the exit status and all that was said."""
    ran = subprocess.run(
        [sys.executable, "-m", "makegood", "verify", "bundle.zip", *said],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr
