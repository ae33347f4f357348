"""Who may call what: every operation with every role, another market's key, a stranger, nobody."""

from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from litestar import Litestar

from makegood.base.actor import Act, Actor
from makegood.people.approvals.solo import declare_solo
from makegood.people.caller import Caller
from makegood.people.keys.actions import create_key
from makegood.people.keys.rules import KeyRole, NewKey
from makegood.people.markets.actions import create_market
from makegood.people.markets.store import load_market
from makegood.people.proofs.sessions import BuyerToken, seal_token
from makegood.people.roles import load_matrix
from makegood.web.api.hooks import HOOKS
from makegood.web.api.operation import Operation
from makegood.web.api.table import OPERATIONS
from tests.api.kit import COMPLAINT, ORIGIN, Line, key_of
from tests.claims.town import SETTINGS, Town

MATRIX = load_matrix()
KEY_ROLES: tuple[KeyRole, ...] = ("market", "seller", "agent", "operator", "auditor")
SENT: Mapping[str, str] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "multipart": "multipart/form-data; boundary=x",
    "form": "application/x-www-form-urlencoded",
    "nothing": "text/plain",
}


def buyer_session(town: Town, *order_nos: str, fresh: bool = True) -> str:
    """A buyer's session for these orders."""
    now = town.clock.now()
    proven_at = now if fresh else now - timedelta(hours=1)
    token = BuyerToken(
        session_id="s-1",
        buyer_id="b-1",
        order_nos=order_nos,
        fresh_until=proven_at + timedelta(minutes=30),
        expires_at=proven_at + timedelta(hours=2),
    )
    return seal_token(town.vault, "main", token)


async def knock(app: Litestar, operation: Operation, token: str, claim_no: str) -> httpx.Response:
    """Call an operation with a body that says nothing: the right is asked before the body."""
    path = operation.path.replace("{claim_no}", claim_no).replace("{order_no}", "O-1")
    for name in ("number", "task_id", "proof_id", "evidence_id", "code", "sku"):
        path = path.replace(f"{{{name}}}", "1")
    client = Line(app, token).client
    return await client.request(
        operation.method,
        path,
        content=b"" if operation.reads == "nothing" else b"{",
        headers={"content-type": SENT[operation.reads], **dict.fromkeys(operation.headers, "x")},
    )


async def opened(app: Litestar, town: Town) -> str:
    """A claim about `O-1`."""
    answer = await Line(app, buyer_session(town, "O-1")).post("/claims", COMPLAINT)
    claim_no: str = answer.json()["claim_no"]
    return claim_no


@pytest.mark.parametrize("role", KEY_ROLES)
async def test_a_key_reaches_what_the_matrix_gives_its_role(
    app: Litestar, town: Town, role: KeyRole
) -> None:
    await assert_reached(app, town, role)


async def test_the_key_of_a_shop_of_one_person_reaches_what_every_operators_key_does(
    app: Litestar, town: Town
) -> None:
    act = Act("main", Actor("operator", "op"), town.clock.now())
    async with town.db.transaction() as tx:
        market = await load_market(tx, "main")
        assert market is not None
        await declare_solo(tx, act, town.desk.ids, market, "罗律师", "luo@law.example")
    town.desk.markets.forget("main")

    await assert_reached(app, town, "operator")


async def assert_reached(app: Litestar, town: Town, role: KeyRole) -> None:
    """A key of this role finds every operation of its column, and no other."""
    claim_no = await opened(app, town)
    token = await key_of(town, role, "s-1" if role == "seller" else None)
    caller = Caller(market_id="main", actor=Actor(role, "x"), via="api_key")
    for operation in OPERATIONS:
        answer = await knock(app, operation, token, claim_no)
        allowed = MATRIX.may(caller, operation.action)
        assert (answer.status_code == 404) != allowed or has_nothing(operation), (
            f"{role} {operation.name}: {answer.status_code} {answer.text[:200]}"
        )
        assert answer.status_code != 401


def has_nothing(operation: Operation) -> bool:
    """Operations that find nothing under the numbers of this walk, whoever asks."""
    return operation.name in ("readFile", "readThumb", "readLetter", "readReceipt")


async def test_nobody_is_asked_who_he_is(app: Litestar, town: Town) -> None:
    claim_no = await opened(app, town)
    for operation in OPERATIONS:
        answer = await knock(app, operation, "", claim_no)
        public = MATRIX.grants[operation.action]["nobody"] == "yes"
        assert (answer.status_code == 401) != public, f"{operation.name}: {answer.text[:200]}"


@pytest.mark.parametrize(
    "token",
    ["mg_other_c2VjcmV0", "mg_main_bm90IG91cnM", "nonsense", "main.c2VjcmV0", "mg_", "\xff"],
    ids=["another market", "unknown", "nonsense", "no session", "half a key", "not ascii"],
)
async def test_a_token_that_is_not_ours_opens_nothing(
    app: Litestar, town: Town, token: str
) -> None:
    headers = {b"authorization": b"Bearer " + token.encode("latin-1")}
    client = Line(app).client
    for operation in OPERATIONS[:12]:
        path = operation.path.replace("{", "").replace("}", "")
        answer = await client.request(operation.method, path, headers=headers)
        assert answer.status_code == 401, f"{operation.name}: {answer.text[:200]}"


async def test_a_key_of_another_market_opens_nothing_here(app: Litestar, town: Town) -> None:
    act = Act("other", Actor("operator", "op"), town.clock.now())
    async with town.db.transaction() as tx:
        await create_market(tx, act, SETTINGS)
        key = await create_key(tx, act, town.desk.ids, NewKey(role="market", name="o"))
    claim_no = await opened(app, town)
    line = Line(app, key.token)
    assert (await line.get("/orders/O-1")).status_code == 401
    assert (await line.get(f"/claims/{claim_no}")).status_code == 401


async def test_another_buyers_session_finds_neither_order_nor_claim(
    app: Litestar, town: Town
) -> None:
    claim_no = await opened(app, town)
    other = Line(app, buyer_session(town, "O-2"))
    assert (await other.get("/orders/O-1")).json()["code"] == "not_found"
    assert (await other.get("/claims")).json()["items"] == []
    for operation in OPERATIONS:
        if "{claim_no}" in operation.path and operation.reads != "multipart":
            path = operation.path.replace("{claim_no}", claim_no).replace("{number}", "1")
            answer = await other.client.request(
                operation.method, path.replace("{task_id}", "1"), json=operation.example
            )
            assert answer.status_code == 404, f"{operation.name}: {answer.text[:200]}"
    filed = await other.client.post(
        f"/claims/{claim_no}/evidence",
        data={"slot": "error_screen"},
        files={"file": ("a.txt", b"hello")},
    )
    assert filed.status_code == 404


async def test_another_seller_finds_no_claim(app: Litestar, town: Town) -> None:
    claim_no = await opened(app, town)
    await town.order("O-9", seller={"id": "s-9", "name": "九号店"})
    other = Line(app, await key_of(town, "seller", "s-9"))
    assert (await other.get(f"/claims/{claim_no}")).status_code == 404
    assert (await other.get("/orders/O-1")).status_code == 404
    answered = await other.post(f"/claims/{claim_no}/answer", {"kind": "accept"})
    assert answered.status_code == 404
    assert (await other.get("/claims", seller="s-1")).json()["items"] == []


async def test_rights_are_given_up_only_after_fresh_proof(app: Litestar, town: Town) -> None:
    claim_no = await opened(app, town)
    stale = Line(app, buyer_session(town, "O-1", fresh=False))
    refused = await stale.post(f"/claims/{claim_no}/withdrawal", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "fresh_proof_needed")
    fresh = Line(app, buyer_session(town, "O-1"))
    done = await fresh.post(f"/claims/{claim_no}/withdrawal", {"text": "已经可以用了"})
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")


async def test_a_seller_can_do_nothing_as_the_buyer(seller: Line, buyer: Line) -> None:
    claim_no = (await buyer.post("/claims", COMPLAINT)).json()["claim_no"]
    for step, body in (("withdrawal", {}), ("rating", {"score": 5}), ("remedy", {"remedy": "x"})):
        assert (await seller.post(f"/claims/{claim_no}/{step}", body)).status_code == 404
    assert (await seller.post("/claims", COMPLAINT)).status_code == 404


def test_every_hook_has_a_row_of_the_matrix() -> None:
    assert {hook.action for hook in HOOKS} <= set(MATRIX.actions)


async def test_an_unsigned_notification_moves_nothing(app: Litestar, town: Town) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN)  # type: ignore[arg-type]
    refused = await client.get("/hooks/payments/epay", params={"trade_no": "T-1"})
    assert (refused.status_code, refused.text) == (400, "refused")
    unknown = await client.post("/hooks/payments/nobody", data={"a": "b"})
    assert unknown.status_code == 404
