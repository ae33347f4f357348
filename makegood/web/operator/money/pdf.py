"""A supplier's statement as an A4 PDF: figures first, then every line."""

import io
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
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

FONT: Final = "STSong-Light"
_HAIR: Final = colors.HexColor("#c9c4ba")
_SOFT: Final = colors.HexColor("#f1efe9")


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
        leftMargin=16 * mm,
        rightMargin=16 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=page.title,
        author=page.subtitle,
    )
    head = ParagraphStyle("head", fontName=FONT, fontSize=15, leading=20)
    small = ParagraphStyle("small", fontName=FONT, fontSize=9, leading=13, textColor="#5b564c")
    section = ParagraphStyle("section", fontName=FONT, fontSize=11, leading=16, spaceBefore=8)
    story = [Paragraph(_text(page.title), head), Paragraph(_text(page.subtitle), small)]
    for table in page.tables:
        story += [Spacer(1, 3 * mm), Paragraph(_text(table.title), section)]
        story.append(_table(table) if table.rows else Paragraph(_text(table.empty), small))

    def foot(canvas: Canvas, frame: SimpleDocTemplate) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(16 * mm, 10 * mm, page.foot)
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
    drawn = Table(rows, colWidths=[width * mm for width in table.widths_mm], repeatRows=1)
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
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
