"""Anchors on a real local chain: sent once however often tried, final only when deep enough."""

import subprocess
import sys

import httpx
import msgspec
import pytest

from makegood.gateways.anchors.evm import EvmChain, Fee, Prepared
from makegood.gateways.anchors.evm_signing import Transaction, address_of, rlp, sign
from makegood.gateways.anchors.rpc import Rpc
from makegood.record.anchors.gateway import (
    AnchorRefused,
    AnchorUnavailable,
    Lost,
    Proof,
    Waiting,
)
from makegood.record.anchors.onchain import (
    ChainProof,
    ChainProofInvalid,
    check_proof,
    confirm,
    payload,
)
from makegood.record.anchors.rules import Chain
from tests.anchors.programs import PAYER, Anvil, statement


@pytest.fixture
def chain(anvil: Anvil, client: httpx.AsyncClient) -> EvmChain:
    return EvmChain(Chain(url=anvil.url, key=PAYER, confirmations=3), client)


@pytest.fixture
def node(anvil: Anvil, client: httpx.AsyncClient) -> Rpc:
    """The same chain, asked by somebody who anchors nothing."""
    return Rpc(anvil.url, client)


async def anchored(chain: EvmChain, anvil: Anvil) -> tuple[bytes, Proof]:
    prepared = await chain.prepare(statement())
    assert isinstance(await chain.submit(statement(), prepared), Waiting)
    anvil.mine(3)
    proof = await chain.submit(statement(), prepared)
    assert isinstance(proof, Proof)
    return prepared, proof


async def test_an_anchor_is_final_after_enough_blocks_and_shows_its_cost(
    chain: EvmChain, anvil: Anvil
) -> None:
    prepared = await chain.prepare(statement())
    sent = await chain.submit(statement(), prepared)
    anvil.mine(1)
    young = await chain.submit(statement(), prepared)
    anvil.mine(2)
    proof = await chain.submit(statement(), prepared)

    assert isinstance(sent, Waiting)
    assert isinstance(young, Waiting)
    assert young.detail["confirmations"] == 1
    assert isinstance(proof, Proof)
    assert proof.detail["confirmations"] == 3
    assert proof.detail["gas"] == 22_520
    assert int(str(proof.detail["fee_wei"])) > 0


async def test_anyone_confirms_a_final_anchor_with_three_plain_questions(
    chain: EvmChain, anvil: Anvil, node: Rpc
) -> None:
    _, proof = await anchored(chain, anvil)

    kept = check_proof(proof.data, statement().body)

    assert await confirm(node.ask, kept, 3) == proof.at
    assert anvil.ask("eth_getTransactionByHash", kept.tx_hash)["input"] == (
        "0x" + payload(statement().body).hex()
    )


async def test_a_proof_about_another_checkpoint_is_refused(chain: EvmChain, anvil: Anvil) -> None:
    prepared, proof = await anchored(chain, anvil)

    with pytest.raises(AnchorRefused, match="another checkpoint"):
        chain.verify(statement(size=4), prepared, proof.data)


async def test_a_proof_that_the_chain_does_not_hold_is_refused(
    chain: EvmChain, anvil: Anvil, node: Rpc
) -> None:
    _, proof = await anchored(chain, anvil)
    kept = msgspec.json.decode(proof.data, type=ChainProof)
    moved = msgspec.structs.replace(kept, block_at=kept.block_at - 60)
    unknown = msgspec.structs.replace(kept, tx_hash="0x" + "ab" * 32)

    for forged in (moved, unknown):
        with pytest.raises(ChainProofInvalid):
            await confirm(node.ask, forged, 1)
    with pytest.raises(ChainProofInvalid, match="too few"):
        await confirm(node.ask, kept, 10_000)


async def test_sending_again_after_a_crash_pays_once(chain: EvmChain, anvil: Anvil) -> None:
    prepared = await chain.prepare(statement())
    kept = msgspec.json.decode(prepared, type=Prepared)
    tries = [await chain.submit(statement(), prepared) for _ in range(3)]
    anvil.mine(3)
    proof = await chain.submit(statement(), prepared)
    again = await chain.submit(statement(), prepared)

    assert all(isinstance(one, Waiting) for one in tries)
    assert isinstance(proof, Proof)
    assert isinstance(again, Proof)
    assert anvil.ask("eth_getTransactionCount", kept.sender, "latest") == hex(kept.nonce + 1)


async def test_a_nonce_used_by_another_transaction_is_found_out(
    chain: EvmChain, anvil: Anvil
) -> None:
    lost = await chain.prepare(statement(size=7))
    await anchored(chain, anvil)

    answer = await chain.submit(statement(size=7), lost)

    assert isinstance(answer, Lost)


async def test_an_account_without_money_waits_for_it(
    anvil: Anvil, client: httpx.AsyncClient
) -> None:
    poor = EvmChain(Chain(url=anvil.url, key="11" * 32), client)
    prepared = await poor.prepare(statement())

    with pytest.raises(AnchorUnavailable, match="cannot pay"):
        await poor.submit(statement(), prepared)


async def test_a_node_that_is_away_is_tried_again_later(client: httpx.AsyncClient) -> None:
    away = EvmChain(Chain(url="http://127.0.0.1:9", key=PAYER), client)

    with pytest.raises(AnchorUnavailable):
        await away.prepare(statement())


async def test_a_chain_without_a_base_fee_takes_the_old_form(client: httpx.AsyncClient) -> None:
    old = Anvil("--hardfork", "berlin")
    try:
        chain = EvmChain(Chain(url=old.url, key=PAYER, confirmations=1), client)
        prepared = await chain.prepare(statement())
        await chain.submit(statement(), prepared)
        old.mine(1)
        proof = await chain.submit(statement(), prepared)
    finally:
        old.stop()

    assert isinstance(proof, Proof)


def test_addresses_and_encodings_are_those_of_the_published_examples() -> None:
    """The first anvil account, and examples of the RLP specification."""
    assert address_of(PAYER) == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert rlp([b"cat", b"dog"]) == b"\xc8\x83cat\x83dog"
    assert rlp(1024) == b"\x82\x04\x00"
    assert rlp([]) == b"\xc0"
    assert rlp(b"x" * 56)[:2] == b"\xb8\x38"


def test_a_signed_transaction_is_the_same_every_time() -> None:
    one = Transaction(
        chain_id=1,
        nonce=0,
        gas=22_520,
        to=address_of(PAYER),
        data="0x00",
        fee=Fee(price_wei=2, tip_wei=1),
    )

    assert sign(PAYER, one) == sign(PAYER, one)


def test_without_the_extra_packages_everything_else_runs_and_the_place_says_what_is_missing() -> (
    None
):
    program = """
import asyncio, sys
sys.modules["coincurve"] = None
import httpx, makegood.bootstrap
from makegood.gateways.anchors.evm import EvmChain
from makegood.record.anchors.gateway import AnchorRefused
from makegood.record.anchors.rules import Chain
from tests.anchors.programs import statement
chain = EvmChain(Chain(url="http://127.0.0.1:9", key="11" * 32), httpx.AsyncClient())
try:
    asyncio.run(chain.prepare(statement()))
except AnchorRefused as refused:
    print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == (
        "this install cannot sign for a chain (coincurve is missing): pip install 'makegood[evm]'"
    )
