"""The store service's own database for the tests of its actions."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shikanji.services.store import service
from tests.kit.databases import OpenDatabase, open_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[OpenDatabase]:
    async with open_database(service, tmp_path) as opened:
        yield opened
