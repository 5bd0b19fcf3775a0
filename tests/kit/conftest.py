"""Fixtures of the kit's suites: the same test on every database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.counters import SERVICE
from tests.kit.databases import OpenDatabase, open_on


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def database(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    """The counters' database, empty, on each engine."""
    async with open_on(engine, SERVICE, tmp_path, request) as opened:
        yield opened


@pytest.fixture
async def small_database(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    """The same, which takes on no more than two units at a time."""
    async with open_on(engine, SERVICE, tmp_path, request, queue_units_max=2) as opened:
        yield opened
