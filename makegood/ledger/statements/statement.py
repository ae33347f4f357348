"""A supplier's monthly statement: put together from the ledger, checked against documents."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from makegood.ledger.corrections.record import Correction
from makegood.ledger.corrections.store import corrections_of_supplier
from makegood.ledger.funds.rules import Payout, paid_transfer_id
from makegood.ledger.funds.store import credits_paid
from makegood.ledger.recipes import Funding
from makegood.ledger.statements import rules, store
from makegood.ledger.statements.charges import Charge, charges_of
from makegood.ledger.statements.disputes import Dispute, disputes_of
from makegood.ledger.statements.months import Month
from makegood.ledger.statements.rules import (
    Ageing,
    Difference,
    Document,
    LedgerLine,
    StatementLine,
    Totals,
)
from makegood.store.database import Connection


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """All claims of the month with one product and one finding, in minor units."""

    sku: str
    finding: str
    claims: int
    refunded_minor: int
    share_minor: int
    recovered_minor: int
    disputed_minor: int

    @property
    def open_minor(self) -> int:
        """What of it is not paid yet."""
        return self.share_minor - self.recovered_minor


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One month of one supplier. `differences` is empty when every line is in both books."""

    supplier_id: str
    month: str
    currency: str
    totals: Totals
    lines: list[StatementLine]
    groups: list[Group]
    ageing: Ageing
    disputes: list[Dispute]
    differences: list[Difference]
    made_at: datetime

    @property
    def reconciled(self) -> bool:
        """Whether the statement may be sent."""
        return not self.differences

    @property
    def disputed_minor(self) -> int:
        """What of the debt is disputed now."""
        return sum(one.amount_minor for one in self.disputes if one.state == "open")


async def statement_of(
    conn: Connection,
    market_id: str,
    supplier_id: str,
    month: Month,
    *,
    currency: str,
    now: datetime,
) -> Statement:
    """The statement as the books stand now."""
    paid_out = await credits_paid(conn, market_id, supplier_id, currency)
    lines = await ledger_lines(conn, market_id, supplier_id, currency)
    lines = sorted([*lines, *await _paid_out_lines(conn, market_id, paid_out)], key=_place)
    corrections = await corrections_of_supplier(conn, market_id, supplier_id, currency)
    documents = await _documents(conn, market_id, supplier_id, currency)
    documents += [*_of_corrections(corrections), *_of_payouts(paid_out)]
    charges = {one.claim_no: one for one in await charges_of(conn, market_id, supplier_id)}
    charges |= {one.claim_no: _charge(one) for one in corrections if one.claim_no not in charges}
    disputes = await disputes_of(conn, market_id, supplier_id)
    paired, differences = rules.match(lines, documents)
    balance = await store.balance_minor(conn, market_id, supplier_id, currency)
    differences += _balance_fault(lines, balance)
    until = min(month.until, now + timedelta.resolution)
    shown = [
        _line(one, paired.get(one.transfer_id), charges.get(one.claim_no))
        for one in lines
        if month.since <= one.posted_at < month.until
    ]
    return Statement(
        supplier_id=supplier_id,
        month=month.name,
        currency=currency,
        totals=rules.totals(lines, month.since, month.until),
        lines=_marked(shown, corrections),
        groups=_groups(lines, charges, disputes, month),
        ageing=rules.ageing(lines, until),
        disputes=disputes,
        differences=differences,
        made_at=now,
    )


async def ledger_lines(
    conn: Connection, market_id: str, supplier_id: str, currency: str
) -> list[LedgerLine]:
    """Every movement of what the supplier owes, oldest first."""
    return [
        LedgerLine(
            transfer_id=str(row["id"]),
            claim_no=row["claim_no"],
            amount_minor=row["amount_minor"],
            recipe=row["recipe"],
            posted_at=row["posted_at"],
            side=row["side"],
        )
        for row in await store.ledger_lines(conn, market_id, supplier_id, currency)
    ]


def owed_by_claim(lines: Sequence[LedgerLine]) -> list[tuple[str, int]]:
    """What each claim still owes, the oldest claim first."""
    owed: dict[str, int] = {}
    for line in lines:
        if line.side == "credit":
            continue
        owed[line.claim_no] = owed.get(line.claim_no, 0) + line.amount_minor
    return [(claim_no, minor) for claim_no, minor in owed.items() if minor > 0]


async def _documents(
    conn: Connection, market_id: str, supplier_id: str, currency: str
) -> list[Document]:
    found = [
        Document(
            kind="borne",
            number=row["refund_no"],
            claim_no=row["claim_no"],
            amount_minor=_supplier_part(row["sources"]),
            at=row["changed_at"],
        )
        for row in await store.arrived_refunds(conn, market_id, supplier_id)
        if row["currency"] == currency
    ]
    found += [
        Document(
            kind="paid",
            number=row["reference"],
            claim_no=row["claim_no"],
            amount_minor=-row["amount_minor"],
            at=row["recorded_at"],
        )
        for row in await store.settlement_parts(conn, market_id, supplier_id)
        if row["currency"] == currency
    ]
    found += [
        Document(
            kind="reassigned",
            number=one.dispute_no,
            claim_no=one.claim_no,
            amount_minor=-one.amount_minor,
            at=one.decided_at or one.opened_at,
        )
        for one in await disputes_of(conn, market_id, supplier_id)
        if one.state == "accepted" and one.currency == currency
    ]
    return [document for document in found if document.amount_minor]


def _of_corrections(corrections: Sequence[Correction]) -> list[Document]:
    return [
        Document(
            kind="corrected",
            number=one.correction_no,
            claim_no=one.claim_no,
            amount_minor=one.signed_for("supplier"),
            at=one.made_at,
        )
        for one in corrections
        if one.signed_for("supplier")
    ]


async def _paid_out_lines(
    conn: Connection, market_id: str, paid_out: Sequence[Payout]
) -> list[LedgerLine]:
    """What was paid out to the supplier, as the ledger booked it."""
    ids = [paid_transfer_id(one) for one in paid_out]
    return [
        LedgerLine(
            transfer_id=str(row["id"]),
            claim_no="",
            amount_minor=row["amount_minor"],
            recipe="payout",
            posted_at=row["posted_at"],
            side="credit",
        )
        for row in await store.posted(conn, market_id, ids)
    ]


def _of_payouts(paid_out: Sequence[Payout]) -> list[Document]:
    return [
        Document(
            kind="paid_out",
            number=one.reference,
            claim_no="",
            amount_minor=one.amount_minor,
            at=one.ended_at or one.wanted_at,
        )
        for one in paid_out
    ]


def _place(line: LedgerLine) -> tuple[datetime, str]:
    return line.posted_at, line.transfer_id


def _charge(correction: Correction) -> Charge:
    """Why a supplier bears a part that only an appeal laid on it."""
    return Charge(
        refund_key="",
        claim_no=correction.claim_no,
        supplier_id=correction.supplier_id,
        order_no=correction.order_no,
        sku=correction.sku,
        finding=correction.finding,
        rule=correction.rule,
        refunded_minor=0,
        share_minor=0,
        currency=correction.currency,
        agreement_version=0,
        charged_at=correction.made_at,
    )


def _marked(
    lines: Sequence[StatementLine], corrections: Sequence[Correction]
) -> list[StatementLine]:
    """Each correction with what it corrects; the corrected line too while it is of this month.

    A line of an earlier month stays as it was issued.
    """
    known = {one.correction_no: one for one in corrections}
    here = [known[line.number] for line in lines if line.number in known]
    marked = []
    for line in lines:
        if line.kind == "corrected" and (one := known.get(line.number)):
            marked.append(
                msgspec.structs.replace(
                    line,
                    corrects=one.line,
                    appeal_no=one.appeal_no,
                    decision_no=one.decision_no,
                    finding=one.finding,
                )
            )
        else:
            by = tuple(one.correction_no for one in here if line.number and one.line == line.number)
            marked.append(msgspec.structs.replace(line, corrected_by=by))
    return marked


def _supplier_part(sources: object) -> int:
    parts = msgspec.convert(sources, list[Funding])
    return sum(
        part.amount_minor for part in parts if part.account.startswith("supplier_receivable:")
    )


def _balance_fault(lines: Sequence[LedgerLine], balance_minor: int) -> list[Difference]:
    """The lines must sum to what the accounts say; anything else is a damaged book."""
    off = sum(line.amount_minor for line in lines) - balance_minor
    if not off:
        return []
    return [Difference(claim_no="", amount_minor=off, missing="ledger", number="balance")]


def _line(line: LedgerLine, document: Document | None, charge: Charge | None) -> StatementLine:
    kind = rules.kind_of(line)
    return StatementLine(
        kind=kind,
        claim_no=line.claim_no,
        number=document.number if document else "",
        amount_minor=line.amount_minor,
        at=line.posted_at,
        transfer_id=line.transfer_id,
        matched=document is not None or kind not in rules.DOCUMENTED,
        finding=charge.finding if charge else "",
        sku=charge.sku if charge else "",
        order_no=charge.order_no if charge else "",
        refunded_minor=charge.refunded_minor if charge and kind == "borne" else 0,
        percent=_percent(charge) if charge else 0,
    )


def _percent(charge: Charge) -> int:
    return charge.share_minor * 100 // charge.refunded_minor if charge.refunded_minor else 0


def _groups(
    lines: Sequence[LedgerLine],
    charges: dict[str, Charge],
    disputes: Sequence[Dispute],
    month: Month,
) -> list[Group]:
    """The month's new debts by product and finding; what was paid of them, whenever."""
    disputed = {one.claim_no: one.amount_minor for one in disputes if one.state == "open"}
    lines = [one for one in lines if one.side != "credit" or one.amount_minor < 0]
    grouped: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if line.amount_minor > 0 and month.since <= line.posted_at < month.until:
            charge = charges.get(line.claim_no)
            key = (charge.sku, charge.finding) if charge else ("", "")
            grouped.setdefault(key, [])
            if line.claim_no not in grouped[key]:
                grouped[key].append(line.claim_no)
    return [
        _group(key, set(claim_nos), lines, charges, disputed, month)
        for key, claim_nos in sorted(grouped.items())
    ]


def _group(
    key: tuple[str, str],
    claim_nos: set[str],
    lines: Sequence[LedgerLine],
    charges: dict[str, Charge],
    disputed: dict[str, int],
    month: Month,
) -> Group:
    own = [one for one in lines if one.claim_no in claim_nos and one.posted_at < month.until]
    return Group(
        sku=key[0],
        finding=key[1],
        claims=len(claim_nos),
        refunded_minor=sum(charges[no].refunded_minor for no in claim_nos if no in charges),
        share_minor=sum(one.amount_minor for one in own if one.amount_minor > 0),
        recovered_minor=-sum(one.amount_minor for one in own if one.amount_minor < 0),
        disputed_minor=sum(disputed.get(no, 0) for no in claim_nos),
    )
