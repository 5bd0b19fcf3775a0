"""What every change of stock brings with it: its movement, its event, and the alert where a line was crossed. Events go
back to the caller, who records all of one unit together."""

from collections.abc import Sequence
from typing import NamedTuple

from shikanji.contracts.inventory import StockReason
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event
from shikanji.services.inventory.model.pricing import Needed
from shikanji.services.inventory.model.stock import Balance, adjusted, alerts
from shikanji.services.inventory.repository import stock
from shikanji.services.inventory.repository.stock import Movement

SYSTEM = "system"


class Sale(NamedTuple):
    """What one order takes of one stock."""

    order_id: str
    attempt: int
    need: Needed


def moved(
    tx: Tx,
    changes: Sequence[tuple[Balance, int]],
    kind: StockReason,
    *,
    reason: str,
    by: str = SYSTEM,
    order_id: str | None = None,
    attempt: int | None = None,
) -> list[Event]:
    """What is on hand has changed: each balance is what its delta left."""
    stock.add_movements(
        tx,
        [
            Movement(balance.stock_id, tx.new_id(), tx.now, kind, delta, balance.on_hand, reason, order_id, attempt, by)
            for balance, delta in changes
        ],
    )
    told: list[Event] = []
    for balance, delta in changes:
        told += [adjusted(balance, delta, kind, order_id), *level_events(tx, balance)]
    return told


def sold(tx: Tx, sales: Sequence[Sale]) -> list[Event]:
    """What orders held leaves the shelf: a movement for each, but each stock changes once and says so once, however
    many of them take of it."""
    taken: dict[str, int] = {}
    for _, _, need in sales:
        taken[need.stock_id] = taken.get(need.stock_id, 0) + need.quantity
    left = stock.sell(tx, taken)
    on_hand = {stock_id: balance.on_hand + taken[stock_id] for stock_id, balance in left.items()}
    movements: list[Movement] = []
    for order_id, attempt, (stock_id, _, quantity) in sales:
        on_hand[stock_id] -= quantity
        movements.append(_sale(tx, stock_id, quantity, on_hand[stock_id], order_id, attempt))
    stock.add_movements(tx, movements)
    only = sales[0].order_id if len({sale.order_id for sale in sales}) == 1 else None
    told: list[Event] = []
    for stock_id, quantity in taken.items():
        balance = left[stock_id]
        told += [adjusted(balance, -quantity, "sale", only), *level_events(tx, balance)]
    return told


def _sale(tx: Tx, stock_id: str, quantity: int, on_hand: int, order_id: str, attempt: int) -> Movement:
    return Movement(stock_id, tx.new_id(), tx.now, "sale", -quantity, on_hand, "sold", order_id, attempt, SYSTEM)


def level_events(tx: Tx, balance: Balance) -> list[Event]:
    """An alert when it has become worse than what was told last; better is only noted."""
    now = balance.level_now
    if now == balance.level:
        return []
    stock.set_level(tx, balance.stock_id, now)
    return alerts(balance)
