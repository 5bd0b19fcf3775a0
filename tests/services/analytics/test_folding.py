"""What events make of the figures: each order counts once, on its day, whatever the order they come in."""

import ast
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from shikanji import contracts
from shikanji.contracts.order import OrderDispatched, OrderPreparing, OrderReady
from shikanji.contracts.store import StoreUpdated
from shikanji.kit.clock import DAY, HOUR, MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics import service
from shikanji.services.analytics.actions import rebuilding
from shikanji.services.analytics.model.durations import bucket_of
from shikanji.services.analytics.tables import aggregated_metrics, order_facts
from tests.kit.databases import OpenDatabase
from tests.services.analytics.makers import (
    ASHA,
    DRINKS,
    NOON,
    OTHER_STORE,
    RAVI,
    SAMOSA,
    SHIKANJI,
    STORE,
    TODAY,
    At,
    cancelled,
    completed,
    confirmed,
    created,
    delivered,
    envelopes,
    everything,
    figures,
    forget_all,
    line,
    lives,
    number,
    opened,
    paid,
    receive,
    refunded,
    settle,
    step,
    tell,
)

ENGINES = ["sqlite", "postgres"]


async def test_an_order_counts_when_it_is_confirmed_and_money_when_it_came(base: OpenDatabase) -> None:
    order = number()

    await tell(base, created(order, line(SHIKANJI, 2, 8_000, discount=1_000)))
    assert figures(base, "day") == {"placed": 1}
    await tell(base, confirmed(order))
    assert figures(base, "day") == {
        "placed": 1, "orders": 1, "items": 2, "gross": 16_000, "discount": 1_000, "tax": 800, "total": 15_800
    }  # fmt: skip
    await tell(base, paid(order, 15_800), completed(order), refunded(order, 5_000))

    assert figures(base, "day")["paid"] - figures(base, "day")["refunded"] == 10_800
    assert figures(base, "day")["completed"] == 1


async def test_every_dimension_has_its_part(base: OpenDatabase) -> None:
    order = number()

    await tell(
        base,
        created(order, line(SHIKANJI, 2), line(SHIKANJI), line(SAMOSA, 3, 3_000), fulfilment="delivery"),
        confirmed(order),
        paid(order, 34_650, method="card"),
    )

    assert figures(base, "hour", TODAY * 24 + 12)["orders"] == 1
    assert figures(base, "fulfilment", key="delivery")["total"] == 34_650
    assert figures(base, "method", key="card")["paid"] == 34_650
    assert figures(base, "method", key="online") == {}
    drinks = {"orders": 1, "items": 3, "gross": 24_000, "tax": 1_200, "total": 25_200}
    assert figures(base, "product", key=SHIKANJI) == figures(base, "category", key=DRINKS) == drinks
    assert figures(base, "live", 0, "confirmed") == {"orders": 1}
    assert figures(base, "new") == figures(base, "new", store="") == {"orders": 1}
    assert base.query("SELECT first_id, second_id, orders FROM product_pairs") == [(SHIKANJI, SAMOSA, 1)]


async def test_a_cancelled_order_counts_no_more_but_as_cancelled(base: OpenDatabase) -> None:
    order = number()

    await tell(base, created(order), confirmed(order), paid(order), cancelled(order, cause="out_of_stock"))
    await tell(base, refunded(order, 8_400, cause="cancelled"))

    assert figures(base, "day") == {"placed": 1, "cancelled": 1, "paid": 8_400, "refunds": 1, "refunded": 8_400}
    assert figures(base, "cancelled", key="out_of_stock") == {"cancelled": 1, "total": 8_400}
    assert figures(base, "refund", key="cancelled") == {"refunds": 1, "refunded": 8_400}
    assert figures(base, "product", key=SHIKANJI) == figures(base, "new") == figures(base, "live", 0, "confirmed") == {}
    assert base.query("SELECT orders, revenue FROM customers") == [(0, 0), (0, 0)]


async def test_an_order_that_late_money_brings_back_counts_again(base: OpenDatabase) -> None:
    order = number()

    await tell(base, created(order), cancelled(order, cause="payment_timeout"), paid(order), confirmed(order, 2))
    assert (figures(base, "day")["orders"], figures(base, "day").get("cancelled")) == (1, None)
    await tell(base, cancelled(order, 2))

    assert (figures(base, "day").get("orders"), figures(base, "day")["cancelled"]) == (None, 1)


async def test_times_of_kitchen_and_way_are_kept_by_bucket(base: OpenDatabase) -> None:
    order = number()

    await tell(
        base,
        created(order),
        confirmed(order),
        delivered(order, NOON + 40 * MINUTE),
        step(OrderDispatched, order, NOON + 20 * MINUTE),
        step(OrderReady, order, NOON + 15 * MINUTE),
        step(OrderPreparing, order, NOON + 5 * MINUTE),
    )

    assert base.query("SELECT kind, bucket, count, seconds FROM durations ORDER BY kind") == [
        ("delivery", bucket_of(1_200), 1, 1_200),
        ("prep", bucket_of(600), 1, 600),
    ]
    assert figures(base, "live", 0, "delivered") == {"orders": 1}


async def test_nothing_counts_before_it_is_known_whose_it_is(base: OpenDatabase) -> None:
    order = number()

    await tell(base, confirmed(order), paid(order), completed(order))
    assert base.query("SELECT * FROM aggregated_metrics") == []
    await tell(base, created(order))

    assert (figures(base, "day")["orders"], figures(base, "day")["paid"]) == (1, 8_400)


async def test_a_day_is_that_of_the_stores_clock(base: OpenDatabase) -> None:
    order = number()

    await tell(base, opened(OTHER_STORE, "Pacific/Auckland"), created(order, store_id=OTHER_STORE, at=NOON + DAY // 4))

    assert figures(base, "day", TODAY + 1, store=OTHER_STORE) == {"placed": 1}


async def test_first_and_last_order_of_a_customer_follow_what_counts(base: OpenDatabase) -> None:
    early, late = number(), number()
    at = {early: NOON - 3 * DAY, late: NOON}

    for order in (late, early):
        await tell(base, created(order, at=at[order]), confirmed(order))
    customer = f"SELECT orders, first_at, first_day, last_at FROM customers WHERE customer_id = '{ASHA}'"
    assert base.query(customer) == [(2, at[early], TODAY - 3, at[late])] * 2
    assert figures(base, "new", TODAY - 3) == {"orders": 1}
    await tell(base, cancelled(early))

    assert base.query(customer) == [(1, at[late], TODAY, at[late])] * 2
    assert (figures(base, "new", TODAY - 3), figures(base, "new")) == ({}, {"orders": 1})


async def test_a_cohort_is_the_month_of_the_first_order(base: OpenDatabase) -> None:
    for customer, days in ((ASHA, 30), (ASHA, 0), (RAVI, 0)):
        order = number()
        who: dict[str, Any] = {"customer_id": customer}
        await tell(base, created(order, at=NOON - days * DAY, **who), confirmed(order, **who), paid(order, **who))

    november = 2026 * 12 + 10
    rows = base.query(f"SELECT cohort, month, customers, orders FROM cohorts WHERE store_id = '{STORE}' ORDER BY 1, 2")
    assert rows == [
        (november - 1, november - 1, 1, 1),
        (november - 1, november, 1, 1),
        (november, november, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_figures_are_the_same_in_whatever_order_events_come_and_how_often(base: OpenDatabase, seed: int) -> None:
    events = lives(25, seed)
    sent, chance = envelopes(events), Random(seed)

    await receive(base, *sent)
    straight = everything(base)
    await base.write(forget_all)
    mixed = sent + chance.sample(sent, len(sent) // 3)
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, 40)
        await receive(base, *mixed[:size])
        del mixed[:size]
    await settle(base)

    assert everything(base) == straight
    assert base.query("SELECT count(*) FROM analytics_events") == [(len(sent),)]


@pytest.mark.parametrize("seed", range(3, 5))
async def test_what_is_made_anew_from_the_kept_events_is_the_same_to_the_paisa(base: OpenDatabase, seed: int) -> None:
    events = lives(25, seed)
    sent, chance = envelopes(events), Random(seed)
    chance.shuffle(sent)
    await receive(base, *sent)
    await settle(base)
    straight = everything(base)

    await base.write(spoil)
    assert everything(base) != straight
    await base.write(rebuilding.begin)
    while (await base.write(rebuilding.go_on)).reached is not None:
        pass
    await settle(base)

    assert everything(base) == straight


async def test_events_that_come_while_figures_are_made_anew_are_in_them_once(base: OpenDatabase) -> None:
    first, second = number(), number()
    await tell(base, created(first), confirmed(first))
    await base.write(rebuilding.begin)

    await tell(base, created(second), confirmed(second))
    assert figures(base, "day") == {}
    assert (await base.write(rebuilding.go_on)).reached is None
    await tell(base, completed(second))

    assert (figures(base, "day")["orders"], figures(base, "day")["completed"]) == (2, 1)
    assert (await base.write(rebuilding.go_on)).reached is None
    assert figures(base, "day")["orders"] == 2


@pytest.mark.parametrize("seed", range(5, 7))
async def test_figures_made_anew_step_by_step_while_events_come_are_the_same_to_the_paisa(
    base: OpenDatabase, seed: int
) -> None:
    sent, chance = envelopes(lives(25, seed)), Random(seed)
    await receive(base, *sent)
    await settle(base)
    straight = everything(base)
    await base.write(forget_all)
    chance.shuffle(sent)
    half = len(sent) // 2
    await receive(base, *sent[:half])

    await base.write(spoil)
    await base.write(rebuilding.begin)
    under_way = True
    while under_way or half < len(sent):
        if chance.random() < 0.5 and half < len(sent):
            await receive(base, *sent[half : half + 9])
            half += 9
        under_way = (await base.write(rebuilding.go_on, chance.randint(1, 30))).reached is not None
        if chance.random() < 0.2:
            await settle(base)
    await settle(base)

    assert everything(base) == straight


def spoil(tx: Tx) -> None:
    """What a bug may have done to figures."""
    tx.execute(sa.update(aggregated_metrics).values(paid=aggregated_metrics.c.paid + 1))
    tx.execute(sa.delete(order_facts).where(order_facts.c.counted == 1))


async def test_orders_move_to_the_days_of_a_clock_that_is_told_later(base: OpenDatabase) -> None:
    order = number()
    late = NOON + 13 * HOUR
    await tell(base, opened(), created(order, at=late), confirmed(order))
    assert figures(base, "day", TODAY + 1)["orders"] == 1

    changed = At(NOON, StoreUpdated(store_id=STORE, changed=["timeZone"], time_zone="Asia/Dubai"))
    (move,) = envelopes([changed])
    await receive(
        base, msgspec.structs.replace(move, metadata=msgspec.structs.replace(move.metadata, aggregate_version=2))
    )
    await settle(base)

    assert (figures(base, "day", TODAY + 1), figures(base, "day")["orders"]) == ({}, 1)
    assert (figures(base, "new", TODAY + 1), figures(base, "new")) == ({}, {"orders": 1})
    assert figures(base, "hour", TODAY * 24 + 23)["orders"] == 1


def test_every_event_of_the_published_language_is_heard() -> None:
    declared = {
        node.name
        for file in Path(contracts.__path__[0]).glob("*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Event" for base in node.bases)
    }

    assert set(service.subscribers.kinds) == declared
    assert len(declared) > 40
