"""Structured logs: one JSON object a line (or a readable line), without secrets or personal data.

Names of fields that may hold such data are blanked, and e-mail addresses, phone numbers, keys
and passwords in URLs are cut out of every text, tracebacks included. `request_id` and whatever
else `bind` is given follow all lines of the same request or job.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

BLANK = "[redacted]"
_PRIVATE = re.compile(
    r"password|passwd|token|secret|authorization|cookie|api_?key|vault|claim_code|contact|e_?mail"
    r"|phone|address|^ip$|device|description|^text$|^keys?$|^body$|^query$|target|payload",
    re.IGNORECASE,
)
_IN_TEXT = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "[email]"),
    (re.compile(r"(?<![\w-])(?:\+?86[- ]?)?1[3-9]\d{9}(?!\w)"), "[phone]"),
    (re.compile(r"\bmg_[A-Za-z0-9_-]+"), "[key]"),
    (re.compile(r"(\w+://[^/\s:@]*):[^/\s@]+@"), r"\1:[redacted]@"),
    (re.compile(r"(?<=[?&])[^=&\s]+=[^&\s]+"), "[redacted]"),
)
_QUIET = ("httpx", "httpcore", "asyncio", "urllib3", "PIL", "multipart", "uvicorn")

Line = MutableMapping[str, Any]


def configure_logs(
    *,
    format: Literal["auto", "json", "console"] = "auto",  # noqa: A002 - the operator's word
    level: str = "info",
    stream: TextIO | None = None,
) -> None:
    """Send structlog's and the standard library's lines through one formatter to `stream`."""
    stream = stream or sys.stderr
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _configure_standard_library(shared, _renderer(format, stream), level, stream)


def bind(**fields: str) -> None:
    """Add fields, such as request_id, to all later lines of this request or job."""
    structlog.contextvars.bind_contextvars(**fields)


def clear() -> None:
    """Forget bound fields at the start of a request or job."""
    structlog.contextvars.clear_contextvars()


def redact(_logger: object, _method: str, line: Line) -> Line:
    """The line without secrets and personal data, however deep they lie."""
    return {name: _clean(name, value) for name, value in line.items()}


def clean_text(text: str) -> str:
    """The text without addresses, phone numbers, keys and query strings."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _clean(name: str, value: object) -> object:
    if _PRIVATE.search(name):
        return BLANK
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {inner: _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", item) for item in value]
    return value


def _renderer(format_name: str, stream: TextIO) -> structlog.types.Processor:
    if format_name == "console" or (format_name == "auto" and stream.isatty()):
        return structlog.dev.ConsoleRenderer(colors=stream.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _configure_standard_library(
    shared: list[structlog.types.Processor],
    renderer: structlog.types.Processor,
    level: str,
    stream: TextIO,
) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _without_internals,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_internals(_logger: object, _method: str, line: Line) -> Line:
    line.pop("color_message", None)
    return line
