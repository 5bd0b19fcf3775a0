"""One run: customers and staff at work, processes killed, faults struck; then heal, settle, audit, and the oracle."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import aiohttp
import msgspec

from bench.shop import opened
from chaos.company import TROUBLES, Company
from chaos.crowd import Crowd
from chaos.door import Door
from chaos.log import Log, read
from chaos.looking import look, look_at_stock
from chaos.oracle import Verdict, judge
from chaos.shape import Plan, Shape, Strike

STRIKE_SECONDS_MIN, STRIKE_SECONDS_MAX = 0.2, 1.5
HEAL_SECONDS_MAX = 900
"""A refund that was refused time and again is tried every five minutes, and its last try may have been just now."""
LAPSE_SECONDS_MAX = 300
"""A hold's minute, and several rounds of the sweep."""
RESPITE_SECONDS = 0.5
TOLD_SECONDS = 15
"""How long nothing is said of a peace."""
SILENT_SECONDS_MAX = 10
"""How long a strike at a platform that does not answer is waited for."""


class Outcome(msgspec.Struct):
    shape: str
    seed: int
    orders: int
    requests: int
    unanswered: int
    kills: int
    faults: dict[str, int]
    notes: dict[str, str]
    missing: list[str]
    """Faults that have not happened once, kills and orders that were too few: with any of them the run is void."""
    verdict: Verdict
    audit: list[str]
    broken: list[str]
    """Answers that nothing excuses, and requests that were never answered."""
    heal_seconds: float
    seconds: float

    @property
    def passed(self) -> bool:
        return self.verdict.clean and not (self.missing or self.audit or self.broken)


Tell = Callable[[str], None]


def _nobody(_: str) -> None:
    """Hears how it goes."""


async def rage(shape: Shape, plan: Plan, folder: Path, tell: Tell = _nobody) -> Outcome:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(shape.stop)
        await shape.start()
        shop = await stack.enter_async_context(opened(shape.url, customers=plan.customers))
        http = await stack.enter_async_context(_impatient())
        log = Log(folder / "clients.log")
        stack.callback(log.close)
        door = Door(shop.http, log, plan.chance("clients"))
        storm = _Storm(shape, plan, Company(http, shape.url, plan.chance("company")), tell)
        crowd = Crowd(door, shop, lambda: storm.wants_more(crowd.orders), plan.think_seconds, plan.webhooks)
        before = {each.product_id: each.on_hand for each in await look_at_stock(door, shop.store_id, shop.products)}
        await storm.over(crowd)
        tell("healing")
        healing = time.monotonic()
        await storm.heal()

        async def judged() -> Verdict:
            return judge(read(folder / "clients.log"), before, await look(door, shop.store_id, shop.products))

        verdict = await _settled(shape, judged, tell)
        healed = time.monotonic()
        if plan.until_holds_lapse:
            tell("holds lapse")
            verdict.wrong.extend(await _lapsed(judged))
        return Outcome(
            shape=shape.name,
            seed=plan.seed,
            orders=crowd.orders,
            requests=door.statuses.total(),
            unanswered=door.unanswered,
            kills=shape.kills,
            faults=dict(sorted(storm.fired.items())),
            notes=shape.notes,
            missing=storm.missing(crowd.orders),
            verdict=verdict,
            audit=await shape.audit(),
            broken=door.faults,
            heal_seconds=healed - healing,
            seconds=time.monotonic() - began,
        )


def _impatient() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=SILENT_SECONDS_MAX), connector=aiohttp.TCPConnector(force_close=True)
    )


async def _settled(shape: Shape, judged: Callable[[], Awaitable[Verdict]], tell: Tell) -> Verdict:
    """The oracle's, as soon as it is clean, at the latest after HEAL_SECONDS_MAX: what waits for a next try has it."""
    give_up = time.monotonic() + HEAL_SECONDS_MAX
    while True:
        settled = await shape.settle()
        verdict = await judged()
        if (settled and verdict.clean) or time.monotonic() > give_up:
            return verdict
        tell(f"healing: {'' if settled else 'not '}settled, {verdict.complaints[:1]}")
        await asyncio.sleep(0.5)


async def _lapsed(judged: Callable[[], Awaitable[Verdict]]) -> list[str]:
    """What is held for nobody when all that was held so must have lapsed."""
    give_up = time.monotonic() + LAPSE_SECONDS_MAX
    while True:
        untied = (await judged()).untied
        if not untied:
            return []
        if time.monotonic() > give_up:
            return [f"{untied} pieces are still held for nobody"]
        await asyncio.sleep(5)


class _Storm:
    def __init__(self, shape: Shape, plan: Plan, company: Company, tell: Tell) -> None:
        self._shape, self._plan, self._company, self._tell = shape, plan, company, tell
        self._chance = plan.chance("storm")
        self._ends_at = time.monotonic() + plan.seconds_max
        troubles = {name: partial(company.trouble, name) for name in TROUBLES}
        self._faults: dict[str, Strike] = {**shape.faults(), **troubles}
        self._struck: Counter[str] = Counter()
        self._striking = asyncio.Lock()
        self._was_halfway = False

    @property
    def fired(self) -> Counter[str]:
        return self._shape.fired + self._company.fired

    def wants_more(self, orders: int) -> bool:
        return time.monotonic() < self._ends_at and bool(self.missing(orders))

    def missing(self, orders: int) -> list[str]:
        fired = self.fired
        missing = [name for name in self._faults if not fired[name]]
        if orders < self._plan.orders:
            missing.append(f"{self._plan.orders - orders} orders")
        if self._shape.kills < self._plan.kills:
            missing.append(f"{self._plan.kills - self._shape.kills} kills")
        return missing

    async def over(self, crowd: Crowd) -> None:
        """Rages until the crowd has had enough, and all that it began is answered."""
        living = asyncio.create_task(crowd.live())
        raging = [asyncio.create_task(self._kill(crowd)), asyncio.create_task(self._strike(crowd))]
        try:
            await asyncio.gather(living, *raging)
        finally:
            for task in (living, *raging):
                task.cancel()
            await asyncio.gather(living, *raging, return_exceptions=True)

    async def heal(self) -> None:
        await self._shape.heal()
        await self._company.heal()

    async def _kill(self, crowd: Crowd) -> None:
        while self.wants_more(crowd.orders):
            await self._let_up(crowd)
            await self._shape.kill()
            self._tell(f"{crowd.orders:,} orders, {self._shape.kills} kills")
            if not self._was_halfway and crowd.orders * 2 >= self._plan.orders:
                self._was_halfway = True
                async with self._striking:
                    self._tell("halfway")
                    await self._shape.heal()
                    await self._shape.halfway()

    async def _strike(self, crowd: Crowd) -> None:
        while self.wants_more(crowd.orders):
            await self._let_up(crowd)
            async with self._striking:
                await self._strike_once()
            await asyncio.sleep(self._chance.uniform(STRIKE_SECONDS_MIN, STRIKE_SECONDS_MAX))

    async def _let_up(self, crowd: Crowd) -> None:
        """Kills and orders are to reach their numbers together: as long as the kills are ahead, and every fault has
        been, customers have peace."""
        told = time.monotonic()
        while True:
            if not (self._is_ahead(crowd.orders) and self.wants_more(crowd.orders)):
                return
            await asyncio.sleep(RESPITE_SECONDS)
            if time.monotonic() > told + TOLD_SECONDS:
                told = time.monotonic()
                self._tell(f"{crowd.orders:,} orders")

    def _is_ahead(self, orders: int) -> bool:
        fired = self.fired
        kills_are_ahead = self._shape.kills * self._plan.orders > orders * self._plan.kills
        return kills_are_ahead and all(fired[name] for name in self._faults)

    async def _strike_once(self) -> None:
        name = self._next()
        self._struck[name] += 1
        self._tell(name)
        try:
            await self._faults[name]()
            await self._company.look()
        except Exception as missed:
            # Who is to be struck is down already, by whatever was before. It is not counted, and comes again.
            self._tell(f"{name}: {type(missed).__name__}: {missed}")

    def _next(self) -> str:
        """Those that have happened least come first; among them, and a third of the time, any."""
        fired, names = self.fired, list(self._faults)
        self._chance.shuffle(names)
        if self._chance.randrange(3) == 0:
            return names[0]
        return min(names, key=lambda name: (fired[name], self._struck[name]))
