"""The payment room and its company, for one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.payment.till import Till, open_till


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    async with open_till(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
async def each_till(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Till]:
    """The same test on SQLite and on PostgreSQL."""
    server = None if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    async with open_till(tmp_path, server=server) as opened:
        yield opened
