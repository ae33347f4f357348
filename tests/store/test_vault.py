"""The vault: sealed values open only where they belong, hashes find, files open anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.store.vault import FILE_CHUNK_BYTES, FILE_HEADER_BYTES, SealBroken, Vault

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
VAULT = Vault.from_key(OLD)


def sealed_file(vault: Vault, plain: bytes, context: str = "main|hash") -> bytes:
    sealer = vault.file_cipher().start(context)
    return sealer.header + sealer.add(plain) + sealer.finish()


def opened_range(vault: Vault, stored: bytes, start: int, stop: int, context: str) -> bytes:
    opener = vault.file_cipher().opener(context, stored[:FILE_HEADER_BYTES], len(stored))
    chunks = opener.chunks_of(start, stop)
    spans = {index: opener.span(index) for index in chunks}
    plain = b"".join(
        opener.open_chunk(index, stored[offset : offset + size])
        for index, (offset, size) in spans.items()
    )
    skipped = chunks.start * FILE_CHUNK_BYTES
    return plain[start - skipped : stop - skipped] if chunks else b""


@given(st.binary(max_size=300))
def test_a_sealed_value_opens_where_it_was_sealed(plain: bytes) -> None:
    sealed = VAULT.seal("main", "key", "o-1/1/1", plain)
    assert VAULT.open_sealed("main", "key", "o-1/1/1", sealed) == plain


@pytest.mark.parametrize(
    "place", [("other", "key", "1"), ("main", "code", "1"), ("main", "key", "2")]
)
def test_a_sealed_value_moved_elsewhere_does_not_open(place: tuple[str, str, str]) -> None:
    sealed = VAULT.seal("main", "key", "1", b"CARD-1234")
    with pytest.raises(SealBroken):
        VAULT.open_sealed(*place, sealed)


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal("main", "key", "1", b"CARD-1234"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        VAULT.open_sealed("main", "key", "1", bytes(sealed))


@given(st.integers(0, 32))
def test_a_cut_off_value_does_not_open(size: int) -> None:
    with pytest.raises(SealBroken):
        VAULT.open_sealed("main", "key", "1", VAULT.seal("main", "key", "1", b"CARD")[:size])


def test_after_a_rotation_old_values_open_and_hashes_still_find() -> None:
    rotated = Vault.from_file_text(f"{OLD.hex()}\n{NEW.hex()}\n")
    sealed = VAULT.seal("main", "key", "1", b"CARD")
    assert rotated.open_sealed("main", "key", "1", sealed) == b"CARD"
    assert rotated.keyed_hash("key", "CARD") == VAULT.keyed_hash("key", "CARD")


def test_a_value_sealed_by_a_newer_key_needs_that_key() -> None:
    sealed = Vault([OLD, NEW]).seal("main", "key", "1", b"CARD")
    with pytest.raises(SealBroken, match="not in the key file"):
        VAULT.open_sealed("main", "key", "1", sealed)


def test_a_keyed_hash_differs_by_purpose_and_by_key() -> None:
    hashes = {
        VAULT.keyed_hash("key", "CARD"),
        VAULT.keyed_hash("code", "CARD"),
        Vault.from_key(NEW).keyed_hash("key", "CARD"),
    }
    assert len(hashes) == 3


def test_a_vault_refuses_a_short_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault.from_key(b"short")


@pytest.mark.parametrize(
    "size",
    [0, 1, FILE_CHUNK_BYTES - 1, FILE_CHUNK_BYTES, FILE_CHUNK_BYTES + 1, 3 * FILE_CHUNK_BYTES],
)
def test_a_file_of_any_size_opens_whole(size: int) -> None:
    plain = bytes(i % 251 for i in range(size))
    assert opened_range(VAULT, sealed_file(VAULT, plain), 0, size, "main|hash") == plain


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_any_range_of_a_file_opens_alone(start: int, stop: int) -> None:
    plain = bytes(200) * 1000
    assert opened_range(VAULT, FILE_OF_ZEROS, start, stop, "main|hash") == plain[start:stop]


FILE_OF_ZEROS = sealed_file(VAULT, bytes(200) * 1000)


def test_a_file_cut_at_a_chunk_border_does_not_open() -> None:
    stored = sealed_file(VAULT, bytes(2 * FILE_CHUNK_BYTES))
    cut = stored[: FILE_HEADER_BYTES + FILE_CHUNK_BYTES + 16]
    with pytest.raises(SealBroken):
        opened_range(VAULT, cut, 0, 10, "main|hash")


def test_a_file_opens_only_under_its_own_context() -> None:
    with pytest.raises(SealBroken):
        opened_range(VAULT, FILE_OF_ZEROS, 0, 10, "other|hash")
