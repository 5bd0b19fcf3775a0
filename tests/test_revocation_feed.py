"""Sessions that end are known to every process, also those that ended while the processes could not hear each other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shikanji import revocation_feed
from shikanji.contracts.customer import REVOCATIONS_CHANNEL, RevocationNotice
from shikanji.engines import Engine, Engines
from shikanji.kit.auth import Principal
from shikanji.kit.auth_revocations import Revocations, Snapshot
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.cache.valkey import ValkeyCache
from shikanji.kit.clock import SystemClock
from tests.kit.caches import opened
from tests.probing import until

GUEST = Principal(account_id="a1", session_id="s1", version=1)


class Accounts:
    def __init__(self) -> None:
        self.ended: dict[str, int] = {}
        self.asked = 0
        self.filled = 0

    async def fill(self) -> Snapshot:
        self.filled += 1
        return Snapshot(dict(self.ended), {})

    async def ask(self, principal: Principal) -> bool:
        self.asked += 1
        return principal.session_id not in self.ended


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Engine]:
    with Engines(tmp_path, {"valkey"}, durable=False) as engines:
        yield engines.valkey


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
async def caches(server: Engine) -> AsyncIterator[tuple[ValkeyCache, ValkeyCache]]:
    url, platform = server.urls["SHIKANJI_CACHE_URL"], uuid4().hex
    async with opened(url, platform) as here, opened(url, platform) as elsewhere:
        yield here, elsewhere


@pytest.fixture
async def revocations(accounts: Accounts, caches: tuple[ValkeyCache, ValkeyCache]) -> AsyncIterator[Revocations]:
    revocations = Revocations(SystemClock(), fill=accounts.fill, ask=accounts.ask)
    await revocation_feed.follow(revocations, caches[0], LocalBus())
    keeping = asyncio.create_task(revocations.keep_filled())
    await until(lambda: revocations.filled, "revoked sessions are read")
    yield revocations
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_what_ends_elsewhere_is_known_here_without_asking(
    revocations: Revocations, caches: tuple[ValkeyCache, ValkeyCache], accounts: Accounts
) -> None:
    told = asyncio.Event()

    async def after_the_others(message: bytes) -> None:
        told.set()

    await caches[0].listen(REVOCATIONS_CHANNEL, after_the_others)
    good_before = await revocations.good(GUEST)

    await caches[1].publish(REVOCATIONS_CHANNEL, msgspec.json.encode(RevocationNotice(session_id="s1")))

    async with asyncio.timeout(1):
        await told.wait()
    assert good_before
    assert not await revocations.good(GUEST)
    assert accounts.asked == 0


async def test_what_ended_while_nobody_could_be_told_is_known_when_the_cache_is_back(
    revocations: Revocations, accounts: Accounts, server: Engine
) -> None:
    server.kill()
    await until(
        lambda: accounts.filled >= 2 and revocations.filled, "the loss was noticed and what came before it read"
    )
    accounts.ended["s1"] = SystemClock().now()
    good_meanwhile = await revocations.good(GUEST)
    server.start()

    async def known() -> bool:
        return revocations.filled and not await revocations.good(GUEST)

    await until(known, "the gap is filled")

    assert good_meanwhile  # nobody could tell: the event on the bus does


async def test_a_gap_leaves_the_process_usable(revocations: Revocations, server: Engine, accounts: Accounts) -> None:
    server.kill()
    await until(lambda: accounts.filled >= 2, "the loss was noticed")

    assert revocations.usable
    assert await revocations.good(GUEST)
