"""A file that a form brings as proof: kept by its content, named by its hash."""

from collections.abc import AsyncIterator
from hashlib import sha256

from litestar.datastructures import UploadFile

from makegood.base.refusal import Refused
from makegood.claims.evidence import require_size
from makegood.web.things import Things


async def keep_file(things: Things, market_id: str, upload: UploadFile | None) -> str:
    """Store an uploaded file and answer its SHA-256.

    Raises:
        Refused: `evidence_missing` for no file or an empty one, `file_too_large`.
    """
    content = await upload.read() if upload else b""
    if not content:
        raise Refused("evidence_missing")
    require_size(len(content))
    digest = sha256(content).hexdigest()
    await things.storage.put(market_id, digest, _whole(content))
    return digest


async def whole_file(things: Things, market_id: str, digest: str) -> bytes:
    """A kept file; FileMissing or FileBroken is the storage's fault and stays one."""
    return b"".join([piece async for piece in things.storage.open(market_id, digest)])


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
