"""Long ranges, from files."""

from pathlib import Path
from tempfile import TemporaryDirectory

from shikanji.kit.errors import Unavailable
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Who
from shikanji.services.analytics import history
from shikanji.services.analytics.actions.reports import scope
from shikanji.services.analytics.errors import RangeTooLong
from shikanji.services.analytics.history import Question
from shikanji.services.analytics.model.calendar import starts_at, zone_of
from shikanji.services.analytics.repository import archive
from shikanji.services.analytics.repository.archive import HistoryFile
from shikanji.services.analytics.routes.asking import REFUSALS, days_of, stores_for
from shikanji.services.analytics.routes.declared import routes
from shikanji.services.analytics.schemas.history import AskHistory, HistoryView, history_view
from shikanji.services.analytics.settings import AnalyticsSettings

DAYS_MAX = 3_660
FILES_MAX, BYTES_MAX = 4_000, 128 * 1024 * 1024


@routes.get(
    "/api/v1/analytics/history",
    query=AskHistory,
    returns=HistoryView,
    who=Who.STAFF,
    raises=[*REFUSALS, RangeTooLong, Unavailable],
)
async def get_history(room: Room, incoming: Incoming[None, AskHistory]) -> HistoryView:
    """What happened in up to ten years, from the files that days which are over have gone into.

    By day or month of the time zone that is set, and by store. Each thing counts when it happened: a refund in its own
    month, and not in that of its order."""
    query = incoming.query
    stores = stores_for(incoming.principal, query.store_id)
    span = await days_of(room, stores, query, days_max=DAYS_MAX)
    zone = room.settings(AnalyticsSettings).time_zone
    since, until = starts_at(span.first, zone_of(zone)), starts_at(span.last + 1, zone_of(zone))
    asked = Question((await room.db.read(scope, stores)).ids, since, until, query.grain, zone)
    files = await room.db.read(archive.files_between, since, until, FILES_MAX + 1)
    if len(files) > FILES_MAX or sum(file.asked_bytes for file in files) > BYTES_MAX:
        raise RangeTooLong.field("from", "names more files than can be asked at once: ask for fewer days")
    with TemporaryDirectory(prefix="shikanji-history-") as folder:
        paths = [await _fetched(room, file, Path(folder, f"{file.first_seq}.parquet")) for file in files]
        rows = await room.compute.run(history.ask, Path(folder), paths, asked)
    if len(rows) > history.ROWS_MAX:
        raise RangeTooLong.field("from", f"makes more than {history.ROWS_MAX} rows: ask for fewer days or for months")
    return history_view(rows, span, await room.db.read(archive.complete_until))


async def _fetched(room: Room, file: HistoryFile, target: Path) -> Path:
    """One at a time, so that no more than one is in memory. Raises Unavailable for one that the store of files has
    lost: half of an answer would be a wrong one."""
    content = await room.files.get(file.asked)
    if content is None:
        raise Unavailable(f"the store of files has lost {file.asked}")
    await room.compute.run(target.write_bytes, content)
    return target
