"""Which events are in which file of the history."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from shikanji.kit.db.statements import upsert
from shikanji.kit.db.tx import Tx
from shikanji.services.analytics.tables import history_files

EVENTS_FOLDER, ASKED_FOLDER = "analytics/events/", "analytics/asked/"


class HistoryFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file and what is in it: the events from one `seq` to another, which happened from `first_at` to `last_at`.
    Beside it stands what is asked of them, in `asked_bytes`."""

    name: str
    first_seq: int
    last_seq: int
    first_at: int
    last_at: int
    events: int
    asked_bytes: int
    exported_at: int

    @property
    def asked(self) -> str:
        """The name of what is asked."""
        return self.name.replace(EVENTS_FOLDER, ASKED_FOLDER, 1)


def last_exported(tx: Tx) -> int:
    found: int | None = tx.run(LAST_EXPORTED).scalar()
    return found or 0


def record(tx: Tx, file: HistoryFile) -> None:
    tx.run(RECORD, **msgspec.structs.asdict(file))


def files_between(tx: Tx, since: int, until: int, limit: int) -> list[HistoryFile]:
    """That have events of this time (µs)."""
    rows = tx.run(FILES_BETWEEN, since=since, until=until, rows_max=limit)
    return [HistoryFile(**dict(zip(_NAMES, row, strict=True))) for row in rows]


def complete_until(tx: Tx) -> int | None:
    """When the last of the events that are in files happened (µs)."""
    return tx.run(COMPLETE_UNTIL).scalar()  # type: ignore[no-any-return]


_NAMES: Sequence[str] = tuple(history_files.columns.keys())
LAST_EXPORTED = sa.select(sa.func.max(history_files.c.last_seq))
COMPLETE_UNTIL = sa.select(sa.func.max(history_files.c.last_at))
RECORD = upsert(history_files).on_conflict_do_nothing()
FILES_BETWEEN = (
    sa.select(*history_files.c)
    .where(history_files.c.first_at < bindparam("until"), history_files.c.last_at >= bindparam("since"))
    .order_by(history_files.c.first_seq)
    .limit(bindparam("rows_max", type_=sa.BigInteger))
)
