"""What happens to figures by the clock."""

from collections.abc import Sequence
from itertools import takewhile

from shikanji.kit.clock import DAY, HOUR, to_rfc3339
from shikanji.kit.db.tx import Tx
from shikanji.kit.jobs import Job, Jobs
from shikanji.kit.service import Room
from shikanji.services.analytics.actions import moving, rebuilding, visits
from shikanji.services.analytics.actions.naming import MOVE_ORDERS, MovedStore
from shikanji.services.analytics.history import to_parquet
from shikanji.services.analytics.repository import archive, customers, events
from shikanji.services.analytics.repository.archive import EVENTS_FOLDER, HistoryFile
from shikanji.services.analytics.repository.events import Kept

ORDERS_MAX = 500
SEGMENTS_SECONDS = 3_600
FORGET_SECONDS = 3_600
REBUILD_SECONDS = 60
HISTORY_SECONDS = 3_600
HISTORY_EVENTS_MAX = 50_000
"""In one file."""
CLOSED_AFTER = HOUR
"""A day's last transactions have ended by then."""

jobs = Jobs()


@jobs.every("count-segments", seconds=SEGMENTS_SECONDS)
async def count_segments(room: Room, job: Job) -> None:
    """Customers move between segments by doing nothing, too. The look at all of them holds up nobody."""
    await room.db.write(customers.replace_segments, await room.db.read(customers.count_segments))


@jobs.every("forget-visits", seconds=FORGET_SECONDS)
async def forget_visits(room: Room, job: Job) -> None:
    """What clients told is of use for some time only; the funnel stays."""
    while await room.db.write(visits.forget):
        pass


@jobs.every("rebuild", seconds=REBUILD_SECONDS)
async def rebuild(room: Room, job: Job) -> None:
    """Goes on with what a command has begun and left."""
    while (await room.db.write_patiently(rebuilding.go_on)).reached is not None:
        pass


@jobs.every("write-history", seconds=HISTORY_SECONDS)
async def write_history(room: Room, job: Job) -> None:
    """Events of days that are over go into files, once: a file that was written and not recorded is written again
    under its name, with the same events in it."""
    while found := await room.db.read(_closed_events, HISTORY_EVENTS_MAX):
        written = await room.compute.run(to_parquet, found)
        file = _file_of(found, len(written.asked), room.clock.now())
        await room.files.put(file.name, written.events)
        await room.files.put(file.asked, written.asked)
        await room.db.write(archive.record, file)


@jobs.work(MOVE_ORDERS)
async def move_orders(room: Room, job: Job) -> None:
    """A store has told its time zone when orders of it were counted already: they count on the days of its clock."""
    moved: MovedStore | None = job.load(MovedStore)
    while moved is not None:
        moved = await room.db.write(moving.move_orders, moved, ORDERS_MAX)


def _closed_events(tx: Tx, limit: int) -> list[Kept]:
    """The next ones that no file has, all received on one day (UTC) that is over."""
    found = events.after(tx, archive.last_exported(tx), limit)
    if not found:
        return []
    day = found[0].received_at // DAY
    if (day + 1) * DAY + CLOSED_AFTER > tx.now:
        return []
    return list(takewhile(lambda event: event.received_at // DAY == day, found))


def _file_of(found: Sequence[Kept], asked_bytes: int, now: int) -> HistoryFile:
    day = to_rfc3339(found[0].received_at)[:10]
    return HistoryFile(
        name=f"{EVENTS_FOLDER}{day}/{found[0].seq}.parquet",
        first_seq=found[0].seq,
        last_seq=found[-1].seq,
        first_at=min(event.at for event in found),
        last_at=max(event.at for event in found),
        events=len(found),
        asked_bytes=asked_bytes,
        exported_at=now,
    )
