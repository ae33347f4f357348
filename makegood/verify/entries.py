"""Reading an entry of the record as somebody hands it in."""

from makegood.record import rules as record
from makegood.verify.strict_json import read_json
from makegood.verify.times import moment
from makegood.verify.verdict import Rejected


def read_entry(raw: bytes) -> record.Entry:
    """An entry as it was sealed."""
    read_json(raw, "entry")
    entry = record.parse_entry(raw)
    if entry is None or len(entry.prev) != len(record.NO_ENTRY):
        raise Rejected("damaged", "entry")
    if entry.v != record.ENTRY_VERSION:
        raise Rejected("other_version", "entry")
    moment(entry.at)
    return entry
