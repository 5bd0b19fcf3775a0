"""The payment room and its company, for one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.payment.till import Till, open_till


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    async with open_till(tmp_path) as opened:
        yield opened
