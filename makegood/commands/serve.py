"""`makegood serve`: the whole product in one process tree."""

import argparse

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = add_command(commands, "serve", "start everything and print the address", run)
    parser.add_argument("--port", type=int, default=argparse.SUPPRESS, help="port (8000)")
    parser.add_argument("--host", default=argparse.SUPPRESS, help="address (127.0.0.1)")
    parser.add_argument(
        "--demo",
        action="store_true",
        default=argparse.SUPPRESS,
        help="an invented market with orders and claims, on this machine only",
    )


def run(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    from makegood.serving import serve

    return serve(settings)
