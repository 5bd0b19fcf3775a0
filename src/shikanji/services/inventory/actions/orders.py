"""What the events of an order do to its holds. They may come late, twice, and in any order: `model/holds.py` says what
follows in every state; the usual case is one conditional statement."""

from collections.abc import Iterable, Sequence

from shikanji.contracts.inventory import StockUnavailable
from shikanji.contracts.order import OrderCancelled, OrderConfirmed, OrderCreated, OrderPreparing
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.services.inventory.actions import balances
from shikanji.services.inventory.actions.balances import Sale
from shikanji.services.inventory.actions.holding import free
from shikanji.services.inventory.model.holds import (
    Hold,
    Step,
    lines_of,
    on_cancelled,
    on_confirmed,
    on_created,
    on_preparing,
    on_superseded,
    to_lines,
    to_return,
    tombstone,
)
from shikanji.services.inventory.model.pricing import Needed
from shikanji.services.inventory.repository import holds, stock


def tie_holds(tx: Tx, events: Sequence[OrderCreated]) -> Sequence[OrderCreated]:
    """Those that have their stock from now on, as almost all do; returns what is to be looked at one by one."""
    tied = holds.tie_each(tx, [(event.order_id, event.attempt) for event in events])
    failpoint("inventory.tie.before_commit")
    return [] if tied == len(events) else events


def sell_holds(tx: Tx, events: Sequence[OrderConfirmed]) -> Sequence[OrderConfirmed]:
    """What those held whose stock is still theirs is sold; returns the others."""
    lines = holds.sell_open(tx, {(event.order_id, event.attempt) for event in events})
    sales = [Sale(*key, need) for key in lines for need in lines_of(lines[key])]
    if sales:
        tx.record(*balances.sold(tx, sales))
    failpoint("inventory.sell.before_commit")
    return [event for event in events if (event.order_id, event.attempt) not in lines]


def order_created(tx: Tx, event: OrderCreated) -> None:
    """The order has its stock from now on, or takes it again, or is told that there is none."""
    hold = _locked(tx, event.order_id, event.attempt)
    match on_created(hold.state):
        case "tie":
            holds.tie(tx, event.order_id, event.attempt)
        case "take":
            _take_again(tx, hold, event.store_id, _quantities(event), sold=False)
        case "take and sell":
            _take_again(tx, hold, event.store_id, _quantities(event), sold=True)


def order_confirmed(tx: Tx, event: OrderConfirmed) -> None:
    """What it held is sold, or taken again and sold."""
    hold = _locked(tx, event.order_id, event.attempt)
    lines = holds.lines_of_order(tx, event.order_id)
    match on_confirmed(hold.state, lines_known=lines is not None):
        case "sell":
            holds.end(tx, hold, "sold")
            _sell(tx, event.order_id, event.attempt, hold.needed)
        case "take and sell" if lines is not None:
            quantities = {need.product_id: need.quantity for need in lines_of(lines[1])}
            _take_again(tx, hold, event.store_id, quantities, sold=True)
        case "await":
            holds.end(tx, hold, "awaited")


def order_preparing(tx: Tx, event: OrderPreparing) -> None:
    """It is being made: from now on nothing breaks its hold, and one that was broken meanwhile was no loss."""
    hold = holds.locked_last(tx, event.order_id)
    if hold is None:
        return
    match on_preparing(hold.state):
        case "sell":
            holds.end(tx, hold, "sold")
            _sell(tx, hold.order_id, hold.attempt, hold.needed)
        case "find and sell":
            _find_and_sell(tx, hold)


def order_cancelled(tx: Tx, event: OrderCancelled) -> None:
    """What it still held is free again; what was sold goes back as far as the event says."""
    found = holds.locked_until(tx, event.order_id, event.attempt)
    if not found or found[-1].attempt < event.attempt:
        found.append(_locked(tx, event.order_id, event.attempt))
    for hold in found:
        last = hold.attempt == event.attempt
        step = on_cancelled(hold.state, event.previous) if last else on_superseded(hold.state)
        _cancel(tx, hold, step, event)
    failpoint("inventory.cancel.before_commit")


def _cancel(tx: Tx, hold: Hold, step: Step, event: OrderCancelled) -> None:
    match step:
        case "free":
            free(tx, hold.needed)
        case "sell and return":
            _sell(tx, hold.order_id, hold.attempt, hold.needed)
        case "find, sell and return":
            _find_and_sell(tx, hold)
    if step in ("return", "sell and return", "find, sell and return"):
        _put_back(tx, hold, event)
        holds.end(tx, hold, "returned")
    elif step in ("free", "end"):
        holds.end(tx, hold, "cancelled")


def _locked(tx: Tx, order_id: str, attempt: int) -> Hold:
    """The row under (order, attempt), which is there from now on."""
    holds.add(tx, tombstone(order_id, attempt, "released", tx.now))
    found = holds.locked(tx, order_id, attempt)
    assert found is not None
    return found


def _quantities(event: OrderCreated) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for line in event.lines:
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    return quantities


class _Short(Exception):
    """Undoes a taking that came to less than all."""


def _take_again(tx: Tx, hold: Hold, store_id: str, quantities: dict[str, int], *, sold: bool) -> None:
    """All of it, or the order is told once that there is no stock for it."""
    needed = _needed(tx, store_id, quantities)
    if len(needed) < len(quantities) or not _take(tx, needed):
        holds.end(tx, hold, "broken")
        short = _short(tx, store_id, quantities)
        tx.record(StockUnavailable(order_id=hold.order_id, store_id=store_id, product_ids=short, attempt=hold.attempt))
        return
    holds.retake(tx, hold, "sold" if sold else "tied", store_id, to_lines(needed))
    if sold:
        _sell(tx, hold.order_id, hold.attempt, needed)


def _find_and_sell(tx: Tx, hold: Hold) -> None:
    """What the books lack for it is on the counter: they are put right first."""
    for need in hold.needed:
        if not stock.hold(tx, need):
            found = stock.adjust(tx, need.stock_id, need.quantity)
            reason = "found: its order is being made"
            tx.record(*balances.moved(tx, [(found, need.quantity)], "adjustment", reason=reason))
            stock.hold(tx, need)
    holds.end(tx, hold, "sold")
    _sell(tx, hold.order_id, hold.attempt, hold.needed)


def _needed(tx: Tx, store_id: str, quantities: dict[str, int]) -> list[Needed]:
    rows = ((stock.of_product_in(tx, store_id, each), quantity) for each, quantity in quantities.items())
    return sorted(Needed(row.id, row.product_id, quantity) for row, quantity in rows if row is not None)


def _take(tx: Tx, needed: Iterable[Needed]) -> bool:
    try:
        with tx.savepoint():
            if not all(stock.hold(tx, need) for need in needed):
                raise _Short
    except _Short:
        return False
    return True


def _short(tx: Tx, store_id: str, quantities: dict[str, int]) -> list[str]:
    """The products of which there is not enough; all, where that has changed meanwhile."""
    rows = {each: stock.of_product_in(tx, store_id, each) for each in quantities}
    short = [each for each, row in rows.items() if row is None or row.available < quantities[each]]
    return sorted(short or quantities)


def _sell(tx: Tx, order_id: str, attempt: int, needed: Sequence[Needed]) -> None:
    if needed:
        tx.record(*balances.sold(tx, [Sale(order_id, attempt, need) for need in needed]))


def _put_back(tx: Tx, hold: Hold, event: OrderCancelled) -> None:
    reason = f"cancelled: {event.cause}"
    back = [
        (stock.adjust(tx, need.stock_id, need.quantity), need.quantity)
        for need in to_return(hold.needed, event.restock)
    ]
    if back:
        told = balances.moved(tx, back, "restock", reason=reason, order_id=hold.order_id, attempt=hold.attempt)
        tx.record(*told)
