"""The room's real database, with a shop in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shikanji.services.inventory import service
from tests.kit.databases import OpenDatabase, open_database
from tests.services.inventory import makers


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[OpenDatabase]:
    """Empty but for its tables."""
    async with open_database(service, tmp_path, now=makers.NOON) as opened:
        yield opened


@pytest.fixture
async def shop(base: OpenDatabase) -> OpenDatabase:
    """20 on hand of each of three products."""
    await base.write(makers.open_shop)
    return base
