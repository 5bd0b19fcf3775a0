"""The shape of `shikanji up`: one process on SQLite files, killed and started again on the same folder and port."""

import asyncio
import signal
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chaos.auditing import violations
from chaos.child import Child
from chaos.full_disk import NOTHING_MORE, lift, limit_files
from chaos.shape import Plan, Strike
from shikanji.kit.folder import CommandFailed, command_running
from tests.harness import SECRET
from tests.serving import free_port

SETTINGS = {
    "SHIKANJI_RATE_LIMITS": "off",
    "SHIKANJI_LOG_LEVEL": "error",
    "SHIKANJI_SECRET": SECRET,
    # What else takes a quarter of an hour comes within the run: late money, looked-up payments, lapsing holds.
    "SHIKANJI_ORDER_PAYMENT_WINDOW_MINUTES": "1",
    "SHIKANJI_PAYMENT_CHECK_AFTER_MINUTES": "1",
    "SHIKANJI_INVENTORY_HOLD_MINUTES": "1",
    "SHIKANJI_PAYMENT_UNKNOWN_CHECK_SECONDS": "1",
    "SHIKANJI_PAYMENT_PROVIDER_TIMEOUT_SECONDS": "3",
}
UNRULY_SHARE = 0.5
DIES_STARTING_SHARE = 0.25
LIFE_SECONDS_MIN, LIFE_SECONDS_MAX = 0.2, 2.0
PAUSE_SECONDS_MAX = 2.0
FULL_SECONDS_MAX = 1.5


class OneProcess:
    name = "one process on SQLite"

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.kills = 0
        self.fired: Counter[str] = Counter()
        self.notes: dict[str, str] = {}
        self._folder = folder / "data"
        self._chance = plan.chance("process")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._settings = {**SETTINGS, "SHIKANJI_DATA_DIR": str(self._folder)}
        self._child = self._up()

    async def start(self) -> None:
        await self._child.start()
        await self._child.until_ready(self.url)

    async def kill(self) -> None:
        if self._chance.random() < DIES_STARTING_SHARE:
            await asyncio.sleep(self._chance.random())
        else:
            await self._child.until_ready(self.url)
            await asyncio.sleep(self._chance.uniform(LIFE_SECONDS_MIN, LIFE_SECONDS_MAX))
        await self._end(signal.SIGKILL)
        self.kills += 1
        unruly = self._chance.random() < UNRULY_SHARE
        self._child = self._unruly() if unruly else self._up()
        await self._child.start()

    def faults(self) -> Mapping[str, Strike]:
        told = dict.fromkeys(("events duplicated", "events reordered", "events delayed"), _by_the_unruly)
        return {"paused": self._pause, "disk full": self._fill_disk, "events replayed": self._replay, **told}

    async def heal(self) -> None:
        """As an operator would: stopped in order, started as it should be."""
        await self._end(signal.SIGTERM)
        self._child = self._up()
        await self.start()

    async def settle(self) -> bool:
        with suppress(CommandFailed):
            return bool(await command_running(self._folder, "settle", {}))
        return False

    async def audit(self) -> list[str]:
        return await violations(self._settings)

    async def halfway(self) -> None:
        """Nothing: what happens here happens all the time."""

    async def stop(self) -> None:
        await self._end(signal.SIGKILL)

    def _up(self) -> Child:
        return Child("-m", "shikanji.cli", "up", "--port", str(self._port), settings=self._settings)

    def _unruly(self) -> Child:
        seed = str(self._chance.getrandbits(32))
        return Child("-m", "chaos.unruly", str(self._port), seed, settings=self._settings)

    async def _end(self, number: int) -> None:
        self._child.signal(number)
        await self._child.ended()
        self.fired += self._child.told

    async def _pause(self) -> None:
        child = self._child
        if child.signal(signal.SIGSTOP):
            await asyncio.sleep(self._chance.random() * PAUSE_SECONDS_MAX)
            self.fired["paused"] += child.signal(signal.SIGCONT)

    async def _fill_disk(self) -> None:
        child = self._child
        await child.until_ready(self.url)
        limit_files(child.pid, NOTHING_MORE)
        await asyncio.sleep(self._chance.random() * FULL_SECONDS_MAX)
        with suppress(ProcessLookupError):
            lift(child.pid)
        self.fired["disk full"] += 1

    async def _replay(self) -> None:
        """What was delivered long ago comes again, behind what is new."""
        service = self._chance.choice(("order", "payment", "inventory"))
        await self._child.until_ready(self.url)
        with suppress(CommandFailed, ConnectionError):
            await command_running(self._folder, "events.replay", {"service": service})
            self.fired["events replayed"] += 1


async def _by_the_unruly() -> None:
    """These happen in every life whose bus is unruly, without being asked for."""
