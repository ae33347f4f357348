"""A supplier's statement as an A4 PDF: figures first, then every line.

No font is embedded. Chinese is set in the reader's own Song; everything else in Helvetica, which
every reader has with the same widths, so that words keep their gaps and figures stand in line.
"""

import html
import io
import re
from collections.abc import Sequence
from typing import Final

import msgspec
from reportlab.lib import colors  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    CondPageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

FONT: Final = "STSong-Light"
LATIN: Final = "Helvetica"
_LATIN_RUN: Final = re.compile(r"[\x20-\x7e\xa0-\xff–—…]+")
_FRAME_PADDING: Final = 6
"""What reportlab leaves around the text of a page, in points."""
_HAIR: Final = colors.HexColor("#c9c4ba")
_SOFT: Final = colors.HexColor("#f1efe9")
_LEAST_MM: Final = 34
"""A table begins on the next page where less than its title and two rows would fit."""


class PdfTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table: a title, a header, rows of text, widths in millimetres, right-aligned columns."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths_mm: Sequence[float]
    right: Sequence[int] = ()
    empty: str = ""


class PdfPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the paper, in words already."""

    title: str
    subtitle: str
    tables: Sequence[PdfTable]
    foot: str


def draw(page: PdfPage) -> bytes:
    """The PDF's bytes. Long tables go over to further pages with their header repeated."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=16 * mm - _FRAME_PADDING,
        rightMargin=16 * mm - _FRAME_PADDING,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=page.title,
        author=page.subtitle,
    )
    head = ParagraphStyle("head", fontName=FONT, fontSize=15, leading=20)
    small = ParagraphStyle("small", fontName=FONT, fontSize=9, leading=13, textColor="#5b564c")
    section = ParagraphStyle("section", fontName=FONT, fontSize=11, leading=16, spaceBefore=8)
    foot_style = ParagraphStyle("foot", fontName=FONT, fontSize=8, leading=10)
    story = [Paragraph(_text(page.title), head), Paragraph(_text(page.subtitle), small)]
    for table in page.tables:
        story += [
            CondPageBreak(_LEAST_MM * mm),
            Spacer(1, 3 * mm),
            Paragraph(_text(table.title), section),
        ]
        story.append(_table(table) if table.rows else Paragraph(_text(table.empty), small))

    def foot(canvas: Canvas, frame: SimpleDocTemplate) -> None:
        line = Paragraph(_text(page.foot), foot_style)
        line.wrapOn(canvas, 150 * mm, 10 * mm)
        line.drawOn(canvas, 16 * mm, 9 * mm)
        canvas.setFont(LATIN, 8)
        canvas.drawRightString(A4[0] - 16 * mm, 10 * mm, str(frame.page))

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _table(table: PdfTable) -> Table:
    cell = ParagraphStyle("cell", fontName=FONT, fontSize=8.5, leading=11, wordWrap="CJK")
    right = ParagraphStyle("right", parent=cell, alignment=2)
    styles = [right if place in table.right else cell for place in range(len(table.header))]
    rows = [
        [Paragraph(_text(text), style) for text, style in zip(row, styles, strict=True)]
        for row in (table.header, *table.rows)
    ]
    drawn = Table(
        rows, colWidths=[width * mm for width in table.widths_mm], repeatRows=1, hAlign="LEFT"
    )
    drawn.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _HAIR),
                ("BACKGROUND", (0, 0), (-1, 0), _SOFT),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return drawn


def _text(text: str) -> str:
    """Plain text for a paragraph, whose own little markup must not be read out of data."""
    plain = text.replace("\u2212", "–")
    pieces, end = [], 0
    for run in _LATIN_RUN.finditer(plain):
        pieces.append(html.escape(plain[end : run.start()], quote=False))
        pieces.append(f'<font name="{LATIN}">{html.escape(run[0], quote=False)}</font>')
        end = run.end()
    return "".join([*pieces, html.escape(plain[end:], quote=False)])
