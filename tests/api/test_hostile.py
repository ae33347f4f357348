"""What is thrown at the API: every answer is clear, nothing leaks, nothing breaks."""

import random
import statistics
import time
from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from makegood.people.keys.rules import KeyRole
from makegood.web.api.table import OPERATIONS
from tests.api.kit import COMPLAINT, Line, buyer_token, key_of
from tests.api.test_roles import SENT
from tests.claims.town import Town

MEGABYTE = b"x" * 1_000_000
INJECTIONS = (
    "'; drop table claim; --",
    '" or 1=1 --',
    "{{ 7 * 7 }}${7*7}<%= 7*7 %>",
    "{% raw %}{{ config }}{% endraw %}",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "%s%s%n{0}{detail}",
    "\u202e",
)


async def bodies(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield MEGABYTE


@pytest.mark.parametrize("name", ["putOrder", "openClaim", "addStock", "decideClaim"])
async def test_a_hundred_megabytes_are_refused(app: Litestar, town: Town, name: str) -> None:
    """Announced or not, the body is refused before it is kept."""
    operation = next(one for one in OPERATIONS if one.name == name)
    role: KeyRole = "agent" if name == "decideClaim" else "market"
    client = Line(app, await key_of(town, role)).client
    path = operation.path.replace("{order_no}", "O-1").replace("{claim_no}", "AS-261121-00000X")
    headers = {"content-type": "application/json", "if-match": '"1"'}
    streamed = await client.request(operation.method, path, content=bodies(130), headers=headers)
    announced = {**headers, "content-length": "104857600000"}
    told = await client.request(operation.method, path, content=b"{}", headers=announced)
    assert (streamed.status_code, told.status_code) == (413, 413)


async def test_evidence_larger_than_any_file_is_refused(buyer: Line, app: Litestar) -> None:
    claim_no = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    head = (
        b'--x\r\nContent-Disposition: form-data; name="slot"\r\n\r\nerror_screen\r\n--x\r\n'
        b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    )

    async def form() -> AsyncIterator[bytes]:
        yield head
        async for piece in bodies(130):
            yield piece

    answer = await buyer.client.post(
        f"/claims/{claim_no}/evidence",
        content=form(),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 413
    assert (await buyer.get(f"/claims/{claim_no}")).json()["evidence"] == []


async def test_random_bytes_are_malformed_or_wrong_and_never_our_fault(
    app: Litestar, town: Town
) -> None:
    line = Line(app, await key_of(town, "market"))
    draw = random.Random(7)
    for operation in OPERATIONS:
        if operation.reads == "nothing":
            continue
        for size in (0, 1, 20, 300):
            answer = await line.client.request(
                operation.method,
                operation.path.replace("{order_no}", "O-1").replace("{claim_no}", "AS-1"),
                content=draw.randbytes(size),
                headers={"content-type": SENT[operation.reads]},
            )
            assert answer.status_code in (200, 400, 404, 422), f"{operation.name} {answer.text}"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"order_no": "O-1", "reason": "KEY01", "wants": "refund", "description": "a\\u0000b"}',
        b'{"order_no": "O-1\\u0000", "reason": "KEY01", "wants": "refund", "description": "ab"}',
    ],
)
async def test_text_with_nul_is_refused(market: Line, raw: bytes) -> None:
    answer = await market.client.post(
        "/claims", content=raw, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "input")


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'"\\ud800"', b"\xff\xfe", b"{", b"1e999999"])
async def test_what_is_no_json_of_ours_is_refused(market: Line, raw: bytes) -> None:
    answer = await market.client.post(
        "/claims", content=raw, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)


async def test_another_media_type_is_refused(market: Line) -> None:
    answer = await market.client.post("/claims", content=b"a=b", headers={"content-type": "x/y"})
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_type")


@pytest.mark.parametrize("text", INJECTIONS)
async def test_text_stays_text(app: Litestar, town: Town, text: str) -> None:
    """Found by its own words, shown as it was written, run by nobody."""
    buyer = Line(app, await buyer_token(app))
    agent = Line(app, await key_of(town, "agent"))
    said = {**COMPLAINT, "description": f"卡密无效 {text}"}
    claim_no = (await buyer.post("/claims", said)).json()["claim_no"]
    read = (await agent.get(f"/claims/{claim_no}")).json()
    assert "49" not in read["description"].replace(text, "")
    assert (await agent.get("/claims", q=text)).status_code == 200
    for path in (f"/claims/{text}", f"/orders/{text}", f"/files/{text}", f"/policies/{text}"):
        assert (await agent.client.get(path)).status_code in (200, 404)
    async with town.db.connection() as conn:
        assert await conn.fetchval("select count(*) from claim") == 1


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=1&limit=2", "cursor=%00", "cursor=abc", "state=x", "unknown=1",
     "q=%ff"],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_refused(agent: Line, query: str) -> None:
    answer = await agent.client.get(f"/claims?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "input"), answer.text


async def test_a_cursor_far_outside_every_list_is_no_fault_of_ours(agent: Line) -> None:
    beyond = "Wzk5OTk5OTk5OTk5OSwiMjAyNi0wMS0wMVQwMDowMDowMFoiLCJhIl0"
    answer = await agent.get("/claims", cursor=beyond)
    assert answer.status_code in (200, 422), answer.text


async def test_methods_that_are_not_there_name_those_that_are(agent: Line) -> None:
    answer = await agent.client.request("DELETE", "/claims")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert (await agent.client.request("TRACE", "/claims")).status_code == 405


async def test_a_decision_on_an_older_version_is_refused(agent: Line, buyer: Line) -> None:
    claim_no = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    ruling = {"finding": "key_invalid", "remedy": "refund_full"}
    path = f"/claims/{claim_no}/decision"
    stale = await agent.post(path, ruling, **{"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await agent.post(path, ruling)).json()["fields"][0]["name"] == "If-Match"
    assert (await agent.post(path, ruling, **{"if-match": "x"})).status_code == 422


async def test_a_link_opens_its_order_once(app: Litestar, town: Town, market: Line) -> None:
    link = (await market.post("/orders/O-1/links", {})).json()
    assert link["url"].startswith("http://127.0.0.1/l/o/")
    assert (await market.post("/orders/none/links", {})).status_code == 404


async def test_proof_says_the_same_for_every_order(app: Litestar) -> None:
    line = Line(app)
    answers = [
        await line.post("/proofs", {"order_no": number, "contact": contact})
        for number, contact in (("O-1", "b1@example.com"), ("O-1", "x@y.example"), ("none", "x"))
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert {tuple(answer.json()) for answer in answers} == {("proof_id", "tag")}
    refused = [
        await line.post("/proofs", {"order_no": number, "claim_code": "wrong"})
        for number in ("O-1", "none")
    ]
    assert {answer.json()["code"] for answer in refused} == {"proof_failed"}
    assert len({answer.content for answer in refused}) == 1
    unknown = await line.post("/proofs/nothing", {"code": "123456"})
    assert unknown.json()["code"] == "proof_failed"


async def test_time_does_not_tell_an_unknown_order_from_a_foreign_one(
    app: Litestar, town: Town
) -> None:
    """The quick tenths of many calls, one after the other: less than a third apart.

    What a busy machine adds is in the slow ones. Ten attempts, since it may disturb one; what
    tells does so every time.
    """
    await town.order("O-2")
    line = Line(app, await buyer_token(app))
    apart = [await _apart(line)]
    while apart[-1] >= 1.33 and len(apart) < 10:
        apart.append(await _apart(line))
    assert apart[-1] < 1.33


async def _apart(line: Line) -> float:
    seconds: dict[str, list[float]] = {"O-2": [], "nothing": []}
    for _ in range(60):
        for number, found in seconds.items():
            began = time.perf_counter()
            answer = await line.post("/claims", {**COMPLAINT, "order_no": number})
            found.append(time.perf_counter() - began)
            assert answer.status_code == 404
    foreign, unknown = (statistics.quantiles(found, n=10)[0] for found in seconds.values())
    return max(foreign, unknown) / min(foreign, unknown)


async def test_an_order_is_read_without_its_secrets(market: Line, buyer: Line) -> None:
    for line in (market, buyer):
        text = (await line.get("/orders/O-1")).text
        assert "open sesame" not in text
        assert "@" not in text
        assert '"keys":["' not in text
