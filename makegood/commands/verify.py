"""`makegood verify`: check a bundle, receipt or proof; no database, a network only for --chain."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.record.log.policy import Policy
    from makegood.verify.pins import Authority, Pin
    from makegood.verify.verdict import Verdict
    from makegood.verify.words import Language


def add(commands: Commands) -> None:
    """Describe the command."""
    words = "check a bundle, a receipt or a proof, without the database"
    parser = add_command(commands, "verify", words, run)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--pin",
        metavar="KEY",
        default="",
        help="the log's key as an earlier receipt prints it, or a file with keys or a policy; "
        "never from the file itself",
    )
    parser.add_argument(
        "--seen", metavar="CHECKPOINT", type=Path, help="a checkpoint kept from before"
    )
    parser.add_argument(
        "--beside", metavar="FILE", type=Path, help="the receipt or entry of a bare proof"
    )
    parser.add_argument(
        "--tsa-cert",
        metavar="PEM",
        type=Path,
        help="the root certificate of a time-stamping authority, got from the authority: "
        "a bundle must then bear its time stamp",
    )
    parser.add_argument(
        "--chain",
        metavar="URL",
        help="a JSON-RPC node of your choice: a bundle's anchor on a chain must be confirmed by it",
    )
    parser.add_argument(
        "--confirmations",
        metavar="N",
        type=int,
        default=12,
        help="how many blocks must stand from the anchor's own on (12)",
    )
    parser.add_argument(
        "--closed", action="store_true", help="list every value of a bundle that stays closed"
    )
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print the verdict; the exit status says which it is (see docs/verifying.md)."""
    import msgspec

    from makegood.sources import SystemClock
    from makegood.verify.judge import judge
    from makegood.verify.words import asked_of, facts_of, text_of, title_of, words_of

    beside = read_file(chosen.beside) if chosen.beside else None
    now = SystemClock().now().timestamp()
    pin = pin_of(chosen.pin, chosen.seen, chosen.tsa_cert)
    content = read_file(chosen.file)
    verdict = judge(content, now, pin, beside)
    if chosen.chain:
        verdict = with_chain(content, verdict, chosen.chain, chosen.confirmations)
    if chosen.json:
        print(msgspec.json.encode(verdict).decode())
        return verdict.exit_code
    print(title_of(verdict, chosen.lang))
    print(text_of(verdict, chosen.lang))
    if verdict.fits:
        for name, value in facts_of(verdict, chosen.lang):
            print(f"  {name}: {value}")
    for line in asked_of(verdict, node_of(chosen.chain), chosen.lang) if chosen.chain else ():
        print(f"  {words_of(chosen.lang)['facts']['chain']}: {line}")
    for line in closed_lines(content, now, pin, chosen.lang) if chosen.closed else ():
        print(f"  {line}")
    return verdict.exit_code


def with_chain(content: bytes, verdict: "Verdict", url: str, confirmations: int) -> "Verdict":
    """The verdict with what the node at this address says of anchors. Raises CannotRun."""
    import asyncio

    from makegood.base.trouble import CannotRun
    from makegood.gateways.anchors.rpc import Rpc
    from makegood.gateways.outside import make_client
    from makegood.verify.chain import ask_chain

    if not node_of(url):
        raise CannotRun("--chain takes the address of a JSON-RPC node, such as http://HOST:8545")

    async def asked() -> "Verdict":
        async with make_client() as client:
            return await ask_chain(content, verdict, Rpc(url, client).needed, confirmations)

    return asyncio.run(asked())


def node_of(url: str) -> str:
    """Whom an address asks, without the secrets it may carry; empty for no address at all."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    known = parts.scheme in ("http", "https") and parts.hostname
    return f"{parts.scheme}://{parts.hostname}{port}" if known else ""


def closed_lines(content: bytes, now: float, pin: "Pin", lang: "Language") -> list[str]:
    """Every value of a bundle that stays closed, by step, with the reason; none of other files."""
    from makegood.verify.judge import opened
    from makegood.verify.verdict import Verdict
    from makegood.verify.words import words_of

    found, reasons = opened(content, now, pin), words_of(lang)["closed"]
    if isinstance(found, Verdict):
        return []
    return [
        f"{one.version} {found.entries[one.version - 1].name}.{one.name}: "
        f"{reasons.get(one.why, one.why)}"
        for one in found.closed
    ]


def read_file(path: Path) -> bytes:
    """The file, or just more of it than any of ours may have. Raises CannotRun."""
    from makegood.base.trouble import CannotRun
    from makegood.verify.archive import LARGEST_ARCHIVE

    try:
        with path.open("rb") as file:
            return file.read(LARGEST_ARCHIVE + 1)
    except OSError as failed:
        raise CannotRun(f"{path} cannot be read: {failed.strerror}") from failed


def pin_of(said: str, seen: Path | None, tsa_cert: Path | None = None) -> "Pin":
    """What the caller pins: keys or a policy, spelled out or in a file. Raises CannotRun."""
    from makegood.base.trouble import CannotRun
    from makegood.record.log.strict import Malformed
    from makegood.verify.pins import Pin, parse_seen

    policy = policy_of(said) if said else None
    try:
        kept = parse_seen(read_file(seen), policy) if seen else None
    except Malformed as wrong:
        by = "the key of --pin" if policy else "a log"
        raise CannotRun(f"--seen cannot be used: {seen} is no checkpoint signed by {by}") from wrong
    return Pin(policy, kept, authority_of(tsa_cert) if tsa_cert else None)


def policy_of(said: str) -> "Policy":
    """Keys or a policy, spelled out or in the file of this name. Raises CannotRun."""
    from makegood.base.trouble import CannotRun
    from makegood.record.log.strict import Malformed
    from makegood.verify.pins import parse_pin

    spelled = "+" in said and not os.path.isfile(said)
    try:
        return parse_pin(said.encode() if spelled else read_file(Path(said)))
    except Malformed as wrong:
        what = "this is no whole key" if spelled else f"{said} holds neither keys nor a policy"
        raise CannotRun(f"--pin cannot be used: {what}") from wrong


def authority_of(file: Path) -> "Authority":
    """The time-stamping authority behind certificates in a PEM file. Raises CannotRun."""
    from makegood.base.trouble import CannotRun
    from makegood.record.anchors.timestamp import TimestampInvalid, split_roots
    from makegood.verify.pins import Authority

    try:
        return Authority(*split_roots(read_file(file).decode("ascii", "replace")))
    except TimestampInvalid as wrong:
        raise CannotRun(f"--tsa-cert cannot be used: {wrong}") from wrong
