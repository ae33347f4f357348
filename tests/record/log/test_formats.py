"""Every text format has one spelling: what we write is read, and nothing else is."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.record.log import strict
from makegood.record.log.checkpoint import Checkpoint, parse_checkpoint
from makegood.record.log.note import (
    COSIGNATURE_V1,
    Ed25519Signer,
    cosign,
    parse_note,
    parse_verifier,
    sign_note,
    signed_by,
)
from makegood.record.log.policy import (
    Policy,
    check_checkpoint,
    format_policy,
    parse_policy,
    policy_of,
)
from makegood.record.log.proof import TlogProof, parse_proof, verify_proof
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import (
    TileId,
    encode_bundle,
    entries_path,
    grow,
    parse_bundle,
    parse_tile_path,
    reader_of,
    tile_path,
)
from makegood.record.log.tree import EMPTY_ROOT, inclusion_ranges, leaf_hash, prove

ORIGIN = "log.example/main"
LOG = Ed25519Signer(ORIGIN, bytes(range(32)))
OTHER_LOG = Ed25519Signer("other.example/log", bytes(range(1, 33)))
WITNESSES = [
    Ed25519Signer(f"witness{n}.example", bytes([n] * 32), COSIGNATURE_V1) for n in range(1, 4)
]
LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]
TREE = grow({}, 0, LEAVES)
POLICY = parse_policy(
    f"""# two of three, please
log {LOG.verifier}
witness A {WITNESSES[0].verifier} https://a.example/
witness B {WITNESSES[1].verifier}
witness\tC {WITNESSES[2].verifier}
group G 2 A B C
quorum G
""".encode()
)


def checkpoint(*witnesses: Ed25519Signer) -> bytes:
    """The tree's checkpoint, signed by the log and witnesses."""
    note = sign_note(bytes(Checkpoint(ORIGIN, 300, TREE.root)), [LOG])
    for witness in witnesses:
        note = cosign(note, witness, 1_700_000_000)
    return bytes(note)


def proof(index: int, *witnesses: Ed25519Signer) -> bytes:
    """The proof file of an entry."""
    path = prove(reader_of(TREE.tiles), inclusion_ranges(index, 300))
    return bytes(TlogProof(index, path, checkpoint(*witnesses)))


def refused(check: Callable[[], object]) -> str:
    """The reason why something is refused."""
    with pytest.raises(Malformed) as wrong:
        check()
    return wrong.value.reason


def test_a_note_of_the_specification_is_read() -> None:
    text = (
        b"If you think cryptography is the answer to your problem,\n"
        b"then you don't know what your problem is.\n"
    )
    key = parse_verifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    signature = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
        "otpRZb6KE6RyyBwJnAM=\n"
    )
    note = parse_note(text + b"\n" + signature.encode())
    assert list(signed_by(note, [key])) == [key]
    assert str(key).startswith("PeterNeumann+c74f20a3+")


def test_every_changed_bit_of_a_proof_is_refused() -> None:
    whole = proof(299, WITNESSES[0], WITNESSES[1])
    seen = verify_proof(whole, LEAVES[299], POLICY, known_only=True)
    assert (seen.checkpoint.size, dict(seen.witnesses)) == (
        300,
        {"A": 1_700_000_000, "B": 1_700_000_000},
    )
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        refused(
            lambda content=bytes(changed): verify_proof(  # type: ignore[misc]
                content, LEAVES[299], POLICY, known_only=True
            )
        )


@given(place=st.integers(0, 2000), data=st.data())
def test_cut_doubled_or_inserted_bytes_of_a_proof_are_refused(
    place: int, data: st.DataObject
) -> None:
    whole = proof(17, WITNESSES[1], WITNESSES[2])
    at = place % len(whole)
    byte = bytes([data.draw(st.integers(0, 255))])
    variants = [whole[:at], whole[:at] + whole[at + 1 :], whole[:at] + byte + whole[at:]]
    for variant in (one for one in variants if one != whole):
        refused(
            lambda content=variant: verify_proof(  # type: ignore[misc]
                content, LEAVES[17], POLICY, known_only=True
            )
        )


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("base64", lambda text: text.replace(b"=\n", b"\n", 1)),
        ("number", lambda text: text.replace(b"index 5\n", b"index 05\n")),
        ("number", lambda text: text.replace(b"index 5\n", b"index +5\n")),
        ("proof", lambda text: text.replace(b"@v1", b"@v2")),
        ("proof", lambda text: text.replace(b"index 5", b"place 5")),
        ("index", lambda text: text.replace(b"index 5\n", b"index 300\n")),
        ("path", lambda text: text.replace(b"index 5\n", b"index 6\n")),
        ("text", lambda text: text + b" "),
        ("text", lambda text: text + b"\n"),
        ("text", lambda text: text[:-1]),
        ("number", lambda text: text.replace(b"\n300\n", b"\n0300\n")),
        ("wrong_signature", lambda text: text.replace(b"\n300\n", b"\n301\n")),
        ("text", lambda text: text.replace(b"\n300\n", b"\r\n300\r\n")),
        (
            "not_signed",
            lambda text: text.replace(b"log.example/main\n300", b"log.example/mail\n300"),
        ),
        ("too_large", lambda text: text + b"x" * 200_000),
        ("proof", lambda text: b""),
        ("proof", lambda text: b"\x00\xff" * 10),
    ],
)
def test_a_spoiled_proof_is_refused_with_its_reason(
    reason: str, spoil: Callable[[bytes], bytes]
) -> None:
    spoiled = spoil(proof(5))
    assert refused(lambda: verify_proof(spoiled, LEAVES[5], policy_of(LOG.verifier))) == reason


def test_extra_data_is_carried_but_has_one_spelling() -> None:
    path = prove(reader_of(TREE.tiles), inclusion_ranges(5, 300))
    carried = TlogProof(5, tuple(path), checkpoint(), b"more")
    assert parse_proof(bytes(carried)) == carried
    doubled = bytes(carried).replace(b"extra bW9yZQ==\n", b"extra bW9yZQ==\n" * 2)
    assert refused(lambda: parse_proof(doubled)) == "proof"


def test_a_path_longer_than_any_tree_is_refused() -> None:
    long = TlogProof(5, [bytes(32)] * 65, checkpoint())
    assert refused(lambda: parse_proof(bytes(long))) == "path_length"


def test_a_checkpoint_needs_the_quorum_of_its_policy() -> None:
    assert refused(lambda: check_checkpoint(checkpoint(WITNESSES[0]), POLICY)) == "quorum"
    assert check_checkpoint(checkpoint(WITNESSES[0], WITNESSES[2]), POLICY).witnesses.keys() == {
        "A",
        "C",
    }


def test_a_checkpoint_of_another_log_is_not_believed() -> None:
    foreign = bytes(sign_note(bytes(Checkpoint(ORIGIN, 300, TREE.root)), [OTHER_LOG]))
    both = policy_of(LOG.verifier, OTHER_LOG.verifier)
    assert refused(lambda: check_checkpoint(foreign, both)) == "not_signed"
    assert (
        refused(lambda: parse_checkpoint(bytes(Checkpoint(ORIGIN, 0, EMPTY_ROOT)), "x")) == "origin"
    )


def test_a_stranger_s_signature_is_passed_over_unless_only_known_ones_may_be_there() -> None:
    note = checkpoint(WITNESSES[0])
    policy = policy_of(LOG.verifier)
    assert check_checkpoint(note, policy).checkpoint.size == 300
    assert refused(lambda: check_checkpoint(note, policy, known_only=True)) == "unknown_signature"


def test_two_signatures_of_one_key_are_refused() -> None:
    note = checkpoint()
    line = note.rsplit(b"\n", 2)[1] + b"\n"
    assert refused(lambda: parse_note(note + line)) == "duplicate_signature"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a\n1\n",
        b"a\n1\nAAAA\n",
        b"a\n0\n" + strict.encode_base64(bytes(32)).encode() + b"\n",
        b"a\n1\n" + strict.encode_base64(bytes(32)).encode() + b"\n\nx\n",
        b"a\n-1\n" + strict.encode_base64(bytes(32)).encode() + b"\n",
        b"a\n9223372036854775808\n" + strict.encode_base64(bytes(32)).encode() + b"\n",
    ],
)
def test_what_is_no_checkpoint_is_not_read(text: bytes) -> None:
    refused(lambda: parse_checkpoint(text))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "name",
        "name+00000000+AQ==",
        str(LOG.verifier).replace("main+", "mail+"),
        str(LOG.verifier).upper(),
        " " + str(LOG.verifier),
        str(LOG.verifier) + "=",
    ],
)
def test_what_is_no_key_is_not_read(key: str) -> None:
    refused(lambda: parse_verifier(key))


def test_a_policy_reads_back_as_it_is_written() -> None:
    assert parse_policy(format_policy(POLICY)) == POLICY
    assert POLICY.urls == {"A": "https://a.example/"}


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "quorum none\nquorum none\n",
        "quorum A\n",
        "group G any\nquorum none\n",
        f"log {WITNESSES[0].verifier}\nquorum none\n",
        f"witness A {LOG.verifier}\nquorum A\n",
        f"log {LOG.verifier}\nlog {LOG.verifier}\nquorum none\n",
        f"witness none {WITNESSES[0].verifier}\nquorum none\n",
        f"witness A {WITNESSES[0].verifier}\nwitness B {WITNESSES[0].verifier}\nquorum A\n",
        f"witness A {WITNESSES[0].verifier}\ngroup G 2 A\nquorum G\n",
        f"witness A {WITNESSES[0].verifier}\ngroup G 0 A\nquorum G\n",
        f"witness A {WITNESSES[0].verifier}\ngroup G any A A\nquorum G\n",
        f"witness A {WITNESSES[0].verifier}\ngroup G any A\ngroup H any A\nquorum H\n",
        "quorum none",
        "quorum none\x00\n",
        "unknown line\nquorum none\n",
    ],
)
def test_what_is_no_policy_is_not_read(lines: str) -> None:
    refused(lambda: parse_policy(lines.encode()))


def test_groups_of_groups_are_counted() -> None:
    keys = {f"W{n}": witness.verifier for n, witness in enumerate(WITNESSES)}
    lines = [f"witness {name} {key}" for name, key in keys.items()]
    lines += ["group pair any W0 W1", "group all-of-it all pair W2", "quorum all-of-it"]
    policy: Policy = parse_policy("".join(f"{line}\n" for line in lines).encode())
    assert policy.is_met_by([keys["W1"], keys["W2"]])
    assert not policy.is_met_by([keys["W0"], keys["W1"]])
    assert not policy.is_met_by([])


@given(level=st.integers(0, 63), n=st.integers(0, 10**12), width=st.integers(1, 256))
def test_tile_paths_read_back(level: int, n: int, width: int) -> None:
    assert parse_tile_path(tile_path(TileId(level, n), width)) == (TileId(level, n), n, width)
    assert parse_tile_path(entries_path(n, width)) == (None, n, width)


def test_tile_paths_are_those_of_the_specification() -> None:
    assert tile_path(TileId(0, 1_234_067)) == "tile/0/x001/x234/067"
    assert entries_path(273, 112) == "tile/entries/273.p/112"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/300",
        "tile/0/../000",
        "tile/entries/x1/000",
        "tile/0/٠٠٠",
        "/tile/0/000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    assert refused(lambda: parse_tile_path(path)) == "tile"


@given(entries=st.lists(st.binary(max_size=40), max_size=5), cut=st.integers(1, 20))
def test_bundles_read_back_and_end_where_they_end(entries: list[bytes], cut: int) -> None:
    bundle = encode_bundle(entries)
    assert parse_bundle(bundle) == entries
    if 0 < cut <= (len(entries[-1]) if entries else 0):
        assert refused(lambda: parse_bundle(bundle[:-cut])) == "tile"


def test_every_reason_is_said_somewhere_in_plain_words() -> None:
    assert all(re.fullmatch(r"[a-z0-9_]+", reason) for reason in strict.REASONS)
    assert len(set(strict.REASONS.values())) == len(strict.REASONS)
