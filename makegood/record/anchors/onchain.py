"""What an EVM anchor says and how anyone checks it: payload, proof, and two plain questions."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from makegood.record.anchors.gateway import AnchorUnavailable

MARK: Final = b"MGLOG1"
"""Stands before the hash in the transaction's data, so that the payload says what it is."""

LATEST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, after which no time can be told."""

Hash: TypeAlias = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
"""32 bytes as nodes write them."""

Ask: TypeAlias = Callable[[str, list[Any]], Awaitable[Any]]
"""One JSON-RPC question: method and parameters → the result."""


Fault: TypeAlias = Literal["unreadable", "other_checkpoint", "not_held", "differs", "too_few"]
_WORDS: Final[dict[Fault, str]] = {
    "unreadable": "the proof cannot be read",
    "other_checkpoint": "the transaction anchors another checkpoint",
    "not_held": "the chain does not hold this transaction",
    "differs": "the chain holds another transaction under this hash",
    "too_few": "too few blocks have been built on it",
}


class ChainProofInvalid(Exception):
    """The proof or the chain does not say what it should; `fault` is which."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(_WORDS[fault])
        self.fault = fault


class ChainProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mined transaction: where to look, and what the chain said when it was final."""

    chain_id: int
    tx_hash: Hash
    sender: str
    input: str
    block_number: int
    block_hash: Hash
    block_at: int
    """Unix seconds of the block."""
    confirmations: int
    gas_used: int
    fee_wei: str
    """Decimal text: larger than every JSON reader keeps exactly."""


def payload(body: bytes) -> bytes:
    """The data of the transaction that anchors a checkpoint: 38 bytes."""
    return MARK + sha256(body).digest()


def check_proof(data: bytes, body: bytes) -> ChainProof:
    """A stored proof read and compared with the body; raises ChainProofInvalid.

    That the chain holds the transaction is for `confirm` to ask.
    """
    try:
        proof = msgspec.json.decode(data, type=ChainProof)
    except msgspec.DecodeError:
        raise ChainProofInvalid("unreadable") from None
    if not 0 <= proof.block_at <= LATEST_SECOND:
        raise ChainProofInvalid("unreadable")
    if proof.input != "0x" + payload(body).hex():
        raise ChainProofInvalid("other_checkpoint")
    return proof


async def confirm(ask: Ask, proof: ChainProof, confirmations: int) -> datetime:
    """Ask a node of one's own whether the chain holds exactly this; answers the block's time.

    Three plain questions: `eth_getTransactionByHash`, `eth_getBlockByNumber` (a block that was
    pushed aside is not found under its number any more) and `eth_blockNumber`. Raises
    ChainProofInvalid, and AnchorUnavailable for an answer that says nothing.
    """
    held = await ask("eth_getTransactionByHash", [proof.tx_hash])
    block = await ask("eth_getBlockByNumber", [hex(proof.block_number), False])
    newest = quantity(await ask("eth_blockNumber", []))
    if not isinstance(held, dict) or not isinstance(block, dict):
        raise ChainProofInvalid("not_held")
    said = (held.get("input"), held.get("blockHash"), block.get("hash"), block.get("timestamp"))
    if said != (proof.input, proof.block_hash, proof.block_hash, hex(proof.block_at)):
        raise ChainProofInvalid("differs")
    if newest - proof.block_number + 1 < confirmations:
        raise ChainProofInvalid("too_few")
    return datetime.fromtimestamp(proof.block_at, UTC)


def quantity(text: object) -> int:
    """A number as nodes write it (`0x1b4`); anything else is an answer that says nothing."""
    try:
        return int(str(text), 16)
    except ValueError:
        raise AnchorUnavailable("the node's answer is not a number") from None
