"""What providers posted."""

from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import delete_oldest, upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.payment.errors import WebhookNotFound
from shikanji.services.payment.repository.columns import binds, changes
from shikanji.services.payment.tables import DEAD, webhooks

ADD_WEBHOOK = upsert(webhooks).values(**binds(webhooks)).on_conflict_do_nothing(index_elements=["provider", "event_id"])
FIND_WEBHOOK = sa.select(
    webhooks.c.id, webhooks.c.provider, webhooks.c.raw, webhooks.c.state, webhooks.c.attempts
).where(webhooks.c.id == sa.bindparam("webhook_id"))
MOVE_WEBHOOK = (
    sa.update(webhooks)
    .where(webhooks.c.id == sa.bindparam("webhook_id"))
    .values(**changes("state", "attempts", "next_at", "payment_id"))
)
REVIVE_WEBHOOK = (
    sa.update(webhooks)
    .where(webhooks.c.id == sa.bindparam("webhook_id"), DEAD)
    .values(state="waiting", attempts=0, next_at=sa.bindparam("next_at"))
)
LIST_DEAD = (
    sa.select(webhooks.c.id, webhooks.c.provider, webhooks.c.type, webhooks.c.attempts, webhooks.c.received_at)
    .where(DEAD, webhooks.c.id < sa.bindparam("before_id"))
    .order_by(webhooks.c.id.desc())
    .limit(sa.bindparam("at_most", type_=sa.BigInteger))
)
FORGET_WEBHOOKS = delete_oldest(webhooks.c.id, sa.or_(webhooks.c.state == "processed", webhooks.c.state == "ignored"))
LAST_ID = "~"
"""After every UUID in text order."""
LAST_WEBHOOK = sa.select(sa.func.max(webhooks.c.received_at))


class Webhook(msgspec.Struct, frozen=True):
    id: str
    provider: str
    raw: bytes
    state: str
    attempts: int


class DeadWebhook(msgspec.Struct, frozen=True):
    """One that was laid aside. Its content stays where it is: it may speak of people."""

    id: str
    provider: str
    type: str
    attempts: int
    received_at: int


def add_webhook(tx: Tx, **columns: Any) -> bool:
    """False when this event of the provider is stored already."""
    return tx.run(ADD_WEBHOOK, **columns).count == 1


def find_webhook(tx: Tx, webhook_id: str) -> Webhook:
    webhook = tx.run(FIND_WEBHOOK, webhook_id=webhook_id).one(Webhook)
    if webhook is None:
        raise WebhookNotFound
    return webhook


def dead_webhooks(tx: Tx, *, before_id: str | None, limit: int) -> list[DeadWebhook]:
    """Newest first, from before `before_id` on."""
    return tx.run(LIST_DEAD, before_id=before_id or LAST_ID, at_most=limit).all(DeadWebhook)


def revive_webhook(tx: Tx, webhook_id: str) -> bool:
    """It will be looked at as often as a new one; False where it is not dead."""
    return tx.run(REVIVE_WEBHOOK, webhook_id=webhook_id, next_at=tx.now).count == 1


def move_webhook(
    tx: Tx, webhook_id: str, state: str, *, attempts: int, next_at: int | None = None, payment_id: str | None = None
) -> None:
    tx.run(
        MOVE_WEBHOOK,
        webhook_id=webhook_id,
        new_state=state,
        new_attempts=attempts,
        new_next_at=next_at,
        new_payment_id=payment_id,
    )


def forget_webhooks(tx: Tx, before: str, limit: int) -> int:
    """Deletes the oldest that nothing is to be done with, as far as they came before the first id of a time; says how
    many."""
    return tx.run(FORGET_WEBHOOKS, before=before, rows_max=limit).count


def last_webhook_at(tx: Tx) -> int:
    """µs; 0: there never was one."""
    return int(tx.run(LAST_WEBHOOK).scalar() or 0)
