"""Tokens that ended before their time: known at once, asked for while unknown, forgotten when they no longer matter."""

import asyncio
from collections.abc import Callable

import pytest

from shikanji.kit.auth import Principal
from shikanji.kit.auth_revocations import TOKEN_LIFE_MAX, Revocations, Snapshot
from shikanji.kit.clock import MINUTE, ManualClock
from shikanji.kit.errors import Unavailable

NOON = 1_795_000_000_000_000
GUEST = Principal(account_id="a1", session_id="s1", version=2)


class Accounts:
    """What the account service knows; may be away for some questions."""

    def __init__(self) -> None:
        self.snapshot = Snapshot({}, {})
        self.bad: set[str] = set()
        self.asked: list[str] = []
        self.away_for = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def fill(self) -> Snapshot:
        self.meanwhile()
        if self.away_for:
            self.away_for -= 1
            raise Unavailable
        return self.snapshot

    async def ask(self, principal: Principal) -> bool:
        self.asked.append(principal.session_id)
        return principal.session_id not in self.bad


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def revocations(accounts: Accounts, clock: ManualClock) -> Revocations:
    return Revocations(clock, fill=accounts.fill, ask=accounts.ask)


async def test_until_filled_every_token_is_asked_for(revocations: Revocations, accounts: Accounts) -> None:
    assert await revocations.good(GUEST)
    accounts.bad.add("s1")
    assert not await revocations.good(GUEST)

    assert accounts.asked == ["s1", "s1"]


async def test_once_filled_nobody_is_asked(revocations: Revocations, accounts: Accounts) -> None:
    accounts.snapshot = Snapshot({"s9": NOON}, {"a9": 5})

    await revocations.refill()

    assert await revocations.good(GUEST)
    assert not await revocations.good(Principal(account_id="a1", session_id="s9", version=2))
    assert not await revocations.good(Principal(account_id="a9", session_id="s1", version=4))
    assert await revocations.good(Principal(account_id="a9", session_id="s1", version=5))
    assert accounts.asked == []


async def test_a_notice_counts_at_once_also_before_filling(revocations: Revocations, accounts: Accounts) -> None:
    revocations.session_revoked("s1")

    assert not await revocations.good(GUEST)
    assert accounts.asked == []


async def test_a_raised_version_ends_older_tokens_and_never_sinks(revocations: Revocations) -> None:
    await revocations.refill()

    revocations.version_raised("a1", 3)
    revocations.version_raised("a1", 1)

    assert not await revocations.good(GUEST)
    assert await revocations.good(Principal(account_id="a1", session_id="s1", version=3))


async def test_after_a_gap_tokens_are_asked_for_until_the_refill(revocations: Revocations, accounts: Accounts) -> None:
    await revocations.refill()

    revocations.gap()
    await revocations.good(GUEST)
    await revocations.refill()
    await revocations.good(GUEST)

    assert accounts.asked == ["s1"]


async def test_once_filled_a_gap_does_not_make_it_unusable(revocations: Revocations) -> None:
    unfilled = revocations.usable
    await revocations.refill()

    revocations.gap()

    assert (unfilled, revocations.usable, revocations.filled) == (False, True, False)


async def test_a_gap_during_the_refill_needs_another_one(revocations: Revocations, accounts: Accounts) -> None:
    accounts.meanwhile = revocations.gap

    await revocations.refill()

    assert not revocations.filled


async def test_a_revocation_is_forgotten_when_its_tokens_have_expired_anyway(
    revocations: Revocations, clock: ManualClock
) -> None:
    await revocations.refill()
    revocations.session_revoked("s1")
    revocations.version_raised("a1", 3)

    clock.advance(TOKEN_LIFE_MAX)
    revocations.session_revoked("s2")
    assert not await revocations.good(GUEST)
    clock.advance(2 * MINUTE)
    revocations.session_revoked("s3")

    assert await revocations.good(GUEST)
    assert not await revocations.good(Principal(account_id="a1", session_id="s2", version=2))


async def test_it_keeps_itself_filled_and_tries_again_while_nobody_answers(
    revocations: Revocations, accounts: Accounts
) -> None:
    accounts.away_for = 2
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    keeping = asyncio.create_task(revocations.keep_filled(pause))
    for _ in range(20):
        await asyncio.sleep(0)
    assert revocations.filled
    revocations.gap()
    for _ in range(20):
        await asyncio.sleep(0)
    keeping.cancel()

    assert revocations.filled
    assert pauses == [1.0, 1.0]
