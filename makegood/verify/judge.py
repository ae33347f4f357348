"""One question for every kind of file: does it hold, and what does it prove?"""

from typing import Final

from makegood.record.log.proof import HEADER as PROOF_HEADER
from makegood.record.log.strict import Malformed
from makegood.verify.bundle import Opened, open_bundle
from makegood.verify.pins import NO_PIN, Pin
from makegood.verify.receipts import FAMILY, check_proof, check_receipt
from makegood.verify.verdict import Kind, Rejected, Verdict, rejection

_ZIP: Final = b"PK\x03\x04"
_PROOF: Final = f"{PROOF_HEADER}\n".encode()
_PROOF_FAMILY: Final = b"c2sp.org/tlog-proof@"


def judge(content: bytes, now: float, pin: Pin = NO_PIN, beside: bytes | None = None) -> Verdict:
    """Check a bundle, a receipt or a proof; `now` is in seconds since 1970.

    `beside` is the receipt or entry that a bare proof is about. Never raises for what a file
    contains: whatever is wrong is a state of the verdict.
    """
    try:
        return _judged(content, now, pin, beside)
    except Malformed as malformed:
        found = rejection(malformed)
        return Verdict(state=found.state, reason=found.reason, kind=_kind(content))
    except Rejected as found:
        return Verdict(state=found.state, reason=found.reason, kind=_kind(content))


def opened(content: bytes, now: float, pin: Pin = NO_PIN) -> Opened | Verdict:
    """A bundle with its contents when it holds; else the verdict that says why not."""
    verdict = judge(content, now, pin)
    if verdict.kind != "bundle" or not verdict.fits:
        return verdict
    return open_bundle(content, pin, now)


def _judged(content: bytes, now: float, pin: Pin, beside: bytes | None) -> Verdict:
    if content.startswith(_ZIP):
        return open_bundle(content, pin, now).verdict
    if content.startswith(FAMILY):
        return check_receipt(content, pin, now)
    if content.startswith(_PROOF):
        return check_proof(content, beside, pin, now)
    if content.startswith(_PROOF_FAMILY):
        raise Rejected("other_version", "proof")
    raise Rejected("unknown", "file")


def _kind(content: bytes) -> Kind:
    if content.startswith(_ZIP):
        return "bundle"
    if content.startswith(FAMILY):
        return "receipt"
    return "proof" if content.startswith(_PROOF_FAMILY) else ""
