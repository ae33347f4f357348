"""`makegood doctor`: checks the ground and says what to do about what is wrong."""

import argparse

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    add_command(commands, "doctor", "check database, keys, disk, clock, mail and gateways", run)


def run(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Print one line per check; the status is 1 when something needs a person."""
    from makegood.doctor import examine

    return examine(settings)
