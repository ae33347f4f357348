"""Zip files in one spelling: stored, in order, nothing between, before or after the files.

A zip can say the same thing in many ways, and two readers of one zip can see different files.
So a bundle is a zip that any program opens, of which every byte is fixed by names and contents:
no compression, no times, no comments, no extra fields. Whatever differs is damaged.
(The format: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.)
"""

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from zlib import crc32

from makegood.verify.verdict import Rejected

LARGEST_ARCHIVE: Final = 1 << 30
MOST_FILES: Final = 20_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*){0,3}")
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_VERSION: Final = 20
_DATE: Final = 0x21
"""1980-01-01, the first day that a zip can name: a bundle's time stands in its manifest."""


class Head(NamedTuple):
    """What a zip says of a file before its content."""

    name: str
    size: int
    crc: int


def local_header(head: Head) -> bytes:
    """The bytes before a file's content."""
    name = head.name.encode()
    fixed = (b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, head.crc, head.size, head.size)
    return _LOCAL.pack(*fixed, len(name), 0) + name


def directory(heads: Iterable[Head]) -> bytes:
    """What stands after the last content: the central directory and its end."""
    offset, count, central = 0, 0, b""
    for head in heads:
        central += _central(head, offset)
        offset += _LOCAL.size + len(head.name) + head.size
        count += 1
    end = (b"PK\x05\x06", 0, 0, count, count, len(central), offset, 0)
    return central + _END.pack(*end)


def write_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A whole archive in memory; for what is small."""
    parts, heads = [], []
    for name, content in files:
        assert is_name(name), name
        head = Head(name, len(content), crc32(content))
        parts.append(local_header(head) + content)
        heads.append(head)
    return b"".join(parts) + directory(heads)


def read_archive(content: bytes) -> dict[str, memoryview]:
    """The files of an archive by name, in their order. Every byte of it is looked at."""
    if len(content) > LARGEST_ARCHIVE:
        raise Rejected("too_large", "archive")
    files: dict[str, memoryview] = {}
    heads, place = [], 0
    for head, start in _heads(content):
        if head.name in files or len(files) >= MOST_FILES:
            raise Rejected("damaged", "archive")
        files[head.name] = memoryview(content)[start : start + head.size]
        heads.append(head)
        place = start + head.size
    if not heads or content[place:] != directory(heads):
        raise Rejected("damaged", "archive")
    if any(crc32(files[head.name]) != head.crc for head in heads):
        raise Rejected("damaged", "archive")
    return files


def is_name(name: str) -> bool:
    """Whether a file may be called so: plain letters, at most three folders deep."""
    return len(name) <= 100 and _NAME.fullmatch(name) is not None


def _heads(content: bytes) -> Iterator[tuple[Head, int]]:
    """Each file's head and where its content starts, one after the other from the first byte."""
    place = 0
    while content[place : place + 4] == b"PK\x03\x04":
        if place + _LOCAL.size > len(content):
            raise Rejected("damaged", "archive")
        fields = _LOCAL.unpack_from(content, place)
        crc, size, letters = fields[6], fields[8], fields[9]
        start = place + _LOCAL.size + letters
        name = content[place + _LOCAL.size : start].decode("latin-1")
        head = Head(name, size, crc)
        if not is_name(name) or content[place:start] != local_header(head):
            raise Rejected("damaged", "archive")
        if start + size > len(content):
            raise Rejected("damaged", "archive")
        yield head, start
        place = start + size


def _central(head: Head, offset: int) -> bytes:
    name = head.name.encode()
    fixed = (b"PK\x01\x02", _VERSION, _VERSION, 0, 0, 0, _DATE, head.crc, head.size, head.size)
    return _CENTRAL.pack(*fixed, len(name), 0, 0, 0, 0, 0, offset) + name
