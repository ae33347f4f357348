"""What a check found, and what to do about it."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check; `advice` is empty when nothing is to be done."""

    id: str
    level: Literal["ok", "note", "bad"]
    text: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.id:<18}  {self.text}"
        return f"{line}\n      {'':<18}  → {self.advice}" if self.advice else line
