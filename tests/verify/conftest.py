"""One node process for all tests of the verifiers."""

from collections.abc import Iterator

import pytest

from tests.verify.javascript import JavaScript, javascript


@pytest.fixture(scope="session")
def script() -> Iterator[JavaScript]:
    """The offline page's verifier."""
    with javascript() as running:
        yield running
