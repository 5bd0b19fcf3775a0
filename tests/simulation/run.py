"""One run: a seed, a day at the shop, and whether it was right in the end."""

import asyncio
import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from shikanji.kit.clock import HOUR, MINUTE, SECOND, ManualClock, to_rfc3339
from tests.simulation.book import Book
from tests.simulation.facts import database_files, facts, judge, violations
from tests.simulation.machine import Life, Machine, Temper, copy_as_it_lies
from tests.simulation.script import Asking, Script
from tests.simulation.sometimes import SERVICES
from tests.simulation.template import MORNING, Template
from tests.simulation.wire import Broke, send

MILLISECOND = SECOND // 1_000
ALL_AT_ONCE, RESTARTED, LOOKED_AT, STARTED_IN_VAIN = 0.08, 0.15, 0.3, 0.2
"""How often: every worker works; a stop is in order; the wreck of a crash is audited; a start crashes, too."""
START_TURNS = 25
REQUESTS_MAX = 6
"""Under way at once."""
WAITS = (
    (10 * MILLISECOND, SECOND),
    (SECOND, 40 * SECOND),
    (MINUTE, 6 * MINUTE),
    (14 * MINUTE, 22 * MINUTE),
    (40 * MINUTE, 4 * HOUR),
)
AFTERWARDS = (31 * SECOND, 17 * MINUTE, 40 * MINUTE, 3 * HOUR, 25 * HOUR)
"""How time passes when the day is over: past every deadline that an order can have."""
CALLS = (
    "AskOrderingCustomer",
    "AskServingTerms",
    "HoldStock",
    "HoldBenefits",
    "ReleaseHold",
    "ReleaseSlot",
    "AskOrderStanding",
    "AskContacts",
    "AskBills",
    "AskSeller",
)
OUTSIDE = ("/sandbox/merchant/orders", "/sandbox/merchant/refunds", "/api/v1/payments")
WORK = {
    ("order", "relay"): 5,
    ("payment", "relay"): 4,
    ("inventory", "relay"): 2,
    ("customer", "relay"): 1,
    ("store", "relay"): 1,
    **{(name, "inbox"): 0.7 for name in SERVICES},
    ("order", "jobs"): 2,
    ("payment", "jobs"): 4,
    ("inventory", "jobs"): 2,
    ("sandbox", "jobs"): 4,
    ("store", "jobs"): 1,
    ("notification", "relay"): 0.5,
    ("notification", "jobs"): 2,
    ("loyalty", "relay"): 1,
    ("loyalty", "jobs"): 1,
    ("review", "relay"): 0.7,
    ("review", "jobs"): 0.3,
    ("customer", "jobs"): 0.5,
    ("analytics", "jobs"): 0.3,
}
"""Who works how often."""
DEADLY = {
    "now": 8,
    **{f"{what} {name}": 2 for name in (*SERVICES, "sandbox") for what in ("commit", "committed")},
    **{f"{what} to {name}": often for name in SERVICES for what, often in (("deliver", 5), ("delivered", 2))},
    "deliver to order": 15,
    "deliver to review": 20,
    **{f"{what} {name}": 1 for name in CALLS for what in ("ask", "answered")},
    **{f"{what} {path}": 5 for path in OUTSIDE for what in ("send", "sent")},
}
"""Where a crash may be meant to come, and how often."""


@dataclass
class Outcome:
    seed: int
    problems: list[str]
    reached: Counter[str]
    """What happened how often: the places, accidents and ways that a run can come by."""
    lines: list[str]

    @property
    def digest(self) -> str:
        """Of all that happened, in its order."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]


MakeMachine = Callable[..., Machine]


def run(seed: int, template: Template, root: Path, *, machine: MakeMachine = Machine) -> Outcome:
    """`machine`: a subclass that has a fault planted."""
    day = Day(seed, template, root, machine)
    try:
        day.go()
    except Exception as error:
        day.problems.append(f"{type(error).__name__}: {error}")
    finally:
        day.life.bury()
    return Outcome(seed, day.problems, day.reached, day.lines)


class Day:
    def __init__(self, seed: int, template: Template, root: Path, make_machine: MakeMachine) -> None:
        self.chance = chance = Random(f"the day {seed}")
        self.clock = ManualClock(MORNING + 5 * MINUTE)
        self.lines: list[str] = []
        self.reached: Counter[str] = Counter()
        self.book = Book(template)
        self.problems = self.book.problems
        self.script = Script(self.book, self.clock, chance)
        self.temper = Temper(
            care=chance.choice((0, 0.05, 0.3, 1)),
            disorder=chance.choice((0, 0.1, 0.5)),
            breaks=chance.choice((0, 0, 0.05, 0.3)),
        )
        self.steps = chance.choice((100, 200, 300))
        self.hurry = chance.choice((0.02, 0.1, 0.25))
        """How much of what happens is that time passes."""
        self.crashes = sorted(chance.randrange(self.steps) for _ in range(chance.choice((0, 1, 2, 3))))
        self.asking: dict[asyncio.Task[None], None] = {}
        self.working: dict[str, asyncio.Task[Any]] = {}
        self.machine = make_machine(
            root=root,
            clock=self.clock,
            temper=self.temper,
            chance=Random(f"the machine {seed}"),
            tell=self.tell,
            passed=self._passed,
        )
        template.copy_to(self.machine.folder)

    @property
    def life(self) -> Life:
        return self.machine.life

    def tell(self, line: str) -> None:
        self.lines.append(f"{to_rfc3339(self.clock.now())[11:23]} {line}")

    def go(self) -> None:
        self.tell(f"{self.temper}, {self.steps} steps, hurry {self.hurry}, crashes {self.crashes}")
        self.machine.start()
        for step in range(self.steps):
            self.clock.advance(self.chance.randint(1, 20) * MILLISECOND)
            self._crash_if_due(step)
            self._choose()()
            self.life.loop.run_ready()
            self.problems += self.life.loop.faults
            self._crash_if_trapped()
            if self.problems:
                return
        self._end_the_day()

    # What happens next.

    def _choose(self) -> Callable[[], None]:
        waiting = len(self.life.turns.waiting)
        ways: list[tuple[float, Callable[[], None]]] = [
            (2.0 * waiting, self._let_go),
            (3.0 if len(self.asking) < REQUESTS_MAX else 0, self._ask),
            (3.0, self._work),
            (8.0 * self.hurry * (1 - 0.8 * self.temper.care), self._pass_time),
            (self.temper.disorder if self.life.bus.delivered else 0, self._repeat_delivery),
        ]
        return self.chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]

    def _let_go(self) -> None:
        turns = self.life.turns
        self.tell(f"go: {turns.let_go(self.chance.randrange(len(turns.waiting)))}")

    def _ask(self) -> None:
        asking = self.script.next()
        if asking is not None:
            self.asking[self.life.loop.create_task(self._send(self.life, asking))] = None

    def _work(self) -> None:
        """One step of one worker; now and then one of each, so that what hangs together comes to its end."""
        if self.chance.random() > ALL_AT_ONCE:
            self._work_at(*self.chance.choices(list(WORK), list(WORK.values()))[0])
            return
        for name, what in self.chance.sample(list(WORK), len(WORK)):
            self._work_at(name, what)

    def _work_at(self, name: str, what: str) -> None:
        workers = self.life.platform.workers[name]
        step = {"relay": workers.relay.step, "inbox": workers.inbox.retry, "jobs": workers.jobs.step}[what]
        running = self.working.get(f"{name} {what}")
        if running is None or running.done():
            self.tell(f"{name}: {what}")
            self.working[f"{name} {what}"] = self.life.loop.create_task(self._try(self.life, f"{name} {what}", step()))

    def _pass_time(self) -> None:
        """Hardly long while somebody waits for an answer."""
        weights = (5, 4, 0.6, 0.3, 0.05) if self.asking else (5, 4, 3, 1.5, 0.3)
        by = self.chance.randint(*self.chance.choices(WAITS, weights)[0])
        self.clock.advance(by)
        self.tell(f"{by / SECOND:.1f} s pass")

    def _repeat_delivery(self) -> None:
        self.reached["delivered again"] += 1
        bus = self.life.bus
        self.life.loop.create_task(self._try(self.life, "again", bus.repeat(self.chance.randrange(len(bus.delivered)))))

    def _crash_if_due(self, step: int) -> None:
        """Some crashes come at their time, others at the next time that a certain place is reached."""
        if self.crashes and step >= self.crashes[0]:
            self.crashes.pop(0)
            place = self.chance.choices(list(DEADLY), list(DEADLY.values()))[0]
            if place == "now" or self.life.turns.trap:
                self._crash()
            else:
                self.life.turns.trap = place

    def _crash_if_trapped(self) -> None:
        trap = self.life.turns.trap
        if trap and any(waiting.place == trap for waiting in self.life.turns.waiting):
            self._crash()

    def _crash(self) -> None:
        places = [waiting.place for waiting in self.life.turns.waiting]
        if self.chance.random() < RESTARTED:
            self.tell("stopped in order, and started again")
            self.reached["restart"] += 1
            self.machine.restart()
        else:
            self.tell(f"CRASH while waiting: {', '.join(places) or 'nothing'}")
            self.reached["crash"] += 1
            for place in places:
                self.reached[f"crash at {place}"] += 1
                self.reached[f"crash at any {place.split()[0]}"] += 1
            self.machine.crash()
            self._look_at_the_wreck()
            self.clock.advance(self.chance.choice((SECOND, 10 * SECOND, 40 * SECOND, 20 * MINUTE)))
            self._start_again()
        self.asking.clear()
        self.working.clear()

    def _look_at_the_wreck(self) -> None:
        """On a copy: whoever opens the files mends them."""
        if self.chance.random() < LOOKED_AT:
            wreck = self.machine.root / "wreck"
            copy_as_it_lies(self.machine.folder, wreck)
            found = violations(self.life.platform.services, wreck, now=self.clock.now(), settled=False)
            self.problems += [f"after a crash: {each}" for each in found]
            shutil.rmtree(wreck)

    def _start_again(self) -> None:
        while self.chance.random() < STARTED_IN_VAIN:
            turns = self.chance.randint(1, START_TURNS)
            self.tell(f"CRASH after {turns} callbacks of the start")
            self.reached["crash in the start"] += 1
            self.machine.start_in_vain(turns)
        self.machine.start()

    # How it is done.

    async def _try(self, life: Life, what: str, work: Coroutine[Any, Any, Any]) -> None:
        """Workers are driven again when a step fails; here the scheduler does so some time."""
        try:
            await work
        except Exception as error:
            if life.alive:
                self.tell(f"{what} failed: {type(error).__name__}: {error}")
                self.reached[f"failed: {what}"] += 1

    async def _send(self, life: Life, asking: Asking) -> None:
        headers = {"content-type": "application/json", **asking.headers}
        if asking.person is not None:
            headers["authorization"] = f"Bearer {asking.token or asking.person.access}"
        if asking.key is not None:
            headers["idempotency-key"] = asking.key
        body = b"" if asking.body is None else msgspec.json.encode(asking.body)
        who = asking.person.name if asking.person else "someone"
        self.tell(f"{who}: {asking.method} {asking.path} {asking.key or ''} {_shown(asking, body)}")
        bound = self.book.bound_by(asking.person, asking.key)
        try:
            answer = await send(life.platform.gateway, asking.method, asking.path, headers, body)
        except Broke:
            answer = None
        task = asyncio.current_task()
        if not life.alive:
            return
        if task is not None:
            self.asking.pop(task, None)
        if answer is None:
            self.tell(f"{who}: {asking.what} got no answer")
            return
        self.tell(f"{who}: {asking.what} → {answer.status} {_short(answer.body) if answer.status >= 400 else ''}")
        self._count(asking, answer.status, answer.json if answer.status >= 400 else {})
        if answer.status == 500:
            self.problems.append(f"{asking.method} {asking.path}: {answer.body!r}")
        if asking.key is not None:
            self.book.keep(asking.person, asking.key, bound, body, answer)
        asking.heard(answer)

    def _count(self, asking: Asking, status: int, problem: dict[str, Any]) -> None:
        slug = str(problem.get("type", "")).rpartition(":")[2]
        self.reached[f"{asking.what} {status} {slug}".strip()] += 1

    def _passed(self, place: str) -> None:
        self.reached[place] += 1

    # The end.

    def _end_the_day(self) -> None:
        self.tell("the day is over: all is well again, and what is under way ends")
        life = self.life
        self.machine.calm()
        life.finish(self._send(life, self.script.clear_faults()))
        for wait in AFTERWARDS:
            life.finish(life.platform.settle())
            self.clock.advance(wait)
        life.finish(life.platform.settle())
        self.problems += life.loop.faults
        services, folder = life.platform.services, life.folder
        self.problems += violations(services, folder, now=self.clock.now(), settled=True)
        known, counted = facts(database_files(services, folder))
        self.reached.update(counted)
        self.problems += judge(self.book, known)
        self.lines += [str(each) for each in known]


def _shown(asking: Asking, body: bytes) -> str:
    """Tokens are made by chance that no seed decides, and decide nothing."""
    return "" if asking.what == "refresh" else _short(body)


def _short(body: bytes) -> str:
    text = body.decode()
    return text if len(text) <= 300 else text[:300] + "…"
