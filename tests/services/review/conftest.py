"""The room's real database: SQLite, and PostgreSQL too where a module names both in ENGINES."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shikanji.services.review import service
from tests.kit.databases import OpenDatabase, open_on
from tests.services.review.edge import Door
from tests.services.review.makers import NOON


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "base" in metafunc.fixturenames:
        metafunc.parametrize("base", getattr(metafunc.module, "ENGINES", ["sqlite"]), indirect=True)


@pytest.fixture
async def base(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OpenDatabase]:
    """Empty but for its tables."""
    async with open_on(request.param, service, tmp_path, request, now=NOON) as opened:
        yield opened


@pytest.fixture
def door(base: OpenDatabase) -> Door:
    return Door(base)
