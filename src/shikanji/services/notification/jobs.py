"""What the notification service sends, and when."""

from shikanji.contracts.inventory import AskProductNames
from shikanji.contracts.notification import MessageChannel
from shikanji.contracts.store import AskStaff
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import first_id
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.notification.actions import orders, people, sending, telling
from shikanji.services.notification.model.kinds import CHANNELS
from shikanji.services.notification.posting import deliver
from shikanji.services.notification.repository import inbox, logs
from shikanji.services.notification.repository import orders as known_orders
from shikanji.services.notification.settings import NotificationSettings

SWEEP_SECONDS = 60
FORGET_SECONDS = 3_600
FORGOTTEN_AT_ONCE = 500

jobs = Jobs()

_WAYS: dict[str, MessageChannel] = {channel: channel for channel in CHANNELS}


@jobs.work(telling.DELIVER)
async def deliver_due(room: Room, job: Job) -> None:
    """What is due on one way, a batch of it."""
    await deliver(room, _WAYS[job.key])


@jobs.timer(telling.WAKE)
def wake(tx: Tx, job: Job) -> None:
    """A delivery that had to wait is due now."""
    tx.schedule(telling.DELIVER, job.load(telling.Wake).channel, tx.now)


@jobs.every("sweep-deliveries", seconds=SWEEP_SECONDS)
async def sweep_deliveries(room: Room, job: Job) -> None:
    """Attempts that ended with their process are made again when their lease is over."""
    await room.db.write(sending.wake_all, CHANNELS)


@jobs.every("forget-messages", seconds=FORGET_SECONDS)
async def forget_messages(room: Room, job: Job) -> None:
    """What is older than the settings say, a few at a time."""
    settings, now = room.settings(NotificationSettings), room.clock.now()
    for forget, kept in (
        (inbox.forget, settings.inbox_time),
        (logs.forget_skipped, settings.inbox_time),
        (logs.forget, settings.log_time),
        (known_orders.forget, settings.order_time),
    ):
        while await room.db.write(forget, first_id(now - kept), FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE:
            pass


@jobs.timer(orders.REVIEW_PROMPT)
def prompt_review(tx: Tx, job: Job) -> None:
    orders.prompt_review(tx, job.load(orders.Prompt))


@jobs.work(people.LOW_STOCK)
async def tell_managers(room: Room, job: Job) -> None:
    """Who manages the store, and what the product is called, is asked now."""
    shelf = job.load(people.Shelf)
    managers = (await room.calls.ask(AskStaff(store_id=shelf.store_id, role="manager"))).account_ids
    products = (await room.calls.ask(AskProductNames(product_ids=[shelf.product_id]))).products
    name, name_hi = (products[0].name, products[0].name_hi) if products else (shelf.product_id, None)
    await room.db.write(people.tell_managers, shelf, managers, name, name_hi)
