"""`makegood build`: bundle scripts and styles; `./serve` does it by itself."""

import argparse
from pathlib import Path

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = add_command(commands, "build", "bundle the scripts and styles of the pages", run)
    parser.add_argument("--source", type=Path, default=Path("frontend"), metavar="DIR")


def run(chosen: argparse.Namespace, _settings: Settings) -> int:
    """Build, unless what is there was built from the same sources."""
    from makegood.web.frontend import build

    print("built" if build(chosen.source) else "nothing changed")
    return 0
