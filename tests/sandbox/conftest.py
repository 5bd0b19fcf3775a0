"""The sandbox company, for one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.company import Company, open_company


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with open_company(tmp_path) as opened:
        yield opened
