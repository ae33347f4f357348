"""What an EVM anchor says and how anyone checks it: payload, proof, and two plain questions."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, TypeAlias

import msgspec

MARK: Final = b"MGLOG1"
"""Stands before the hash in the transaction's data, so that the payload says what it is."""

Ask: TypeAlias = Callable[[str, list[Any]], Awaitable[Any]]
"""One JSON-RPC question: method and parameters → the result."""


class ChainProofInvalid(Exception):
    """The proof or the chain does not say what it should."""


class ChainProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mined transaction: where to look, and what the chain said when it was final."""

    chain_id: int
    tx_hash: str
    sender: str
    input: str
    block_number: int
    block_hash: str
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
        raise ChainProofInvalid("the proof cannot be read") from None
    if proof.input != "0x" + payload(body).hex():
        raise ChainProofInvalid("the transaction anchors another checkpoint")
    return proof


async def confirm(ask: Ask, proof: ChainProof, confirmations: int) -> datetime:
    """Ask a node of one's own whether the chain holds exactly this; answers the block's time.

    Three plain questions: `eth_getTransactionByHash`, `eth_getBlockByNumber` (a block that was
    pushed aside is not found under its number any more) and `eth_blockNumber`. Raises
    ChainProofInvalid.
    """
    held = await ask("eth_getTransactionByHash", [proof.tx_hash])
    block = await ask("eth_getBlockByNumber", [hex(proof.block_number), False])
    newest = int(str(await ask("eth_blockNumber", [])), 16)
    if not isinstance(held, dict) or not isinstance(block, dict):
        raise ChainProofInvalid("the chain does not hold this transaction")
    said = (held.get("input"), held.get("blockHash"), block.get("hash"), block.get("timestamp"))
    if said != (proof.input, proof.block_hash, proof.block_hash, hex(proof.block_at)):
        raise ChainProofInvalid("the chain holds another transaction under this hash")
    if newest - proof.block_number + 1 < confirmations:
        raise ChainProofInvalid("too few blocks have been built on it")
    return datetime.fromtimestamp(proof.block_at, UTC)
