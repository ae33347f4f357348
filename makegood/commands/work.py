"""`makegood work`: one worker process that carries out jobs, for machines of their own."""

import argparse

from makegood.commands.frame import Commands, add_command, database_url
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    add_command(commands, "work", "carry out jobs until stopped", run)


def run(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Work until SIGTERM or Ctrl-C."""
    import msgspec

    from makegood.processes import work

    with database_url(settings) as url:
        work(msgspec.structs.replace(settings, database_url=url))
    return 0
