"""The demo's web process: the ordinary site with an offer on its start page."""

import os

from litestar.types import ASGIApp

from makegood.bootstrap import LateApp
from makegood.demo.offer import of
from makegood.logs import configure_logs
from makegood.settings import load_settings


def web_app() -> ASGIApp:
    """The ASGI application, from the settings of this process's environment."""
    settings = load_settings(os.environ)
    configure_logs(format=settings.log_format, level=settings.log_level)
    return LateApp(settings, of(settings))
