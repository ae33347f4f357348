"""Routes for machines that watch over this one: alive, able to serve, figures."""

import hmac
import ipaddress
from typing import Any

import asyncpg
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from prometheus_client import CollectorRegistry, Gauge, generate_latest

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
    return Response(figures(standing), media_type="text/plain; version=0.0.4; charset=utf-8")


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
