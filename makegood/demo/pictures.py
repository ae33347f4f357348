"""What invented buyers show: small screenshots, drawn once each and filed with many claims."""

from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from textwrap import fill
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from makegood.claims.evidence_actions import Content
from makegood.claims.filing import FilingRoom

SIZE: Final = (360, 640)
MOST_PIXELS: Final = SIZE[0] * SIZE[1]
PAPER, CARD, INK, DIM, BAD = "#eceae4", "#ffffff", "#23221f", "#8c897f", "#b3261e"
SAID: Final[dict[str, tuple[str, str]]] = {
    "error_screen": ("Redeem a code", "This code is not valid or has been used before."),
    "order_screen": ("My order", "Paid. Waiting for delivery."),
    "balance_screen": ("My balance", "0.00, last top-up 12 days ago"),
    "bank_line": ("Card statement", "Two payments to the same shop"),
    "ban_notice": ("Account banned", "Broken rule: third-party tools"),
    "diff_marked": ("About this licence", "Education edition, not for business"),
    "expiry_screen": ("Membership", "Ended 9 months before its date"),
    "recovery_fail": ("Recover account", "The phone of this account was changed."),
    "chat_promise": ("Chat with the shop", "It arrives within 30 minutes."),
}
OTHER: Final = ("Screenshot", "As it stood when the claim was filed")
NUMBER: Final = b"8820 4412 2260\n"


class Album:
    """The pictures of one market: each is drawn and kept when it is first shown."""

    def __init__(self, room: FilingRoom, market_id: str) -> None:
        self._room = room
        self._market = market_id
        self._kept: dict[str, Content] = {}

    async def content(self, slot: str, kind: str) -> Content:
        """What is filed in a slot of this kind: a number that was typed, or a screenshot."""
        if slot not in self._kept:
            typed = kind in ("text", "account")
            self._kept[slot] = await (self._number() if typed else self._picture(slot))
        return self._kept[slot]

    async def _number(self) -> Content:
        digest = await self._put(NUMBER)
        return Content(
            sha256=digest, size=len(NUMBER), media_type="text/plain", thumb_sha256=None, notes=[]
        )

    async def _picture(self, slot: str) -> Content:
        data = screenshot(*SAID.get(slot, OTHER))
        seen = await self._room.pictures.look(data, MOST_PIXELS)
        assert seen is not None, "what was drawn here can be read"
        return Content(
            sha256=await self._put(data),
            size=len(data),
            media_type="image/png",
            thumb_sha256=await self._put(seen.thumb) if seen.thumb else None,
            notes=[],
        )

    async def _put(self, data: bytes) -> str:
        async def whole() -> AsyncIterator[bytes]:
            yield data

        digest = sha256(data).hexdigest()
        await self._room.storage.put(self._market, digest, whole())
        return digest


def screenshot(title: str, text: str) -> bytes:
    """A PNG of a phone's screen with a heading, one sentence, and grey lines for the rest."""
    picture = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((16, 8), "21:47", DIM, ImageFont.load_default(14))
    draw.rectangle((0, 34, SIZE[0], 82), CARD)
    draw.text((16, 46), title, INK, ImageFont.load_default(20))
    draw.rounded_rectangle((16, 104, SIZE[0] - 16, 214), 10, CARD)
    draw.ellipse((28, 120, 52, 144), BAD)
    draw.text((36, 121), "!", CARD, ImageFont.load_default(18))
    draw.multiline_text((64, 122), fill(text, 32), INK, ImageFont.load_default(15), spacing=6)
    for row in range(6):
        top = 244 + row * 44
        draw.rounded_rectangle((16, top, SIZE[0] - 60 - row % 3 * 50, top + 12), 6, "#d8d5cc")
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
