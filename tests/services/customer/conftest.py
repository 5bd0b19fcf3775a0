"""The customer service's real database: SQLite, and PostgreSQL too where a module names both in ENGINES."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shikanji.services.customer import service
from tests.kit.databases import OpenDatabase, open_on


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", getattr(metafunc.module, "ENGINES", ["sqlite"]), indirect=True)


@pytest.fixture
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    async with open_on(request.param, service, tmp_path, request) as opened:
        yield opened
