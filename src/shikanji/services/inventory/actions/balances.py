"""What every change of stock brings with it: its movement, its event, and the alert where a line was crossed."""

from shikanji.contracts.inventory import StockReason
from shikanji.kit.db.tx import Tx
from shikanji.services.inventory.model.stock import Balance, adjusted, alerts
from shikanji.services.inventory.repository import stock

SYSTEM = "system"


def moved(
    tx: Tx,
    balance: Balance,
    kind: StockReason,
    delta: int,
    *,
    reason: str,
    by: str = SYSTEM,
    order_id: str | None = None,
    attempt: int | None = None,
) -> None:
    """What is on hand has changed by `delta`, and `balance` is what it left."""
    stock.add_movement(tx, balance, kind, delta, reason=reason, by=by, order_id=order_id, attempt=attempt)
    tx.record(adjusted(balance, delta, kind, order_id))
    tell_level(tx, balance)


def tell_level(tx: Tx, balance: Balance) -> None:
    """An alert when it has become worse than what was told last; better is only noted."""
    now = balance.level_now
    if now == balance.level:
        return
    for alert in alerts(balance):
        tx.record(alert)
    stock.set_level(tx, balance.stock_id, now)
