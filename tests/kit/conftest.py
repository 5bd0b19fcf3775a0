"""Fixtures of the kit's suites: the same test on every database."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.counters import SERVICE
from tests.kit.databases import OpenDatabase, open_database, open_postgres


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def database(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    """The counters' database, empty, on each engine."""
    async with _open(engine, tmp_path, request) as opened:
        yield opened


@pytest.fixture
async def small_database(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    """The same, which takes on no more than two units at a time."""
    async with _open(engine, tmp_path, request, queue_units_max=2) as opened:
        yield opened


def _open(
    engine: str, folder: Path, request: pytest.FixtureRequest, **limits: Any
) -> AbstractAsyncContextManager[OpenDatabase]:
    if engine == "sqlite":
        return open_database(SERVICE, folder, **limits)
    return open_postgres(SERVICE, request.getfixturevalue("postgres_server"), **limits)
