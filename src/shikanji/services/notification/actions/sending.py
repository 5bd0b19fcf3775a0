"""Attempts: begun in one transaction, their outcome written in another, the provider asked in between."""

from collections.abc import Mapping, Sequence

import msgspec

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.clock import SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.services.notification.actions.telling import DELIVER, new_delivery, wake
from shikanji.services.notification.model.kinds import Topic
from shikanji.services.notification.model.messages import Delivery, Notification, Outcome
from shikanji.services.notification.model.orders import KnownOrder
from shikanji.services.notification.repository import choices, inbox, logs, orders
from shikanji.services.notification.repository.choices import Device, WrittenWords

AT_ONCE_MAX = 100
LEASE = 120 * SECOND
"""Longer than a whole batch may last."""
NOBODY = ""
"""Whose codes are: a phone may have no account yet, and to be told of a code is nothing to keep."""
CODE_LEASE = 15 * SECOND
"""Longer than a provider may take to answer."""
NEVER = 2**53
"""When codes are due: they are sent when the customer service asks, and not by themselves."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that are begun, with all that is ours of what they say."""

    deliveries: list[Delivery]
    notifications: dict[str, Notification]
    orders: dict[str, KnownOrder]
    devices: dict[str, list[Device]]
    declined: set[tuple[str, MessageChannel, Topic]]
    written: list[WrittenWords]


def begin(tx: Tx, channel: MessageChannel) -> Batch:
    """Takes what is due on one way."""
    deliveries = logs.claim(tx, channel, tx.now + LEASE, AT_ONCE_MAX)
    people = {each.customer_id for each in deliveries}
    found = inbox.delivered(tx, [each.id for each in deliveries]) if deliveries else {}
    about = {each.order_id for each in found.values() if each.order_id is not None}
    devices: dict[str, list[Device]] = {}
    for device in choices.devices(tx, people) if channel == "push" and deliveries else []:
        devices.setdefault(device.customer_id, []).append(device)
    return Batch(
        deliveries=deliveries,
        notifications=found,
        orders=orders.find_orders(tx, about) if about else {},
        devices=devices,
        declined=choices.declined(tx, people) if deliveries else set(),
        written=choices.newest_words(tx) if deliveries else [],
    )


def end(tx: Tx, outcomes: Mapping[str, tuple[int, Outcome]], channel: MessageChannel, more: bool) -> None:
    """`outcomes`: by delivery, which attempt came to what. Attempts that were overtaken change nothing. `more`: others
    may be due on this way."""
    changed: list[Delivery] = []
    for delivery in logs.locked(tx, list(outcomes)).values():
        attempt, outcome = outcomes[delivery.id]
        if delivery.state == "waiting" and delivery.attempts == attempt:
            _take(tx, delivery, outcome)
            changed.append(delivery)
    logs.save(tx, changed)
    if more:
        tx.schedule(DELIVER, channel, tx.now)


def _take(tx: Tx, delivery: Delivery, outcome: Outcome) -> None:
    event = delivery.take(tx.now, outcome)
    if event is not None:
        tx.record(event)
    if delivery.state == "waiting":
        wake(tx, delivery)
    if delivery.channel == "in-app" and delivery.state == "sent":
        inbox.show(tx, delivery.customer_id, delivery.notification_id)
    if outcome.gone:
        choices.forget_addresses(tx, outcome.gone)


def begin_code(tx: Tx, challenge_id: str, kind: str, channel: MessageChannel) -> Delivery | None:
    """An attempt to send a code, under the challenge's id, for whomever it is; None: it was sent before. Raises
    Unavailable while another attempt is under way."""
    new = new_delivery(tx, challenge_id, customer_id=NOBODY, kind=kind, channel=channel)
    logs.add(tx, [new])
    there = logs.find_once(tx, challenge_id, channel) or new
    if there.state != "waiting":
        return None
    begun = logs.begin(tx, there.id, NEVER, tx.now - CODE_LEASE)
    if begun is None:
        raise Unavailable("the code is being sent")
    return begun


def end_code(tx: Tx, delivery: Delivery, outcome: Outcome) -> None:
    """As `end`; the job that asked for it comes again by itself."""
    current = logs.locked(tx, [delivery.id])[delivery.id]
    if current.state != "waiting" or current.attempts != delivery.attempts:
        return
    event = current.take(tx.now, outcome)
    logs.save(tx, [current])
    if event is not None:
        tx.record(event)


def drop_code(tx: Tx, challenge_id: str, channels: Sequence[MessageChannel]) -> None:
    """Nobody is to have this code any more; what was tried in vain is over."""
    for channel in channels:
        there = logs.find_once(tx, challenge_id, channel)
        if there is not None and there.state == "waiting":
            there.take(tx.now, Outcome(state="skipped", error="the code is over"))
            logs.save(tx, [there])


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of a delivery, later."""

    delivery_id: str
    delivered: bool
    reason: str = ""


def hear(tx: Tx, reports: Sequence[Report]) -> None:
    """In any order and any number of times. What is about nothing that we sent is let go."""
    found = logs.locked(tx, sorted({report.delivery_id for report in reports}))
    for report in reports:
        delivery = found.get(report.delivery_id)
        if delivery is not None and (delivery.attempts or delivery.state != "waiting"):
            event = delivery.report(tx.now, delivered=report.delivered, reason=report.reason)
            if event is not None:
                tx.record(event)
    logs.save(tx, list(found.values()))


def wake_all(tx: Tx, channels: Sequence[MessageChannel]) -> None:
    """Has every way looked at on which something is due."""
    for channel in channels:
        if logs.any_due(tx, channel):
            tx.schedule(DELIVER, channel, tx.now)
