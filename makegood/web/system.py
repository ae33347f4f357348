"""Routes for machines that watch over this one: alive, able to serve, figures."""

import hmac
import ipaddress
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from makegood.ledger.audits.standing import BooksStanding, books_standing
from makegood.record.log.standing import LogStanding, log_standings
from makegood.store.jobs import Backlog, backlog
from makegood.store.migrate import pending
from makegood.web.things import TheThings


@get("/health", media_type=MediaType.TEXT)
async def health() -> str:
    """The process is alive; says nothing about the database."""
    return "ok"


@get("/ready", media_type=MediaType.TEXT)
async def ready(things: TheThings) -> Response[str]:
    """Requests can be served: the database answers and has this version's tables."""
    try:
        async with things.db.connection() as conn:
            missing = await pending(conn)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return Response("the database does not answer", status_code=503)
    if missing:
        return Response("the database waits for `makegood migrate`", status_code=503)
    return Response("ok")


@get("/metrics", media_type=MediaType.TEXT)
async def metrics(request: Request[Any, Any, State], things: TheThings) -> Response[bytes]:
    """Figures in Prometheus's text form, for this machine or a bearer of the metrics key."""
    if not _may_read(request, things.settings.metrics_key):
        return Response(b"", status_code=404)
    async with things.db.connection() as conn:
        standing = await backlog(conn, things.clock.now())
        books = await books_standing(conn)
        logs = await log_standings(conn)
    now = things.clock.now()
    body = figures(standing) + book_figures(books, now) + log_figures(logs, now)
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


def figures(standing: Backlog) -> bytes:
    """The backlog as Prometheus gauges."""
    registry = CollectorRegistry()
    for name, words, value in (
        ("makegood_jobs_due", "Jobs that could run now", standing.due),
        ("makegood_jobs_pending", "Jobs whose time has not come", standing.pending),
        ("makegood_jobs_dead", "Jobs that used up their attempts", standing.dead),
        (
            "makegood_oldest_due_job_seconds",
            "How long the oldest due job waits",
            standing.oldest_due_seconds,
        ),
    ):
        Gauge(name, words, registry=registry).set(value)
    return generate_latest(registry)


def book_figures(books: BooksStanding, now: datetime) -> bytes:
    """How the books stand as Prometheus gauges: age of the audits, payouts that stand still."""
    registry = CollectorRegistry()
    for name, words, at in (
        ("makegood_audit_age_seconds", "Since the audit of every minute ran", books.audited_at),
        ("makegood_whole_audit_age_seconds", "Since everything was added up", books.whole_at),
    ):
        age = (now - at).total_seconds() if at else float("nan")
        Gauge(name, words, registry=registry).set(age)
    Gauge("makegood_audit_milliseconds", "What the last audit took", registry=registry).set(
        books.took_ms
    )
    paused = Gauge(
        "makegood_payouts_paused",
        "Differences for which payouts stand still",
        ["market", "currency"],
        registry=registry,
    )
    for one in books.paused:
        paused.labels(one.market_id, one.currency).set(one.differences)
    return generate_latest(registry)


def log_figures(logs: Sequence[LogStanding], now: datetime) -> bytes:
    """How the record's logs stand as Prometheus gauges, one series for each market."""
    registry = CollectorRegistry()
    for name, words, value in _LOG_GAUGES:
        gauge = Gauge(name, words, ["market"], registry=registry)
        for one in logs:
            gauge.labels(one.market_id).set(value(one, now))
    return generate_latest(registry)


def _seconds_since(at: datetime | None, now: datetime, unknown: float) -> float:
    return unknown if at is None else (now - at).total_seconds()


_LOG_GAUGES: Final[tuple[tuple[str, str, Callable[[LogStanding, datetime], float]], ...]] = (
    ("makegood_log_size", "Entries that have their place", lambda one, _: one.size),
    ("makegood_log_signed", "Entries under the last checkpoint", lambda one, _: one.signed_size),
    ("makegood_log_waiting", "Events without a place yet", lambda one, _: one.waiting),
    (
        "makegood_log_oldest_waiting_seconds",
        "How long the oldest of them waits; receipts promise 60",
        lambda one, now: _seconds_since(one.oldest_waiting_at, now, 0.0),
    ),
    (
        "makegood_log_checkpoint_age_seconds",
        "Since the last checkpoint was signed",
        lambda one, now: _seconds_since(one.signed_at, now, math.nan),
    ),
    (
        "makegood_log_refused",
        "1 while the log refuses to sign",
        lambda one, _: float(one.trouble is not None),
    ),
    (
        "makegood_log_problems",
        "What the last full check found",
        lambda one, _: one.problems if one.problems is not None else math.nan,
    ),
)


def _may_read(request: Request[Any, Any, State], key: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key:
        return hmac.compare_digest(given.encode(), key.encode())
    return request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


ROUTES = [health, ready, metrics]
