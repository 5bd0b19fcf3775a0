"""A service's migrations: Alembic, driven from here, so that a service has only its `versions` folder."""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shikanji.kit.db.faults import Unfit
from shikanji.kit.db.sqlite_connection import open_reader, open_writer
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
        stamped = _stamped(connection)
        if stamped == head(migrations):
            return False
        require_known(stamped, migrations)
        engine = sa.create_engine("sqlite://", module=_driver(), creator=lambda: connection, poolclass=sa.StaticPool)
        sa.event.listen(engine, "begin", lambda outer: outer.exec_driver_sql("BEGIN IMMEDIATE"))
        upgrade(engine, migrations)
        return True
    finally:
        connection.close()


def check_sqlite(path: Path, migrations: str) -> None:
    """Changes nothing. Raises Unfit."""
    if not path.exists():
        raise Unfit("it is not there. Run: shikanji migrate")
    connection = open_reader(path)
    try:
        stamped = _stamped(connection)
    finally:
        connection.close()
    require_known(stamped, migrations)
    if stamped != head(migrations):
        raise Unfit("its schema is of an older release. Run: shikanji migrate")


def require_known(stamped: str | None, migrations: str) -> None:
    """Raises Unfit when the schema is one that only a newer release knows."""
    if stamped is not None and stamped not in _revisions(migrations)[0]:
        raise Unfit(
            f"its schema ({stamped}) is of a newer release. Run that release, or restore a backup from before it."
        )


def _driver() -> Any:
    return importlib.import_module("pysqlite3.dbapi2")


def _stamped(connection: Any) -> str | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return row[0] if row else None


def upgrade(engine: sa.Engine, migrations: str) -> None:
    """In one transaction."""
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
    revisions, followed = _revisions(migrations)
    heads = revisions - followed
    if len(heads) != 1:
        raise NotOneHead(f"{migrations}: {sorted(heads)}")
    return heads.pop()


def _revisions(migrations: str) -> tuple[set[str], set[str]]:
    """All of a package, and those that another follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in (_folder(migrations) / "versions").glob("*.py"):
        for down, name in _REVISION.findall(file.read_text()):
            (followed if down else revisions).add(name)
    return revisions, followed


def _folder(migrations: str) -> Path:
    package = importlib.import_module(migrations)
    return Path(next(iter(package.__path__)))
