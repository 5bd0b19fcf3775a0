"""From a database URL (`kit.db.urls`) to a database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shikanji.kit.clock import Clock
from shikanji.kit.db.faults import Unfit
from shikanji.kit.db.migrations import check_sqlite, migrate_sqlite
from shikanji.kit.db.port import Database, DirectDatabase
from shikanji.kit.db.sqlite import SqliteDatabase, SqliteDirect
from shikanji.kit.db.transaction import Ground
from shikanji.kit.db.urls import sqlite_path, url_of
from shikanji.kit.errors import OperatorError

_FOREIGN = {"pysqlite3", "alembic"}
"""Whose errors speak of the file (damaged, not writable, no history that we know) and not of a fault in our code."""


class Migrated(Protocol):
    """What a `Service` says of its database."""

    @property
    def name(self) -> str: ...

    @property
    def migrations(self) -> str: ...


class DatabaseUnusable(OperatorError):
    """Says which service's database cannot be opened or migrated, and why."""


def open_database(url: str, ground: Ground) -> Database:
    """Not yet started: `await database.start()`."""
    if path := sqlite_path(url, ground.service):
        return SqliteDatabase(path, ground)
    from shikanji.kit.db.postgres import PostgresDatabase

    return PostgresDatabase(url_of(url, ground.service), ground)


def open_direct(url: str, ground: Ground, *, read_only: bool = False) -> DirectDatabase:
    """For commands: no loop, no threads. Beside a running platform only with `read_only`."""
    if path := sqlite_path(url, ground.service):
        return SqliteDirect(path, ground, read_only=read_only)
    from shikanji.kit.db.postgres import PostgresDirect

    return PostgresDirect(url_of(url, ground.service), ground)


def migrate(url: str, service: Migrated, clock: Clock | None = None) -> bool:
    """Makes the database if need be and brings it to the newest revision; False when it was there already. Two
    processes may do so at once. Raises DatabaseUnusable, having changed nothing."""
    path = sqlite_path(url, service.name)
    with _told(service, path):
        if path:
            return migrate_sqlite(path, service.migrations)
        from shikanji.kit.db.postgres_migrations import migrate_postgres

        return migrate_postgres(url_of(url, service.name), service.migrations, clock)


def check(url: str, service: Migrated, clock: Clock | None = None) -> None:
    """Whether the service could work on its database: it is there, of a version that we know, with our schema, and its
    clock is ours. Changes nothing. Raises DatabaseUnusable."""
    path = sqlite_path(url, service.name)
    with _told(service, path):
        if path:
            return check_sqlite(path, service.migrations)
        from shikanji.kit.db.postgres_migrations import check_postgres

        return check_postgres(url_of(url, service.name), service.migrations, clock)


@contextmanager
def _told(service: Migrated, path: Path | None) -> Iterator[None]:
    where = f" ({path})" if path else ""
    try:
        yield
    except Unfit as unfit:
        raise DatabaseUnusable(f"The database of {service.name}{where} cannot be used: {unfit}") from unfit
    except Exception as error:
        origin = type(error).__module__.partition(".")[0]
        if origin not in _FOREIGN:
            raise
        why = f"its schema is of another release ({error})" if origin == "alembic" else str(error)
        raise DatabaseUnusable(f"The database of {service.name}{where} cannot be used: {why}") from error


def is_at_work(urls: Sequence[str]) -> bool:
    """Whether a process of ours has one of these PostgreSQL databases open."""
    if not urls:
        return False
    from shikanji.kit.db.copied import has_clients

    return any(has_clients(url) for url in urls)
