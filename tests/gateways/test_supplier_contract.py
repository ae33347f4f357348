"""Suppliers over HTTP keep one contract: doubt is no answer, and one number is one replacement."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import msgspec
import pytest

from makegood.demo.programs.supplier_machine import Faults, ScriptedUnit
from makegood.gateways.suppliers.acg import AcgSupplier, signature
from makegood.gateways.suppliers.signed import SignedSupplier, StatusBody, answer_signature
from makegood.orders.connections import AcgConnection, SignedConnection
from makegood.orders.supplier import SupplierGateway, SupplierUnavailable
from tests.gateways.payments import NO_ONE, RealClock
from tests.gateways.suppliers import SupplierProgram, question

PATIENCE = 60.0
"""How long an honest supplier may take, in seconds: on a busy machine it needs a while."""
IMPATIENCE = 0.5


@pytest.fixture(scope="module")
def program() -> Iterator[SupplierProgram]:
    running = SupplierProgram()
    yield running
    running.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=NO_ONE, trust_env=False, timeout=PATIENCE) as made:
        yield made


@pytest.fixture
def signed(program: SupplierProgram, client: httpx.AsyncClient) -> SignedSupplier:
    return SignedSupplier(program.signed, client, RealClock())


@pytest.fixture
def acg(program: SupplierProgram, client: httpx.AsyncClient) -> AcgSupplier:
    return AcgSupplier(program.acg, client, RealClock())


@pytest.fixture(params=["signed", "acg"])
def either(
    request: pytest.FixtureRequest, signed: SignedSupplier, acg: AcgSupplier
) -> SupplierGateway:
    both: dict[str, SupplierGateway] = {"signed": signed, "acg": acg}
    return both[request.param]


@pytest.mark.parametrize("faults", [Faults(down=1), Faults(fail_before=1)])
async def test_a_supplier_that_fails_says_nothing(
    program: SupplierProgram, either: SupplierGateway, faults: Faults
) -> None:
    program.fail(faults)
    with pytest.raises(SupplierUnavailable):
        await either.query(question())
    assert (await either.query(question())).status in ("valid", "delivered")


async def test_a_supplier_that_takes_too_long_says_nothing(
    program: SupplierProgram, client: httpx.AsyncClient, either: SupplierGateway
) -> None:
    program.fail(Faults(slow=1, slow_seconds=10 * IMPATIENCE))
    client.timeout = httpx.Timeout(IMPATIENCE)
    with pytest.raises(SupplierUnavailable):
        await either.query(question())
    client.timeout = httpx.Timeout(PATIENCE)
    assert (await either.query(question())).status in ("valid", "delivered")


async def test_an_order_the_supplier_never_had_is_not_found(either: SupplierGateway) -> None:
    assert (await either.query(question("UP-8-not_found"))).status == "not_found"


async def test_every_answer_has_its_time_and_digest(either: SupplierGateway) -> None:
    before = datetime.now(UTC)
    answer = await either.query(question())
    assert before <= answer.asked_at <= datetime.now(UTC)
    assert len(answer.digest) == 64


@pytest.mark.parametrize(
    ("ref", "status"),
    [("A-1", "delivered"), ("A-failed", "failed"), ("A-pending", "pending"), (None, "unknown")],
)
async def test_a_docked_shop_knows_only_whether_it_delivered(
    acg: AcgSupplier, ref: str | None, status: str
) -> None:
    answer = await acg.query(question(ref))
    assert answer.status == status
    assert answer.redeemed_at is None


async def test_a_docked_shop_accepts_our_key_and_no_other(
    program: SupplierProgram, client: httpx.AsyncClient, acg: AcgSupplier
) -> None:
    wrong = AcgConnection(base_url=program.url, app_id="7", app_key="WRONG")
    stranger = AcgSupplier(wrong, client, RealClock())
    assert await acg.connect()
    assert not await stranger.connect()


async def test_a_refused_key_is_not_a_missing_order(
    program: SupplierProgram, client: httpx.AsyncClient
) -> None:
    wrong = AcgConnection(base_url=program.url, app_id="7", app_key="WRONG")
    with pytest.raises(SupplierUnavailable):
        await AcgSupplier(wrong, client, RealClock()).query(question())


def test_the_docking_signature_is_the_one_of_acg_faka() -> None:
    fields = {"tradeNo": "123", "app_id": "7", "empty": "", "app_key": "K", "sign": "x"}
    # md5("app_id=7&app_key=K&tradeNo=123&key=K"), computed by hand.
    assert signature(fields, "K") == "e7c67f3aa9bf0342bab186d2cf2fe5e6"


async def test_a_card_that_a_docked_shop_shows_is_not_kept(acg: AcgSupplier) -> None:
    answer = await acg.query(question("A-1"))
    assert b"CARD-A-1" not in msgspec.json.encode(answer)


async def test_a_scripted_unit_comes_back_in_full(
    program: SupplierProgram, signed: SignedSupplier
) -> None:
    redeemed_at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    told = StatusBody(
        status="redeemed", redeemed_at=redeemed_at, redeemed_by="stranger", region="CN"
    )
    program.script(ScriptedUnit(order_ref="UP-70", answer=told))
    answer = await signed.query(question("UP-70"))
    assert (answer.status, answer.redeemed_at, answer.redeemed_by, answer.region) == (
        "redeemed",
        redeemed_at,
        "stranger",
        "CN",
    )


async def test_a_withdrawn_key_stays_withdrawn(signed: SignedSupplier) -> None:
    first = await signed.withdraw("w-1", question("UP-71"))
    again = await signed.withdraw("w-1", question("UP-71"))
    after = await signed.query(question("UP-71"))
    assert [first.status, again.status, after.status] == ["revoked"] * 3


async def test_a_top_up_under_way_is_cancelled(signed: SignedSupplier) -> None:
    asked = question("UP-72-pending", kind="top_up")
    assert (await signed.withdraw("w-2", asked)).status == "cancelled"


async def test_a_redeemed_key_cannot_be_withdrawn(signed: SignedSupplier) -> None:
    assert (await signed.withdraw("w-3", question("UP-redeemed"))).status == "redeemed"


async def test_one_request_number_gives_one_key_however_often_it_is_sent(
    program: SupplierProgram, signed: SignedSupplier
) -> None:
    before = program.given_out()
    replies = await asyncio.gather(*(signed.reissue("r-1", question()) for _ in range(20)))
    assert len({reply.key for reply in replies}) == 1
    assert program.given_out() == before + 1


async def test_what_was_done_before_the_line_was_cut_is_found_by_its_number(
    program: SupplierProgram, signed: SignedSupplier
) -> None:
    program.fail(Faults(cut_after=1))
    with pytest.raises(SupplierUnavailable):
        await signed.reissue("r-2", question())
    found = await signed.query_reissue("r-2")
    assert found.status == "delivered"
    assert (await signed.reissue("r-2", question())).key == found.key


async def test_a_number_that_never_arrived_is_not_found(signed: SignedSupplier) -> None:
    assert (await signed.query_reissue("r-never")).status == "not_found"


async def test_a_pending_replacement_has_an_eta_and_arrives(
    program: SupplierProgram, signed: SignedSupplier
) -> None:
    told = StatusBody(status="invalid")
    program.script(ScriptedUnit(order_ref="UP-73", answer=told, pending_queries=1))
    first = await signed.reissue("r-3", question("UP-73"))
    then = await signed.query_reissue("r-3")
    assert first.status == "pending"
    assert first.eta_at is not None
    assert then.status == "delivered"


async def test_a_supplier_may_refuse_a_replacement(
    program: SupplierProgram, signed: SignedSupplier
) -> None:
    told = StatusBody(status="invalid")
    program.script(ScriptedUnit(order_ref="UP-74", answer=told, reissue="refused"))
    assert (await signed.reissue("r-4", question("UP-74"))).status == "refused"


async def test_a_replacement_key_stands_for_itself(signed: SignedSupplier) -> None:
    bad = question("UP-75-invalid")
    key = (await signed.reissue("r-5", bad)).key
    assert key is not None
    after = await signed.query(question("UP-75-invalid", key_tail=key[-4:]))
    assert [(await signed.query(bad)).status, after.status] == ["invalid", "valid"]


async def test_an_upgrade_has_one_number_too(signed: SignedSupplier) -> None:
    first = await signed.upgrade("u-1", question(), "XH-200")
    assert first == msgspec.structs.replace(
        await signed.query_upgrade("u-1"), asked_at=first.asked_at
    )


async def test_a_wrong_secret_is_no_answer(
    program: SupplierProgram, client: httpx.AsyncClient
) -> None:
    wrong = msgspec.structs.replace(program.signed, secret="wrong")
    with pytest.raises(SupplierUnavailable):
        await SignedSupplier(wrong, client, RealClock()).query(question())


async def test_the_program_remembers_its_replacements_after_a_crash(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    before = SupplierProgram(tmp_path / "supplier.db")
    first = await SignedSupplier(before.signed, client, RealClock()).reissue("r", question())
    before.stop()
    after = SupplierProgram(tmp_path / "supplier.db")
    again = await SignedSupplier(after.signed, client, RealClock()).query_reissue("r")
    after.stop()
    assert again.key == first.key


class Liar(BaseHTTPRequestHandler):
    """A server on the way that answers what it is told to, well signed or not."""

    body = b"{}"
    secret = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        asked = self.headers["makegood-signature"]
        self.send_header("makegood-signature", answer_signature(asked, self.body, self.secret))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Quiet."""


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        (b'{"status": "valid"}', "not the secret"),
        (b'{"status": "no idea"}', "secret"),
        (b"<html>", "secret"),
        (b'{"status": "valid", "face_minor": "x"}', "secret"),
        (b'{"status": "valid", "note": "' + b"x" * 100_000 + b'"}', "secret"),
    ],
)
async def test_an_answer_that_is_forged_or_broken_is_no_answer(
    client: httpx.AsyncClient, body: bytes, secret: str
) -> None:
    handler = type("BoundLiar", (Liar,), {"body": body, "secret": secret})
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.handle_request, daemon=True).start()
    connection = SignedConnection(
        base_url=f"http://127.0.0.1:{server.server_port}", account="a", secret="secret"
    )
    with pytest.raises(SupplierUnavailable):
        await SignedSupplier(connection, client, RealClock()).query(question())
    server.server_close()
