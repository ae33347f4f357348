"""A time-stamping authority for demo and tests: RFC 3161 over HTTP, answered by `openssl ts`.

`GET /root.pem` gives the root certificate to configure. Only the signer's certificate is put into
an answer: with a whole chain, OpenSSL 3.0 writes the set of certificates unsorted, which strict
readers refuse.
"""

import argparse
import subprocess
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from makegood.demo.programs.answering import JsonHandler, serve_until_stopped

POLICY: Final = "1.3.6.1.4.1.99999.3161.1"
_VALID: Final = timedelta(days=3650)
_CONFIG: Final = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = {policy}
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
signer_digest = sha256
"""


class Authority:
    """A root, a signer under it, and a counter of serial numbers, kept in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one_at_a_time = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "root.pem").exists():
            _make_certificates(folder)
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, policy=POLICY))

    @property
    def root_pem(self) -> bytes:
        """The certificate that everything leads to."""
        return (self._folder / "root.pem").read_bytes()

    def reply(self, query: bytes) -> bytes:
        """The signed answer to a query in DER; a broken query is answered with a rejection."""
        with self._one_at_a_time, tempfile.NamedTemporaryFile() as file:
            file.write(query)
            file.flush()
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", file.name]
            keys = ["-signer", "signer.pem", "-inkey", "signer.key"]
            done = subprocess.run(
                [*command, *keys], cwd=self._folder, capture_output=True, check=True, timeout=10
            )
        return done.stdout


class Handler(JsonHandler):
    """Time stamps and the root certificate, as bytes rather than JSON."""

    authority: Authority

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.command == "GET" and self.path == "/root.pem":
            self._send(200, "application/x-pem-file", self.authority.root_pem)
        elif self.command == "POST":
            self._send(200, "application/timestamp-reply", self.authority.reply(body))
        else:
            self._send(404, "text/plain", b"not found")

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _make_certificates(folder: Path) -> None:
    """A root that signs itself, and a signer that may do nothing but stamp time."""
    root_key, signer_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    root_name, signer_name = _name("Demo TSA Root"), _name("Demo TSA")
    authority = x509.BasicConstraints(ca=True, path_length=0)
    root = _builder(root_name, root_name, root_key.public_key()).add_extension(authority, True)
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    signer = _builder(signer_name, root_name, signer_key.public_key())
    signer = signer.add_extension(stamping, critical=True)
    signed = {
        "signer.pem": signer.sign(root_key, SHA256()),
        "root.pem": root.sign(root_key, SHA256()),
    }
    key = signer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "signer.key").write_bytes(key)
    (folder / "signer.key").chmod(0o600)
    for name, certificate in signed.items():
        (folder / name).write_bytes(certificate.public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8192)
    options.add_argument("--state", type=Path, required=True)
    given = options.parse_args()
    authority = Authority(given.state)
    serve_until_stopped(type("BoundHandler", (Handler,), {"authority": authority}), given.port)


if __name__ == "__main__":
    main()
