"""Timestamps by RFC 3161 over HTTP."""

import base64

import httpx
import msgspec

from makegood.gateways.anchors.http import post
from makegood.record.anchors.gateway import AnchorRefused, AnchorUnavailable, Proof, Statement
from makegood.record.anchors.rules import Timestamper
from makegood.record.anchors.timestamp import Asked, TimestampInvalid, ask, verify_timestamp

REQUEST_TYPE = "application/timestamp-query"
ANSWER_TYPE = "application/timestamp-reply"


class TimestampAuthority:
    """One authority. The response is kept raw; the checkpoint's text is what it stamps."""

    def __init__(self, config: Timestamper, client: httpx.AsyncClient) -> None:
        self._config = config
        self._client = client

    async def prepare(self, statement: Statement) -> bytes:
        """The request with its nonce; a second attempt asks the very same."""
        asked = ask(statement.body)
        return msgspec.json.encode({"request": asked.request, "nonce": str(asked.nonce)})

    async def submit(self, statement: Statement, prepared: bytes) -> Proof:
        """One question, one answer; final at once."""
        headers = {"content-type": REQUEST_TYPE, "accept": ANSWER_TYPE}
        asked = _asked(prepared)
        answer = await post(self._client, self._config.url, asked.request, headers)
        if answer.status != 200 or answer.kind != ANSWER_TYPE:
            raise AnchorUnavailable(f"answered {answer.status} {answer.kind}".strip())
        return self.verify(statement, prepared, answer.body)

    def verify(self, statement: Statement, prepared: bytes, data: bytes) -> Proof:
        """Check a raw response against the request's nonce and the configured root."""
        config, nonce = self._config, _asked(prepared).nonce
        try:
            stamp = verify_timestamp(
                data, statement.body, config.root_pem, config.intermediates_pem, nonce=nonce
            )
        except TimestampInvalid as wrong:
            raise AnchorRefused(str(wrong)) from None
        return Proof(
            data=data, at=stamp.at, detail={"serial": str(stamp.serial), "policy": stamp.policy}
        )


class _Kept(msgspec.Struct, frozen=True):
    request: str
    nonce: str


def _asked(prepared: bytes) -> Asked:
    kept = msgspec.json.decode(prepared, type=_Kept)
    return Asked(base64.b64decode(kept.request), int(kept.nonce))
