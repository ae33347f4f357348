"""`makegood verify`: check a bundle, a receipt or a proof without any database or network."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from makegood.commands.frame import Commands, add_command
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.verify.pins import Authority, Pin
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
        "--closed", action="store_true", help="list every value of a bundle that stays closed"
    )
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print the verdict; the exit status says which it is (see docs/verifying.md)."""
    import msgspec

    from makegood.sources import SystemClock
    from makegood.verify.judge import judge
    from makegood.verify.words import facts_of, text_of, title_of

    beside = read_file(chosen.beside) if chosen.beside else None
    now = SystemClock().now().timestamp()
    pin = pin_of(chosen.pin, chosen.seen, chosen.tsa_cert)
    content = read_file(chosen.file)
    verdict = judge(content, now, pin, beside)
    if chosen.json:
        print(msgspec.json.encode(verdict).decode())
        return verdict.exit_code
    print(title_of(verdict, chosen.lang))
    print(text_of(verdict, chosen.lang))
    if verdict.fits:
        for name, value in facts_of(verdict, chosen.lang):
            print(f"  {name}: {value}")
    for line in closed_lines(content, now, pin, chosen.lang) if chosen.closed else ():
        print(f"  {line}")
    return verdict.exit_code


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
    from makegood.verify.pins import Pin, parse_pin, parse_seen

    try:
        path = Path(said)
        text = path.read_bytes() if said and path.is_file() else said.encode()
        policy = parse_pin(text) if said else None
        kept = parse_seen(read_file(seen), policy) if seen else None
        return Pin(policy, kept, authority_of(tsa_cert) if tsa_cert else None)
    except Malformed as wrong:
        raise CannotRun(f"--pin or --seen cannot be used: {wrong}") from wrong


def authority_of(file: Path) -> "Authority":
    """The time-stamping authority behind certificates in a PEM file. Raises CannotRun."""
    from makegood.base.trouble import CannotRun
    from makegood.record.anchors.timestamp import TimestampInvalid, split_roots
    from makegood.verify.pins import Authority

    try:
        return Authority(*split_roots(read_file(file).decode("ascii", "replace")))
    except TimestampInvalid as wrong:
        raise CannotRun(f"--tsa-cert cannot be used: {wrong}") from wrong
