"""The machine on which the one-process shape lives, dies and starts again. Its folder is all that outlives a crash."""

import shutil
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

import aiohttp

from shikanji.kit.cache.memory import MemoryCache
from shikanji.kit.clock import SECOND, ManualClock
from shikanji.kit.db.port import Database
from shikanji.kit.db.sqlite import SqliteDatabase
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.urls import sqlite_path
from shikanji.main import Platform
from shikanji.world import World
from tests.harness import configuration
from tests.simulation.bus import DisorderlyBus
from tests.simulation.loop import StillLoop
from tests.simulation.turns import TurningCalls, TurningCommits, Turns
from tests.simulation.wire import WireSession

SETTINGS = {"public_url": "http://sim.test", "customer_access_token_seconds": "3600"}
"""Tokens that last as long as they may: hours pass quickly, and signing in is not what this is about."""
NO_LIMIT = float("inf")

T = TypeVar("T")


@dataclass(frozen=True)
class Temper:
    """How unruly a run is; each number from 0 to 1. `care`: how often the scheduler is asked who goes on next;
    `disorder`: how often deliveries go wrong; `breaks`: how often a connection to the payment company does."""

    care: float = 0
    disorder: float = 0
    breaks: float = 0


@dataclass
class Machine:
    """`tell` hears what happens behind the requests. What a subclass makes otherwise is a fault planted on purpose."""

    root: Path
    clock: ManualClock
    temper: Temper
    chance: Random
    tell: Callable[[str], None] = lambda line: None
    passed: Callable[[str], None] = lambda place: None
    life: "Life" = field(init=False)
    lives: int = 0

    def start(self) -> None:
        """On what is in the folder."""
        self.life = Life(self, self.folder)
        self.life.finish(self.life.begin())

    def start_in_vain(self, turns: int) -> None:
        """A start of which only the first so many callbacks come to pass."""
        self.life = Life(self, self.folder)
        self.life.loop.create_task(self.life.begin())
        self.life.loop.run_some(turns)
        self.crash()

    def restart(self) -> None:
        """Stopped in order, with what is under way, and started again."""
        self.life.turns.open()
        self.life.loop.run_ready()
        self.life.alive = False
        self.life.stop()
        self.start()

    @property
    def folder(self) -> Path:
        return self.root / f"life-{self.lives}"

    def crash(self) -> None:
        """Everything that was in memory is gone, with all that was not committed. The folder stays as it lies there."""
        old = self.life
        self.lives += 1
        copy_as_it_lies(old.folder, self.folder)
        old.bury()
        shutil.rmtree(old.folder)

    def calm(self) -> None:
        """From here on nothing goes wrong any more, and nothing waits for the scheduler."""
        self.temper = Temper()
        self.life.bus.disorder = 0
        self.life.turns.open()
        self.life.loop.run_ready()

    def make_bus(self, turns: Turns) -> DisorderlyBus:
        return DisorderlyBus(turns, self.chance, self.temper.disorder, self.tell)

    def make_commits(self, turns: Turns, service: str) -> TurningCommits:
        return TurningCommits(turns, service)

    def breaks(self, place: str) -> bool:
        broken = bool(self.temper.breaks) and self.chance.random() < self.temper.breaks
        if broken:
            self.tell(f"the connection breaks {place}")
            self.passed(f"broke {place.split()[0]}")
        return broken


def copy_as_it_lies(folder: Path, to: Path) -> None:
    """Databases with their logs, whatever of them is committed."""
    to.mkdir()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".db", ".db-wal", ".jsonl"):
            shutil.copyfile(file, to / file.name)


class Life:
    """From one start to the next crash."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.folder = folder
        self.alive = True
        self.loop = StillLoop(machine.clock)
        self._clock = machine.clock
        self.turns = Turns(self.loop, machine.chance, 0, passed=machine.passed)
        self.bus = machine.make_bus(self.turns)
        self._care = machine.temper.care
        world = World(
            clock=machine.clock,
            jitter=machine.chance.random,
            random_bytes=machine.chance.randbytes,
            bus=self.bus,
            cache=MemoryCache(self.loop.time),
            around_calls=partial(TurningCalls, self.turns),
            open_database=self._open_database,
            open_http=lambda: cast(
                aiohttp.ClientSession, WireSession(lambda: self.platform.gateway, self.turns, machine.breaks)
            ),
        )
        self._committer = partial(machine.make_commits, self.turns)
        self.platform = Platform(configuration(folder, **SETTINGS), world=world, driven=True)

    async def begin(self) -> None:
        await self.platform.start(serve=False)
        await self.platform.open_gateway()
        self.platform.is_ready()
        self.turns.care = self._care

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Until it is done; time passes as far as it waits for some."""
        task = self.loop.create_task(work)
        self.loop.run_ready()
        while not task.done():
            timer = self.loop.next_timer()
            if timer is None:
                task.cancel()
                self.loop.run_ready()
                raise RuntimeError(f"nothing will ever end {task!r}")
            self._clock.advance(max(int(timer * SECOND) - self._clock.now(), 0) + 1)
            self.loop.run_ready()
        return task.result()

    def bury(self) -> None:
        """Gives back what this life had of the machine. Nobody hears of what it still does."""
        self.alive = False
        self.turns.open()
        self.loop.run_ready()
        self.stop()

    def stop(self) -> None:
        """In order, as at the end of a day."""
        self.finish(self.platform.stop())
        self.loop.cancel_all()
        self.loop.close()

    def _open_database(self, url: str, ground: Ground) -> Database:
        path = sqlite_path(url, ground.service)
        if path is None:
            raise ValueError(f"{url} names no file")
        return SqliteDatabase(path, ground, group_seconds_max=NO_LIMIT, committer=self._committer)
