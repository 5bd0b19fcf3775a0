"""The power is cut again and again while customers order: on a disk that loses what was not synced, nothing that was
acknowledged is lost.

The platform runs on, and at a random write, sync or deletion the disk says what a cut at this moment would leave; each
such folder is then looked at as the next start would find it. Of every few, one is started, settled, audited and judged
by the clients' log."""

import random
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.http import client
from bench.shop import opened
from chaos import sqlite_vfs
from chaos.crowd import Crowd
from chaos.disk import Disk
from chaos.door import Door
from chaos.log import Entry, Log
from chaos.looking import look, look_at_stock
from chaos.oracle import RANKS, judge
from shikanji import sandbox
from shikanji.audit.run import Audit
from shikanji.house import SERVICES
from shikanji.kit.clock import HOUR, MINUTE
from shikanji.kit.db.sqlite import SqliteDatabase
from shikanji.kit.db.sqlite_connection import open_writer
from shikanji.main import Platform
from tests.harness import open_shop, template

ALL = (*SERVICES, sandbox.service)
CUSTOMERS = 12
CUTS_A_ROUND_MAX = 50
CUT_SHARE = 0.015
"""Of all that is done to the disk."""

Synchronous = Literal["FULL", "NORMAL"]


@dataclass
class Outcome:
    orders: int = 0
    cuts: int = 0
    revived: int = 0
    damaged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What audit and oracle say of those that were started again."""


@dataclass(frozen=True)
class Cut:
    """`answered`, `asked`: how many entries the log had just before and just after it."""

    folder: Path
    answered: int
    asked: int

    def entries(self, log: Log) -> list[Entry]:
        """Of what happened while the power went, the requests count and the answers do not."""
        between = log.entries[self.answered : self.asked]
        return log.entries[: self.answered] + [entry for entry in between if entry.status is None]


async def cut_power(
    folder: Path, *, cuts: int, seed: int, synchronous: Synchronous = "FULL", revive_every: int = 25
) -> Outcome:
    outcome = Outcome()
    chance = random.Random(seed)
    while outcome.cuts < cuts:
        place = folder / f"round-{outcome.cuts}"
        await _round(place, min(CUTS_A_ROUND_MAX, cuts - outcome.cuts), chance, synchronous, revive_every, outcome)
        shutil.rmtree(place)
    return outcome


async def _round(
    folder: Path, wanted: int, chance: random.Random, synchronous: Synchronous, revive_every: int, outcome: Outcome
) -> None:
    shutil.copytree(await template(), folder / "data")
    log, cuts = Log(), _Cuts(Disk(folder / "data"), chance, wanted)
    with sqlite_vfs.on(cuts.disk, cuts.perhaps):
        async with (
            open_shop(folder / "data", driven=False) as running,
            opened(running.platform.url, customers=CUSTOMERS) as shop,
        ):
            _set_synchronous(running.platform, synchronous)
            door = Door(shop.http, log, chance)
            before = {each.product_id: each.on_hand for each in await look_at_stock(door, shop.store_id, shop.products)}
            crowd = Crowd(door, shop, lambda: len(cuts.made) < wanted, think_seconds=0)
            cuts.log = log
            await crowd.live()
    outcome.orders += crowd.orders
    for cut in cuts.made:
        outcome.cuts += 1
        outcome.damaged += _damaged(cut.folder)
        outcome.lost += _lost(cut.folder, cut.entries(log))
        if outcome.cuts % revive_every == 0:
            outcome.revived += 1
            outcome.wrong += await _revive(cut, log, shop.store_id, before)
        shutil.rmtree(cut.folder)


class _Cuts:
    """Decides on whatever thread changes something whether the power goes now."""

    def __init__(self, disk: Disk, chance: random.Random, wanted: int) -> None:
        self.disk = disk
        self.made: list[Cut] = []
        self.log: Log | None = None
        """None: not yet."""
        self._chance = chance
        self._wanted = wanted
        self._one_at_a_time = threading.Lock()

    def perhaps(self) -> None:
        if self.log is None or self._chance.random() > CUT_SHARE:
            return
        # A cut takes a while, and whoever decides on another must know of this one: it may have been the last wanted.
        with self._one_at_a_time:
            if len(self.made) < self._wanted:
                self._cut(self.log)

    def _cut(self, log: Log) -> None:
        folder = self.disk.folder.with_name(f"cut-{self._chance.getrandbits(64):016x}")
        answered = len(log.entries)
        self.disk.cut(folder, random.Random(folder.name))
        self.made.append(Cut(folder, answered, len(log.entries)))


def _set_synchronous(platform: Platform, synchronous: Synchronous) -> None:
    for room in platform.rooms.values():
        assert isinstance(room.db, SqliteDatabase)
        # The kit has no setting for it, and must not have one: this shows what would happen.
        room.db._connection.execute(f"PRAGMA synchronous={synchronous}")


def _damaged(folder: Path) -> Iterator[str]:
    for service in ALL:
        connection = open_writer(folder / f"{service.name}.db")
        said = connection.execute("PRAGMA integrity_check").fetchall()
        connection.close()
        if said != [("ok",)]:
            yield f"{service.name}: {said}"


def _lost(folder: Path, entries: list[Entry]) -> Iterator[str]:
    """Acknowledged changes that the databases do not know, before anything is healed."""
    order = open_writer(folder / "order.db")
    found = dict(order.execute("SELECT id, status FROM orders"))
    recorded = {row[0] for row in order.execute("SELECT aggregate_id FROM outbox WHERE type = 'OrderCreated'")}
    order.close()
    inventory = open_writer(folder / "inventory.db")
    adjusted = {row[0] for row in inventory.execute("SELECT reason FROM movements WHERE kind = 'adjustment'")}
    inventory.close()
    asked = {entry.number: entry for entry in entries if entry.status is None}
    for answer in entries:
        match answer.act, answer.status:
            case "place", 201 if not (answer.facts["id"] in found and answer.facts["id"] in recorded):
                yield f"order {answer.facts['id']}"
            case "adjust", 200 if answer.subject not in adjusted:
                yield f"adjustment {answer.subject}"
            case "cancel", 200 if found.get(answer.subject) != "cancelled":
                yield f"cancellation of {answer.subject}"
            case "move", 200 if not _reached(found.get(answer.subject), asked[answer.number].facts["to"]):
                yield f"{asked[answer.number].facts['to']} of {answer.subject}"


def _reached(status: str | None, wanted: str) -> bool:
    return status in RANKS and RANKS.index(status) >= RANKS.index(wanted)


async def _revive(cut: Cut, log: Log, store_id: str, before: dict[str, int]) -> list[str]:
    """Starts the platform on what is left, lets the rest of the day pass, and says what is not as it should be."""
    async with open_shop(cut.folder) as running, client(running.platform.url) as http:
        door = Door(http, Log(), random.Random(0))
        for by in (0, 20 * MINUTE, 20 * MINUTE, 3 * HOUR):
            running.clock.advance(by)
            await running.settle()
        verdict = judge(cut.entries(log), before, await look(door, store_id, list(before)))
        now = running.clock.now()
    audit = Audit({service.name: cut.folder / f"{service.name}.db" for service in ALL})
    try:
        report = audit.run(now=now, quiet=0)
    finally:
        audit.close()
    violated = [f"audit {finding.key}: {finding.violations}" for finding in report.findings if finding.count]
    return [*verdict.lost, *verdict.doubled, *verdict.wrong, *violated]
