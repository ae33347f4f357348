"""The public page of audits: anybody can compute the draw again, and reads what was not checked."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from makegood.standing.audits.rules import Audit, Drand, Typed, score
from makegood.web.public.audits import commands_for, elsewhere_of
from tests.claims.town import Town
from tests.record.log.rooms import log_room
from tests.standing.test_audits import announced, typed
from tests.web.site_kit import Browser

CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
DRAND = Drand(url=f"https://api.drand.sh/{CHAIN}", round=77)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def audit_with(value: str) -> Audit:
    """A drawn audit by a lottery."""
    return Audit(
        market_id="main",
        audit_no=1,
        beacon=Typed(name="Lottery, draw 2026321"),
        known_at=NOW,
        miss_bps=500,
        since=NOW,
        until=NOW,
        population=1,
        sample=1,
        announced_at=NOW,
        event_no=1,
        value=value,
    )


def output_of(line: str) -> str:
    """What a line typed into a terminal prints."""
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout


async def test_a_drawn_audit_tells_how_to_draw_it_again_and_what_was_not_checked(
    street: Town, buyer: Browser, tmp_path: Path
) -> None:
    log = msgspec.structs.replace(log_room(street.db, tmp_path), clock=street.clock)
    audit = await announced(street, log, beacon=DRAND)
    assert "sha256sum" not in (await buyer.open("/audits")).text
    street.clock.at += timedelta(hours=2)
    await typed(street, audit.audit_no, "5eed")
    page = (await buyer.open("/audits")).text
    assert "没有核对签名是不是 drand 网络做的" in page
    assert f"curl https://drand.cloudflare.com/{CHAIN}/public/77" in page


@pytest.mark.parametrize("value", ["5eed", "7 3 44; exit 1", "it's 12 %s \\n $(exit 1)"])
def test_the_command_computes_the_place_of_a_claim(value: str) -> None:
    (command,) = commands_for(audit_with(value))
    printed = output_of(command.replace("AS-…", "AS-261121-7K3QFX"))
    assert printed.split()[0] == score(value, "AS-261121-7K3QFX").hex()


def test_only_chains_of_drand_itself_are_asked_elsewhere() -> None:
    cloudflare = Drand(url=f"https://drand.cloudflare.com/{CHAIN}/", round=5)
    assert elsewhere_of(cloudflare) == f"https://api.drand.sh/{CHAIN}/public/5"
    assert elsewhere_of(Drand(url="http://127.0.0.1:8193", round=5)) == ""
