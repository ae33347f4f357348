"""Time stamps of checkpoints: accepted only for this text, this root, this request, these bytes."""

import random
import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest

from makegood.gateways.anchors.tsa import TimestampAuthority
from makegood.record.anchors.gateway import AnchorRefused, AnchorUnavailable, Proof
from makegood.record.anchors.rules import Timestamper
from makegood.record.anchors.timestamp import TimestampInvalid, check_roots, verify_timestamp
from tests.anchors.programs import TsaProgram, statement


@pytest.fixture
def authority(tsa: TsaProgram, client: httpx.AsyncClient) -> TimestampAuthority:
    return TimestampAuthority(Timestamper(url=tsa.url, root_pem=tsa.root_pem), client)


async def stamped(authority: TimestampAuthority) -> tuple[bytes, Proof]:
    prepared = await authority.prepare(statement())
    return prepared, await authority.submit(statement(), prepared)


def openssl_accepts(folder: Path, body: bytes, response: bytes, root_pem: str) -> bool:
    """What a judge that we did not write says."""
    for name, data in (("body", body), ("tsr", response), ("root", root_pem.encode())):
        (folder / name).write_bytes(data)
    asked = ["openssl", "ts", "-verify", "-data", "body", "-in", "tsr", "-CAfile", "root"]
    return subprocess.run(asked, cwd=folder, capture_output=True, check=False).returncode == 0


async def test_a_stamp_over_the_checkpoint_verifies_and_openssl_agrees(
    authority: TimestampAuthority, tsa: TsaProgram, folder: Path
) -> None:
    prepared, proof = await stamped(authority)

    assert authority.verify(statement(), prepared, proof.data) == proof
    assert openssl_accepts(folder, statement().body, proof.data, tsa.root_pem)


async def test_a_stamp_over_another_checkpoint_is_refused_by_both(
    authority: TimestampAuthority, tsa: TsaProgram, folder: Path
) -> None:
    prepared, proof = await stamped(authority)
    other = statement(size=4)

    with pytest.raises(AnchorRefused, match="messages"):
        authority.verify(other, prepared, proof.data)
    assert not openssl_accepts(folder, other.body, proof.data, tsa.root_pem)


async def test_the_answer_to_another_request_is_refused(authority: TimestampAuthority) -> None:
    _, proof = await stamped(authority)
    another = await authority.prepare(statement())

    with pytest.raises(AnchorRefused, match="Nonce"):
        authority.verify(statement(), another, proof.data)


async def test_a_stamp_that_leads_to_another_root_is_refused_by_both(
    authority: TimestampAuthority, stranger: TsaProgram, folder: Path
) -> None:
    _, proof = await stamped(authority)

    with pytest.raises(TimestampInvalid):
        verify_timestamp(proof.data, statement().body, stranger.root_pem, nonce=None)
    assert not openssl_accepts(folder, statement().body, proof.data, stranger.root_pem)


async def test_no_changed_byte_of_a_stamp_is_accepted(
    authority: TimestampAuthority, tsa: TsaProgram
) -> None:
    prepared, proof = await stamped(authority)
    chance = random.Random(3161)
    accepted = []
    for place in range(len(proof.data)):
        for flipped in (1, 2, chance.randrange(1, 256)):
            changed = bytearray(proof.data)
            changed[place] ^= flipped
            try:
                authority.verify(statement(), prepared, bytes(changed))
                accepted.append((place, flipped))
            except AnchorRefused:
                continue

    assert accepted == []


async def test_a_stamp_cut_short_or_with_bytes_behind_it_is_refused(
    authority: TimestampAuthority,
) -> None:
    prepared, proof = await stamped(authority)

    for damaged in (b"", proof.data[:-1], proof.data[: len(proof.data) // 2], proof.data + b"\0"):
        with pytest.raises(AnchorRefused):
            authority.verify(statement(), prepared, damaged)


async def test_the_same_request_may_be_sent_again(authority: TimestampAuthority) -> None:
    prepared, first = await stamped(authority)

    second = await authority.submit(statement(), prepared)

    assert second.at >= first.at


async def test_an_authority_that_is_away_is_tried_again_later(
    tsa: TsaProgram, client: httpx.AsyncClient
) -> None:
    away = TimestampAuthority(Timestamper(url="http://127.0.0.1:9", root_pem=tsa.root_pem), client)

    with pytest.raises(AnchorUnavailable):
        await away.submit(statement(), await away.prepare(statement()))


async def test_a_rejection_by_the_authority_is_no_stamp(authority: TimestampAuthority) -> None:
    broken = msgspec.json.encode({"request": b"no query", "nonce": "1"})

    with pytest.raises(AnchorRefused):
        await authority.submit(statement(), broken)


def test_a_text_that_is_no_certificate_is_refused() -> None:
    with pytest.raises(TimestampInvalid, match="PEM"):
        check_roots("no certificate")
