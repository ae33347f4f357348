"""SQL that takes a person out of every table. Each function knows the tables of one kind."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from makegood.claims.grams import grams_of, normal
from makegood.orders.order import Order
from makegood.orders.versions import content_hash
from makegood.store.database import Connection

CLEANED_TABLES = (
    "event",
    "claim",
    "evidence",
    "upload",
    "mail",
    "job",
    "dead_job",
    "claim_draft",
    "one_time_link",
    "proof",
    "buyer_session",
    "order_head",
    "order_version",
    "key_reveal",
    "reminder",
    "supplier_question",
    "idempotency",
    "account",
    "legal_hold",
    "outside_case",
    "proposal",
    "supplier_dispute",
    "audit_claim",
)
"""Tables whose dead rows are vacuumed after an erasure."""


class LostFiles(msgspec.Struct, frozen=True):
    """What an erasure leaves to the storage: contents by SHA-256, and uploads by id."""

    sha256: list[str]
    uploads: list[str]
    items: int


async def lock_claims(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> None:
    """Hold these claims until the transaction ends, in one order for everybody."""
    await tx.execute(
        """
        select 1 from claim where market_id = $1 and claim_no = any ($2)
        order by claim_no for no key update
        """,
        market_id,
        list(claim_nos),
    )


async def empty_claim_rows(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> None:
    """The listed rows without buyer, device, excerpt and every gram of what was written."""
    rows = await tx.fetch(
        """
        select claim_no, order_no, title, seller_name from claim
        where market_id = $1 and claim_no = any ($2)
        """,
        market_id,
        list(claim_nos),
    )
    texts = [normal(" ".join(row.values())) for row in rows]
    await tx.execute(
        """
        update claim set buyer_id = '', cluster = 'erased:' || claim.claim_no, account_hash = '',
               external_id = '', excerpt = '', search_text = left_.search_text,
               grams = left_.grams::integer[]
        from unnest($2::text[], $3::text[], $4::text[]) as left_ (claim_no, search_text, grams)
        where claim.market_id = $1 and claim.claim_no = left_.claim_no
        """,
        market_id,
        [row["claim_no"] for row in rows],
        texts,
        [f"{{{','.join(map(str, grams_of(text)))}}}" for text in texts],
    )


async def delete_files(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> LostFiles:
    """Delete evidence items and uploads of claims; answers what the storage still has of them."""
    items = await tx.fetch(
        """
        delete from evidence where market_id = $1 and claim_no = any ($2)
        returning sha256, thumb_sha256
        """,
        market_id,
        list(claim_nos),
    )
    uploads = await tx.fetch(
        "delete from upload where market_id = $1 and claim_no = any ($2) returning upload_id",
        market_id,
        list(claim_nos),
    )
    contents = {row["sha256"] for row in items} | {row["thumb_sha256"] for row in items}
    return LostFiles(
        sorted(content for content in contents if content),
        sorted(row["upload_id"] for row in uploads),
        len(items),
    )


async def drafts_of(conn: Connection, market_id: str, orders: Sequence[str]) -> list[str]:
    """Numbers under which evidence was filed for claims of these orders that nobody opened."""
    rows = await conn.fetch(
        """
        select claim_no from evidence as e
        where market_id = $1 and claim_no like 'draft:%'
          and exists (select 1 from unnest($2::text[]) as o (order_no)
                      where e.claim_no = 'draft:' || o.order_no
                         or starts_with(e.claim_no, 'draft:' || o.order_no || '/'))
        union
        select claim_no from upload as e
        where market_id = $1 and claim_no like 'draft:%'
          and exists (select 1 from unnest($2::text[]) as o (order_no)
                      where e.claim_no = 'draft:' || o.order_no
                         or starts_with(e.claim_no, 'draft:' || o.order_no || '/'))
        """,
        market_id,
        list(orders),
    )
    return [row["claim_no"] for row in rows]


async def erase_mails(
    tx: Connection,
    market_id: str,
    subjects: Sequence[str],
    addresses: Collection[str],
    now: datetime,
) -> int:
    """Addresses and contents of mails about these claims or to these people; answers how many.

    A mail that waits to be sent is never sent: its job finds nothing.
    """
    rows = await tx.fetch(
        """
        update mail set address = null, details = null, problem = '', erased_at = $4,
               state = case when state in ('queued', 'sending') then 'failed' else state end,
               settled_at = coalesce(settled_at, $4), lease_until = null
        where market_id = $1 and erased_at is null
          and (subject = any ($2) or lower(address) = any ($3))
        returning 1
        """,
        market_id,
        list(subjects),
        list(addresses),
        now,
    )
    return len(rows)


async def drop_errands(tx: Connection, market_id: str, claim_nos: Sequence[str]) -> None:
    """Jobs, dead jobs, links and drafts of claims that ended: nothing is due for them."""
    for statement in (
        "delete from job where market_id = $1 and subject = any ($2)",
        "delete from dead_job where market_id = $1 and subject = any ($2)",
        "delete from one_time_link where market_id = $1 and subject ->> 'claim_no' = any ($2)",
        """update supplier_question set question = question - 'target', answer = case
               when answer is null then null
               else answer - 'redeemed_by' - 'delivered_to' - 'note' end
           where market_id = $1 and claim_no = any ($2)""",
    ):
        await tx.execute(statement, market_id, list(claim_nos))


async def empty_asides(
    tx: Connection, market_id: str, claim_nos: Sequence[str], buyer_ids: Sequence[str]
) -> list[str]:
    """What stands beside claims: outside questions, suppliers' objections, notes, contracts.

    Answers the SHA-256 of files that suppliers filed about them.
    """
    numbers = list(claim_nos)
    await tx.execute(
        """
        update outside_case set question = '', answer = case
            when answer is null then null else answer || '{"text": "", "file_no": ""}' end
        where market_id = $1 and claim_no = any ($2)
        """,
        market_id,
        numbers,
    )
    await tx.execute(
        """
        update proposal set why = '–', decided_text = ''
        where market_id = $1 and subject = any ($2)
        """,
        market_id,
        numbers,
    )
    await tx.execute(
        "update audit_claim set note = '' where market_id = $1 and claim_no = any ($2)",
        market_id,
        numbers,
    )
    for statement in (
        "delete from contract_buyer where market_id = $1 and buyer_id = any ($2)",
        "delete from ledger_refusal where market_id = $1 and actor_id = any ($2)",
    ):
        await tx.execute(statement, market_id, list(buyer_ids))
    rows = await tx.fetch(
        """
        with told as (
            select dispute_no, files from supplier_dispute
            where market_id = $1 and claim_no = any ($2) for update),
        emptied as (
            update supplier_dispute as d set text = '–', decided_text = '', files = '[]'
            from told where d.market_id = $1 and d.dispute_no = told.dispute_no)
        select distinct file ->> 'sha256' as sha256
        from told, jsonb_array_elements(told.files) as file
        """,
        market_id,
        numbers,
    )
    return sorted(row["sha256"] for row in rows if row["sha256"])


async def drop_order_traces(tx: Connection, market_id: str, orders: Sequence[str]) -> None:
    """Proofs, links, drafts, reminders and readers' addresses of orders."""
    for statement in (
        "delete from proof where market_id = $1 and order_no = any ($2)",
        "delete from one_time_link where market_id = $1 and subject ->> 'order_no' = any ($2)",
        "delete from claim_draft where market_id = $1 and order_no = any ($2)",
        "delete from reminder where market_id = $1 and order_no = any ($2)",
        """update key_reveal set actor_id = 'erased', source_ip = ''
           where market_id = $1 and order_no = any ($2)""",
    ):
        await tx.execute(statement, market_id, list(orders))


async def end_sessions(
    tx: Connection, market_id: str, buyer_ids: Sequence[str], now: datetime
) -> list[str]:
    """Revoke the buyers' sessions and forget whose they were; answers their ids."""
    rows = await tx.fetch(
        """
        update buyer_session set buyer_id = '', order_nos = '{}',
               revoked_at = coalesce(revoked_at, $3)
        where market_id = $1 and buyer_id = any ($2) returning session_id
        """,
        market_id,
        list(buyer_ids),
        now,
    )
    return [row["session_id"] for row in rows]


async def rewrite_orders(
    tx: Connection, market_id: str, versions: Mapping[tuple[str, int], Order]
) -> None:
    """Every version of orders without its buyer, and heads that no contact leads to any more."""
    await tx.execute(
        """
        update order_version as v set snapshot = told.snapshot
        from unnest($2::text[], $3::integer[], $4::bytea[]) as told (order_no, version, snapshot)
        where v.market_id = $1 and v.order_no = told.order_no and v.version = told.version
        """,
        market_id,
        [order_no for order_no, _ in versions],
        [version for _, version in versions],
        [msgspec.json.encode(order) for order in versions.values()],
    )
    await tx.execute(
        """
        update order_head as h set buyer_id = told.buyer_id, content_hash = told.content_hash,
               contact_hash = null, claim_code_hash = null
        from unnest($2::text[], $3::integer[], $4::text[], $5::bytea[])
             as told (order_no, version, buyer_id, content_hash)
        where h.market_id = $1 and h.order_no = told.order_no and h.version = told.version
        """,
        market_id,
        [order_no for order_no, _ in versions],
        [version for _, version in versions],
        [order.buyer.id for order in versions.values()],
        [content_hash(order) for order in versions.values()],
    )
