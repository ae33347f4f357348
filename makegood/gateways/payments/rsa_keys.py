"""RSA keys as operators paste them, and the SHA256withRSA signature that three gateways use."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate


def private_key(text: str) -> rsa.RSAPrivateKey:
    """A private key from PEM, or from the bare base64 (PKCS#8 or PKCS#1) that panels show."""
    for label in ("PRIVATE KEY", "RSA PRIVATE KEY"):
        try:
            key = serialization.load_pem_private_key(_pem(text, label), password=None)
        except ValueError:
            continue
        if isinstance(key, rsa.RSAPrivateKey):
            return key
    raise ValueError("this is no RSA private key")


def public_key(text: str) -> rsa.RSAPublicKey:
    """A public key from PEM, from bare base64, or out of a PEM certificate."""
    if "BEGIN CERTIFICATE" in text:
        key = load_pem_x509_certificate(text.strip().encode()).public_key()
    else:
        key = serialization.load_pem_public_key(_pem(text, "PUBLIC KEY"))  # type: ignore[assignment]
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("this is no RSA public key")
    return key


def sign(text: bytes, key: rsa.RSAPrivateKey) -> str:
    """SHA256withRSA (PKCS #1 v1.5) over the text, in base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(text: bytes, signature: str, key: rsa.RSAPublicKey) -> bool:
    """Whether this key signed the text."""
    try:
        key.verify(
            base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _pem(text: str, label: str) -> bytes:
    if "-----BEGIN" in text:
        return text.strip().encode()
    bare = "".join(text.split())
    lines = [bare[at : at + 64] for at in range(0, len(bare), 64)]
    body = "\n".join(lines)
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()
