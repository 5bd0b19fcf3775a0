"""Telling people something: rows in inboxes, and commands to send it other ways. For many at once, for every order
brings some."""

from collections.abc import Sequence

import msgspec

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.db.tx import Tx
from shikanji.services.notification.model.kinds import KINDS, Kind
from shikanji.services.notification.model.messages import Delivery, Draft, Notification
from shikanji.services.notification.repository import choices, inbox, logs

DELIVER = "deliver"
"""Sends what is due on one way; the job's key is the channel."""
WAKE = "wake"
"""Has the way looked at again when a delivery is due that had to wait; the key is the delivery's id."""


class Wake(msgspec.Struct, frozen=True):
    channel: MessageChannel


def tell(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Nobody is told twice of one fact. What was declined is not sent; what needs consent waits for who asks for it."""
    if not drafts:
        return
    drafts = list({(draft.customer_id, draft.key): draft for draft in drafts}.values())
    ways = _ways(tx, drafts)
    by_place = {(draft.customer_id, draft.key): draft for draft in drafts}
    new = inbox.add(tx, [_notification(tx, draft, ways[draft.customer_id, draft.key]) for draft in drafts])
    deliveries = [
        _delivery(tx, each, channel)
        for each in new
        for channel in ways[each.customer_id, each.key]
        if channel != "in-app" or KINDS[by_place[each.customer_id, each.key].kind].needs_consent
    ]
    logs.add(tx, deliveries)
    for channel in sorted({delivery.channel for delivery in deliveries}):
        tx.schedule(DELIVER, channel, tx.now)


def wake(tx: Tx, delivery: Delivery) -> None:
    tx.schedule(WAKE, delivery.id, delivery.due_at, Wake(delivery.channel))


def _ways(tx: Tx, drafts: Sequence[Draft]) -> dict[tuple[str, str], list[MessageChannel]]:
    """On which ways each draft goes. Who has no device is not sent any push message."""
    people = sorted({draft.customer_id for draft in drafts})
    declined = choices.declined(tx, people)
    pushes = any("push" in _channels(draft) for draft in drafts)
    with_device = choices.reachable_by_push(tx, people) if pushes else set()
    return {
        (draft.customer_id, draft.key): [
            channel
            for channel in _channels(draft)
            if (draft.customer_id, channel, KINDS[draft.kind].topic) not in declined
            and (channel != "push" or draft.customer_id in with_device)
        ]
        for draft in drafts
    }


def _channels(draft: Draft) -> tuple[MessageChannel, ...]:
    kind = KINDS[draft.kind]
    return kind.channels if draft.channels is None else draft.channels


def _notification(tx: Tx, draft: Draft, ways: list[MessageChannel]) -> Notification:
    kind: Kind = KINDS[draft.kind]
    return Notification(
        customer_id=draft.customer_id,
        id=tx.new_id(),
        key=draft.key,
        kind=draft.kind,
        order_id=draft.order_id,
        store_id=draft.store_id,
        data=msgspec.json.encode(draft.data),
        shown=int("in-app" in ways and not kind.needs_consent),
        created_at=tx.now,
        read_at=None,
    )


def _delivery(tx: Tx, about: Notification, channel: MessageChannel) -> Delivery:
    return new_delivery(
        tx, about.id, customer_id=about.customer_id, kind=about.kind, channel=channel, store_id=about.store_id
    )


def new_delivery(
    tx: Tx, notification_id: str, *, customer_id: str, kind: str, channel: MessageChannel, store_id: str | None = None
) -> Delivery:
    """A command that is due now."""
    return Delivery(
        id=tx.new_id(),
        notification_id=notification_id,
        customer_id=customer_id,
        channel=channel,
        kind=kind,
        store_id=store_id,
        state="waiting",
        due_at=tx.now,
        attempts=0,
        asked_at=None,
        unknowns=0,
        recipient=None,
        provider=None,
        provider_id=None,
        consent_at=None,
        error=None,
        created_at=tx.now,
        ended_at=None,
    )
