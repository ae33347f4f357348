"""Anchors on a chain, asked of a node that the reader names: the one check that needs a network."""

from datetime import UTC
from typing import Final

import msgspec

from makegood.base.time import rfc3339
from makegood.record.anchors.gateway import AnchorUnavailable
from makegood.record.anchors.onchain import (
    Ask,
    ChainProof,
    ChainProofInvalid,
    check_proof,
    confirm,
    quantity,
)
from makegood.record.log.note import parse_note
from makegood.verify.anchors import FOLDER
from makegood.verify.archive import read_archive
from makegood.verify.bundle import CHECKPOINT
from makegood.verify.verdict import AskedState, ChainAnchor, Verdict

CONFIRMATIONS: Final = 12
"""Blocks, its own included, that must stand on a transaction before it counts."""
_ENDING: Final = "-evm.json"
_REFUSED: Final[frozenset[AskedState]] = frozenset(
    {"unreadable", "other_checkpoint", "not_held", "differs"}
)


async def ask_chain(
    content: bytes, verdict: Verdict, ask: Ask, confirmations: int = CONFIRMATIONS
) -> Verdict:
    """The verdict on a file that holds, with what a node says of each of its anchors on a chain.

    A node that is silent, of another chain or behind says nothing about the file: its state stays
    and the anchor is carried, not checked. An anchor that the chain does not hold makes it
    `not_on_chain`; so does none at all, since the reader asked for one.
    """
    if not verdict.fits:
        return verdict
    files = read_archive(content) if verdict.kind == "bundle" else {}
    text = parse_note(bytes(files[CHECKPOINT])).text if CHECKPOINT in files else b""
    names = [name for name in files if name.startswith(FOLDER) and name.endswith(_ENDING)]
    asked = [
        await _ask(ask, name, bytes(files[name]), text, max(1, confirmations))
        for name in sorted(names)
    ]
    return _with(verdict, tuple(asked))


def _with(verdict: Verdict, asked: tuple[ChainAnchor, ...]) -> Verdict:
    refused = next((one.state for one in asked if one.state in _REFUSED), None)
    if not asked or refused is not None:
        reason = f"chain_{refused or 'none'}"
        return msgspec.structs.replace(verdict, state="not_on_chain", reason=reason, chain=asked)
    confirmed = {one.file for one in asked if one.state == "confirmed"}
    carried = tuple(name for name in verdict.carried if name not in confirmed)
    kept = (one for one in verdict.cautions if carried or one != "anchors_not_checked")
    return msgspec.structs.replace(verdict, carried=carried, cautions=tuple(kept), chain=asked)


async def _ask(ask: Ask, name: str, content: bytes, text: bytes, confirmations: int) -> ChainAnchor:
    """Five questions about one anchor: which chain, how long it is, then those of `confirm`."""
    try:
        proof = check_proof(content, text)
    except ChainProofInvalid as wrong:
        return ChainAnchor(file=name, state=_state_of(wrong))
    found = _named(name, proof, confirmations)
    try:
        node_chain = quantity(await ask("eth_chainId", []))
        newest = quantity(await ask("eth_blockNumber", []))
        found = msgspec.structs.replace(found, node_chain=node_chain, newest=newest)
        if node_chain != proof.chain_id:
            return msgspec.structs.replace(found, state="other_chain")
        if newest - proof.block_number + 1 < confirmations:
            return msgspec.structs.replace(found, state="behind")
        at = await confirm(ask, proof, confirmations)
    except AnchorUnavailable as silence:
        problem = "".join(sign if sign.isprintable() else " " for sign in str(silence))
        return msgspec.structs.replace(found, state="silent", problem=problem)
    except ChainProofInvalid as wrong:
        return msgspec.structs.replace(found, state=_state_of(wrong))
    return msgspec.structs.replace(found, state="confirmed", at=rfc3339(at.astimezone(UTC)))


def _named(name: str, proof: ChainProof, confirmations: int) -> ChainAnchor:
    """An anchor about which nothing is known yet but what its file says."""
    return ChainAnchor(
        file=name,
        state="silent",
        tx=proof.tx_hash,
        chain=proof.chain_id,
        block=proof.block_number,
        wanted=confirmations,
    )


def _state_of(wrong: ChainProofInvalid) -> AskedState:
    """What is wrong with a proof; a node that took blocks back meanwhile is behind."""
    return "behind" if wrong.fault == "too_few" else wrong.fault
