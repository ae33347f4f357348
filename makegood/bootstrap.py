"""The only place that builds things: settings to pool, clock and ids, to the web app and worker."""

import asyncio
import os

from litestar import Litestar, get

from makegood.keyfile import open_vault
from makegood.logs import configure_logs
from makegood.settings import Settings, load_settings
from makegood.store.database import Database
from makegood.store.keycheck import check_keys


def web_app() -> Litestar:
    """The ASGI application of this process, from the settings of its environment."""
    settings = load_settings(os.environ)
    configure_logs(format=settings.log_format, level=settings.log_level)
    return Litestar(route_handlers=[ready], openapi_config=None, logging_config=None)


@get("/ready", sync_to_thread=False)
def ready() -> str:
    """Requests can be served."""
    return "ok"


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Carry out jobs until `stop` is set."""
    configure_logs(format=settings.log_format, level=settings.log_level)
    db = await Database.open(settings.database_url)
    async with db.connection() as conn:
        await check_keys(conn, open_vault(settings))
    await stop.wait()
    await db.close()
