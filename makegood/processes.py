"""What a child of the process tree runs: one web process, or one worker.

usage: python -m makegood.processes web LISTENING_FD | work
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys

import uvicorn
import uvloop

from makegood.settings import Settings, load_settings

STREAMS_END_SECONDS = 2
"""How long open live streams may hold up the end of a web process."""


def web(listening_fd: int) -> None:
    """Answer requests on a socket that the supervisor listens on."""
    settings = load_settings(os.environ)
    config = uvicorn.Config(
        "makegood.demo.site:web_app" if settings.demo else "makegood.bootstrap:web_app",
        factory=True,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=STREAMS_END_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listening_fd)])


def work(settings: Settings) -> None:
    """Carry out jobs until SIGTERM or SIGINT; the job at hand is finished first."""
    from makegood.bootstrap import run_worker

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run_worker(settings, stop)

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(until_stopped())


def main(arguments: list[str]) -> None:
    """Run what the first argument names."""
    if arguments[0] == "web":
        web(int(arguments[1]))
    else:
        work(load_settings(os.environ))


if __name__ == "__main__":
    main(sys.argv[1:])
