"""The mark that stands where a personal value was, after a person asked for erasure."""

from typing import Any, Final

import msgspec


class Erased(msgspec.Struct, frozen=True, tag="erased", tag_field="type"):
    """Takes the place of an erased value. Type a personal field ``str | Erased``.

    In a union with other structs, these carry a tag in the field ``type`` as well.
    """


ERASED: Final = Erased()
ERASED_VALUE: Final[dict[str, Any]] = {"type": "erased"}
"""The mark as it stands in a stored body."""
