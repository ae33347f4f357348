"""The report of a benchmark says truly whether its targets were met."""

import json

import pytest

from benchmarks.__main__ import benchmarks, main
from benchmarks.common import Report, find_pgbench, percentile
from benchmarks.http_load import request


def test_the_last_line_is_json_with_figures_and_targets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report("intake")
    report.add("posts_per_s", 1300, ">= 1200")
    report.add("p99_ms", 51.0, "< 50")
    assert report.finish() == 1
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert outcome == {
        "name": "intake",
        "figures": {"posts_per_s": 1300, "p99_ms": 51.0},
        "targets": {"posts_per_s": ">= 1200", "p99_ms": "< 50"},
        "ok": False,
    }


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile(range(100), 0.99) == 99
    assert percentile([3.0], 0.5) == 3.0


def test_every_benchmark_says_what_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(benchmarks()) > 0
    assert all(len(line.split()) > 3 for line in lines)


def test_an_unknown_benchmark_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fruit"]) == 2
    assert "no 'fruit'" in capsys.readouterr().err


def test_pgbench_comes_with_the_product() -> None:
    assert find_pgbench().name == "pgbench"


def test_a_request_says_how_long_its_body_is() -> None:
    sent = request("POST", "http://127.0.0.1:1/api?x=1", b"{}", {"Authorization": "Bearer k"})
    assert sent.startswith(b"POST /api?x=1 HTTP/1.1\r\n")
    assert sent.endswith(b"Content-Length: 2\r\nAuthorization: Bearer k\r\n\r\n{}")
