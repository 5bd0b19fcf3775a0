"""Orders become figures: what each adds now, less what it added before, summed over a batch, written once a key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import add, neg
from typing import TypeVar

import msgspec

from shikanji.contracts.order import OrderCreated
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event
from shikanji.services.analytics.actions.naming import learn_products, meet
from shikanji.services.analytics.model.calendar import local, month_of, zone_of
from shikanji.services.analytics.model.customer import EVERYWHERE, Customer, cohorts_of
from shikanji.services.analytics.model.figures import ONE_ORDER, Cell, Figures, figures_of, pairs_of, times_of
from shikanji.services.analytics.model.order import Order, Placed
from shikanji.services.analytics.repository import facts, figures

K = TypeVar("K")
Sums = dict[K, tuple[int, ...]]


class Share(msgspec.Struct, frozen=True):
    """What an order is of its customer's."""

    counted: bool
    revenue: int
    day: int


NO_SHARE = Share(False, 0, 0)


def fold_orders(tx: Tx, told: Mapping[str, Sequence[tuple[Event, int]]]) -> None:
    """What is told of each order, with the times (µs) at which it happened."""
    created = [(event, at) for events in told.values() for event, at in events if isinstance(event, OrderCreated)]
    orders = facts.locked_orders(tx, told)
    known = set(orders)
    before = _Before(orders.values())
    for order_id, events in told.items():
        order = orders.setdefault(order_id, Order())
        for event, at in events:
            order.learn(event, at)
    if created:
        learn_products(tx, created)
    _place(tx, orders.values())
    _write(tx, orders, known, before)


def refold_orders(tx: Tx, order_ids: Iterable[str]) -> None:
    """Counts them on the days that their stores' clocks show now."""
    orders = facts.locked_orders(tx, list(order_ids))
    before = _Before(orders.values())
    _place(tx, orders.values())
    _write(tx, orders, set(orders), before)


class _Before:
    """What orders added before they changed."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self.orders = list(orders)
        self.figures = _minus(_summed(figures_of, self.orders))
        self.times = _minus(_summed(times_of, self.orders))
        self.pairs = _minus(_summed(pairs_of, self.orders))
        self.shares = {id(order): _share(order) for order in self.orders}


def _place(tx: Tx, orders: Iterable[Order]) -> None:
    """On the day and hour of the store's clock."""
    placed = [(order, order.placed) for order in orders if order.placed is not None]
    stores = meet(tx, {each.store_id for _, each in placed}) if placed else {}
    for order, each in placed:
        order.day, order.hour = local(each.placed_at, zone_of(stores[each.store_id].time_zone))


def _write(tx: Tx, orders: Mapping[str, Order], known: set[str], before: _Before) -> None:
    facts.save_orders(tx, orders, known)
    sums: Sums[Cell] = _summed(figures_of, orders.values(), before.figures)
    figures.add_times(tx, _moved(_summed(times_of, orders.values(), before.times)))
    figures.add_pairs(tx, _moved(_summed(pairs_of, orders.values(), before.pairs)))
    _fold_customers(tx, [(order, before.shares.get(id(order), NO_SHARE)) for order in orders.values()], sums)
    figures.add_figures(tx, _moved(sums))


def _fold_customers(tx: Tx, orders: Iterable[tuple[Order, Share]], sums: Sums[Cell]) -> None:
    """What has changed for the orders' customers, and by that for their cohorts and for new customers in `sums`."""
    changed = [
        (placed, order, before, after)
        for order, before in orders
        if (placed := order.placed) is not None and before != (after := _share(order))
    ]
    if not changed:
        return
    customers = facts.locked_customers(tx, {placed.customer_id for placed, _, _, _ in changed})
    known, touched = set(customers), dict[tuple[str, str], Customer]()
    for placed, _, _, _ in changed:
        for store_id in (EVERYWHERE, placed.store_id):
            key = placed.customer_id, store_id
            touched[key] = customers.setdefault(key, Customer(customer_id=placed.customer_id, store_id=store_id))
    cohorts = _minus(_summed(cohorts_of, touched.values()))
    _add_up(sums, _minus(_summed(_new_customers, touched.values())))
    unsure = {key for placed, _, before, after in changed for key in _change(touched, placed, before, after)}
    for key in sorted(unsure):
        facts.find_first_and_last(tx, touched[key])
    _add_up(sums, _summed(_new_customers, touched.values()))
    facts.save_customers(tx, touched.values(), known)
    figures.add_cohorts(tx, _moved(_summed(cohorts_of, touched.values(), cohorts)))


def _change(
    touched: Mapping[tuple[str, str], Customer], placed: Placed, before: Share, after: Share
) -> Iterator[tuple[str, str]]:
    """Changes both customers, here and everywhere; says for which the first and the last order are to be looked for."""
    for store_id in (EVERYWHERE, placed.store_id):
        key = placed.customer_id, store_id
        customer = touched[key]
        if before != NO_SHARE:
            customer.add(month_of(before.day), -int(before.counted), -before.revenue)
        if after != NO_SHARE:
            customer.add(month_of(after.day), int(after.counted), after.revenue)
        if before.counted and (not after.counted or after.day != before.day):
            yield key
        elif after.counted:
            customer.saw(placed.placed_at, after.day)


def _share(order: Order) -> Share:
    if order.placed is None:
        return NO_SHARE
    return Share(order.counted, order.paid - order.refunded, order.day)


def _new_customers(customer: Customer) -> Iterator[tuple[Cell, Figures]]:
    if customer.first_at is not None:
        yield (customer.store_id, "new", customer.first_day, ""), ONE_ORDER


def _summed(
    adds: Callable[..., Iterable[tuple[K, tuple[int, ...]]]], things: Iterable[object], sums: Sums[K] | None = None
) -> Sums[K]:
    """With `sums`, when they are given. Added up once a key: every order of a batch adds to the same day and hour."""
    added: dict[K, list[tuple[int, ...]]] = {} if sums is None else {key: [values] for key, values in sums.items()}
    for thing in things:
        for key, values in adds(thing):
            there = added.get(key)
            if there is None:
                added[key] = [values]
            else:
                there.append(values)
    return {key: rows[0] if len(rows) == 1 else tuple(map(sum, zip(*rows, strict=True))) for key, rows in added.items()}


def _add_up(sums: Sums[K], more: Mapping[K, tuple[int, ...]]) -> None:
    for key, values in more.items():
        there = sums.get(key)
        sums[key] = values if there is None else tuple(map(add, there, values))


def _minus(sums: Sums[K]) -> Sums[K]:
    return {key: tuple(map(neg, values)) for key, values in sums.items()}


def _moved(sums: Sums[K]) -> Sums[K]:
    """Without those in which nothing changed."""
    return {key: values for key, values in sums.items() if any(values)}
