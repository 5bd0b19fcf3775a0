"""Scenarios are lived through in both shapes."""

import pytest

from tests.harness import Counter
from tests.scaled import IN_SEVERAL_PROCESSES


@pytest.fixture(params=["one process", pytest.param("several processes", marks=IN_SEVERAL_PROCESSES)])
def counter(request: pytest.FixtureRequest) -> Counter:
    """In one process on files, and in several on engines."""
    opened: Counter = request.getfixturevalue("shop" if request.param == "one process" else "scaled_shop")
    return opened
