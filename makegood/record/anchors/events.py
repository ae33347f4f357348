"""What the public log tells about anchors themselves: who was asked to watch, since when."""

from typing import Final

import msgspec

STREAM: Final = "anchors"


class PlaceAdded(msgspec.Struct, frozen=True, kw_only=True, tag="anchor_place_added"):
    """From now on checkpoints go there."""

    place_id: str
    kind: str
    name: str
    interest: str
    counts: bool


class PlaceRemoved(msgspec.Struct, frozen=True, kw_only=True, tag="anchor_place_removed"):
    """From now on they do not."""

    place_id: str
    name: str


class WitnessesNeeded(msgspec.Struct, frozen=True, kw_only=True, tag="witnesses_needed_set"):
    """How many witnesses a checkpoint needs from now on."""

    needed: int
    of: int
