"""Reading a message: normalise, find cues, tag reasons, judge vagueness. Pure."""

from makegood.reading.message import OrderContext, Reading


def read_message(text: str, order: OrderContext) -> Reading:
    """What the text says, given what the order says. Never raises for any text."""
    raise ValueError


def mask_secrets(text: str) -> str:
    """The text with card codes, phone numbers, passwords and bank cards masked by `****`."""
    raise ValueError
