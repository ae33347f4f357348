"""Anchors on an EVM chain: one signed transaction, remembered before it is sent, then looked up.

Needs the optional packages of `makegood[evm]`; without them the place says so when it is used.
"""

from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec

from makegood.gateways.anchors.rpc import Rpc, RpcError
from makegood.record.anchors import onchain
from makegood.record.anchors.gateway import (
    AnchorRefused,
    AnchorUnavailable,
    Lost,
    Proof,
    Statement,
    Submitted,
    Waiting,
)
from makegood.record.anchors.onchain import quantity
from makegood.record.anchors.rules import Chain

LOOK_AGAIN_SECONDS: Final = 15.0
TIP_WEI: Final = 1_000_000_000
_SENT_ALREADY: Final = ("nonce too low", "already known", "already imported", "known transaction")
_TOO_POOR: Final = ("insufficient funds",)


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A signed transaction as it is kept before it is sent."""

    tx_hash: str
    nonce: int
    raw: str
    sender: str
    chain_id: int


class EvmChain:
    """One account on one chain. The transaction goes to the account itself and moves nothing."""

    def __init__(self, config: Chain, client: httpx.AsyncClient) -> None:
        self._config = config
        self._rpc = Rpc(config.url, client)

    async def prepare(self, statement: Statement) -> bytes:
        """Ask for nonce, fees and gas, and sign; nothing is sent."""
        signing = _signing()
        sender = signing.address_of(self._config.key)
        data = "0x" + onchain.payload(statement.body).hex()
        call = {"from": sender, "to": sender, "data": data}
        chain_id = quantity(await self._rpc.needed("eth_chainId", []))
        nonce = quantity(await self._rpc.needed("eth_getTransactionCount", [sender, "latest"]))
        gas = quantity(await self._rpc.needed("eth_estimateGas", [call]))
        fee = await self._fee()
        signed = signing.sign(
            self._config.key,
            signing.Transaction(
                chain_id=chain_id, nonce=nonce, gas=gas, to=sender, data=data, fee=fee
            ),
        )
        kept = Prepared(
            tx_hash=signed.tx_hash,
            nonce=nonce,
            raw=signed.raw,
            sender=sender,
            chain_id=chain_id,
        )
        return msgspec.json.encode(kept)

    async def submit(self, statement: Statement, prepared: bytes) -> Submitted:
        """Look first; send only what the chain does not know; final after enough blocks."""
        kept = msgspec.json.decode(prepared, type=Prepared)
        receipt = await self._rpc.needed("eth_getTransactionReceipt", [kept.tx_hash])
        if receipt is None:
            return await self._send(kept)
        block = await self._rpc.needed("eth_getBlockByNumber", [receipt["blockNumber"], False])
        newest = quantity(await self._rpc.needed("eth_blockNumber", []))
        proof = _proof(kept, statement, receipt, block, newest)
        detail = _shown(kept, proof)
        if block is None or proof.block_hash != block["hash"]:
            return Waiting(seconds=LOOK_AGAIN_SECONDS, detail=detail)
        if proof.confirmations < self._config.confirmations:
            return Waiting(seconds=LOOK_AGAIN_SECONDS, detail=detail)
        data = msgspec.json.encode(proof)
        return Proof(data=data, at=datetime.fromtimestamp(proof.block_at, UTC), detail=detail)

    def verify(self, statement: Statement, prepared: bytes, data: bytes) -> Proof:
        """Check what was kept; whether the chain still holds it is for `onchain.confirm`."""
        kept = msgspec.json.decode(prepared, type=Prepared)
        try:
            proof = onchain.check_proof(data, statement.body)
        except onchain.ChainProofInvalid as wrong:
            raise AnchorRefused(str(wrong)) from None
        if proof.tx_hash != kept.tx_hash:
            raise AnchorRefused("the proof is about another transaction than the one sent")
        at = datetime.fromtimestamp(proof.block_at, UTC)
        return Proof(data=data, at=at, detail=_shown(kept, proof))

    async def _send(self, kept: Prepared) -> Submitted:
        """Send, or send again. What the node has already is waited for; a lost nonce is lost."""
        detail: dict[str, str | int] = {"tx": kept.tx_hash, "nonce": kept.nonce}
        try:
            await self._rpc.ask("eth_sendRawTransaction", [kept.raw])
        except RpcError as said:
            words = str(said).lower()
            if any(word in words for word in _TOO_POOR):
                raise AnchorUnavailable("the account cannot pay the fee") from None
            if not any(word in words for word in _SENT_ALREADY):
                raise AnchorUnavailable(f"the node said: {str(said)[:120]}") from None
            if await self._was_overtaken(kept):
                return Lost(why=f"nonce {kept.nonce} was used by another transaction")
        return Waiting(seconds=LOOK_AGAIN_SECONDS, detail=detail)

    async def _was_overtaken(self, kept: Prepared) -> bool:
        """Whether the nonce is spent while the chain does not know our transaction at all."""
        used = quantity(await self._rpc.needed("eth_getTransactionCount", [kept.sender, "latest"]))
        known = await self._rpc.needed("eth_getTransactionByHash", [kept.tx_hash])
        return used > kept.nonce and known is None

    async def _fee(self) -> "Fee":
        """Twice the base fee and a small tip where the chain has one, else the node's price."""
        block = await self._rpc.needed("eth_getBlockByNumber", ["latest", False])
        base = block.get("baseFeePerGas") if isinstance(block, dict) else None
        if base is None:
            return Fee(price_wei=quantity(await self._rpc.needed("eth_gasPrice", [])), tip_wei=None)
        return Fee(price_wei=2 * quantity(base) + TIP_WEI, tip_wei=TIP_WEI)


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a unit of gas may cost; `tip_wei` None where the chain has no base fee."""

    price_wei: int
    tip_wei: int | None


def _proof(
    kept: Prepared, statement: Statement, receipt: Any, block: Any, newest: int
) -> onchain.ChainProof:
    height = quantity(receipt["blockNumber"])
    used = quantity(receipt["gasUsed"])
    price = quantity(receipt.get("effectiveGasPrice") or "0x0")
    return onchain.ChainProof(
        chain_id=kept.chain_id,
        tx_hash=kept.tx_hash,
        sender=kept.sender,
        input="0x" + onchain.payload(statement.body).hex(),
        block_number=height,
        block_hash=receipt["blockHash"],
        block_at=quantity(block["timestamp"]) if block else 0,
        confirmations=max(newest - height + 1, 0),
        gas_used=used,
        fee_wei=str(used * price),
    )


def _shown(kept: Prepared, proof: onchain.ChainProof) -> dict[str, str | int]:
    return {
        "tx": kept.tx_hash,
        "nonce": kept.nonce,
        "chain": kept.chain_id,
        "block": proof.block_number,
        "confirmations": proof.confirmations,
        "gas": proof.gas_used,
        "fee_wei": proof.fee_wei,
    }


def _signing() -> Any:
    try:
        from makegood.gateways.anchors import evm_signing
    except ImportError as missing:
        raise AnchorRefused(
            f"this install cannot sign for a chain ({missing.name} is missing): "
            "pip install 'makegood[evm]'"
        ) from None
    return evm_signing
