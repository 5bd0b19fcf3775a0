"""What an operator may set about tokens opens no door that was shut. Time has to pass here, so one process lives it, on
files and on engines; that every process hears of an ended session is in tests/processes."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from shikanji.kit.clock import MINUTE
from tests.harness import Shop, open_shop
from tests.scaled import OneProcessOnEngines


@pytest.fixture(params=["files", "engines"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> AbstractAsyncContextManager[Shop]:
    """Tokens live for an hour."""
    if request.param == "files":
        return open_shop(tmp_path / "data", customer_access_token_seconds="3600")
    engines: OneProcessOnEngines = request.getfixturevalue("on_engines")
    return engines.open(customer_access_token_seconds="3600")


async def test_a_session_that_ended_stays_ended_however_long_tokens_live(
    opening: AbstractAsyncContextManager[Shop],
) -> None:
    async with opening as shop:
        gone, other = await shop.register(), await shop.register()
        await gone.post("/api/v1/auth/logout")

        shop.clock.advance(30 * MINUTE)
        # Another ending makes verifiers forget those that are old enough.
        await other.post("/api/v1/auth/logout")

        assert (await gone.get("/api/v1/orders")).status == 401
