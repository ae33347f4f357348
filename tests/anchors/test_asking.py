"""Anchors on a chain, asked of a node that the reader names: a real local chain answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from makegood.bundles.packing import pack
from makegood.gateways.anchors.evm import EvmChain
from makegood.gateways.anchors.rpc import Rpc
from makegood.record.anchors.gateway import Proof, Statement
from makegood.record.anchors.onchain import ChainProof
from makegood.record.anchors.rules import Chain
from makegood.record.log.note import parse_note
from makegood.verify.chain import ask_chain
from makegood.verify.judge import judge
from makegood.verify.verdict import EXIT_CODES, Verdict
from makegood.verify.words import asked_of
from tests.anchors.programs import PAYER, Anvil
from tests.verify.command import verify
from tests.verify.making import KEY, NOW, PIN, Log, archive, contents, history, receipt

EVENTS = history()
LOG = Log(EVENTS)
NAME = "anchors/1-evm.json"


@pytest.fixture
async def proof(anvil: Anvil, client: httpx.AsyncClient) -> ChainProof:
    """The checkpoint of the bundles here, three blocks deep on the chain."""
    body = parse_note(LOG.checkpoint).text
    told = Statement(
        origin=KEY.verifier.name, size=LOG.size, root=b"", body=body, checkpoint=LOG.checkpoint
    )
    chain = EvmChain(Chain(url=anvil.url, key=PAYER, confirmations=3), client)
    prepared = await chain.prepare(told)
    await chain.submit(told, prepared)
    anvil.mine(3)
    mined = await chain.submit(told, prepared)
    assert isinstance(mined, Proof)
    return msgspec.json.decode(mined.data, type=ChainProof)


def bundle_with(anchors: Mapping[str, bytes]) -> bytes:
    """A bundle with these files in its folder of anchors."""
    whole = contents(EVENTS, LOG)
    return archive(pack(msgspec.structs.replace(whole, pages={**whole.pages, **anchors}), [KEY]))


def bundle_of(proof: ChainProof, **other: Any) -> bytes:
    """A bundle with this anchor, or one that says something else."""
    said = msgspec.structs.replace(proof, **other)
    return bundle_with({NAME: msgspec.json.encode(said)})


async def asked(
    content: bytes, anvil: Anvil, client: httpx.AsyncClient, confirmations: int = 3
) -> Verdict:
    """The verdict with what the chain says."""
    node = Rpc(anvil.url, client)
    return await ask_chain(content, judge(content, NOW, PIN), node.needed, confirmations)


async def test_a_node_confirms_what_the_chain_holds(
    anvil: Anvil, client: httpx.AsyncClient, proof: ChainProof
) -> None:
    verdict = await asked(bundle_of(proof), anvil, client)
    (found,) = verdict.chain
    assert (verdict.state, verdict.carried, verdict.cautions) == ("intact", (), ())
    assert (found.state, found.block, found.newest) == (
        "confirmed",
        proof.block_number,
        proof.block_number + 2,
    )
    for language in ("zh", "en"):
        (said,) = asked_of(verdict, "http://node", language)
        assert all(word in said for word in (proof.tx_hash, found.at, "http://node"))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"tx_hash": "0x" + "ab" * 32}, "chain_not_held"),
        ({"block_hash": "0x" + "cd" * 32}, "chain_differs"),
        ({"block_at": 1}, "chain_differs"),
        ({"block_at": 2**40}, "chain_unreadable"),
        ({"tx_hash": "0x\x1b[31m"}, "chain_unreadable"),
        ({"input": "0x4d474c4f4731"}, "chain_other_checkpoint"),
    ],
)
async def test_an_anchor_that_the_chain_does_not_hold_is_refused(
    anvil: Anvil,
    client: httpx.AsyncClient,
    proof: ChainProof,
    other: dict[str, Any],
    reason: str,
) -> None:
    verdict = await asked(bundle_of(proof, **other), anvil, client)
    assert (verdict.state, verdict.reason) == ("not_on_chain", reason)
    assert verdict.exit_code == EXIT_CODES["not_on_chain"]


async def test_one_good_anchor_does_not_make_up_for_a_false_one(
    anvil: Anvil, client: httpx.AsyncClient, proof: ChainProof
) -> None:
    false = msgspec.structs.replace(proof, block_at=1)
    both = {NAME: msgspec.json.encode(proof), "anchors/2-evm.json": msgspec.json.encode(false)}
    verdict = await asked(bundle_with(both), anvil, client)
    assert [one.state for one in verdict.chain] == ["confirmed", "differs"]
    assert verdict.state == "not_on_chain"


async def test_a_node_that_cannot_know_says_nothing_about_the_file(
    anvil: Anvil, client: httpx.AsyncClient, proof: ChainProof
) -> None:
    elsewhere = await asked(bundle_of(proof, chain_id=1), anvil, client)
    early = await asked(bundle_of(proof), anvil, client, confirmations=10_000)
    ahead = await asked(bundle_of(proof, block_number=10**6), anvil, client)
    told = [elsewhere, early, ahead]
    assert [one.chain[0].state for one in told] == ["other_chain", "behind", "behind"]
    for verdict in told:
        assert (verdict.state, verdict.carried) == ("intact", (NAME,))
        assert verdict.cautions == ("anchors_not_checked",)


@pytest.mark.parametrize("answer", [None, "nonsense", {}, [1], 7, True])
async def test_answers_that_say_nothing_are_no_answer(proof: ChainProof, answer: object) -> None:
    async def ask(method: str, params: list[Any]) -> object:
        return hex(proof.chain_id) if method == "eth_chainId" else answer

    content = bundle_of(proof)
    verdict = await ask_chain(content, judge(content, NOW, PIN), ask)
    assert (verdict.state, verdict.chain[0].state) in (("intact", "silent"), ("intact", "behind"))


async def test_who_asks_for_an_anchor_is_told_where_there_is_none(
    anvil: Anvil, client: httpx.AsyncClient
) -> None:
    for content in (bundle_with({}), receipt(EVENTS[0]), LOG.proof(0, receipt(EVENTS[0]))):
        verdict = await asked(content, anvil, client)
        assert (verdict.state, verdict.reason) == ("not_on_chain", "chain_none")


async def test_nobody_is_asked_about_a_file_that_does_not_hold(proof: ChainProof) -> None:
    async def ask(method: str, params: list[Any]) -> object:
        raise AssertionError(f"{method} was asked")

    damaged = bundle_of(proof)[:-1]
    before = judge(damaged, NOW, PIN)
    assert await ask_chain(damaged, before, ask) is before


def test_the_command_says_what_it_asked_and_what_was_answered(
    anvil: Anvil, proof: ChainProof, tmp_path: Path
) -> None:
    (tmp_path / "bundle.zip").write_bytes(bundle_of(proof))
    pin = ("--pin", str(KEY.verifier), "--confirmations", "3")
    status, said = verify(tmp_path, *pin, "--chain", anvil.url)
    assert (status, "blocks deep: confirmed" in said) == (0, True), said
    assert proof.tx_hash in said
    status, said = verify(tmp_path, *pin)
    assert (status, f"{NAME}: carried, not checked" in said) == (0, True), said
    status, said = verify(tmp_path, *pin, "--chain", "http://me:secret@127.0.0.1:9/key")
    assert (status, "asked http://127.0.0.1:9 for" in said) == (0, True), said
    assert "That says nothing about the file" in said
    assert "secret" not in said
    assert verify(tmp_path, *pin, "--chain", "nowhere")[0] == 1


def test_the_command_refuses_an_anchor_that_is_not_there(
    anvil: Anvil, proof: ChainProof, tmp_path: Path
) -> None:
    (tmp_path / "bundle.zip").write_bytes(bundle_of(proof, block_at=1))
    status, said = verify(
        tmp_path, "--pin", str(KEY.verifier), "--confirmations", "1", "--chain", anvil.url
    )
    assert (status, "The chain holds something else there" in said) == (21, True), said
