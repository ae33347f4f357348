"""Logs tell what happened, without secrets or personal data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from makegood.logs import bind, clear, configure_logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logs(format="json", stream=stream)
    yield stream
    clear()
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def written(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_a_line_is_json_with_time_level_and_request(stream: io.StringIO) -> None:
    bind(request_id="r-1")
    structlog.get_logger("claims").info("claim opened", claim_no="AS-261121-7K3QFX", units=2)
    line = written(stream)
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["event"], line["units"]) == ("info", "claim opened", 2)
    assert (line["request_id"], line["claim_no"]) == ("r-1", "AS-261121-7K3QFX")


@pytest.mark.parametrize(
    "name",
    ["password", "query_password", "session_token", "contact", "buyer_email", "keys", "payload"],
)
def test_private_fields_are_blank(stream: io.StringIO, name: str) -> None:
    structlog.get_logger().info("seen", **{name: "hunter2", "deep": {name: "hunter2"}})
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "mail to b1@example.com failed",
        "called 13812345678 twice",
        "key mg_a8f3kd93kf used",
        "connect postgresql://u:b1-pass@db/x",
        "GET /submit.php?pid=1&sign=b1-sign",
    ],
)
def test_texts_lose_what_identifies_a_person_or_opens_a_door(
    stream: io.StringIO, text: str
) -> None:
    logging.getLogger("other.library").warning(text)
    event = written(stream)["event"]
    for secret in ("b1", "1381", "a8f3", "example.com"):
        assert secret not in event


def test_a_traceback_is_cleaned_too(stream: io.StringIO) -> None:
    try:
        raise ValueError("no buyer b1@example.com")
    except ValueError:
        structlog.get_logger().exception("failed")
    line = written(stream)
    assert "ValueError" in line["exception"]
    assert "b1@example.com" not in stream.getvalue()


def test_a_library_that_tells_urls_is_quiet(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://gateway/?sign=1")
    assert stream.getvalue() == ""
