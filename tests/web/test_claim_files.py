"""Only parties file and read evidence, each what is for them; an item stands in the claim."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from litestar import Litestar, post
from litestar.params import FromPath

from makegood.base.actor import Actor, Role
from makegood.base.refusal import Refused
from makegood.claims.recording import record_draft
from makegood.people.caller import Caller, nobody
from makegood.people.roles import load_matrix
from makegood.web.claim_files import ClaimFiles, draft_no
from makegood.web.file_routes import file_routes
from makegood.web.files import Filed, Files
from makegood.web.form_stream import AnyRequest
from makegood.web.problem import PageFault
from tests.claims.evidence_kit import picture, room
from tests.claims.town import Town
from tests.web.test_files import fault, refused

CALLERS: dict[str, tuple[Role, str, tuple[str, ...]]] = {
    "buyer": ("buyer", "b-1", ("O-1",)),
    "other buyer": ("buyer", "b-2", ("O-2",)),
    "seller": ("seller", "s-1", ()),
    "other seller": ("seller", "s-2", ()),
    "agent": ("agent", "xu", ()),
    "auditor": ("auditor", "au-1", ()),
    "supplier": ("supplier", "u-1", ()),
    "market": ("market", "key-1", ()),
}
STRANGERS = ("other buyer", "other seller", "supplier", "nobody")


async def caller_of(request: AnyRequest, now: datetime) -> Caller:
    if request.headers.get("who", "nobody") == "nobody":
        return nobody("main")
    role, id_, order_nos = CALLERS[request.headers["who"]]
    return Caller(
        market_id="main", actor=Actor(role, id_), via="buyer_session", order_nos=order_nos
    )


@pytest.fixture
async def town(town: Town) -> Town:
    """A town with one delivered order, `O-1`."""
    await town.order()
    return town


@pytest.fixture
async def web(town: Town, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    access = ClaimFiles(town.db, town.desk, load_matrix(), town.clock, "main", caller_of)
    files = Files(access, room(town.db, tmp_path), town.desk.ids)

    @post("/claims/{claim_no:str}/evidence")
    async def add_evidence(request: AnyRequest, claim_no: FromPath[str]) -> Filed:
        return await files.file_form(request, claim_no)

    app = Litestar(
        [*file_routes(lambda _: files), add_evidence],
        exception_handlers={Refused: refused, PageFault: fault},
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://makegood.test") as client:
        yield client


async def filed(
    web: httpx.AsyncClient, claim_no: str, who: str, slot: str = "error_screen", size: int = 50
) -> httpx.Response:
    return await web.post(
        f"/claims/{claim_no}/evidence",
        data={"slot": slot},
        files={"file": ("a.png", picture(size=(size, size)))},
        headers={"who": who},
    )


async def seen_by(web: httpx.AsyncClient, answer: httpx.Response) -> set[str]:
    number = answer.json()["evidence"]["evidence_id"]
    found = set()
    for who in (*CALLERS, "nobody"):
        read = await web.get(f"/files/{number}", headers={"who": who})
        assert read.status_code in (200, 404)
        found |= {who} if read.status_code == 200 else set()
    return found


async def test_a_filed_item_stands_in_the_claim_s_history(
    town: Town, web: httpx.AsyncClient
) -> None:
    claim_no = (await town.open()).claim_no
    answer = await filed(web, claim_no, "buyer")
    view = await town.view(claim_no, town.seller)
    assert answer.status_code == 201
    assert [item.sha256 for item in view.evidence] == [answer.json()["evidence"]["sha256"]]
    assert [step.what for step in view.steps].count("evidence_added") == 1


async def test_the_answer_says_what_the_party_still_owes(
    town: Town, web: httpx.AsyncClient
) -> None:
    claim_no = (await town.open("KEY01")).claim_no
    missing = (await filed(web, claim_no, "buyer", "order_screen")).json()["missing"]
    assert "error_screen" in missing
    assert "error_screen" not in (await filed(web, claim_no, "buyer")).json()["missing"]


@pytest.mark.parametrize("who", STRANGERS)
async def test_a_stranger_files_nothing_and_cannot_tell_the_claim_from_none(
    town: Town, web: httpx.AsyncClient, who: str
) -> None:
    claim_no = (await town.open()).claim_no
    there, nowhere = await filed(web, claim_no, who), await filed(web, "AS-000000-000000", who)
    assert there.status_code == nowhere.status_code == 404
    assert there.content == nowhere.content
    assert (await town.view(claim_no)).evidence == []


async def test_both_parties_see_an_ordinary_item(town: Town, web: httpx.AsyncClient) -> None:
    claim_no = (await town.open()).claim_no
    readers = await seen_by(web, await filed(web, claim_no, "buyer"))
    assert readers == {"buyer", "seller", "agent", "auditor", "market"}


async def test_a_bank_line_is_not_for_the_seller(town: Town, web: httpx.AsyncClient) -> None:
    claim_no = (await town.open()).claim_no
    readers = await seen_by(web, await filed(web, claim_no, "buyer", "bank_line"))
    assert readers == {"buyer", "agent", "auditor", "market"}
    assert (await town.view(claim_no, town.seller)).evidence == []


async def test_a_supplier_s_invoice_is_not_for_the_buyer(
    town: Town, web: httpx.AsyncClient
) -> None:
    claim_no = (await town.open()).claim_no
    readers = await seen_by(web, await filed(web, claim_no, "seller", "purchase_invoice"))
    assert readers == {"seller", "agent", "auditor", "market"}


async def test_an_unknown_slot_is_a_fault_of_the_form(town: Town, web: httpx.AsyncClient) -> None:
    claim_no = (await town.open()).claim_no
    assert (await filed(web, claim_no, "buyer", "no_such_slot")).status_code == 422


async def test_words_are_filed_as_a_text(town: Town, web: httpx.AsyncClient) -> None:
    claim_no = (await town.open()).claim_no
    answer = await web.post(
        f"/claims/{claim_no}/evidence",
        files={"slot": (None, "device_info"), "text": (None, "小米 14，HyperOS 1.0.9")},
        headers={"who": "buyer"},
    )
    assert answer.status_code == 201
    number = answer.json()["evidence"]["evidence_id"]
    read = await web.get(f"/files/{number}", headers={"who": "seller"})
    assert read.text == "小米 14，HyperOS 1.0.9"
    assert read.headers["content-type"] == "text/plain; charset=utf-8"
    assert read.headers["content-disposition"].startswith("attachment")


async def test_evidence_of_a_draft_goes_over_to_the_claim(
    town: Town, web: httpx.AsyncClient
) -> None:
    answer = await filed(web, draft_no("O-1"), "buyer")
    assert answer.status_code == 201
    assert await seen_by(web, answer) == {"buyer"}
    claim_no = (await town.open()).claim_no
    async with town.db.transaction() as tx:
        await record_draft(tx, town.buyer, town.desk, draft_no("O-1"), claim_no)
    assert len((await town.view(claim_no, town.seller)).evidence) == 1
    assert await seen_by(web, answer) == {"buyer", "seller", "agent", "auditor", "market"}


@pytest.mark.parametrize("who", [*STRANGERS, "seller", "agent"])
async def test_nobody_else_files_for_a_buyer_s_draft(web: httpx.AsyncClient, who: str) -> None:
    assert (await filed(web, draft_no("O-1"), who)).status_code == 404
