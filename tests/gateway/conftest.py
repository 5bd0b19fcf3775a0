"""Fixtures of the gateway's tests: the same door before a service in this process and before one elsewhere."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.door import Door, open_door


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as opened:
        yield opened


@pytest.fixture(params=["in this process", "over HTTP"])
async def either_door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    async with open_door(over_http=request.param == "over HTTP") as opened:
        yield opened
