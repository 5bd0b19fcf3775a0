"""What the fake payment company does by the clock: webhooks until someone takes them, refunds that take their time."""

import aiohttp

from shikanji.kit.clock import HOUR
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Unavailable
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.kit.telemetry.logs import logger
from shikanji.sandbox import actions, repository
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.signing import SIGNATURE_HEADER, webhook_secret, webhook_signature

WEBHOOK_PATH = "/api/v1/payments/webhooks/sandbox"

jobs = Jobs()
_log = logger("sandbox")


@jobs.work(actions.DELIVER)
async def deliver(room: Room, job: Job) -> None:
    """Posts a webhook; one that is not taken is posted again, later and later, for a day."""
    notice_id = job.load(actions.Delivery).notice_id
    body, created_at = await room.db.read(repository.find_notice, notice_id)
    settings = room.settings(SandboxSettings)
    taken = await _post(room, settings, body)
    if not taken and room.clock.now() - created_at < settings.webhook_hours_max * HOUR:
        raise Unavailable(f"nobody took webhook {notice_id}")
    await room.db.write(_delivered, job, notice_id, taken)


def _delivered(tx: Tx, job: Job, notice_id: str, taken: bool) -> None:
    if taken:
        repository.count_delivery(tx, notice_id)
    tx.finish(job)


async def _post(room: Room, settings: SandboxSettings, body: bytes) -> bool:
    url = settings.webhook_url or room.public_url + WEBHOOK_PATH
    # Signed anew each time: the receiver refuses old times, and a repeat must not look like one that was caught.
    signature = webhook_signature(webhook_secret(settings, room.secrets), body, room.clock.now())
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
    timeout = aiohttp.ClientTimeout(total=settings.webhook_timeout_seconds)
    try:
        async with room.http.post(url, data=body, headers=headers, timeout=timeout) as answer:
            return 200 <= answer.status < 300
    except (TimeoutError, aiohttp.ClientError) as error:
        _log.warning("webhook was not taken", url=url, reason=str(error))
        return False


@jobs.every("forget-notices", seconds=3_600)
async def forget_notices(room: Room, job: Job) -> None:
    """What was told, or told in vain, long ago."""
    while await room.db.write(actions.forget_notices):
        pass


@jobs.timer(actions.PROCESS_REFUND)
def process_refund(tx: Tx, job: Job) -> None:
    actions.process_refund(tx, job.load(actions.RefundToProcess).refund_id)
