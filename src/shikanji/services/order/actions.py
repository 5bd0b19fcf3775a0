"""One function per use case: load, decide, save, record. Each runs inside one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from shikanji.contracts.order import Bill, HoldOwner, OrderStanding, OrderStatus
from shikanji.kit.auth import Principal
from shikanji.kit.clock import MINUTE, to_datetime
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.jobs import Job
from shikanji.kit.web import idempotency
from shikanji.kit.web.idempotency import Claim, Scope, StoredAnswer
from shikanji.services.order import repository
from shikanji.services.order.errors import TooManyOpenOrders
from shikanji.services.order.model.bills import bill_of
from shikanji.services.order.model.edges import Actor
from shikanji.services.order.model.order import Entry, Order, Placing, Timer
from shikanji.services.order.model.revival import Revival
from shikanji.services.order.repository import Failure, Filter, Point
from shikanji.services.order.settings import OrderSettings

REVIVE = "revive"
RELEASE = "release"
DAY_BEGINS_EVERY = 15 * MINUTE
"""Wherever a store is, its day begins with a quarter of an hour: all zones are whole quarters away from UTC."""


class Whole(msgspec.Struct, frozen=True):
    """An order with all that belongs to it."""

    order: Order
    timeline: list[Entry]
    failures: list[Failure]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be given back of an order that will not be: payload of the job `release`."""

    order_id: str
    attempt: int
    stock: bool
    slot: bool
    benefits: bool = False

    @classmethod
    def of_all(cls, order_id: str) -> "Release":
        """Of a first attempt of which nobody knows how far it came."""
        return cls(order_id=order_id, attempt=1, stock=True, slot=True, benefits=True)


def claim_order(tx: Tx, scope: Scope, capped: str | None, patience: int) -> Claim | StoredAnswer:
    """The first of the three steps. `capped`: the customer whose open orders are counted. What a checkout that died
    under this key may have left elsewhere will be released by a job after `patience` (µs), should nobody do it before.
    """
    taken = idempotency.claim(tx, scope)
    if isinstance(taken, Claim):
        if capped is not None:
            _check_open_orders(tx, capped)
        if taken.lapsed_effect_id is not None:
            _plan_release(tx, Release.of_all(taken.lapsed_effect_id), tx.now + patience)
    return taken


def place_order(
    tx: Tx, claim: Claim, placing: Placing, store_code: str, capped: str | None, answer: Callable[[Whole], Any]
) -> msgspec.Raw:
    """The last step: the order, its timeline, events and timer, and the stored answer, or nothing. Completing the claim
    refuses when its lease is over, so that a late order is never written."""
    if capped is not None:
        _check_open_orders(tx, capped)
    order = Order.place(
        placing, at=tx.now, number=_order_number(tx, placing, store_code), payment_window=_settings(tx).payment_window
    )
    repository.add_order(tx, order)
    _follow(tx, order, None)
    data = msgspec.Raw(msgspec.json.encode(answer(Whole(order, order.entries, []))))
    idempotency.complete(tx, claim, 201, data)
    failpoint("order.place.before_commit")
    return data


def give_up(tx: Tx, claim: Claim, taken: Release, at: int) -> StoredAnswer | None:
    """After a refusal: the key is free again, and what was `taken` will be released by a job at `at`, should nobody do
    it before. Where the order was written after all (its commit was in doubt), its answer."""
    idempotency.abandon(tx, claim)
    if repository.find_order(tx, claim.effect_id) is not None:
        kept = idempotency.claim(tx, claim.scope)
        return kept if isinstance(kept, StoredAnswer) else None
    if taken.stock or taken.slot or taken.benefits:
        _plan_release(tx, taken, at)
    return None


def see_order(tx: Tx, order_id: str, principal: Principal) -> tuple[Whole, Actor]:
    order = repository.get_order(tx, order_id)
    actor = _actor(order, principal)
    return _whole(tx, order), actor


def list_orders(tx: Tx, wanted: Filter, limit: int) -> list[Order]:
    return repository.list_orders(tx, wanted, limit)


def move_order(tx: Tx, order_id: str, principal: Principal, new: OrderStatus) -> tuple[Whole, Actor]:
    with _changing(tx, order_id) as order:
        actor = _actor(order, principal)
        order.move(new, actor, tx.now, completion_delay=_settings(tx).completion_delay)
    failpoint("order.move.before_commit")
    return _whole(tx, order), actor


def cancel_order(tx: Tx, order_id: str, principal: Principal, reason: str, restock: list[str]) -> tuple[Whole, Actor]:
    with _changing(tx, order_id) as order:
        actor = _actor(order, principal)
        order.cancel(reason, actor, tx.now, restock=set(restock))
    failpoint("order.cancel.before_commit")
    return _whole(tx, order), actor


def assign_order(
    tx: Tx, order_id: str, principal: Principal, choose: Callable[[Order], tuple[str | None, str | None]]
) -> tuple[Whole, Actor]:
    """`choose` says who cooks and who delivers, given the order as it is."""
    with _changing(tx, order_id) as order:
        actor = _actor(order, principal)
        cook_id, courier_id = choose(order)
        order.assign(actor, cook_id=cook_id, courier_id=courier_id)
    return _whole(tx, order), actor


def track_order(tx: Tx, order_id: str, principal: Principal, latitude_e6: int, longitude_e6: int) -> Point:
    order = repository.lock_order(tx, order_id)
    actor = _actor(order, principal)
    order.check_followed_by(actor)
    kept = _settings(tx).tracking_points_max
    return repository.add_point(tx, order.id, actor.id, latitude_e6, longitude_e6, kept=kept)


def see_tracking(tx: Tx, order_id: str, principal: Principal, before: int | None, limit: int) -> list[Point]:
    order = repository.get_order(tx, order_id)
    _actor(order, principal)
    return repository.points_of(tx, order.id, before=before, limit=limit)


def take_payment(tx: Tx, order_id: str, payment_id: str, amount: int) -> None:
    """Money came: it confirms a pending order, and may bring back one whose window ended. Of every other order payment
    itself gives back what is too much."""
    with _changing(tx, order_id) as order:
        if order.status == "pending":
            order.check_paid(amount)
            order.confirm(tx.now)
        elif order.timed_out:
            order.check_paid(amount)
            _take_late_payment(tx, order, payment_id)
    failpoint("order.confirm.before_commit")


def note_failed_payment(tx: Tx, order_id: str, payment_id: str, reason: str) -> None:
    """The order waits on: the same attempt or the next may still succeed."""
    repository.add_payment_failure(tx, order_id, payment_id, reason)


def lose_stock(tx: Tx, order_id: str, attempt: int) -> None:
    """An order that is not written yet is told again by inventory, when it is."""
    if repository.find_order(tx, order_id) is None:
        return
    with _changing(tx, order_id) as order:
        order.lose_stock(tx.now, attempt)
        revival = repository.find_revival(tx, order_id)
        if revival is not None and revival.attempt == attempt:
            _refuse_revival(tx, order, revival, "what it needs ran out")
    failpoint("order.lose_stock.before_commit")


def time_out_order(tx: Tx, order_id: str) -> None:
    with _changing(tx, order_id) as order:
        order.time_out(tx.now)
    failpoint("order.time_out.before_commit")


def complete_order(tx: Tx, order_id: str) -> None:
    with _changing(tx, order_id) as order:
        order.complete_by_clock(tx.now)


def find_open_revival(tx: Tx, order_id: str) -> tuple[Order, Revival] | None:
    order = repository.get_order(tx, order_id)
    revival = repository.find_revival(tx, order_id)
    return (order, revival) if revival is not None and revival.state == "open" else None


def revive_order(tx: Tx, job: Job, order_id: str, estimated_at: int) -> None:
    """All is held again: the order is confirmed, unless its revival was refused meanwhile."""
    with _changing(tx, order_id) as order:
        revival = repository.find_revival(tx, order_id)
        if revival is not None and revival.state == "open":
            order.revive(tx.now, attempt=revival.attempt, estimated_at=estimated_at)
            revival.confirm(tx.now)
            repository.close_revival(tx, revival)
    tx.finish(job)
    failpoint("order.revive.before_commit")


def refuse_revival(tx: Tx, job: Job, order_id: str, reason: str) -> None:
    """The money goes back, and what was held for it too."""
    with _changing(tx, order_id) as order:
        revival = repository.find_revival(tx, order_id)
        if revival is not None:
            _refuse_revival(tx, order, revival, reason)
    tx.finish(job)
    failpoint("order.refuse_revival.before_commit")


def standing_of(tx: Tx, order_id: str) -> OrderStanding:
    return repository.get_order(tx, order_id).standing()


def bills_of(tx: Tx, order_ids: Sequence[str]) -> list[Bill]:
    return [bill_of(order) for order in repository.find_orders(tx, order_ids)]


def owner_of_hold(tx: Tx, order_id: str, attempt: int) -> HoldOwner:
    """A definite answer: a lapsed claim dies here, so that its order can never be written. The claim is looked at
    before the order, for it is finished in the transaction that writes the order."""
    settled = idempotency.settle(tx, order_id)
    order = repository.find_order(tx, order_id)
    if order is None:
        return HoldOwner(written=False, never=settled)
    if attempt <= order.attempt:
        return HoldOwner(written=True, never=False)
    revival = repository.find_revival(tx, order_id)
    over = revival is not None and (revival.state != "open" or attempt > revival.attempt)
    return HoldOwner(written=False, never=over)


def _settings(tx: Tx) -> OrderSettings:
    return tx.settings(OrderSettings)


def _actor(order: Order, principal: Principal) -> Actor:
    return Actor.of(principal, customer_id=order.customer_id, store_id=order.store_id)


def _whole(tx: Tx, order: Order) -> Whole:
    return Whole(order, repository.timeline_of(tx, order.id), repository.payment_failures_of(tx, order.id))


def _check_open_orders(tx: Tx, customer_id: str) -> None:
    allowed = _settings(tx).open_orders_max
    if repository.count_unstarted(tx, customer_id, allowed) >= allowed:
        raise TooManyOpenOrders(
            f"{allowed} orders wait already; cancel one or let them be made.", retry_after_seconds=60
        )


def _order_number(tx: Tx, placing: Placing, store_code: str) -> str:
    """`MGR-261122-0042`: the store, its own calendar's day, and a number that no other order of that day has."""
    day = _day(placing.details.time_zone, tx.now // DAY_BEGINS_EVERY)
    return f"{store_code}-{day}-{repository.next_number(tx, placing.store_id, day):04d}"


@lru_cache
def _day(time_zone: str, quarter: int) -> str:
    return to_datetime(quarter * DAY_BEGINS_EVERY).astimezone(ZoneInfo(time_zone)).strftime("%y%m%d")


@contextmanager
def _changing(tx: Tx, order_id: str) -> Iterator[Order]:
    """The order, locked; what was done to it is saved at the end, with its entries, events and timer."""
    order = repository.lock_order(tx, order_id)
    timer, people = order.timer, (order.cook_id, order.courier_id)
    yield order
    if order.entries or people != (order.cook_id, order.courier_id):
        repository.save_order(tx, order)
    _follow(tx, order, timer)


def _follow(tx: Tx, order: Order, timer_before: Timer | None) -> None:
    repository.add_entries(tx, order)
    if order.told:
        tx.record(*order.told)
    if timer_before is not None and timer_before != order.timer:
        tx.unschedule(timer_before.kind, order.id)
    if order.timer is not None and timer_before != order.timer:
        tx.schedule(order.timer.kind, order.id, order.timer.at)


def _take_late_payment(tx: Tx, order: Order, payment_id: str) -> None:
    repository.add_late_payment(tx, order.id, payment_id)
    revival = repository.find_revival(tx, order.id)
    if revival is None and order.payment_deadline is not None:
        until = order.payment_deadline + _settings(tx).revival_window
        repository.add_revival(tx, Revival.open(order.id, attempt=order.attempt + 1, at=tx.now, until=until))
        tx.schedule(REVIVE, order.id, tx.now)
    elif revival is not None and revival.state == "refused":
        order.want_refund(payment_id)


def _refuse_revival(tx: Tx, order: Order, revival: Revival, reason: str) -> None:
    if revival.state != "open":
        return
    revival.refuse(tx.now, reason)
    repository.close_revival(tx, revival)
    for payment_id in repository.late_payments_of(tx, order.id):
        order.want_refund(payment_id)
    release = Release(order_id=order.id, attempt=revival.attempt, stock=True, slot=True, benefits=bool(order.benefits))
    _plan_release(tx, release, tx.now)


def _plan_release(tx: Tx, release: Release, at: int) -> None:
    tx.schedule(RELEASE, f"{release.order_id}:{release.attempt}", at, release)
