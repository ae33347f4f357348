"""The fields of a timestamp that its signature leaves out, held to their only right value.

CMS (RFC 5652) signs neither its own version, nor the version of a signer's block, nor the name of
its signature algorithm, and readers ignore all three: a changed byte there would pass unnoticed.
"""

from collections.abc import Iterator
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_ECDSA: Final = {
    bytes.fromhex("0609608648016503040201"): bytes.fromhex("06082a8648ce3d040302"),
    bytes.fromhex("0609608648016503040202"): bytes.fromhex("06082a8648ce3d040303"),
    bytes.fromhex("0609608648016503040203"): bytes.fromhex("06082a8648ce3d040304"),
}
"""SHA-256, -384 and -512 → ECDSA with each; object identifiers in DER."""
_RSA: Final = bytes.fromhex("06092a864886f70d0101")
"""All RSA algorithms begin so: the bare key type, PKCS 1 v1.5 with a digest, PSS."""
_VERSION_ONE: Final = b"\x02\x01\x01"
_VERSION_THREE: Final = b"\x02\x01\x03"


def is_plain(token: bytes, signer: x509.Certificate) -> bool:
    """Whether a token (DER of a ContentInfo) and its signer's block say what they must.

    Version 3 (what is signed is no plain data) and version 1 (the signer is named by issuer and
    serial number), and the algorithm that its digest and its certificate's key call for.
    """
    try:
        outer, signer_info = _signed_data(token)
        inner, _, digest, _, algorithm, *_ = _children(signer_info)
    except ValueError:
        return False
    versions_fit = (outer, inner) == (_VERSION_THREE, _VERSION_ONE)
    return versions_fit and _fits(next(_children(algorithm), b""), digest, signer)


def _fits(named: bytes, digest: bytes, signer: x509.Certificate) -> bool:
    match signer.public_key():
        case ec.EllipticCurvePublicKey():
            return named == _ECDSA.get(next(_children(digest), b""))
        case rsa.RSAPublicKey():
            return named.startswith(_RSA)
        case _:
            return False


def _signed_data(token: bytes) -> tuple[bytes, bytes]:
    """ContentInfo → content → SignedData → its version, and the one member of its last field."""
    _, content = _children(token)
    (signed_data,) = _children(content)
    version, *_, signers = _children(signed_data)
    (only,) = _children(signers)
    return version, only


def _children(der: bytes) -> Iterator[bytes]:
    """The members of one constructed element, each with its header; ValueError if malformed."""
    place, end = _body(der, 0)
    if end != len(der):
        raise ValueError("more than one element")
    while place < end:
        _, after = _body(der, place)
        if after > end:
            raise ValueError("an element ends behind its parent")
        yield der[place:after]
        place = after


def _body(der: bytes, start: int) -> tuple[int, int]:
    """Where the body of the element at `start` begins and ends."""
    if start + 2 > len(der):
        raise ValueError("cut short")
    size, head = der[start + 1], 2
    if size >= 0x80:
        digits = size & 0x7F
        size = int.from_bytes(der[start + 2 : start + 2 + digits], "big")
        head += digits
    return start + head, start + head + size
