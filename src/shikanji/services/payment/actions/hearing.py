"""Webhooks: stored as they come, understood later."""

import hashlib

import msgspec

from shikanji.kit.clock import SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.jobs import Job
from shikanji.kit.telemetry.logs import logger
from shikanji.services.payment import repository
from shikanji.services.payment.actions.paying import learn
from shikanji.services.payment.actions.refunding import report_refund
from shikanji.services.payment.errors import PaymentNotFound, RefundNotFound, WebhookNotDead
from shikanji.services.payment.model.reports import Notice
from shikanji.services.payment.settings import PaymentSettings

HEAR = "webhook"
"""The job that makes sense of one stored webhook; its key is the webhook's id."""
DELAY_SECONDS_MAX = 300

_log = logger("payment")


class StoredWebhook(msgspec.Struct, frozen=True):
    webhook_id: str


def store_webhook(tx: Tx, provider: str, notice: Notice, raw: bytes) -> None:
    """Keeps the very bytes. A repeat of a stored event, or a type that we do not know, means no more work."""
    webhook_id = tx.new_id()
    known = notice.order is not None or notice.refund is not None
    stored = repository.add_webhook(
        tx,
        id=webhook_id,
        provider=provider,
        event_id=notice.event_id,
        type=notice.type,
        raw=raw,
        raw_hash=hashlib.sha256(raw).hexdigest(),
        state="waiting" if known else "ignored",
        attempts=0,
        next_at=tx.now if known else None,
        received_at=tx.now,
        payment_id=None,
    )
    if stored and known:
        tx.schedule(HEAR, webhook_id, tx.now, StoredWebhook(webhook_id))
    failpoint("payment.store_webhook.before_commit")


def hear(tx: Tx, webhook: repository.Webhook, notice: Notice, job: Job) -> None:
    """Acts on a stored webhook. It may be about something that we are just about to write down: then later again."""
    tx.finish(job)
    attempts = webhook.attempts + 1
    try:
        _act(tx, notice)
    except (PaymentNotFound, RefundNotFound):
        _put_off(tx, webhook, attempts)
        return
    repository.move_webhook(tx, webhook.id, "processed", attempts=attempts, payment_id=notice.payment_id)
    failpoint("payment.hear.before_commit")


def retry_webhook(tx: Tx, webhook_id: str) -> None:
    """Has one that was laid aside looked at again. Raises WebhookNotFound, WebhookNotDead."""
    webhook = repository.find_webhook(tx, webhook_id)
    if not repository.revive_webhook(tx, webhook_id):
        raise WebhookNotDead(f"The webhook is {webhook.state}.")
    tx.schedule(HEAR, webhook_id, tx.now, StoredWebhook(webhook_id))


def _act(tx: Tx, notice: Notice) -> None:
    if notice.refund is not None:
        report_refund(tx, notice.refund)
    elif notice.order is not None:
        learn(tx, notice.payment_id, notice.order, "webhook")


def _put_off(tx: Tx, webhook: repository.Webhook, attempts: int) -> None:
    if attempts >= tx.settings(PaymentSettings).webhook_attempts_max:
        repository.move_webhook(tx, webhook.id, "dead", attempts=attempts)
        _log.error("a webhook is about nothing that we know", alarm="webhook-dead", webhook_id=webhook.id)
        return
    at = tx.now + min(1 << min(attempts - 1, 20), DELAY_SECONDS_MAX) * SECOND
    repository.move_webhook(tx, webhook.id, "waiting", attempts=attempts, next_at=at)
    tx.schedule(HEAR, webhook.id, at, StoredWebhook(webhook.id))
