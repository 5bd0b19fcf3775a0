"""The oracle sees what it is there for: each rule, broken once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chaos.log import Entry, Log, read
from chaos.oracle import Cancellation, Line, Order, Payment, Seen, Stock, Verdict, judge


def order(**changes: Any) -> Order:
    fields = {
        "id": "o1",
        "status": "confirmed",
        "payment_method": "online",
        "total": 500,
        "items": (Line("tea", 2),),
        "notes": "k1",
        **changes,
    }
    return Order(**fields)


TOLD = [
    Entry(1, "place", "k1"),
    Entry(1, "place", "k1", {"id": "o1"}, 201),
    Entry(2, "check-out", "o1", {"outcome": "success"}),
    Entry(2, "check-out", "o1", {}, 200),
    Entry(3, "adjust", "k2", {"product": "tea", "delta": 5}),
    Entry(3, "adjust", "k2", {}, 200),
]
PAID = Payment("o1", captured=500, refunded=0, refunding=0)
STOCK = Stock("tea", on_hand=13, held=0)


def judged(
    *more: Entry,
    orders: tuple[Order, ...] = (order(),),
    payments: tuple[Payment, ...] = (PAID,),
    stock: Stock = STOCK,
) -> Verdict:
    return judge([*TOLD, *more], {"tea": 10}, Seen(orders, payments, [stock]))


def test_a_run_in_which_all_is_as_it_was_said_is_clean() -> None:
    assert judged().clean


@pytest.mark.parametrize(
    "seen",
    [
        judged(orders=(), payments=(), stock=Stock("tea", 15, 0)),
        judged(payments=(Payment("o1", 0, 0, 0),)),
        judged(Entry(4, "move", "o1", {"to": "ready"}), Entry(4, "move", "o1", {}, 200)),
        judged(Entry(4, "cancel", "o1"), Entry(4, "cancel", "o1", {}, 200)),
    ],
    ids=["the order", "its money", "its way", "its end"],
)
def test_what_was_acknowledged_and_is_not_there_is_lost(seen: Verdict) -> None:
    assert len(seen.lost) == 1


@pytest.mark.parametrize(
    "seen",
    [
        judged(orders=(order(), order(id="o2", status="pending")), stock=Stock("tea", 13, 2)),
        judged(Entry(4, "place", "k1"), Entry(4, "place", "k1", {"id": "o2"}, 201)),
        judged(payments=(PAID, PAID)),
        judged(payments=(PAID, Payment("o1", 0, 600, 0))),
    ],
    ids=["two orders of one key", "two answers to one key", "paid twice", "given back twice"],
)
def test_what_was_said_once_and_done_twice_is_doubled(seen: Verdict) -> None:
    assert len(seen.doubled) == 1


@pytest.mark.parametrize(
    "seen",
    [
        judged(orders=(order(), order(id="o2", notes="k9", status="pending")), stock=Stock("tea", 13, 2)),
        judged(
            orders=(order(status="cancelled", cancellation=Cancellation("staff")),),
            payments=(Payment("o1", 500, 500, 0),),
            stock=Stock("tea", 15, 0),
        ),
        judged(payments=(Payment("o1", 500, 100, 0),)),
        judged(payments=(Payment("o1", 500, 0, 100),)),
        judged(stock=Stock("tea", 8, 0)),
        judged(Entry(4, "place", "k4"), orders=(order(), order(id="o2", notes="k4", status="pending"))),
    ],
    ids=["from nobody", "ended by nobody", "money short", "money under way", "stock", "held"],
)
def test_what_else_is_not_as_clients_know_it_is_wrong(seen: Verdict) -> None:
    assert (seen.lost, seen.doubled) == ([], [])
    assert len(seen.wrong) == 1


def test_a_request_without_an_answer_was_done_or_not() -> None:
    asked = (Entry(4, "adjust", "k3", {"product": "tea", "delta": -3}), Entry(5, "place", "k4"))
    done = (order(), order(id="o2", notes="k4", status="pending", payment_method="online"))

    assert judged(*asked).clean
    assert judged(*asked, orders=done, stock=Stock("tea", 10, 2)).clean


def test_what_is_held_for_an_order_that_nobody_placed_is_counted() -> None:
    seen = judged(stock=Stock("tea", 13, 2))

    assert seen.clean
    assert seen.untied == 2


async def test_an_entry_is_on_the_disk_before_its_request_is_sent(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    numbers = await asyncio.gather(*(log.asks("place", f"k{number}") for number in range(20)))
    await log.answered(numbers[0], "place", "k0", 201, id="o1")
    log.close()

    kept = list(read(tmp_path / "log"))

    assert kept == log.entries
    assert kept[-1] == Entry(1, "place", "k0", {"id": "o1"}, 201)
