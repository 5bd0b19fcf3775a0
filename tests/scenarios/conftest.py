"""Scenarios are lived through in both shapes."""

import pytest

from tests.harness import Counter


@pytest.fixture(params=["one process", "several processes"])
def counter(request: pytest.FixtureRequest) -> Counter:
    """In one process on files, and in several on engines."""
    opened: Counter = request.getfixturevalue("shop" if request.param == "one process" else "scaled_shop")
    return opened
