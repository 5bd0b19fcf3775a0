"""Fixtures that every suite may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness import Shop, open_shop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """The whole platform with the demo data; nothing happens behind the requests until `shop.settle()`."""
    async with open_shop(tmp_path / "data") as opened:
        yield opened
