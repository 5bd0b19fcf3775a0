"""Killed at every step between a request and the last subscriber's commit, the platform loses and doubles nothing."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from shikanji import sandbox
from shikanji.audit.run import Audit
from shikanji.house import SERVICES
from shikanji.kit.clock import SystemClock
from shikanji.kit.service import Service
from tests.crashes.machine import Machine, Zygote
from tests.crashes.script import GaveNoAnswer, Script, live, open_the_day
from tests.harness import template

ALL = (*SERVICES, sandbox.service)
HEARD = {name for service in SERVICES for name in service.subscribers.kinds}
LIVES = 3
SOURCE = Path(__file__).parents[2] / "src"

OF_EVERY_SERVICE = {
    "db.before_commit": ":4",
    "db.after_commit": ":6",
    "relay.delivered": "",
    "inbox.before_commit": ":2",
    "inbox.after_commit": "",
    "jobs.timer_before_commit": "",
    "jobs.work_before_finish": "",
    "jobs.work_after_finish": "",
}
"""The kit's own, with the time at which they fire; the service's name stands before them."""

UNREACHED = {"customer.jobs.timer_before_commit"}
"""Wants a hundred accounts that name one phone; the same line of the kit is met in the order service."""


SELDOM = {"review.inbox.before_commit"}
"""Met at its first time: between two deaths not many orders are handed over."""


def of_the_kit(service: Service) -> Iterator[str]:
    """A service without subscriptions or timers, or whose events nobody hears, has no such places."""
    has = {
        "relay": any(kind.__name__ in HEARD for kind in service.publishes),
        "inbox": bool(service.subscribers.kinds),
        "jobs.timer": bool(service.jobs.timers),
        "jobs.work": bool(service.jobs.works),
    }
    for place, time in OF_EVERY_SERVICE.items():
        if all(there for part, there in has.items() if place.startswith(part)):
            name = f"{service.name}.{place}"
            if name not in UNREACHED:
                yield name if name in SELDOM else f"{name}{time}"


def literal_failpoints() -> set[str]:
    """Those that stand in the services' own code."""
    texts = (file.read_text() for file in SOURCE.rglob("*.py"))
    return {name for text in texts for name in re.findall(r'failpoint\("([a-z_.]+)"\)', text)}


def all_failpoints() -> list[str]:
    return sorted({name for service in ALL for name in of_the_kit(service)} | literal_failpoints())


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    started = Zygote()
    yield started
    started.close()


@pytest.mark.parametrize("life", range(LIVES))
def test_nothing_is_lost_or_doubled_when_the_platform_dies_again_and_again(
    life: int, zygote: Zygote, tmp_path: Path
) -> None:
    """Each life meets another part of all failpoints, and dies at each of them once."""
    folder = tmp_path / "data"
    shutil.copytree(asyncio.run(template()), folder)
    with Machine(zygote, folder, all_failpoints()[life::LIVES]) as machine:
        asyncio.run(_live_and_check(machine))

        assert machine.left() == [], "these were never reached"
    _audit(folder, machine.ahead)


def test_after_a_kill_a_client_goes_on_with_the_access_token_that_it_has(zygote: Zygote, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(asyncio.run(template()), folder)
    with Machine(zygote, folder, ["order.place.after_commit"]) as machine:
        asyncio.run(_order_twice_with_one_token(machine))


async def _order_twice_with_one_token(machine: Machine) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        script = Script(machine, http)
        await open_the_day(script)
        with pytest.raises(GaveNoAnswer):
            await script.place("first")
        machine.buried()
        machine.start()

        answer = await script.place("first")

        assert answer.status == 201
        assert answer.headers["Idempotency-Replayed"] == "true"
        listed = (await script.ask("customer", "GET", "/api/v1/orders")).data
        assert [order["id"] for order in listed] == [answer.data["id"]]


async def _live_and_check(machine: Machine) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        script = Script(machine, http)
        await live(script)
        await _check_with_clients(script)
        machine.restart()


async def _check_with_clients(script: Script) -> None:
    """What clients were told is so, and what they said twice was done once."""
    await script.sign_everybody_in()
    listed = (await script.ask("customer", "GET", "/api/v1/orders?limit=100")).data
    assert sorted(order["id"] for order in listed) == sorted(script.orders.values())
    statuses = {name: _status(listed, order_id) for name, order_id in script.orders.items()}
    assert statuses == {
        "cash": "completed",
        "delivered": "completed",
        "webhook": "confirmed",
        "cancelled": "cancelled",
        "unlucky": "cancelled",
        "late": "confirmed",
        "too-late": "cancelled",
    }


def _status(listed: list[dict[str, str]], order_id: str) -> str:
    return next(order["status"] for order in listed if order["id"] == order_id)


def _audit(folder: Path, ahead: int) -> None:
    look = Audit({service.name: folder / f"{service.name}.db" for service in ALL})
    try:
        report = look.run(now=SystemClock().now() + ahead, quiet=0)
    finally:
        look.close()
    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}
    assert report.open == {"dead letters": 0, "waiting events": 0, "parked aggregates": 0}
