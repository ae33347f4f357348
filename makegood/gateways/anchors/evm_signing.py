"""Signing an EVM transaction: RLP, Keccak-256 and a recoverable secp256k1 signature.

EIP-1559 transactions where the chain has a base fee, else EIP-155. Addresses are lower case.
"""

from typing import TypeAlias

import msgspec
from coincurve import PrivateKey
from Crypto.Hash import keccak

from makegood.gateways.anchors.evm import Fee

Item: TypeAlias = "bytes | int | list[Item]"


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that moves no money. `to` and `data` are hex with 0x."""

    chain_id: int
    nonce: int
    gas: int
    to: str
    data: str
    fee: Fee


class Signed(msgspec.Struct, frozen=True):
    """What is sent, and the hash under which the chain will know it; both hex with 0x."""

    raw: str
    tx_hash: str


def address_of(key: str) -> str:
    """The address that a private key (32 bytes in hex) pays from."""
    public = _private(key).public_key.format(compressed=False)
    return "0x" + _keccak(public[1:])[-20:].hex()


def sign(key: str, transaction: Transaction) -> Signed:
    """The signed transaction."""
    tip = transaction.fee.tip_wei
    raw = _old_form(key, transaction) if tip is None else _with_base_fee(key, transaction, tip)
    return Signed("0x" + raw.hex(), "0x" + _keccak(raw).hex())


def _with_base_fee(key: str, one: Transaction, tip_wei: int) -> bytes:
    fields: list[Item] = [
        one.chain_id,
        one.nonce,
        tip_wei,
        one.fee.price_wei,
        one.gas,
        _bytes(one.to),
        0,
        _bytes(one.data),
        [],
    ]
    parity, r, s = _signature(key, _keccak(b"\x02" + rlp(fields)))
    return b"\x02" + rlp([*fields, parity, r, s])


def _old_form(key: str, one: Transaction) -> bytes:
    fields: list[Item] = [
        one.nonce,
        one.fee.price_wei,
        one.gas,
        _bytes(one.to),
        0,
        _bytes(one.data),
    ]
    parity, r, s = _signature(key, _keccak(rlp([*fields, one.chain_id, 0, 0])))
    return rlp([*fields, 35 + 2 * one.chain_id + parity, r, s])


def rlp(item: Item) -> bytes:
    """The recursive length prefix encoding of bytes, whole numbers and lists of them."""
    if isinstance(item, int):
        return rlp(item.to_bytes((item.bit_length() + 7) // 8, "big"))
    if isinstance(item, list):
        body = b"".join(rlp(part) for part in item)
        return _length(len(body), 0xC0) + body
    if len(item) == 1 and item[0] < 0x80:
        return item
    return _length(len(item), 0x80) + item


def _length(size: int, base: int) -> bytes:
    if size < 56:
        return bytes([base + size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(digits)]) + digits


def _signature(key: str, digest: bytes) -> tuple[int, int, int]:
    """Parity, r and s; s is the low one, as chains demand."""
    made = _private(key).sign_recoverable(digest, hasher=None)
    return made[64], int.from_bytes(made[:32], "big"), int.from_bytes(made[32:64], "big")


def _private(key: str) -> PrivateKey:
    return PrivateKey(bytes.fromhex(key.removeprefix("0x")))


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
