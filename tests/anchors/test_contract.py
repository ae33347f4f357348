"""Every kind of place keeps one contract, and an adapter that does not is found out."""

from pathlib import Path

import httpx
import pytest

from makegood.gateways.anchors.contract import check_contract, check_silence
from makegood.gateways.anchors.evm import EvmChain
from makegood.gateways.anchors.registry import anchorer_of
from makegood.gateways.anchors.tsa import TimestampAuthority
from makegood.gateways.anchors.witness import WitnessClient
from makegood.record.anchors.gateway import Proof, Statement
from makegood.record.anchors.rules import Chain, Timestamper, Witness
from makegood.record.log.note import COSIGNATURE_V1, Ed25519Signer
from makegood.sources import SystemClock
from tests.anchors.logs import MemoryLog, WitnessProgram
from tests.anchors.programs import PAYER, Anvil, TsaProgram, statement

NOWHERE = "http://127.0.0.1:9"


async def test_a_time_stamping_authority_keeps_it(
    tsa: TsaProgram, client: httpx.AsyncClient
) -> None:
    config = Timestamper(url=tsa.url, root_pem=tsa.root_pem)
    await check_contract(TimestampAuthority(config, client), statement(), statement(size=4))


async def test_a_witness_keeps_it(tmp_path: Path, client: httpx.AsyncClient) -> None:
    log = MemoryLog(9)
    program = WitnessProgram(tmp_path, log.vkey)
    try:
        config = Witness(url=program.url, vkey=str(program.verifier))
        adapter = WitnessClient(config, client, log.prove)
        await check_contract(adapter, log.statement(), log.statement(5))
    finally:
        program.stop()


async def test_a_chain_keeps_it(anvil: Anvil, client: httpx.AsyncClient) -> None:
    async def mine() -> None:
        anvil.mine()

    adapter = EvmChain(Chain(url=anvil.url, key=PAYER, confirmations=3), client)
    await check_contract(adapter, statement(), statement(size=4), finish=mine)


async def test_silence_is_silence_everywhere(tsa: TsaProgram, client: httpx.AsyncClient) -> None:
    log = MemoryLog(3)
    vkey = str(Ed25519Signer("w", b"w" * 32, COSIGNATURE_V1).verifier)
    for config in (
        Timestamper(url=NOWHERE, root_pem=tsa.root_pem),
        Witness(url=NOWHERE, vkey=vkey),
        Chain(url=NOWHERE, key=PAYER),
    ):
        await check_silence(anchorer_of(config, client, log.prove), log.statement())


class Gullible:
    """The planted bug: an adapter that believes whatever it kept."""

    async def prepare(self, statement: Statement) -> bytes:
        return b""

    async def submit(self, statement: Statement, prepared: bytes) -> Proof:
        return self.verify(statement, prepared, b"a stamp")

    def verify(self, statement: Statement, prepared: bytes, data: bytes) -> Proof:
        return Proof(data=data, at=SystemClock().now().replace(microsecond=0))


async def test_an_adapter_that_believes_everything_is_found_out() -> None:
    with pytest.raises(AssertionError, match="refused for another"):
        await check_contract(Gullible(), statement(), statement(size=4))
