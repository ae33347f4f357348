"""The log's files are for everybody, and nothing else of the folder is."""

from pathlib import Path

import msgspec

from makegood.record.log.note import parse_verifier
from makegood.record.log.offline import verify_folder
from makegood.record.log.policy import policy_of
from makegood.record.log.publish import expected_paths, publish
from makegood.record.log.sequencer import run_round
from makegood.record.log.tiles import encode_bundle, parse_bundle
from tests.claims.town import Town
from tests.record.log.rooms import ORIGIN, log_room
from tests.web.site_kit import Browser


async def test_anybody_can_copy_the_log_and_check_it(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    opened = await street.open()
    room = msgspec.structs.replace(log_room(street.db, tmp_path / "record"), clock=street.clock)
    added = await run_round(room, "main")
    await publish(street.db, room.published, "main", room.keys.open("main", ORIGIN).verifiers)
    copy = tmp_path / "copy"
    for path in [*expected_paths(added), "keys"]:
        answer = await buyer.open(f"/log/main/{path}")
        assert answer.status_code == 200, path
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(answer.content)
    (key,) = (copy / "keys").read_text().split()
    report = verify_folder(copy, policy_of(parse_verifier(key)))
    assert (report.seen.checkpoint.size, report.faults) == (added, ())
    entries = parse_bundle((copy / f"tile/entries/000.p/{added}").read_bytes())
    assert opened.claim_no.encode() not in encode_bundle(entries), "numbers are no public knowledge"
    checkpoint = await buyer.open("/log/main/checkpoint")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"


async def test_nothing_else_of_the_folder_is_served(buyer: Browser, tmp_path: Path) -> None:
    for path in (
        "main/.epoch",
        "main/.lock",
        "main/tile/0/000.p/300",
        "main/tile/0/%2e%2e/000",
        "main/%2e%2e/%2e%2e/keys/main.keys",
        "other/checkpoint",
        "%2e%2e/checkpoint",
        "main",
    ):
        assert (await buyer.open(f"/log/{path}")).status_code == 404, path
