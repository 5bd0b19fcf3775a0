"""What the customer service does by the clock, and what it sends out."""

from shikanji.contracts.notification import SendCode
from shikanji.kit.clock import DAY
from shikanji.kit.db.tx import Tx
from shikanji.kit.failpoints import failpoint
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.customer import signing
from shikanji.services.customer.actions import access, accounts, codes, directory
from shikanji.services.customer.settings import CustomerSettings

HOUR_SECONDS = 3_600

jobs = Jobs()


@jobs.work(codes.SEND_CODE)
async def send_code(room: Room, job: Job) -> None:
    """At least once: a repeat carries the same code under the same key. Ends by itself when the code lapses."""
    answer = await room.calls.ask(SendCode(challenge_id=job.load(codes.CodeToSend).challenge_id))
    if answer.sent:
        failpoint("customer.send_code.after_send")


@jobs.timer(accounts.RELEASE_IDENTIFIER)
def release_identifier(tx: Tx, job: Job) -> None:
    accounts.release_identifier(tx, job.load(accounts.ReleaseIdentifier))


@jobs.every("rotate-signing-key", seconds=HOUR_SECONDS)
async def rotate_signing_key(room: Room, job: Job) -> None:
    if await room.db.read(access.is_key_due):
        await signing.rotate_key(room)


@jobs.every("forget", seconds=HOUR_SECONDS)
async def forget(room: Room, job: Job) -> None:
    """In small batches, so that nobody waits for it."""
    before = room.clock.now() - room.settings(CustomerSettings).forgotten_after_days * DAY
    while await room.db.write(directory.forget, before):
        pass
