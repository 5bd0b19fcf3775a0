"""`python -m chaos.nursery` has imported the platform and forks one whenever it is told to, so that lives can be short.
Half of them get a bus that delivers events twice, late and in the wrong order.

It hears JSON lines: `{"port", "unruly"}` (a seed, or null) starts one, and it says `nursery: {"pid"}`; `{"wait": pid}`,
and it says `nursery: {"code"}` once that one has ended. What the platforms say themselves comes between."""

import asyncio
import gc
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence

import uvloop

from shikanji import commands
from shikanji.configuration import Configuration
from shikanji.house import settings_kinds
from shikanji.kit.bus.local import LocalBus
from shikanji.kit.events import Envelope
from shikanji.kit.telemetry import logs
from shikanji.lifeline import Lifeline
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
        await super().publish(self._chance.sample(batch, len(batch)))

    async def _wait(self) -> None:
        await asyncio.sleep(self._chance.random() * DELAY_SECONDS_MAX)


def _tell(what: str) -> None:
    print(f"chaos: {what}", flush=True)


def main() -> None:
    gc.freeze()
    lifeline, own_pid = Lifeline(), os.getpid()

    def live(port: int, unruly: int | None) -> None:
        lifeline.hold(own_pid)
        uvloop.run(_live(port, unruly))

    for line in sys.stdin:
        asked = json.loads(line)
        answer = (
            {"code": _wait(asked["wait"])} if "wait" in asked else {"pid": _fork(live, asked["port"], asked["unruly"])}
        )
        print(f"nursery: {json.dumps(answer)}", flush=True)


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _fork(live: Callable[[int, int | None], None], port: int, unruly: int | None) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            live(port, unruly)
            code = 0
        finally:
            os._exit(code)
    return pid


async def _live(port: int, unruly: int | None) -> None:
    """As `shikanji up` does."""
    configuration = Configuration({**os.environ, "SHIKANJI_PORT": str(port)}, settings_kinds())
    logs.configure(production=False, level=configuration.platform.log_level)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    world = World() if unruly is None else World(bus=UnrulyBus(random.Random(unruly)))
    platform = Platform(configuration, world=world)
    await platform.start()
    try:
        async with commands.served(platform):
            platform.is_ready()
            await stopping.wait()
    finally:
        await platform.stop()


if __name__ == "__main__":
    main()
