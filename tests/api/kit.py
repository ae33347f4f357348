"""A town with its API, and callers of every role."""

from typing import Any

import httpx
from litestar import Litestar

from makegood.people.keys.actions import create_key
from makegood.people.keys.rules import KeyRole, NewKey
from tests.claims.town import Town

ORIGIN = "http://makegood.test"
COMPLAINT: dict[str, Any] = {
    "order_no": "O-1",
    "reason": "KEY01",
    "description": "兑换时提示卡密无效，今天上午第一次兑换就这样",
    "wants": "refund",
}


class Line:
    """A program that calls the API, with a token or without one."""

    def __init__(self, app: Litestar, token: str = "", language: str = "en") -> None:
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        self.token = token
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
            base_url=f"{ORIGIN}/api/v1",
            headers={"accept-language": language, **bearer},
        )

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Read something."""
        return await self.client.get(path, params=query)

    async def post(
        self, path: str, body: Any = None, key: str = "", **headers: str
    ) -> httpx.Response:
        """Do something, with an Idempotency-Key if given."""
        named = {"idempotency-key": key} if key else {}
        sent = {} if body is None else body
        return await self.client.post(path, json=sent, headers={**named, **headers})

    async def put(self, path: str, body: Any) -> httpx.Response:
        """Tell something."""
        return await self.client.put(path, json=body)


async def key_of(town: Town, role: KeyRole, seller_id: str | None = None) -> str:
    """A new key of the town's market."""
    async with town.db.transaction() as tx:
        act = town.act("operator", "op")
        new = NewKey(role=role, seller_id=seller_id, name=role)
        return (await create_key(tx, act, town.desk.ids, new)).token


async def buyer_token(app: Litestar, order_no: str = "O-1", password: str = "open sesame") -> str:
    """The session of the buyer of an order."""
    line = Line(app)
    answer = await line.post("/proofs", {"order_no": order_no, "claim_code": password})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token
