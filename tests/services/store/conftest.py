"""The store service's own database for the tests of its actions: on each engine where the SQL is what is tested."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shikanji.services.store import service
from tests.kit.databases import OpenDatabase, open_database, open_on


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[OpenDatabase]:
    async with open_database(service, tmp_path) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
async def each_database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    """The same test on SQLite and on PostgreSQL."""
    async with open_on(request.param, service, tmp_path, request) as opened:
        yield opened
