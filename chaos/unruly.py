"""`python -m chaos.unruly PORT SEED`: what `shikanji up` runs, with a bus that delivers events twice, late and in the
wrong order."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence

import uvloop

from shikanji import commands
from shikanji.configuration import Configuration
from shikanji.house import settings_kinds
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry import logs
from shikanji.main import Platform
from shikanji.world import World

DELAY_SECONDS_MAX = 1.5


class UnrulyBus(LocalBus):
    """Everything arrives at least once, as a bus must; nothing else is promised."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._late: set[asyncio.Task[None]] = set()

    async def publish(self, batch: Sequence[Envelope], *, again: bool = False) -> None:
        match self._chance.randrange(8):
            case 0:
                _tell("events delayed")
                await self._wait()
            case 1 if len(batch) > 1:
                _tell("events reordered")
                batch = self._chance.sample(batch, len(batch))
            case 2:
                _tell("events duplicated")
                task = asyncio.create_task(self._again(batch))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
        await super().publish(batch, again=again)

    async def _again(self, batch: Sequence[Envelope]) -> None:
        await self._wait()
        await super().publish(self._chance.sample(batch, len(batch)), again=True)

    async def _wait(self) -> None:
        await asyncio.sleep(self._chance.random() * DELAY_SECONDS_MAX)


def _tell(what: str) -> None:
    print(f"chaos: {what}", flush=True)


async def main(port: str, seed: str) -> None:
    configuration = Configuration({**os.environ, "SHIKANJI_PORT": port}, settings_kinds())
    logs.configure(production=False, level=configuration.platform.log_level)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    platform = Platform(configuration, world=World(bus=UnrulyBus(random.Random(seed))))
    await platform.start()
    try:
        async with commands.served(platform):
            platform.is_ready()
            await stopping.wait()
    finally:
        await platform.stop()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
