"""Cosignatures of witnesses: post a checkpoint with a consistency proof, keep what they sign."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

import httpx

from makegood.gateways.anchors.http import Answer, post
from makegood.record.anchors.gateway import (
    AnchorContradicted,
    AnchorRefused,
    AnchorUnavailable,
    Lost,
    Proof,
    Statement,
    Submitted,
)
from makegood.record.anchors.rules import Witness
from makegood.record.log.note import (
    COSIGNATURE_V1,
    Note,
    Signature,
    fits,
    parse_signature_lines,
    parse_verifier,
)
from makegood.record.log.strict import Malformed, decode_number, encode_base64

SIZE_TYPE: Final = "text/x.tlog.size"

Prove: TypeAlias = Callable[[int, int], Awaitable[list[bytes]]]
"""(old size, new size) → the consistency path of our log."""


class WitnessClient:
    """One witness of one log. `seen` is the size that it signed last, as far as we know."""

    def __init__(
        self, config: Witness, client: httpx.AsyncClient, prove: Prove, seen: int = 0
    ) -> None:
        self._verifier = parse_verifier(config.vkey)
        if self._verifier.kind != COSIGNATURE_V1:
            raise Malformed("key")
        self._url = config.url.rstrip("/") + "/add-checkpoint"
        self._client = client
        self._prove = prove
        self._seen = seen

    async def prepare(self, statement: Statement) -> bytes:
        """Nothing: a witness takes the same checkpoint as often as it is sent."""
        return b""

    async def submit(self, statement: Statement, prepared: bytes) -> Submitted:
        """Post it; when the witness knows another size than we thought, once more from there."""
        answer = await self._post(statement, self._seen)
        if answer.status == 409 and answer.kind == SIZE_TYPE:
            known = _size(answer)
            if known > statement.size:
                return Lost(why=f"the witness has seen size {known} already", seen=known)
            answer = await self._post(statement, known)
        match answer.status:
            case 200:
                return self.verify(statement, prepared, answer.body)
            case 409 | 422:
                raise AnchorContradicted(
                    f"the witness says that this log does not contain what it signed before "
                    f"({answer.status})"
                )
            case 404:
                raise AnchorRefused("the witness does not know this log's origin")
            case 403:
                raise AnchorRefused("the witness does not know this log's key")
        raise AnchorUnavailable(f"answered {answer.status}")

    def verify(self, statement: Statement, prepared: bytes, data: bytes) -> Proof:
        """The line of this witness among those it answered, checked against its key."""
        signature = self._own(data)
        if not fits(statement.body, self._verifier, signature):
            raise AnchorRefused("the witness's signature does not fit this checkpoint")
        line = bytes(Note(b"", (signature,)))[1:]
        at = datetime.fromtimestamp(signature.time, UTC)
        return Proof(data=line, at=at, detail={"witness": self._verifier.name})

    def _own(self, data: bytes) -> Signature:
        try:
            lines = parse_signature_lines(data)
        except Malformed:
            raise AnchorRefused("the witness's answer cannot be read") from None
        name, key_id = self._verifier.name, self._verifier.key_id
        for line in lines:
            if (line.name, line.key_id) == (name, key_id):
                return line
        raise AnchorRefused("the witness signed with another key than the one configured")

    async def _post(self, statement: Statement, old: int) -> Answer:
        path = await self._prove(old, statement.size) if old else []
        lines = [f"old {old}", *(encode_base64(one) for one in path), ""]
        head = "".join(f"{line}\n" for line in lines).encode()
        return await post(self._client, self._url, head + statement.checkpoint, {})


def _size(answer: Answer) -> int:
    try:
        return decode_number(answer.body.decode("ascii", "replace").removesuffix("\n"))
    except Malformed:
        raise AnchorUnavailable("the witness's answer cannot be read") from None
