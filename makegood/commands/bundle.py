"""`makegood bundle import`: take in another install's bundle for mediation, if it holds."""

import argparse
from pathlib import Path

from makegood.commands.frame import Commands, add_command, add_commands, database_url
from makegood.settings import Settings


def add(commands: Commands) -> None:
    """Describe the command."""
    bundles = add_commands(commands, "bundle", "bundles of claims from other installs")
    taken = add_command(bundles, "import", "check a bundle and keep it, read only", run)
    taken.add_argument("file", metavar="FILE", type=Path)
    taken.add_argument("--pin", default="", help="the log's key, from elsewhere than the bundle")
    taken.add_argument("--note", default="", help="why it is here")
    taken.add_argument("--market", help="id of the market")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print what was found; the exit status is that of `makegood verify` when it is refused."""
    import asyncio

    with database_url(settings) as url:
        return asyncio.run(_import(url, settings, chosen))


async def _import(url: str, settings: Settings, chosen: argparse.Namespace) -> int:
    from makegood.base.actor import SYSTEM, Act
    from makegood.bundles.importing import Intake, import_bundle
    from makegood.commands.verify import pin_of, read_file
    from makegood.gateways.storage.disk import DiskStorage
    from makegood.keyfile import open_vault
    from makegood.sources import SystemClock, SystemIds
    from makegood.store.database import Database
    from makegood.verify.verdict import Verdict
    from makegood.verify.words import text_of, title_of

    market_id = chosen.market or settings.market
    act = Act(market_id=market_id, actor=SYSTEM, now=SystemClock().now(), request_id="command")
    content, pin = read_file(chosen.file), pin_of(chosen.pin, None)
    db = await Database.open(url, max_size=2)
    try:
        storage = DiskStorage(settings.folder / "files", open_vault(settings))
        intake = Intake(db, storage, SystemIds())
        named = "" if pin.policy is None else "\n".join(str(key) for key in pin.policy.logs)
        found = await import_bundle(intake, act, content, pin, named, chosen.note)
    finally:
        await db.close()
    if isinstance(found, Verdict):
        print(title_of(found, "en"), text_of(found, "en"), sep="\n")
        return found.exit_code
    print(f"{found.claim_no} of {found.origin} is here as {found.bundle_id} ({found.state})")
    return 0
