"""A service's migrations: Alembic, driven from here, so that a service has only its `versions` folder."""

import contextlib
import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shikanji.kit.db.sqlite_connection import open_writer
from shikanji.kit.db.tables import kit_tables

_REVISION = re.compile(r'^(down_)?revision(?:\s*:[^=]+)?\s*=\s*(?:"([^"]*)"|None)', re.MULTILINE)


class NotOneHead(RuntimeError):
    """The versions of a service do not end in exactly one revision."""


def create_kit_tables(op: Any) -> None:
    """The kit's own tables, for a service's first migration: `op` is `alembic.op`."""
    metadata = sa.MetaData()
    kit_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def migrate_sqlite(path: Path, migrations: str) -> bool:
    """Brings the file to the newest revision; False when it was there already, which costs no import of Alembic."""
    connection = open_writer(path)
    try:
        if _stamped(connection) == head(migrations):
            return False
        engine = sa.create_engine("sqlite://", module=_driver(), creator=lambda: connection, poolclass=sa.StaticPool)
        sa.event.listen(engine, "begin", lambda outer: outer.exec_driver_sql("BEGIN IMMEDIATE"))
        _upgrade(engine, migrations)
        return True
    finally:
        connection.close()


def migrate_postgres(url: str, migrations: str) -> bool:
    """The same for a PostgreSQL database, which is made when it is not there."""
    import psycopg

    create_database(url)
    with psycopg.connect(url) as connection:
        if _stamped_postgres(connection) == head(migrations):
            return False
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sa.NullPool)
    _upgrade(engine, migrations)
    return True


def create_database(url: str) -> None:
    """Makes the database that the URL names, unless it is there. Two that do so at once both succeed."""
    import psycopg
    from psycopg import conninfo, sql

    name = conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(conninfo.make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(str(name)))
            )


def _stamped_postgres(connection: Any) -> str | None:
    there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()[0]
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return row[0] if row else None


def _driver() -> Any:
    return importlib.import_module("pysqlite3.dbapi2")


def _stamped(connection: Any) -> str | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return row[0] if row else None


def _upgrade(engine: sa.Engine, migrations: str) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(_folder(migrations)), version_locations=[str(_folder(migrations) / "versions")])

    def steps(revision: Any, _: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment, engine.connect() as connection:
        environment.configure(connection=connection, transactional_ddl=True)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()


@cache
def head(migrations: str) -> str:
    """The newest revision of a package, read from its files."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in (_folder(migrations) / "versions").glob("*.py"):
        for down, name in _REVISION.findall(file.read_text()):
            (followed if down else revisions).add(name)
    heads = revisions - followed
    if len(heads) != 1:
        raise NotOneHead(f"{migrations}: {sorted(heads)}")
    return heads.pop()


def _folder(migrations: str) -> Path:
    package = importlib.import_module(migrations)
    return Path(next(iter(package.__path__)))
