"""A line that the supplier disputes: its evidence, its deadline, and how it ends."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.advance.actions import approve_write_off, reassign_advance
from makegood.ledger.advance.store import lock_advance
from makegood.ledger.statements import store
from makegood.store.database import Connection, Record

EVIDENCE_FILES: int = 5


class FiledProof(msgspec.Struct, frozen=True, kw_only=True):
    """One file the supplier filed, known by its content."""

    sha256: str
    name: str
    filed_at: datetime


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A disputed line. After `due_at` no more evidence is taken and a person decides."""

    dispute_no: str
    supplier_id: str
    claim_no: str
    amount_minor: int
    currency: str
    text: str
    files: list[FiledProof]
    opened_at: datetime
    due_at: datetime
    state: Literal["open", "kept", "accepted", "superseded"] = "open"
    """`superseded`: what was disputed is not owed any more, before it was decided."""
    borne_by: Literal["", "seller", "platform"] = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    decided_text: str = ""


class NewDispute(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier says about a line; `owed_minor` is what the line still owes."""

    claim_no: str
    owed_minor: int
    currency: str
    text: str
    files: tuple[FiledProof, ...] = ()


async def open_dispute(
    tx: Connection, act: Act, ids: Ids, supplier_id: str, new: NewDispute, evidence_hours: int
) -> Dispute:
    """Dispute a line; until its deadline the supplier may add evidence.

    Raises:
        Refused: `reason_needed` without a text, `amount_not_positive` for a line that owes
            nothing, `already_answered` while the same line is disputed.
    """
    if not new.text.strip():
        raise Refused("reason_needed")
    if new.owed_minor <= 0:
        raise Refused("amount_not_positive")
    dispute = Dispute(
        dispute_no="SD" + ids.claim_no(act.now)[2:],
        supplier_id=supplier_id,
        claim_no=new.claim_no,
        amount_minor=new.owed_minor,
        currency=new.currency,
        text=new.text.strip(),
        files=list(new.files),
        opened_at=act.now,
        due_at=act.now + timedelta(hours=evidence_hours),
    )
    if not await store.insert_dispute(tx, act.market_id, msgspec.structs.asdict(dispute)):
        raise Refused("already_answered")
    return dispute


async def add_proof(
    tx: Connection, act: Act, supplier_id: str, dispute_no: str, proof: FiledProof
) -> Dispute:
    """File one more piece of evidence before the deadline.

    Raises:
        Refused: `not_found`, `already_decided`, `too_late` after the deadline, `evidence_limit`.
    """
    dispute = await _locked(tx, act, dispute_no)
    if dispute.supplier_id != supplier_id:
        raise Refused("not_found")
    if act.now > dispute.due_at:
        raise Refused("too_late", until=dispute.due_at)
    if len(dispute.files) >= EVIDENCE_FILES:
        raise Refused("evidence_limit")
    if any(one.sha256 == proof.sha256 for one in dispute.files):
        return dispute
    return await _save(tx, act, msgspec.structs.replace(dispute, files=[*dispute.files, proof]))


async def extend_dispute(tx: Connection, act: Act, dispute_no: str, hours: int = 24) -> Dispute:
    """Give the supplier more time, counted from now or from the deadline, whichever is later."""
    dispute = await _locked(tx, act, dispute_no)
    due_at = max(act.now, dispute.due_at) + timedelta(hours=hours)
    return await _save(tx, act, msgspec.structs.replace(dispute, due_at=due_at))


async def decide_dispute(
    tx: Connection,
    act: Act,
    dispute_no: str,
    *,
    borne_by: Literal["", "seller", "platform"],
    text: str,
    seller_id: str = "",
) -> Dispute:
    """Keep the line as charged (`borne_by` empty), or let somebody else bear it.

    `seller_id` is the seller of the claim, who is named when the seller is to bear it.

    The supplier's time for evidence must be over before a line is kept, unless evidence was filed.

    Raises:
        Refused: `not_found`, `already_decided`, `reason_needed`, `too_early`.
    """
    if not text.strip():
        raise Refused("reason_needed")
    dispute = await _locked(tx, act, dispute_no)
    if not borne_by and not dispute.files and act.now < dispute.due_at:
        raise Refused("too_early", come_back_at=dispute.due_at)
    if borne_by:
        await reassign_advance(
            tx,
            act,
            dispute.dispute_no,
            dispute.claim_no,
            Money(dispute.amount_minor, dispute.currency),
            party="supplier",
            to=borne_by,
            seller_id=seller_id,
        )
    decided = msgspec.structs.replace(
        dispute,
        state="accepted" if borne_by else "kept",
        borne_by=borne_by,
        decided_by=act.actor.id,
        decided_at=act.now,
        decided_text=text.strip(),
    )
    return await _save(tx, act, decided)


async def give_line_up(
    tx: Connection, act: Act, *, proposed_by: str, claim_no: str, party: str, currency: str
) -> int:
    """`approve_write_off`; with what is owed its open dispute ends too."""
    disputed = party == "supplier" and await is_disputed(tx, act.market_id, claim_no)
    lost = await approve_write_off(
        tx, act, proposed_by=proposed_by, claim_no=claim_no, party=party, currency=currency
    )
    if disputed:
        await follow_line(tx, act, claim_no, currency)
    return lost


async def follow_line(tx: Connection, act: Act, claim_no: str, currency: str) -> None:
    """A claim's open dispute is about no more than its line still owes; about nothing, it ends."""
    line = await lock_advance(tx, act.market_id, claim_no, "supplier", currency)
    if line is not None:
        await _lower(tx, act, claim_no, line.open_minor)


async def _lower(tx: Connection, act: Act, claim_no: str, owed_minor: int) -> None:
    row = await store.lock_open_dispute(tx, act.market_id, claim_no)
    if row is None or row["amount_minor"] <= owed_minor:
        return
    dispute = _dispute(row)
    if owed_minor:
        await _save(tx, act, msgspec.structs.replace(dispute, amount_minor=owed_minor))
        return
    ended = msgspec.structs.replace(
        dispute, state="superseded", decided_by=act.actor.id, decided_at=act.now
    )
    await _save(tx, act, ended)


async def is_disputed(tx: Connection, market_id: str, claim_no: str) -> bool:
    """Whether the supplier's line of a claim waits for a decision; then nothing pays it."""
    return await store.lock_open_dispute(tx, market_id, claim_no) is not None


async def accepted_of_claim(
    conn: Connection, market_id: str, claim_no: str, currency: str
) -> list[tuple[str, int]]:
    """Who took how much of a claim off its supplier by accepted disputes, in minor units."""
    rows = await store.accepted_of_claim(conn, market_id, claim_no, currency)
    return [(row["borne_by"], row["amount_minor"]) for row in rows]


async def disputes_of(conn: Connection, market_id: str, supplier_id: str) -> list[Dispute]:
    """Every dispute of a supplier, those that wait first."""
    return [_dispute(row) for row in await store.disputes_of(conn, market_id, supplier_id)]


async def _locked(tx: Connection, act: Act, dispute_no: str) -> Dispute:
    row = await store.lock_dispute(tx, act.market_id, dispute_no)
    if row is None:
        raise Refused("not_found")
    dispute = _dispute(row)
    if dispute.state != "open":
        raise Refused("already_decided")
    return dispute


async def _save(tx: Connection, act: Act, dispute: Dispute) -> Dispute:
    await store.save_dispute(tx, act.market_id, msgspec.structs.asdict(dispute))
    return dispute


def _dispute(row: Record) -> Dispute:
    return msgspec.convert(dict(row), Dispute)
