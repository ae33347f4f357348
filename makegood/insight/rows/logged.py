"""Public rows as they stand in a copy of the log's files."""

from collections.abc import Iterator
from pathlib import Path

from makegood.insight.rows.figures import row_in
from makegood.record.log.checkpoint import parse_checkpoint
from makegood.record.log.note import parse_note
from makegood.record.log.places import read_or_none
from makegood.record.log.publish import CHECKPOINT
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import TILE_WIDTH, entries_path, parse_bundle


def rows_in_log(folder: Path) -> Iterator[bytes]:
    """The entries of public rows in a copy of a log's files, as far as its checkpoint goes.

    Whether the copy is a true one is for `makegood log verify`. Raises Malformed.
    """
    note = parse_note(read_or_none(folder / CHECKPOINT) or b"")
    size = parse_checkpoint(note.text).size
    for n in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - n * TILE_WIDTH)
        bundle = read_or_none(folder / entries_path(n, width))
        if bundle is None:
            raise Malformed("tile")
        for entry in parse_bundle(bundle):
            if row_in(entry) is not None:
                yield entry
