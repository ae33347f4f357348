"""`makegood rules`: check a rule pack without a database, export a version, import a draft."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from makegood.base.trouble import CannotRun
from makegood.commands.frame import (
    Commands,
    add_command,
    add_commands,
    database_url,
    shell_language,
)
from makegood.settings import Settings

if TYPE_CHECKING:
    from makegood.policy.draft.model import Draft, Named
    from makegood.policy.faults import PackRefused
    from makegood.policy.model import Pack
    from makegood.policy.shelf import Shelf
    from makegood.store.database import Connection, Database

REFUSED: Final = 3
TO_MEND: Final = 4
MAY_EDIT: Final = "rule.edit"


def add(commands: Commands) -> None:
    """Describe the commands."""
    rules = add_commands(commands, "rules", "rule packs as one file")
    words = "read a pack as an import would, and name each fault by file, row and column"
    check = add_command(rules, "check", words, run_check)
    check.add_argument("file", metavar="FILE", help="a pack file, a pack's folder, or `default`")
    export = add_command(rules, "export", "a version as its one file", run_export)
    export.add_argument(
        "version",
        nargs="?",
        default="",
        metavar="VERSION",
        help="`default@3`; else the one in force",
    )
    export.add_argument("--shipped", action="store_true", help="the pack that came with Makegood")
    export.add_argument("--out", type=Path, metavar="FILE", help="write to this file")
    words = "a pack as a draft, which decides nothing before its review and notice"
    taken = add_command(rules, "import", words, run_import)
    taken.add_argument("file", metavar="FILE", help="a pack file or a pack's folder")
    taken.add_argument(
        "--author", required=True, metavar="NAME", help="whose draft it is, by sign-in name"
    )
    taken.add_argument("--title", default="", help="what the change is about")
    for command in (export, taken):
        command.add_argument("--market", help="id of the market")


def run_check(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print what is wrong; exit status 3 for a refused pack, 4 for what a review would not pass."""
    from makegood.policy.faults import PackRefused

    try:
        pack = read(chosen.file)
    except PackRefused as refused:
        return _tell_faults(chosen.file, refused)
    found = list(_to_mend(pack))
    for line in found:
        print(line)
    print(_size_of(pack))
    return TO_MEND if found else 0


def run_export(chosen: argparse.Namespace, settings: Settings) -> int:
    """Write the file of a version, byte for byte as its digest was computed."""
    import asyncio

    from makegood.policy.pack import load_pack

    if chosen.shipped:
        source = load_pack().source
    else:
        market_id = chosen.market or settings.market
        with database_url(settings) as url:
            source = asyncio.run(_source_of(url, market_id, chosen.version))
    if chosen.out is None:
        sys.stdout.buffer.write(source)
        return 0
    chosen.out.write_bytes(source)
    print(f"{chosen.out}: {len(source):,} bytes")
    return 0


def run_import(chosen: argparse.Namespace, settings: Settings) -> int:
    """Begin a draft; exit status 3 when the pack is refused."""
    import asyncio

    from makegood.policy.faults import PackRefused

    try:
        raw = read(chosen.file).source
    except PackRefused as refused:
        return _tell_faults(chosen.file, refused)
    title = chosen.title or Path(chosen.file).stem
    with database_url(settings) as url:
        market_id = chosen.market or settings.market
        draft = asyncio.run(_begin(url, market_id, raw, title, chosen.author))
    print(f"draft {draft.draft_id} of {draft.author_name}: /ops/rules/drafts/{draft.draft_id}")
    return 0


def read(told: str) -> "Pack":
    """The pack of a file, a folder, or the shipped one.

    Raises PackRefused with file, row and column; CannotRun where there is nothing to read.
    """
    from makegood.policy.pack import DEFAULT, load_pack
    from makegood.policy.packfile import read_pack_file

    path = Path(told)
    if told == DEFAULT and not path.exists():
        return load_pack()
    if path.is_dir():
        return load_pack(path)
    try:
        return read_pack_file(path.read_bytes())
    except FileNotFoundError:
        raise CannotRun(f"there are no rules {told}: name a file, a folder or `default`") from None


def _tell_faults(told: str, refused: "PackRefused") -> int:
    """Every fault with its place, in the language of the shell."""
    language = shell_language(os.environ)
    for fault in refused.faults:
        print(fault.sentence(language), file=sys.stderr)
    count = len(refused.faults)
    ends = {
        "zh": f"{told}：{count} 处错误，不能用作规则包",
        "en": f"{told}: {count} fault{'s' if count > 1 else ''}, not a usable pack",
    }
    print(ends[language], file=sys.stderr)
    return REFUSED


def _to_mend(pack: "Pack") -> Iterator[str]:
    """Void clauses, and rows that no case reaches."""
    from makegood.policy.check import liability_tables
    from makegood.policy.inputs import inputs_of
    from makegood.policy.lint import lint_pack
    from makegood.policy.tablecheck import oddities

    for place, void in lint_pack(pack):
        yield f"{place}: void in law ({void.statute.en}): {void.said}"
    for table in liability_tables(pack):
        for odd in oddities(inputs_of(pack, table.id), table):
            if odd.kind == "dead":
                place = f"tables/{table.id}.json: row {odd.row}"
                yield f"{place}: never reached, {', '.join(odd.others)} take its cases"


def _size_of(pack: "Pack") -> str:
    counts = (
        f"{len(pack.reasons)} reasons",
        f"{len(pack.findings)} findings",
        f"{len(pack.tables)} tables",
        f"{len(pack.examples)} examples",
    )
    return f"{pack.name}@{pack.version}: {', '.join(counts)}, sha256 {pack.digest}"


async def _source_of(url: str, market_id: str, version: str) -> bytes:
    from makegood.sources import SystemClock

    now = SystemClock().now()
    db, shelf = await _shelf(url)
    try:
        if version:
            return (await shelf.cited(market_id, version, now)).source
        return (await shelf.in_force(market_id, now)).source
    except LookupError as unknown:
        raise CannotRun(f"{unknown}: see /ops/rules for the versions there are") from None
    finally:
        await db.close()


async def _begin(url: str, market_id: str, raw: bytes, title: str, author: str) -> "Draft":
    from makegood.base.actor import Act, Actor
    from makegood.policy.draft.actions import import_draft
    from makegood.sources import SystemClock, SystemIds

    now = SystemClock().now()
    db, shelf = await _shelf(url)
    try:
        async with db.transaction() as tx:
            by = await _author(tx, market_id, author)
            act = Act(market_id, Actor("operator", by[0]), now)
            return await import_draft(tx, act, SystemIds(), shelf, raw, title, by)
    finally:
        await db.close()


async def _author(conn: "Connection", market_id: str, sign_in_name: str) -> "Named":
    """The person who answers for a draft; never its reviewer, so it is a person of the market."""
    from makegood.people.roles import load_matrix
    from makegood.people.staff.store import load_credentials

    found = await load_credentials(conn, market_id, sign_in_name)
    allowed = load_matrix().grants[MAY_EDIT]
    if found is None or allowed.get(found.account.role, ".") == ".":
        raise CannotRun(f"{sign_in_name}: no account of {market_id!r} that may edit rules")
    return found.account.account_id, found.account.display_name


async def _shelf(url: str) -> "tuple[Database, Shelf]":
    from makegood.policy.pack import load_pack
    from makegood.policy.shelf import Shelf
    from makegood.store.database import Database

    db = await Database.open(url)
    return db, Shelf(db, load_pack())
