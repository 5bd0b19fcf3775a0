"""The shape of `shikanji up`: one process on SQLite files, killed and started again on the same folder and port."""

import asyncio
import signal
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chaos.auditing import violations
from chaos.child import Child, Forked, Life, Nursery, until_ready
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
FORKED_SHARE, UNRULY_SHARE = 0.8, 0.5
"""Of the lives: those that are forked and so begin at once, and those of them whose bus is unruly."""
DIES_STARTING_SHARE = 0.25
LIFE_SECONDS_MIN, LIFE_SECONDS_MAX = 0.2, 2.0
PAUSE_SECONDS_MAX = 2.0
FULL_SECONDS_MAX = 1.5


class OneProcess:
    name = "one process on SQLite"

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.kills = 0
        self._fired: Counter[str] = Counter()
        self.notes: dict[str, str] = {}
        self._folder = folder / "data"
        self._chance = plan.chance("process")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._settings = {**SETTINGS, "SHIKANJI_DATA_DIR": str(self._folder)}
        self._nursery = Nursery(self._settings)
        self._life: Life = self._up()

    @property
    def fired(self) -> Counter[str]:
        """Its own, and what the unruly tell."""
        return self._fired + self._nursery.told

    async def start(self) -> None:
        await self._nursery.start()
        await self._begin(self._up())
        await until_ready(self._life, self.url)

    async def kill(self) -> None:
        if self._chance.random() < DIES_STARTING_SHARE:
            await asyncio.sleep(self._chance.random())
        else:
            await until_ready(self._life, self.url)
            await asyncio.sleep(self._chance.uniform(LIFE_SECONDS_MIN, LIFE_SECONDS_MAX))
        await self._end(signal.SIGKILL)
        self.kills += 1
        await self._begin(self._forked() if self._chance.random() < FORKED_SHARE else self._up())

    def faults(self) -> Mapping[str, Strike]:
        told = dict.fromkeys(("events duplicated", "events reordered", "events delayed"), _by_the_unruly)
        return {"paused": self._pause, "disk full": self._fill_disk, "events replayed": self._replay, **told}

    async def heal(self) -> None:
        """As an operator would: stopped in order, started as it should be."""
        await self._end(signal.SIGTERM)
        await self._begin(self._up())
        await until_ready(self._life, self.url)

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
        await self._nursery.stop()

    def _up(self) -> Life:
        return Child("-m", "shikanji.cli", "up", "--port", str(self._port), settings=self._settings)

    def _forked(self) -> Life:
        unruly = self._chance.getrandbits(32) if self._chance.random() < UNRULY_SHARE else None
        return Forked(self._nursery, self._port, unruly)

    async def _begin(self, life: Life) -> None:
        self._life = life
        await life.start()

    async def _end(self, number: int) -> None:
        self._life.signal(number)
        await self._life.ended()

    async def _pause(self) -> None:
        life = self._life
        if life.signal(signal.SIGSTOP):
            await asyncio.sleep(self._chance.random() * PAUSE_SECONDS_MAX)
            self._fired["paused"] += life.signal(signal.SIGCONT)

    async def _fill_disk(self) -> None:
        life = self._life
        await until_ready(life, self.url)
        limit_files(life.pid, NOTHING_MORE)
        await asyncio.sleep(self._chance.random() * FULL_SECONDS_MAX)
        with suppress(ProcessLookupError):
            lift(life.pid)
        self._fired["disk full"] += 1

    async def _replay(self) -> None:
        """What was delivered long ago comes again, behind what is new."""
        service = self._chance.choice(("order", "payment", "inventory"))
        await until_ready(self._life, self.url)
        with suppress(CommandFailed, ConnectionError):
            await command_running(self._folder, "events.replay", {"service": service})
            self._fired["events replayed"] += 1


async def _by_the_unruly() -> None:
    """These happen in every life whose bus is unruly, without being asked for."""
