"""What the order service does when others did something. Right in any order and any number of times."""

from shikanji.contracts.inventory import StockUnavailable
from shikanji.contracts.payment import PaymentCompleted, PaymentFailed
from shikanji.kit.db.tx import Tx
from shikanji.kit.events import Subscribers
from shikanji.services.order import actions

subscribers = Subscribers()


@subscribers.on(PaymentCompleted)
def take_payment(tx: Tx, event: PaymentCompleted) -> None:
    actions.take_payment(tx, event.order_id, event.payment_id, event.amount)


@subscribers.on(PaymentFailed)
def note_failed_payment(tx: Tx, event: PaymentFailed) -> None:
    actions.note_failed_payment(tx, event.order_id, event.payment_id, event.reason)


@subscribers.on(StockUnavailable)
def lose_stock(tx: Tx, event: StockUnavailable) -> None:
    actions.lose_stock(tx, event.order_id, event.attempt)
