"""A service's real database for one test: migrated, on a clock that the test moves."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec
import psycopg
import pytest

from shikanji.kit.clock import ManualClock, from_rfc3339
from shikanji.kit.db.migrations import migrate_sqlite
from shikanji.kit.db.port import Database, DirectDatabase
from shikanji.kit.db.postgres import PostgresDatabase, PostgresDirect
from shikanji.kit.db.postgres_migrations import migrate_postgres
from shikanji.kit.db.sqlite import SqliteDatabase, SqliteDirect
from shikanji.kit.db.sqlite_connection import open_reader
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.tx import Tx
from shikanji.kit.ids import Ids
from shikanji.kit.secrets import DerivedSecrets
from tests.engines.postgres import PostgresServer

P = ParamSpec("P")
T = TypeVar("T")

NOON = from_rfc3339("2026-11-22T12:00:00+05:30")


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
    """`db` is what `room.db` is in the platform; `clock` and `ids` are what its transactions see. `query` looks at what
    is committed, past the kit, with plain SQL."""

    db: Database
    clock: ManualClock
    ids: Ids
    ground: Ground
    query: Callable[[str], list[Any]]
    direct: Callable[[], DirectDatabase]
    """Another connection, for what a command does; closed with the rest."""

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


def open_on(
    engine: str, service: Migrated, folder: Path, request: pytest.FixtureRequest, **options: Any
) -> AbstractAsyncContextManager[OpenDatabase]:
    """For fixtures: the service's empty database on the engine of this name, "sqlite" or "postgres"."""
    if engine == "sqlite":
        return open_database(service, folder, **options)
    return open_postgres(service, request.getfixturevalue("postgres_server"), **options)


@asynccontextmanager
async def open_database(
    service: Migrated, folder: Path, *, now: int = NOON, settings: msgspec.Struct | None = None, **limits: Any
) -> AsyncIterator[OpenDatabase]:
    """The service's SQLite database in `folder`, with its migrations applied, closed at the end."""
    path = folder / f"{service.name}.db"
    if not path.exists():
        shutil.copy(_sqlite_template(service), path)

    def query(sql: str) -> list[Any]:
        connection = open_reader(path)
        try:
            rows: list[Any] = connection.execute(sql).fetchall()
            return rows
        finally:
            connection.close()

    ground = make_ground(service, now, settings)
    with ExitStack() as closing:
        async with _started(SqliteDatabase(path, ground, **limits)) as db:
            direct = _opener(closing, lambda: SqliteDirect(path, ground))
            yield OpenDatabase(db, _clock_of(ground), ground.ids, ground, query, direct)


@asynccontextmanager
async def open_postgres(
    service: Migrated, server: PostgresServer, *, now: int = NOON, settings: msgspec.Struct | None = None, **limits: Any
) -> AsyncIterator[OpenDatabase]:
    """The same on PostgreSQL: a database that no other test uses now, emptied at the end."""
    name = server.take_database(service.name, lambda url: migrate_postgres(url, service.migrations))

    def query(sql: str) -> list[Any]:
        with psycopg.connect(server.url(name)) as connection:
            return connection.execute(sql.encode()).fetchall()

    ground = make_ground(service, now, settings)
    with ExitStack() as closing:
        async with _started(PostgresDatabase(server.url(name), ground, **limits)) as db:
            direct = _opener(closing, lambda: PostgresDirect(server.url(name), ground))
            yield OpenDatabase(db, _clock_of(ground), ground.ids, ground, query, direct)
    server.give_back(service.name, name)


def make_ground(service: Migrated, now: int = NOON, settings: msgspec.Struct | None = None) -> Ground:
    clock = ManualClock(now)
    return Ground(
        service=service.name,
        clock=clock,
        ids=Ids(clock),
        secrets=DerivedSecrets(b"a secret for tests only, 32 bytes"),
        settings=settings or service.settings(),
    )


@asynccontextmanager
async def _started(db: Database) -> AsyncIterator[Database]:
    await db.start()
    try:
        yield db
    finally:
        await db.close()


def _opener(closing: ExitStack, open_one: Callable[[], DirectDatabase]) -> Callable[[], DirectDatabase]:
    def open_and_close() -> DirectDatabase:
        direct = open_one()
        closing.callback(direct.close)
        return direct

    return open_and_close


def _clock_of(ground: Ground) -> ManualClock:
    assert isinstance(ground.clock, ManualClock)
    return ground.clock


_templates: dict[str, Path] = {}
_folder = TemporaryDirectory(prefix="shikanji-templates-")


def _sqlite_template(service: Migrated) -> Path:
    """Migrated once per process: a copy of the file is a tenth of the work."""
    if service.migrations not in _templates:
        path = Path(_folder.name) / f"{service.migrations}.db"
        migrate_sqlite(path, service.migrations)
        _templates[service.migrations] = path
    return _templates[service.migrations]
