"""SQL of claims: intake in one statement, histories, and the row that lists show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

import asyncpg
import msgspec

from makegood.base.actor import Actor, Role
from makegood.claims import events as e
from makegood.claims.fold import fold
from makegood.claims.parting import NOTHING_APART, PARTED, STEPS, join
from makegood.claims.rows import ClusterHistory, Intake, OpenOnOrder, Parties, Row, UnitClaim
from makegood.claims.state import Claim, Recorded
from makegood.orders.order import Order
from makegood.record import store as record_store
from makegood.record.chain import FIELDS_ERASED
from makegood.record.rules import SealedEvent, StreamHead
from makegood.record.store import StaleStream
from makegood.record.upcast import Upcasts
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue_arguments, enqueue_sql
from makegood.store.notify import publish_sql

_KINDS: Final[dict[str, type[e.AnyEvent]]] = {e.event_name(k): k for k in e.AnyEvent.__args__}
_DECODERS: Final = {name: msgspec.json.Decoder(kind) for name, kind in _KINDS.items()}
UPCASTS: Final = Upcasts(
    current=dict.fromkeys(_KINDS, 1) | dict.fromkeys(PARTED, 2) | {FIELDS_ERASED: 1},
    steps=STEPS,
)
_decode_order = msgspec.json.Decoder(Order).decode


class Loaded(msgspec.Struct, frozen=True):
    """A claim with the head of its stream, ready for the next event."""

    claim: Claim
    head: StreamHead
    history: list[Recorded]


_INTAKE: Final = """
    select v.version, v.snapshot,
           (select jsonb_agg(jsonb_build_array(u.line_no, u.unit_no, u.claim_no, c.state,
                                               c.finding <> '', c.closed_at))
            from claim_unit as u
            join claim as c on c.market_id = u.market_id and c.claim_no = u.claim_no
            where u.market_id = h.market_id and u.order_no = h.order_no and u.binding) as bound
    from order_head as h
    join order_version as v
      on v.market_id = h.market_id and v.order_no = h.order_no and v.version = h.version
    where h.market_id = $1 and h.order_no = $2
"""

_OPENED: Final = f"""
    with appended as ({record_store.append_sql(1)}),
    listed as (
        insert into claim (
            market_id, claim_no, version, state, is_open, lane, class_no, queue_at, reason,
            order_no, line_no, category, title, seller_id, seller_name, supplier_id, buyer_id,
            cluster, channel, external_id, amount_minor, currency, owner_id, owner_name, opened_at,
            changed_at, next_deadline_at, next_deadline_kind, excerpt, search_text, grams,
            account_hash, apart_ids, contract_id)
        values ($14, $15, $16, $17, true, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28,
                $29, $30, $31, $32, $33, $34, $35, $36, $37, $37, $38, $39, $40, $41,
                $42::text::integer[], $48, $49, $50)
    ),
    bound as (
        insert into claim_unit (market_id, claim_no, order_no, line_no, unit_no)
        select $14, $15, $22, $23, unit_no from unnest($43::integer[]) as unit_no
    )
    insert into job (market_id, kind, subject, payload, run_at, request_id)
    select $14, kind, $15, payload, run_at, $47
    from unnest($44::text[], $45::jsonb[], $46::timestamptz[]) as new (kind, payload, run_at)
"""


_STEP: Final = f"""
    with appended as ({record_store.append_sql(1)}),
    listed as (
        update claim set version = $16, state = $17, is_open = $18, lane = $19, class_no = $20,
               queue_at = $21, owner_id = $22, owner_name = $23, reviewer_id = $24,
               awaits_approval = $25, has_tasks = $26, changed_at = $27, closed_at = $28,
               next_deadline_at = $29, next_deadline_kind = $30, finding = $31, remedy = $32,
               refunded_minor = $33, root_cause = $34, rating = $35
        where market_id = $14 and claim_no = $15
    ),
    enqueued as ({enqueue_sql(36)})
    {publish_sql(43)}
"""


async def load_intake(conn: Connection, market_id: str, order_no: str) -> Intake | None:
    """The newest order and what binds its units, in one statement."""
    row = await conn.fetchrow(_INTAKE, market_id, order_no)
    if row is None:
        return None
    bound = [msgspec.convert(item, UnitClaimArray).named() for item in row["bound"] or []]
    return Intake(row["version"], _decode_order(row["snapshot"]), bound)


async def insert_opened(
    conn: Connection,
    sealed: Sequence[SealedEvent],
    claim: Claim,
    row: Row,
    texts: tuple[str, str, list[int]],
    cluster: str,
    jobs: Sequence[Job],
    account_hash: str = "",
    apart_ids: Sequence[str] = (),
) -> None:
    """Everything an opened claim writes, in one statement and so in one transaction.

    Raises asyncpg.UniqueViolationError when a unit or an external id is taken already.
    """
    opened = claim.opened
    excerpt, search_text, grams = texts
    # As text: the driver would look at every number of an array several times.
    listed_grams = f"{{{','.join(map(str, grams))}}}"
    await conn.execute(
        _OPENED,
        *record_store.append_arguments(sealed),
        sealed[0].market_id,
        opened.claim_no,
        row.version,
        row.state,
        row.lane,
        row.class_no,
        row.queue_at,
        opened.reason,
        opened.order_no,
        opened.line_no,
        opened.category,
        opened.title,
        opened.seller_id,
        opened.seller_name,
        opened.supplier_id,
        e.words_of(opened.buyer_id),
        cluster,
        opened.channel,
        opened.external_id,
        opened.claimed_minor,
        opened.currency,
        row.owner_id,
        row.owner_name,
        claim.opened_at,
        row.next_deadline_at,
        row.next_deadline_kind,
        excerpt,
        search_text,
        listed_grams,
        opened.units,
        [job.kind for job in jobs],
        [job.payload for job in jobs],
        [job.run_at for job in jobs],
        jobs[0].request_id if jobs else "",
        account_hash,
        list(apart_ids),
        opened.contract.contract_id if opened.contract else "",
    )


def is_bound(error: asyncpg.UniqueViolationError) -> bool:
    """Whether an opening met a claim that binds one of its units."""
    return str(error.as_dict().get("constraint_name")) == "claim_unit_binding"


def is_known_outside(error: asyncpg.UniqueViolationError) -> bool:
    """Whether an opening met a claim with the same channel and external id."""
    return str(error.as_dict().get("constraint_name")) == "claim_external"


def is_taken_number(error: asyncpg.UniqueViolationError) -> bool:
    """Whether an opening drew a claim number that another claim has."""
    return str(error.as_dict().get("constraint_name")) in (
        "claim_pkey",
        "claim_unit_pkey",
        "event_pkey",
    )


async def lock(tx: Connection, market_id: str, claim_no: str) -> bool:
    """Take the claim's row lock: one change at a time, in the order of arrival."""
    found = await tx.fetchval(
        "select 1 from claim where market_id = $1 and claim_no = $2 for no key update",
        market_id,
        claim_no,
    )
    return found is not None


async def load(conn: Connection, market_id: str, claim_no: str) -> Loaded | None:
    """The claim folded from its whole history, or None for an unknown number."""
    sealed = await record_store.load(conn, market_id, claim_no)
    if not sealed:
        return None
    history = [read(event) for event in sealed if event.name != FIELDS_ERASED]
    last = sealed[-1]
    head = StreamHead(
        market_id=market_id,
        stream=claim_no,
        pseudonym=last.pseudonym,
        version=last.version,
        entry_hash=last.entry_hash,
    )
    return Loaded(fold(history), head, history)


def by_hand_stream(seller_id: str) -> str:
    """The stream of what people do to a seller's payouts outside every claim."""
    return f"payouts/{seller_id}"


async def by_hand(conn: Connection, market_id: str, seller_id: str) -> list[e.AnyEvent]:
    """What people did to a seller's payouts outside every claim, in order."""
    sealed = await record_store.load(conn, market_id, by_hand_stream(seller_id))
    return [read(one).event for one in sealed]


async def first_entry_hash(conn: Connection, market_id: str, claim_no: str) -> bytes:
    """The hash of a claim's first public entry: names the claim without saying which it is."""
    found: bytes = await conn.fetchval(
        "select entry_hash from event where market_id = $1 and stream = $2 and version = 1",
        market_id,
        claim_no,
    )
    return found


def read(sealed: SealedEvent) -> Recorded:
    """A stored event in today's form."""
    event = read_body(sealed.name, sealed.schema_version, sealed.body)
    by = Actor(cast(Role, sealed.actor_role), sealed.actor_id or "")
    return Recorded(sealed.version, sealed.at, by, event)


def read_body(name: str, schema_version: int, body: bytes) -> e.AnyEvent:
    """The event behind a stored body of any version, whole again where it was sealed in parts."""
    body = UPCASTS.upcast(name, schema_version, body)
    if name not in PARTED or body.endswith(NOTHING_APART):
        event: e.AnyEvent = _DECODERS[name].decode(body)
        return event
    return msgspec.convert(join(msgspec.json.decode(body)), _KINDS[name])


async def record_step(
    tx: Connection,
    sealed: Sequence[SealedEvent],
    row: Row,
    jobs: Sequence[Job],
    topics: Sequence[str],
) -> None:
    """Events, the listed row as they leave it, what follows and who hears of it: one statement.

    Raises StaleStream when another writer appended to the claim since it was read.
    """
    try:
        await tx.execute(
            _STEP,
            *record_store.append_arguments(sealed),
            sealed[0].market_id,
            sealed[0].stream,
            *msgspec.structs.astuple(row),
            *enqueue_arguments(jobs),
            topics,
        )
    except asyncpg.UniqueViolationError as error:
        if record_store.is_stale(error):
            raise StaleStream from error
        raise


async def free_units(tx: Connection, market_id: str, claim_no: str) -> None:
    """A claim that was withdrawn or declined before any decision binds no unit."""
    await tx.execute(
        "update claim_unit set binding = false where market_id = $1 and claim_no = $2",
        market_id,
        claim_no,
    )


async def free_unit(
    tx: Connection, market_id: str, claim_no: str, line_no: int, unit_no: int
) -> None:
    """A later problem of one unit takes that unit out of the old claim."""
    await tx.execute(
        """
        update claim_unit set binding = false
        where market_id = $1 and claim_no = $2 and line_no = $3 and unit_no = $4
        """,
        market_id,
        claim_no,
        line_no,
        unit_no,
    )


async def last_owner(conn: Connection, market_id: str, order_no: str) -> str:
    """Who owns the newest claim of an order that is not itself about our people; or nobody."""
    found: str | None = await conn.fetchval(
        """
        select c.owner_id
        from claim_unit as u join claim as c
          on c.market_id = u.market_id and c.claim_no = u.claim_no
        where u.market_id = $1 and u.order_no = $2 and c.reason not like 'SRV%'
        order by c.opened_at desc, c.claim_no desc limit 1
        """,
        market_id,
        order_no,
    )
    return found or ""


async def account_of(conn: Connection, market_id: str, claim_no: str) -> str:
    """The keyed hash of the account the buyer declared when opening; empty if none was."""
    found: str | None = await conn.fetchval(
        "select account_hash from claim where market_id = $1 and claim_no = $2",
        market_id,
        claim_no,
    )
    return found or ""


async def bind_units(tx: Connection, market_id: str, claim_no: str) -> None:
    """A reopened claim binds its units again; a unique violation means another claim does."""
    await tx.execute(
        "update claim_unit set binding = true where market_id = $1 and claim_no = $2",
        market_id,
        claim_no,
    )


async def claim_of_external(
    conn: Connection, market_id: str, channel: str, external_id: str
) -> str | None:
    """The claim that a channel's own number belongs to."""
    found: str | None = await conn.fetchval(
        "select claim_no from claim where market_id = $1 and channel = $2 and external_id = $3",
        market_id,
        channel,
        external_id,
    )
    return found


async def parties_of(conn: Connection, market_id: str, claim_no: str) -> Parties | None:
    """Order and seller of a claim, or None for an unknown number."""
    row = await conn.fetchrow(
        "select order_no, seller_id from claim where market_id = $1 and claim_no = $2",
        market_id,
        claim_no,
    )
    return Parties(row["order_no"], row["seller_id"]) if row else None


async def open_claims_of_order(
    conn: Connection, market_id: str, order_no: str
) -> list[OpenOnOrder]:
    """Units of an order under open claims; the newest order of claims last."""
    return (await open_claims_of_orders(conn, market_id, [order_no]))[order_no]


async def open_claims_of_orders(
    conn: Connection, market_id: str, order_nos: Sequence[str]
) -> dict[str, list[OpenOnOrder]]:
    """The same for several orders; an order nobody complains about has none."""
    rows = await conn.fetch(
        """
        select u.order_no, u.claim_no, u.line_no, u.unit_no, c.amount_minor, c.next_deadline_at
        from claim_unit as u
        join claim as c on c.market_id = u.market_id and c.claim_no = u.claim_no
        where u.market_id = $1 and u.order_no = any ($2::text[]) and u.binding and c.is_open
        order by c.opened_at, u.claim_no, u.line_no, u.unit_no
        """,
        market_id,
        order_nos,
    )
    found: dict[str, list[OpenOnOrder]] = {order_no: [] for order_no in order_nos}
    for order_no, *rest in rows:
        found[order_no].append(OpenOnOrder(*rest))
    return found


async def history_of_cluster(
    conn: Connection, market_id: str, claim_no: str, order_no: str, since: datetime
) -> ClusterHistory:
    """What the device or contact behind this claim claimed since then, this claim included."""
    row = await conn.fetchrow(
        """
        select count(*) as claims,
               count(*) filter (where other.remedy = 'explanation') as refused,
               coalesce(sum(other.refunded_minor) filter (
                   where other.opened_at > own.opened_at - interval '1 day'), 0)::bigint
                   as refunded_today_minor,
               count(*) filter (where other.order_no = $3) as on_order,
               exists (
                   select from order_head as bought
                   join order_head as older on older.market_id = bought.market_id
                       and older.contact_hash = bought.contact_hash
                   where bought.market_id = $1 and bought.order_no = $3
                     and older.order_no <> $3 and older.placed_at < $4
               ) as aged
        from claim as own
        join claim as other on other.market_id = own.market_id and other.cluster = own.cluster
        where own.market_id = $1 and own.claim_no = $2 and other.opened_at >= $4
        """,
        market_id,
        claim_no,
        order_no,
        since,
    )
    assert row is not None
    return ClusterHistory(
        claims=row["claims"],
        refused=row["refused"],
        refunded_today_minor=row["refunded_today_minor"],
        on_order=row["on_order"],
        aged=row["aged"],
    )


async def overdue(conn: Connection, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Open claims whose next deadline passed before this time and was not acted on."""
    rows = await conn.fetch(
        """
        select market_id, claim_no from claim where next_deadline_at < $1
        order by next_deadline_at limit $2
        """,
        before,
        limit,
    )
    return [(row["market_id"], row["claim_no"]) for row in rows]


class UnitClaimArray(msgspec.Struct, array_like=True):
    """One element of the JSON that the intake query builds."""

    line_no: int
    unit_no: int
    claim_no: str
    state: str
    decided: bool
    closed_at: datetime | None

    def named(self) -> UnitClaim:
        """The same by name."""
        return UnitClaim(*msgspec.structs.astuple(self))
