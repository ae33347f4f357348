"""`makegood witness`: watch other people's logs and sign what only grew. Needs no database."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.witness.rules import Logs

FOLDER = "witness"


def add(commands: Commands) -> None:
    """Describe the command."""
    text = "watch logs of markets and sign what only grew (C2SP tlog-witness); needs no database"
    parser = add_command(commands, "witness", text, run)
    parser.add_argument(
        "what",
        nargs="?",
        choices=("serve", "key", "restart"),
        default="serve",
        help="`key` makes the key; `restart` accepts a log's signed restart",
    )
    parser.add_argument("--port", type=int, default=argparse.SUPPRESS, help="port (8000)")
    parser.add_argument("--host", default=argparse.SUPPRESS, help="address (127.0.0.1)")
    parser.add_argument("--name", help="name of the witness, with `key`: witness.example.org/w1")
    parser.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="VKEY",
        help="verifier key of a log to watch, as its operator gives it; may be repeated",
    )
    parser.add_argument(
        "--statement", type=Path, metavar="FILE", help="the signed statement, with `restart`"
    )


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Make the key, accept a restart, or serve until Ctrl-C."""
    if chosen.what == "key":
        return _make_key(chosen, settings)
    return _restart(chosen, settings) if chosen.what == "restart" else _serve(chosen, settings)


def _make_key(chosen: argparse.Namespace, settings: Settings) -> int:
    from makegood.base.trouble import CannotRun
    from makegood.sources import SystemIds
    from makegood.witness.keeping import SEED_BYTES, Folder

    if not chosen.name:
        raise CannotRun("name the witness: makegood witness key --name witness.example.org/w1")
    folder = Folder(settings.folder / FOLDER)
    print(folder.make_key(chosen.name, SystemIds().secret(SEED_BYTES)).verifier)
    return 0


def _restart(chosen: argparse.Namespace, settings: Settings) -> int:
    from makegood.base.trouble import CannotRun
    from makegood.sources import SystemClock
    from makegood.witness.keeping import Folder

    if chosen.statement is None or not chosen.statement.is_file():
        raise CannotRun("name the file of the signed statement: --statement FILE")
    folder = Folder(settings.folder / FOLDER)
    with folder.held():
        now = int(SystemClock().now().timestamp())
        restart = folder.accept_restart(chosen.statement.read_bytes(), _logs(chosen.log), now)
    print(f"{restart.origin} goes on from {restart.new.size} entries: {restart.reason}")
    return 0


def _serve(chosen: argparse.Namespace, settings: Settings) -> int:
    import uvicorn

    from makegood.sources import SystemClock
    from makegood.witness.keeping import Folder
    from makegood.witness.serving import Witness, WitnessSite

    folder, logs = Folder(settings.folder / FOLDER), _logs(chosen.log)
    with folder.held():
        witness = Witness(folder, folder.signer(), logs, SystemClock())
        for origin in logs:
            folder.latest(origin)
        print(f"witness {folder.signer().verifier}", flush=True)
        print(f"watching {len(logs)} logs at http://{settings.host}:{settings.port}", flush=True)
        site = uvicorn.Config(
            WitnessSite(witness),
            host=settings.host,
            port=settings.port,
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            limit_concurrency=200,
            timeout_keep_alive=30,
        )
        uvicorn.Server(site).run()
    return 0


def _logs(keys: list[str]) -> "Logs":
    """The keys by origin; one origin may have several, while its key is being changed."""
    from makegood.base.trouble import CannotRun
    from makegood.record.log.note import ED25519, Verifier, parse_verifier
    from makegood.record.log.strict import Malformed

    logs: dict[str, list[Verifier]] = {}
    for text in keys:
        try:
            verifier = parse_verifier(text)
        except Malformed:
            raise CannotRun(f"this is no verifier key of a log: {text}") from None
        if verifier.kind != ED25519:
            raise CannotRun(f"this is the key of a witness, not of a log: {text}")
        logs.setdefault(verifier.name, []).append(verifier)
    if not logs:
        raise CannotRun("name at least one log: --log VKEY, as its operator gives it")
    return logs
