"""What an operator may set about tokens opens no door that was shut."""

from pathlib import Path

from shikanji.kit.clock import MINUTE
from tests.harness import open_shop


async def test_a_session_that_ended_stays_ended_however_long_tokens_live(tmp_path: Path) -> None:
    async with open_shop(tmp_path / "data", customer_access_token_seconds="3600") as shop:
        gone, other = await shop.register(), await shop.register()
        await gone.post("/api/v1/auth/logout")

        shop.clock.advance(30 * MINUTE)
        # Another ending makes verifiers forget those that are old enough.
        await other.post("/api/v1/auth/logout")

        assert (await gone.get("/api/v1/orders")).status == 401
