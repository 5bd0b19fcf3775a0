"""A service's real database for one test: migrated, on a clock that the test moves."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from shikanji.kit.clock import ManualClock, from_rfc3339
from shikanji.kit.db.migrations import migrate_sqlite
from shikanji.kit.db.sqlite import SqliteDatabase
from shikanji.kit.db.sqlite_connection import open_reader
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import Ids
from shikanji.kit.secrets import DerivedSecrets

P = ParamSpec("P")
T = TypeVar("T")

NOON = from_rfc3339("2026-11-22T12:00:00+05:30")

_templates: dict[str, Path] = {}
_folder = TemporaryDirectory(prefix="shikanji-templates-")


class Migrated(Protocol):
    """What a `Service` says of its database."""

    @property
    def name(self) -> str: ...

    @property
    def migrations(self) -> str: ...

    @property
    def settings(self) -> type[msgspec.Struct]: ...


@dataclass(frozen=True)
class RecordedEvent:
    type: str
    aggregate_id: str
    version: int
    data: dict[str, Any]
    correlation_id: str
    causation_id: str


@dataclass(frozen=True)
class PlannedJob:
    kind: str
    key: str
    due_at: int
    payload: dict[str, Any]


@dataclass(frozen=True)
class OpenDatabase:
    """`db` is what `room.db` is in the platform; `clock` and `ids` are what its transactions see."""

    db: SqliteDatabase
    clock: ManualClock
    ids: Ids
    ground: Ground

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.db.write(fn, *args, **kwargs)

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.db.read(fn, *args, **kwargs)

    def events(self) -> list[RecordedEvent]:
        """Everything recorded so far, in the order of recording."""
        rows = self.query(
            "SELECT type, aggregate_id, aggregate_version, data, correlation_id, causation_id FROM outbox ORDER BY seq"
        )
        return [RecordedEvent(row[0], row[1], row[2], msgspec.json.decode(row[3]), row[4], row[5]) for row in rows]

    def jobs(self) -> list[PlannedJob]:
        rows = self.query("SELECT kind, key, due_at, payload FROM jobs ORDER BY due_at, kind, key")
        return [PlannedJob(row[0], row[1], row[2], msgspec.json.decode(row[3])) for row in rows]

    def query(self, sql: str, *arguments: Any) -> list[Any]:
        connection = open_reader(self.db.path)
        try:
            rows: list[Any] = connection.execute(sql, arguments).fetchall()
            return rows
        finally:
            connection.close()


@asynccontextmanager
async def open_database(
    service: Migrated, folder: Path, *, now: int = NOON, settings: msgspec.Struct | None = None
) -> AsyncIterator[OpenDatabase]:
    """The service's SQLite database in `folder`, with its migrations applied, closed at the end."""
    path = folder / f"{service.name}.db"
    shutil.copy(_template(service), path)
    clock = ManualClock(now)
    ids = Ids(clock)
    ground = Ground(
        service=service.name,
        clock=clock,
        ids=ids,
        secrets=DerivedSecrets(b"a secret for tests only, 32 bytes"),
        settings=settings or service.settings(),
    )
    db = SqliteDatabase(path, ground)
    await db.start()
    try:
        yield OpenDatabase(db, clock, ids, ground)
    finally:
        await db.close()


def _template(service: Migrated) -> Path:
    """Migrated once per process: a copy of the file is a tenth of the work."""
    if service.migrations not in _templates:
        path = Path(_folder.name) / f"{service.migrations}.db"
        migrate_sqlite(path, service.migrations)
        _templates[service.migrations] = path
    return _templates[service.migrations]
