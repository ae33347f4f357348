"""The example server in the manual keeps the contract it explains."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from makegood.gateways.suppliers.signed import SignedSupplier
from makegood.orders.connections import SignedConnection
from makegood.orders.supplier import SupplierUnavailable
from tests.gateways.payments import NO_ONE, RealClock
from tests.gateways.suppliers import question

MANUAL = Path(__file__).parents[2] / "docs" / "connecting-a-supplier.md"
SAYS_ITS_PORT = """server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
Handler.log_message = lambda *_: None
server.serve_forever()
"""


def example() -> str:
    """The server as printed, on a free port that it names."""
    found = re.search(r"```python\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1].replace('HTTPServer(("", 8080), Handler).serve_forever()\n', SAYS_ITS_PORT)


@pytest.fixture
def url() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-c", example()], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.fixture
async def supplier(url: str) -> AsyncIterator[SignedSupplier]:
    async with httpx.AsyncClient(verify=NO_ONE, trust_env=False, timeout=60) as client:
        yield SignedSupplier(connection(url, "the secret"), client, RealClock())


def connection(url: str, secret: str) -> SignedConnection:
    return SignedConnection(base_url=url, account="a", secret=secret)


def test_the_example_has_40_lines_of_code() -> None:
    lines = [line for line in example().splitlines() if line.strip()]
    assert len(lines) <= 45


async def test_the_example_answers_signed_and_replaces_once(supplier: SignedSupplier) -> None:
    assert (await supplier.query(question())).status == "valid"
    assert (await supplier.query_reissue("r-1")).status == "not_found"
    first = await supplier.reissue("r-1", question())
    again = await supplier.reissue("r-1", question())
    assert (first.key, again.key) == ("NEW-KEY-1", "NEW-KEY-1")


async def test_the_example_refuses_a_wrong_signature(url: str) -> None:
    async with httpx.AsyncClient(verify=NO_ONE, trust_env=False, timeout=60) as client:
        with pytest.raises(SupplierUnavailable):
            await SignedSupplier(connection(url, "wrong"), client, RealClock()).query(question())
