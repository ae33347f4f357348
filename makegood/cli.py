"""The command line: one parser for all commands, and one line for what goes wrong."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from makegood.base.trouble import CannotRun
from makegood.commands import (
    backtest,
    bill,
    build,
    bundle,
    doctor,
    erase,
    imports,
    jobs,
    key,
    log,
    migrate,
    prepare,
    replay,
    rows,
    rulepacks,
    serve,
    verify,
    witness,
    work,
)
from makegood.settings import load_settings, variable

COMMANDS = (
    serve.add,
    work.add,
    prepare.add,
    migrate.add,
    imports.add,
    bill.add,
    key.add,
    jobs.add,
    log.add,
    replay.add,
    erase.add,
    verify.add,
    bundle.add,
    backtest.add,
    build.add,
    doctor.add,
    witness.add,
    rows.add,
    rulepacks.add,
)
"""Each adds its command; a new command is a file in `commands/` and a word here."""

FAILED = 1
WRONG_SETTINGS = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; trouble with the surroundings is one line, never a traceback."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load_settings({**os.environ, **_overrides(chosen)})
    except CannotRun as wrong:
        return _complain(str(wrong), WRONG_SETTINGS)
    try:
        status: int = chosen.run(chosen, settings)
        sys.stdout.flush()
        return status
    except CannotRun as trouble:
        return _complain(str(trouble), FAILED)
    except BrokenPipeError:
        return _unread()
    except OSError as failed:
        told = _told(failed, settings.folder)
        if not told:
            raise
        return _complain(told, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


_FULL = {
    errno.ENOSPC: "the disk is full: free some space and start again",
    errno.EDQUOT: "the disk quota is used up: free some space and start again",
}
_NO_FOLDER = {
    errno.EROFS: "the disk is read-only: choose another data folder with --data",
    errno.EEXIST: "a file is in the way: choose another data folder with --data",
    errno.ENOTDIR: "a file is in the way: choose another data folder with --data",
    errno.EACCES: "no permission: choose another data folder with --data, or change its owner",
    errno.EPERM: "no folder can be made here: choose another data folder with --data",
    errno.ENOENT: "no folder can be made here: choose another data folder with --data",
}
_NO_FILE = {errno.EACCES, errno.EISDIR, errno.ENOENT, errno.ENOTDIR, errno.EPERM, errno.EROFS}


def _told(failed: OSError, folder: Path) -> str:
    """One line for what the machine refused, with what to do; empty for what is no such thing."""
    where = Path(str(failed.filename or folder))
    if failed.errno in _FULL:
        return f"{_FULL[failed.errno]} ({where})"
    ours = where in (folder, *folder.parents) or (
        where.is_relative_to(folder) and failed.errno != errno.ENOENT
    )
    if ours and failed.errno in _NO_FOLDER:
        return f"{_NO_FOLDER[failed.errno]} ({where})"
    if failed.errno in _NO_FILE and failed.filename:
        return f"{where} cannot be used: {failed.strerror}"
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="makegood", description="Makegood (安售): after-sales and disputes for digital goods."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    return parser


def _overrides(chosen: argparse.Namespace) -> dict[str, str]:
    """Options that stand for settings: `--data`, `--port`, `--host`, `--demo`."""
    return {
        variable(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in vars(chosen).items()
        if name in ("data", "port", "host", "demo")
    }


def _unread() -> int:
    """Whoever read our output (`| head`) has seen enough; what is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _complain(text: str, status: int) -> int:
    for line in text.splitlines():
        print(f"makegood: {line}", file=sys.stderr)
    return status
