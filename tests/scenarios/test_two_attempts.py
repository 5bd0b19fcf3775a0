"""Two attempts to pay for one order, in every interleaving of what can become of them, with and without a cancellation
at every moment: the customer ends with the order and without its money, or with the money and without the order."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shikanji.kit.clock import HOUR, MINUTE
from tests.harness import Client, Counter, Shop, open_shop
from tests.scaled import OneProcessOnEngines, ScaledShop
from tests.scenarios.audited_day import audit_of, violated

OUTCOMES: dict[str, list[str]] = {
    "success": ["pays"],
    "failure": ["fails"],
    "success twice": ["pays twice", "pays"],
    "success late": ["time runs out", "pays"],
    "failure then success": ["fails", "pays"],
}
CANCEL = "cancels"
LATE = "time runs out"
AT_ONCE = 8
"""How many orders are moved along at the same moment."""

Step = tuple[int, str]


@dataclass
class Case:
    """One order and what is to happen to it, step by step."""

    steps: list[Step]
    order: dict[str, Any] = field(default_factory=dict)
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(
            what if what in (CANCEL, LATE) else f"{['first', 'second'][who]} {what}" for who, what in self.steps
        )


def interleavings(first: list[Step], second: list[Step]) -> Iterator[list[Step]]:
    if not first or not second:
        yield [*first, *second]
        return
    for rest in interleavings(first[1:], second):
        yield [first[0], *rest]
    for rest in interleavings(first, second[1:]):
        yield [second[0], *rest]


def cases(first: str) -> list[Case]:
    """Every way of the first attempt beside every way of the second; time runs out once."""
    every: dict[str, Case] = {}
    for second in OUTCOMES.values():
        ways = [[(who, what) for what in way] for who, way in enumerate((OUTCOMES[first], second))]
        for merged in interleavings(*ways):
            late = [place for place, (_, what) in enumerate(merged) if what == LATE]
            steps = [step for place, step in enumerate(merged) if place not in late[1:]]
            for place in [None, *range(len(steps) + 1)]:
                cancelled = steps if place is None else [*steps[:place], (0, CANCEL), *steps[place:]]
                case = Case(cancelled)
                every.setdefault(str(case), case)
    return list(every.values())


def sample(every: int) -> list[Case]:
    """Of all the ways together each `every`th, so that every pair is among them."""
    return [case for first in OUTCOMES for case in cases(first)][::every]


@pytest.mark.parametrize("first", OUTCOMES)
async def test_money_and_order_never_part(tmp_path: Path, first: str) -> None:
    async with open_shop(tmp_path / "data") as shop:
        await live_through(shop, cases(first))


async def test_money_and_order_never_part_on_engines(on_engines: OneProcessOnEngines) -> None:
    async with on_engines.open() as shop:
        await live_through(shop, sample(25))


async def test_money_and_order_never_part_in_several_processes(scaled_shop: ScaledShop) -> None:
    """What ends before time runs out: nobody can put the clocks of processes forward."""
    every = [case for case in sample(12) if ends_in_time(case)]
    await begin(scaled_shop, every)

    await take(scaled_shop, every, [case.steps for case in every])

    await check_all(scaled_shop, every, ahead=0)


def ends_in_time(case: Case) -> bool:
    happened = {what for _, what in case.steps}
    return LATE not in happened and not happened.isdisjoint({"pays", "pays twice", CANCEL})


async def live_through(shop: Shop, every: list[Case]) -> None:
    await begin(shop, every)

    await walk(shop, every)

    await check_all(shop, every, ahead=HOUR)


async def begin(shop: Counter, every: list[Case]) -> None:
    """Both attempts stand open: the first has failed once, but may still be paid."""
    customer = await shop.customer()
    body = await shop.order_body(lines=1, paymentMethod="online")
    body["items"][0]["quantity"] = 1

    async def place(case: Case) -> None:
        case.order = (await customer.post("/api/v1/orders", body)).data
        case.attempts.append(await shop.initiate(case.order["id"], customer))
        assert (await shop.check_out(case.attempts[0], "failure")).status == 200

    async def try_anew(case: Case) -> None:
        case.attempts.append(await shop.initiate(case.order["id"], customer))
        assert case.attempts[1]["number"] == 2

    await together(every, place)
    await shop.settle()
    await together(every, try_anew)
    await shop.settle()


async def walk(shop: Shop, every: list[Case]) -> None:
    """First what happens in time, of all orders side by side; then what happens after it ran out."""
    early = [in_time(case.steps) for case in every]
    await take(shop, every, early)
    shop.clock.advance(16 * MINUTE)
    shop.forget()
    await shop.settle()
    await take(shop, every, [case.steps[len(steps) + 1 :] for case, steps in zip(every, early, strict=True)])


def in_time(steps: list[Step]) -> list[Step]:
    return next((steps[:place] for place, (_, what) in enumerate(steps) if what == LATE), steps)


async def take(shop: Counter, every: list[Case], steps: list[list[Step]]) -> None:
    customer = await shop.customer()
    for place in range(max(map(len, steps), default=0)):
        due = [(case, mine[place]) for case, mine in zip(every, steps, strict=True) if place < len(mine)]

        async def act(one: tuple[Case, Step]) -> None:
            await happen(shop, customer, *one)

        await together(due, act)
        await shop.settle()


async def happen(shop: Counter, customer: Client, case: Case, step: Step) -> None:
    who, what = step
    if what == CANCEL:
        answer = await customer.post(f"/api/v1/orders/{case.order['id']}/cancel", {"reason": "changed my mind"})
        assert answer.status in (200, 409), answer.body
        return
    outcome = "failure" if what == "fails" else "success"
    answer = await shop.check_out(case.attempts[who], outcome, webhook="twice" if what == "pays twice" else "once")
    assert answer.status in (200, 409), answer.body


async def check_all(shop: Counter, every: list[Case], *, ahead: int) -> None:
    admin = await shop.admin()
    for case in every:
        await check(admin, case)
    report = await asyncio.to_thread(audit_of, shop.databases, ahead=ahead)
    assert violated(report) == set(), report


async def check(admin: Client, case: Case) -> None:
    order = (await admin.get(f"/api/v1/orders/{case.order['id']}")).data
    payments = (await admin.get(f"/api/v1/payments/order/{case.order['id']}")).data
    net = sum(payment["captured"] - payment["refunded"] for payment in payments)
    came = any(payment["captured"] for payment in payments)
    cancelled = any(what == CANCEL for _, what in case.steps)

    assert order["status"] in ("confirmed", "cancelled"), str(case)
    assert net == (order["total"] if order["status"] == "confirmed" else 0), str(case)
    if came and not cancelled:
        assert order["status"] == "confirmed", str(case)


async def together(every: list[Any], act: Any) -> None:
    for start in range(0, len(every), AT_ONCE):
        await asyncio.gather(*(act(one) for one in every[start : start + AT_ONCE]))
