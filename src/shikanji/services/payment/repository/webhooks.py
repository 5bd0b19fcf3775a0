"""What providers posted."""

from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.payment.repository.columns import binds, changes
from shikanji.services.payment.tables import webhooks

ADD_WEBHOOK = upsert(webhooks).values(**binds(webhooks)).on_conflict_do_nothing(index_elements=["provider", "event_id"])
FIND_WEBHOOK = sa.select(
    webhooks.c.id, webhooks.c.provider, webhooks.c.raw, webhooks.c.state, webhooks.c.attempts
).where(webhooks.c.id == sa.bindparam("webhook_id"))
MOVE_WEBHOOK = (
    sa.update(webhooks)
    .where(webhooks.c.id == sa.bindparam("webhook_id"))
    .values(**changes("state", "attempts", "next_at", "payment_id"))
)
LAST_WEBHOOK = sa.select(sa.func.max(webhooks.c.received_at))


class Webhook(msgspec.Struct, frozen=True):
    id: str
    provider: str
    raw: bytes
    state: str
    attempts: int


def add_webhook(tx: Tx, **columns: Any) -> bool:
    """False when this event of the provider is stored already."""
    return tx.run(ADD_WEBHOOK, **columns).count == 1


def find_webhook(tx: Tx, webhook_id: str) -> Webhook:
    webhook = tx.run(FIND_WEBHOOK, webhook_id=webhook_id).one(Webhook)
    if webhook is None:
        raise LookupError(f"webhook {webhook_id} is not stored")
    return webhook


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


def last_webhook_at(tx: Tx) -> int:
    """µs; 0: there never was one."""
    return int(tx.run(LAST_WEBHOOK).scalar() or 0)
