"""A supplier's statement as CSV rows and as a PDF page, in the reader's words."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from makegood.base.money import plain_amount
from makegood.ledger.statements.rules import StatementLine
from makegood.ledger.statements.statement import Statement
from makegood.web.operator.money.pdf import PdfPage, PdfTable
from makegood.web.page import Page

COLUMNS: Final = (
    "time",
    "kind",
    "claim",
    "order",
    "sku",
    "finding",
    "refunded",
    "percent",
    "amount",
    "currency",
    "document",
    "transfer",
    "matched",
    "corrects",
    "reason",
)


def csv_header(page: Page) -> list[str]:
    """The names of the columns."""
    return [page.words.text(f"books.csv.{name}") for name in COLUMNS]


def csv_rows(
    page: Page, statement: Statement, finding: Callable[[str], str]
) -> Iterator[Sequence[object]]:
    """Opening, every line, due: the amounts add up to the last one. `finding` names a code."""
    words = page.words
    blank = [""] * 6
    opening, due = statement.totals.opening_minor, statement.totals.due_minor
    yield _figure(words.text("books.statement.opening"), opening, statement.currency, blank)
    for line in statement.lines:
        yield (
            words.stamp(line.at),
            words.text(f"books.line.{line.kind}"),
            line.claim_no,
            line.order_no,
            line.sku,
            finding(line.finding),
            plain_amount(line.refunded_minor, statement.currency) if line.refunded_minor else "",
            str(line.percent) if line.kind == "borne" else "",
            plain_amount(line.amount_minor, statement.currency),
            statement.currency,
            line.number,
            line.transfer_id,
            words.text("common.yes" if line.matched else "common.no"),
            line.corrects,
            remark(page, line),
        )
    yield _figure(words.text("books.statement.due"), due, statement.currency, blank)


def pdf_page(page: Page, statement: Statement, name: str, finding: Callable[[str], str]) -> PdfPage:
    """The statement on paper."""
    t = page.words.text
    as_of = t("books.statement.as_of", at=page.words.stamp(statement.made_at))
    return PdfPage(
        title=t("books.statement.title", name=name, month=statement.month),
        subtitle=f"{page.market_name()} · {as_of}",
        tables=[
            _totals(page, statement),
            _groups(page, statement, finding),
            _lines(page, statement),
        ],
        foot=t("books.statement.agrees" if statement.reconciled else "books.statement.differs"),
    )


def _figure(name: str, minor: int, currency: str, blank: Sequence[str]) -> tuple[object, ...]:
    return ("", name, *blank, plain_amount(minor, currency), currency, "", "", "", "", "")


def remark(page: Page, line: StatementLine) -> str:
    """What a correction corrects and why, or by what a line was corrected in its own month."""
    if line.corrects:
        name = "by_appeal" if line.appeal_no else "by_decision"
        return page.words.text(
            f"books.statement.{name}",
            line=line.corrects,
            n=line.appeal_no,
            d=line.decision_no,
        )
    if not line.corrected_by:
        return ""
    lines = page.words.text("desk.comma").join(line.corrected_by)
    return page.words.text("books.statement.corrected_by", lines=lines)


def _totals(page: Page, statement: Statement) -> PdfTable:
    t, figures, w = page.words.text, statement.totals, page.words
    values = {
        "opening": figures.opening_minor,
        "borne": figures.borne_minor,
        "recovered": -figures.recovered_minor,
        "paid_out": figures.paid_out_minor,
        "due": figures.due_minor,
    }
    shown = [name for name in values if name != "paid_out" or figures.paid_out_minor]
    return PdfTable(
        title=t("books.statement.figures"),
        header=[t(f"books.statement.{name}") for name in shown],
        rows=[[w.amount(values[name], statement.currency) for name in shown]],
        widths_mm=[178 / len(shown)] * len(shown),
        right=list(range(len(shown))),
    )


def _groups(page: Page, statement: Statement, finding: Callable[[str], str]) -> PdfTable:
    t, w, cur = page.words.text, page.words, statement.currency
    names = ("sku", "finding", "claims", "refunded", "share", "recovered", "disputed", "open")
    rows = [
        [
            group.sku,
            finding(group.finding),
            str(group.claims),
            w.amount(group.refunded_minor, cur),
            w.amount(group.share_minor, cur),
            w.amount(group.recovered_minor, cur),
            w.amount(group.disputed_minor, cur),
            w.amount(group.open_minor, cur),
        ]
        for group in statement.groups
    ]
    return PdfTable(
        title=t("books.statement.groups"),
        header=[t(f"books.group.{name}") for name in names],
        rows=rows,
        widths_mm=[24, 34, 14, 22, 22, 22, 20, 20],
        right=[2, 3, 4, 5, 6, 7],
        empty=t("books.statement.none_text", name=""),
    )


def _lines(page: Page, statement: Statement) -> PdfTable:
    t = page.words.text
    names = ("time", "kind", "claim", "document", "amount")
    return PdfTable(
        title=t("books.statement.lines"),
        header=[t(f"books.csv.{name}") for name in names],
        rows=[_line(page, line, statement.currency) for line in statement.lines],
        widths_mm=[30, 24, 36, 60, 28],
        right=[4],
        empty=t("books.statement.no_lines"),
    )


def _line(page: Page, line: StatementLine, currency: str) -> list[str]:
    return [
        page.words.stamp(line.at)[:16],
        page.words.text(f"books.line.{line.kind}"),
        line.claim_no,
        " · ".join(filter(None, (line.number, remark(page, line)))),
        page.words.amount(line.amount_minor, currency),
    ]
