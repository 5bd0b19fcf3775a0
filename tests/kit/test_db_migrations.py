"""Migrations: applied once, whole or not at all, and known to be there without loading the tool."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa

from shikanji.kit.db.migrations import NotOneHead, head
from shikanji.kit.db.opening import (
    DatabaseUnusable,
    check,
    migrate,
    open_database,
    open_direct,
)
from shikanji.kit.db.postgres import PostgresDatabase
from shikanji.kit.db.sqlite import SqliteDatabase
from shikanji.kit.db.tx import Tx
from shikanji.kit.db.urls import BadDatabaseUrl, sqlite_path
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE, add, metadata, value
from tests.kit.databases import make_ground


@pytest.fixture
def url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/data/{{service}}.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(f"{{service}}_of_{request.node.name.split('[')[0][:40]}")


async def test_a_new_database_is_made_and_a_migrated_one_left_alone(url: str) -> None:
    assert migrate(url, SERVICE)
    assert not migrate(url, SERVICE)

    db = open_database(url, make_ground(SERVICE))
    await db.start()
    assert await db.write(add, "a") == 1
    await db.close()
    direct = open_direct(url, make_ground(SERVICE))
    assert direct.read(value, "a") == 1
    direct.close()


def test_the_tables_are_those_that_the_code_speaks_of(url: str) -> None:
    migrate(url, SERVICE)
    direct = open_direct(url, make_ground(SERVICE))

    def rows_of_all(tx: Tx) -> list[int]:
        return [len(tx.execute(sa.select(table)).rows) for table in metadata.sorted_tables]

    assert direct.read(rows_of_all) == [0] * 7
    direct.close()


class Broken:
    name = "broken"
    migrations = "broken_migrations"


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "broken_migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text(
        'from alembic import op\nrevision: str = "0001"\ndown_revision: str | None = None\n'
        'def upgrade():\n    op.execute("CREATE TABLE first (id TEXT)")\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    head.cache_clear()
    return folder


def test_a_migration_that_fails_leaves_nothing(url: str, versions: Path) -> None:
    (versions / "0002_next.py").write_text(
        'from alembic import op\nrevision = "0002"\ndown_revision = "0001"\n'
        'def upgrade():\n    op.execute("CREATE TABLE second (id TEXT)")\n    op.execute("NONSENSE")\n'
    )

    with pytest.raises(sa.exc.DBAPIError):
        migrate(url, Broken())

    assert tables_of(url.replace("{service}", "broken")) == []


def tables_of(url: str) -> list[tuple[str]]:
    if url.startswith("sqlite"):
        connection = sqlite.connect(url.removeprefix("sqlite:///"))
        rows: list[tuple[str]] = connection.execute("SELECT name FROM sqlite_master").fetchall()
        connection.close()
        return rows
    with psycopg.connect(url) as server:
        return server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()


def test_a_database_that_nobody_migrated_is_not_worked_on(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match=r"database of counters.* shikanji (migrate|engines up)"):
        check(url, SERVICE)

    migrate(url, SERVICE)
    check(url, SERVICE)


def test_an_older_schema_wants_migrating_and_a_newer_one_another_release(url: str, versions: Path) -> None:
    migrate(url, Broken())
    (versions / "0002_next.py").write_text('revision = "0002"\ndown_revision = "0001"\ndef upgrade(): pass\n')
    head.cache_clear()
    with pytest.raises(DatabaseUnusable, match=r"older release\. Run: shikanji migrate"):
        check(url, Broken())
    assert migrate(url, Broken())

    (versions / "0002_next.py").unlink()
    head.cache_clear()

    for way in (check, migrate):
        with pytest.raises(DatabaseUnusable, match=r"broken.*0002.* is of a newer release"):
            way(url, Broken())


def test_two_heads_are_refused(versions: Path) -> None:
    (versions / "0002_one.py").write_text('revision = "0002"\ndown_revision = "0001"\n')
    assert head("broken_migrations") == "0002"
    (versions / "0002_other.py").write_text('revision = "0002b"\ndown_revision = "0001"\n')
    head.cache_clear()

    with pytest.raises(NotOneHead, match=r"\['0002', '0002b'\]"):
        head("broken_migrations")


def test_a_second_start_does_not_load_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/{{service}}.db"
    migrate(url, SERVICE)
    program = (
        "import sys; from shikanji.kit.db.opening import migrate\n"
        "class Counters: name, migrations = 'counters', 'tests.kit.counters.migrations'\n"
        f"assert not migrate({url!r}, Counters)\n"
        "assert 'alembic' not in sys.modules\n"
        "assert 'psycopg' not in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_urls_choose_the_database(tmp_path: Path) -> None:
    ground = make_ground(SERVICE)

    assert isinstance(open_database(f"sqlite:///{tmp_path}/{{service}}.db", ground), SqliteDatabase)
    assert isinstance(open_database("postgresql://host/{service}", ground), PostgresDatabase)
    assert sqlite_path("sqlite:///data/{service}.db", "order") == Path("data/order.db")
    for wrong in ("mysql://host/{service}", "sqlite:///data/one.db", "postgresql://host/one"):
        with pytest.raises(BadDatabaseUrl):
            open_database(wrong, ground)
