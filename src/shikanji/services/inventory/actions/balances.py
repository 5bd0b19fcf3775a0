"""What every change of stock brings with it: its movement, its event, and the alert where a line was crossed. Events go
back to the caller, who records all of one unit together."""

from collections.abc import Sequence

from shikanji.contracts.inventory import StockReason
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Event
from shikanji.services.inventory.model.stock import Balance, adjusted, alerts
from shikanji.services.inventory.repository import stock

SYSTEM = "system"


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
    stock.add_movements(tx, changes, kind, reason=reason, by=by, order_id=order_id, attempt=attempt)
    told: list[Event] = []
    for balance, delta in changes:
        told += [adjusted(balance, delta, kind, order_id), *level_events(tx, balance)]
    return told


def level_events(tx: Tx, balance: Balance) -> list[Event]:
    """An alert when it has become worse than what was told last; better is only noted."""
    now = balance.level_now
    if now == balance.level:
        return []
    stock.set_level(tx, balance.stock_id, now)
    return alerts(balance)
