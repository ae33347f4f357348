"""What the public log tells of exports: that there was one, of what kind, over how many claims."""

from typing import Final

import msgspec

STREAM: Final = "exports"
PUBLIC: Final = ("export", "kind", "claims")


class ExportMade(msgspec.Struct, frozen=True, kw_only=True, tag="export_made"):
    """Somebody asked and a file was made; who, why and which claims are private."""

    export: int
    kind: str
    claims: int
    asked_by: str
    basis: str
    case_no: str
    audience: str
    claim_nos: list[str]
    sha256: str


class ExportHandedOver(msgspec.Struct, frozen=True, kw_only=True, tag="export_handed_over"):
    """The file left the house."""

    export: int
    note: str
