"""SQL that finds everything kept of a person, before anything is touched."""

from collections.abc import Sequence

import msgspec

from makegood.orders.order import Order
from makegood.privacy.rules import ClaimLine, Person
from makegood.store.database import Connection

_decode_order = msgspec.json.Decoder(Order).decode


async def buyer_ids_of(
    conn: Connection, market_id: str, asked: str, contact_hash: bytes
) -> list[str]:
    """The buyers that an order number, claim number, buyer's id or contact leads to."""
    rows = await conn.fetch(
        """
        select buyer_id from order_head
        where market_id = $1 and (order_no = $2 or buyer_id = $2 or contact_hash = $3)
        union
        select buyer_id from claim
        where market_id = $1 and (claim_no = $2 or buyer_id = $2) and buyer_id <> ''
        order by buyer_id limit 20
        """,
        market_id,
        asked,
        contact_hash,
    )
    return [row["buyer_id"] for row in rows if not row["buyer_id"].startswith("erased:")]


async def load_person(conn: Connection, market_id: str, buyer_ids: Sequence[str]) -> Person:
    """Everything under these buyers' ids, counted."""
    orders = [
        row["order_no"]
        for row in await conn.fetch(
            """
            select order_no from order_head where market_id = $1 and buyer_id = any ($2)
            order by order_no
            """,
            market_id,
            list(buyer_ids),
        )
    ]
    claims = [
        ClaimLine(*row)
        for row in await conn.fetch(
            """
            select claim_no, order_no, state, is_open from claim
            where market_id = $1 and (buyer_id = any ($2) or claim_no = any (
                select u.claim_no from claim_unit as u
                where u.market_id = $1 and u.order_no = any ($3)))
            order by opened_at, claim_no
            """,
            market_id,
            list(buyer_ids),
            orders,
        )
    ]
    person = Person(buyer_ids=tuple(buyer_ids), orders=tuple(orders), claims=tuple(claims))
    return await _counted(conn, market_id, person)


async def _counted(conn: Connection, market_id: str, person: Person) -> Person:
    row = await conn.fetchrow(
        """
        select (select count(*) from evidence
                where market_id = $1 and claim_no = any ($2)) as files,
               (select coalesce(sum(size), 0)::bigint from evidence
                where market_id = $1 and claim_no = any ($2)) as file_bytes,
               (select count(*) from mail
                where market_id = $1 and subject = any ($2) and erased_at is null) as mails,
               (select count(*) from buyer_session
                where market_id = $1 and buyer_id = any ($3)) as sessions
        """,
        market_id,
        person.claim_nos,
        list(person.buyer_ids),
    )
    assert row is not None, "counting answers a row"
    return msgspec.structs.replace(person, **dict(row))


async def versions_of(
    conn: Connection, market_id: str, orders: Sequence[str]
) -> list[tuple[str, int, Order]]:
    """(order number, version, order) of every version of these orders."""
    rows = await conn.fetch(
        """
        select order_no, version, snapshot from order_version
        where market_id = $1 and order_no = any ($2) order by order_no, version
        """,
        market_id,
        list(orders),
    )
    return [(row["order_no"], row["version"], _decode_order(row["snapshot"])) for row in rows]


async def forgotten_claims(
    conn: Connection, market_id: str, before: object, limit: int
) -> list[ClaimLine]:
    """Claims that ended before this moment, are not erased and not on hold; the oldest first."""
    rows = await conn.fetch(
        """
        select c.claim_no, c.order_no, c.state, c.is_open from claim as c
        where c.market_id = $1 and not c.is_open and c.closed_at < $2 and c.buyer_id <> ''
          and not exists (
              select 1 from legal_hold as h
              where h.market_id = $1 and h.lifted_at is null
                and ((h.kind = 'claim' and h.subject = c.claim_no)
                     or (h.kind = 'person' and h.subject = c.buyer_id)))
        order by c.closed_at, c.claim_no limit $3
        """,
        market_id,
        before,
        limit,
    )
    return [ClaimLine(*row) for row in rows]


async def forgotten_orders(
    conn: Connection, market_id: str, before: object, limit: int
) -> list[str]:
    """Orders told last before this moment whose buyer is still named and whom nothing holds.

    An order with a claim waits for its claims; a buyer on hold keeps all orders.
    """
    rows = await conn.fetch(
        """
        select o.order_no from order_head as o
        where o.market_id = $1 and o.updated_at < $2 and o.buyer_id not like 'erased:%'
          and not exists (
              select 1 from claim_unit as u
              join claim as c on c.market_id = u.market_id and c.claim_no = u.claim_no
              where u.market_id = $1 and u.order_no = o.order_no and c.buyer_id <> '')
          and not exists (
              select 1 from legal_hold as h
              where h.market_id = $1 and h.lifted_at is null and h.kind = 'person'
                and h.subject = o.buyer_id)
        order by o.updated_at, o.order_no limit $3
        """,
        market_id,
        before,
        limit,
    )
    return [row["order_no"] for row in rows]
