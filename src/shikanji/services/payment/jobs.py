"""What the payment service does by the clock: asks providers, gives money back, makes sense of webhooks."""

from shikanji.kit.clock import DAY, MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.ids import first_id
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.kit.telemetry.logs import logger
from shikanji.services.payment import repository
from shikanji.services.payment.actions import hearing, issuing, paying, refunding, settling
from shikanji.services.payment.checkout import follow_up
from shikanji.services.payment.invoicing import issue_due
from shikanji.services.payment.model.payment import Payment
from shikanji.services.payment.model.refund import Refund
from shikanji.services.payment.model.reports import RefundReport
from shikanji.services.payment.providers import provider, refunder
from shikanji.services.payment.providers.port import OutcomeUnknown, Refused
from shikanji.services.payment.settings import PaymentSettings

FORGOTTEN_AT_ONCE = 500

jobs = Jobs()
_log = logger("payment")


@jobs.work(paying.CHECK)
async def check(room: Room, job: Job) -> None:
    """Compares one payment with its provider's books; plans the next look by itself."""
    payment = await room.db.read(repository.find_payment, job.key)
    if payment.provider_order_id is not None or payment.unknown or payment.status in {"pending", "processing"}:
        await follow_up(room, payment, "check")


@jobs.work(settling.REFUND)
async def refund(room: Room, job: Job) -> None:
    """Gives one amount back. What was asked before is looked up first: its answer may only have been lost."""
    started = await room.db.write(refunding.start_refund, job.key)
    if started is None:
        return
    wanted, payment = started
    failpoint("payment.refund.before_provider")
    try:
        report = await _ask_for_refund(room, wanted, payment)
    except OutcomeUnknown:
        await room.db.write(refunding.lose_refund_answer, wanted.id, job)
    except Refused as refused:
        await room.db.write(refunding.refuse_refund, wanted.id, str(refused), job)
    else:
        failpoint("payment.refund.after_provider")
        await room.db.write(refunding.report_refund, report, job)


async def _ask_for_refund(room: Room, wanted: Refund, payment: Payment) -> RefundReport:
    at = refunder(room, wanted.provider)
    found = await at.find_refund(wanted.provider_key) if wanted.asked_before else None
    if found is not None:
        return found
    return await at.refund(
        key=wanted.provider_key, provider_payment_id=payment.provider_payment_id or "", amount=wanted.amount
    )


@jobs.work(hearing.HEAR)
async def hear(room: Room, job: Job) -> None:
    """Makes sense of one stored webhook."""
    stored = await room.db.read(repository.find_webhook, job.load(hearing.StoredWebhook).webhook_id)
    if stored.state == "waiting":
        notice = provider(room, stored.provider).read_notice(stored.raw)
        await room.db.write(hearing.hear, stored, notice, job)


@jobs.work(issuing.ISSUE)
async def issue(room: Room, job: Job) -> None:
    """Issues what is due in one store."""
    await issue_due(room, job.key)


@jobs.work(issuing.ISSUE_LATER)
async def issue_later(room: Room, job: Job) -> None:
    """Issues what was put off in one store."""
    await issue_due(room, job.key)


@jobs.every("listen", seconds=300)
async def listen(room: Room, job: Job) -> None:
    """Webhooks that stop coming are noticed before the customers notice."""
    if await room.db.read(_silent):
        _log.error("payments come in, but no webhook does", alarm="webhook-silence")


@jobs.every("forget-webhooks", seconds=3_600)
async def forget_webhooks(room: Room, job: Job) -> None:
    """What a provider posted is of use for some time only; a few at a time. What was laid aside stays."""
    before = first_id(room.clock.now() - room.settings(PaymentSettings).webhook_days * DAY)
    while await room.db.write(repository.forget_webhooks, before, FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE:
        pass


def _silent(tx: Tx) -> bool:
    minutes = tx.settings(PaymentSettings).webhook_silence_minutes
    since = tx.now - 2 * minutes * MINUTE
    paid = repository.captured_between(tx, since, tx.now - minutes * MINUTE)
    return paid > 0 and repository.last_webhook_at(tx) < since
