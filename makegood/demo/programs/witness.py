"""The demo's witness: waits for the market's log to publish its key, then watches it."""

import argparse
import time
from pathlib import Path

import uvicorn

from makegood.base.trouble import CannotRun
from makegood.record.log.note import Ed25519Signer, Verifier, parse_verifier
from makegood.sources import SystemClock, SystemIds
from makegood.witness.keeping import SEED_BYTES, Folder
from makegood.witness.serving import Witness, WitnessSite

NAME = "witness.demo.invalid/sellers"


def signer_in(path: Path) -> Ed25519Signer:
    """The witness's key, made by whoever asks first."""
    folder = Folder(path)
    try:
        return folder.make_key(NAME, SystemIds().secret(SEED_BYTES))
    except CannotRun:
        return folder.signer()


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8194)
    options.add_argument("--state", type=Path, required=True)
    options.add_argument("--keys", type=Path, required=True, help="where the log's keys appear")
    given = options.parse_args()
    signer = signer_in(given.state)
    while not given.keys.exists():
        time.sleep(0.5)
    folder, logs = Folder(given.state), _logs(given.keys)
    with folder.held():
        site = WitnessSite(Witness(folder, signer, logs, SystemClock()))
        uvicorn.run(site, port=given.port, lifespan="off", ws="none", log_level="warning")


def _logs(keys: Path) -> dict[str, list[Verifier]]:
    logs: dict[str, list[Verifier]] = {}
    for line in keys.read_text("utf-8").splitlines():
        verifier = parse_verifier(line)
        logs.setdefault(verifier.name, []).append(verifier)
    return logs


if __name__ == "__main__":
    main()
