"""RFC 3161 timestamps of checkpoints: making a request, checking a response. No network."""

from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from makegood.record.anchors.signer_info import is_plain


class TimestampInvalid(Exception):
    """The response does not prove what it should; the text says which part failed."""


class Timestamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified response says."""

    at: datetime
    serial: int
    policy: str
    signer: str
    """The name in the certificate that signed it."""


class Asked(msgspec.Struct, frozen=True):
    """A request as bytes (DER) with its nonce, kept so that every attempt is the same."""

    request: bytes
    nonce: int


def ask(body: bytes) -> Asked:
    """A request for a timestamp over SHA-256 of the body, with a fresh nonce."""
    builder = TimestampRequestBuilder().data(body).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    nonce = request.nonce
    assert nonce is not None, "a nonce was asked for"
    return Asked(request.as_bytes(), nonce)


def verify_timestamp(
    response: bytes, body: bytes, roots_pem: str, intermediates_pem: str = "", *, nonce: int | None
) -> Timestamp:
    """Check a raw response over the body against trusted roots; `nonce` None does not compare it.

    Checked: status, signature, chain up to one of the roots at the stated time, key usage,
    nonce, and the hash of the body. Raises TimestampInvalid.
    """
    decoded = _decoded(response)
    verifier = VerifierBuilder(
        roots=_certificates(roots_pem),
        intermediates=_certificates(intermediates_pem) if intermediates_pem.strip() else [],
        nonce=nonce,
    )
    try:
        verifier.build().verify_message(decoded, body)
    except (VerificationError, ValueError) as wrong:
        raise TimestampInvalid(_short(wrong)) from None
    signer = _signer(decoded)
    if not is_plain(decoded.time_stamp_token(), signer):
        raise TimestampInvalid("the signer's block is not as it must be")
    info = decoded.tst_info
    return Timestamp(
        at=info.gen_time,
        serial=info.serial_number,
        policy=info.policy.dotted_string,
        signer=signer.subject.rfc4514_string(),
    )


def check_roots(roots_pem: str) -> list[str]:
    """The subjects of the root certificates in a PEM text; raises TimestampInvalid for none."""
    return [root.subject.rfc4514_string() for root in _certificates(roots_pem)]


def split_roots(pem: str) -> tuple[str, str]:
    """The root certificates (they sign themselves) and the others of a text, as two PEM texts.

    Raises TimestampInvalid where there is no root.
    """
    roots, others = "", ""
    for one in _certificates(pem):
        spelled = one.public_bytes(Encoding.PEM).decode()
        if one.issuer == one.subject:
            roots += spelled
        else:
            others += spelled
    if not roots:
        raise TimestampInvalid("there is no root certificate, one that signs itself")
    return roots, others


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The certificate that the signer's block names; the verifier has made sure there is one."""
    (named,) = response.signed_data.signer_infos
    found = [x509.load_der_x509_certificate(one) for one in response.signed_data.certificates]
    return next(one for one in found if one.serial_number == named.serial_number)


def _decoded(response: bytes) -> TimeStampResponse:
    try:
        decoded = decode_timestamp_response(response)
        if decoded.as_bytes() != response:
            raise TimestampInvalid("the response is not in its one canonical form")
        return decoded
    except ValueError as wrong:
        raise TimestampInvalid(f"not a timestamp response: {_short(wrong)}") from None


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise TimestampInvalid("the root certificate is not in PEM form") from None


def _short(wrong: Exception) -> str:
    return str(wrong).splitlines()[0][:200] if str(wrong) else type(wrong).__name__
