"""A desk on SQLite, and on PostgreSQL too where a module names both in ENGINES."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.notification.desk import Desk, open_desk


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "desk" in metafunc.fixturenames:
        metafunc.parametrize("desk", getattr(metafunc.module, "ENGINES", ["sqlite"]), indirect=True)


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Noon of a day in November; nothing was told yet."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    async with open_desk(tmp_path, server=server) as opened:
        yield opened
