"""What holds for every database: who opens it, what its tables are, and that migrations make just these."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shikanji.house import SERVICES
from shikanji.kit.db.migrations import migrate_sqlite
from shikanji.kit.db.postgres_migrations import migrate_postgres
from shikanji.kit.db.sqlite_connection import open_writer
from shikanji.kit.db.together import SqliteError
from shikanji.kit.service import Service
from shikanji.sandbox import service as sandbox
from tests.engines.postgres import PostgresServer
from tests.house.sources import python_files

ALL = (*SERVICES, sandbox)
MAY_OPEN_SQLITE = ("src/shikanji/kit/db/", "tests/", "bench/", "chaos/")
MIGRATIONS_MAY_IMPORT = {"typing", "alembic", "sqlalchemy", "shikanji.kit.db.migrations"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module))]):
                yield module


def openers(name: str, tree: ast.AST) -> Iterator[str]:
    """Imports of SQLite where it is not to be opened. Python's own is never to be: closing a file that it opened drops
    the locks of ours."""
    for module in imported(tree):
        package = module.partition(".")[0]
        if package == "sqlite3" or (package == "pysqlite3" and not name.startswith(MAY_OPEN_SQLITE)):
            yield f"{name} imports {module}"


def deferrable(metadata: sa.MetaData) -> Iterator[str]:
    for table in metadata.tables.values():
        yield from (f"{table.name}.{one.name}" for one in table.constraints if one.deferrable or one.initially)
        for column in table.columns:
            yield from (f"{table.name}.{column.name}" for key in column.foreign_keys if key.deferrable or key.initially)


def useless_indexes(path: Path) -> Iterator[str]:
    connection = open_writer(path)
    made = connection.execute(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    )
    for name, table, statement in made.fetchall():
        words = statement.partition(" WHERE ")[2]
        try:
            connection.execute(f'EXPLAIN SELECT * FROM "{table}" INDEXED BY "{name}" WHERE {words}').fetchall()
        except SqliteError:
            yield name
    connection.close()


def test_only_the_kit_opens_sqlite() -> None:
    rooms = python_files("src/", "tests/", "bench/", "chaos/", having="sqlite")
    found = [offence for name, tree in rooms for offence in openers(name, tree)]

    assert found == []


@pytest.mark.parametrize(
    "offence",
    ["import sqlite3", "from sqlite3 import connect", "import pysqlite3.dbapi2", "importlib.import_module('sqlite3')"],
)
def test_another_opener_is_seen(offence: str) -> None:
    assert len(list(openers("src/shikanji/seed.py", ast.parse(offence)))) == 1


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_no_constraint_waits_for_the_commit(service: Service) -> None:
    assert list(deferrable(service.metadata)) == []
    source = "".join(ast.unparse(tree) for _, tree in python_files(migrations_of(service)))
    assert "deferrable" not in source.lower()


def test_a_constraint_that_waits_is_seen() -> None:
    metadata = sa.MetaData()
    sa.Table("a", metadata, sa.Column("id", sa.Text, primary_key=True))
    sa.Table("b", metadata, sa.Column("a_id", sa.Text, sa.ForeignKey("a.id", deferrable=True, initially="DEFERRED")))

    assert "b.a_id" in list(deferrable(metadata))


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_migrations_stand_alone(service: Service) -> None:
    """Tables change later; what a migration made then must not."""
    modules = {module for _, tree in python_files(migrations_of(service)) for module in imported(tree)}

    assert modules - MIGRATIONS_MAY_IMPORT == set()


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_migrations_make_the_tables_on_sqlite(service: Service, tmp_path: Path) -> None:
    migrate_sqlite(tmp_path / "migrated.db", service.migrations)
    create(service.metadata, tmp_path / "created.db")

    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "created.db")


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_every_partial_index_is_of_use_to_the_queries_with_its_words(service: Service, tmp_path: Path) -> None:
    """SQLite turns some comparisons round in a query, and then does not know the index that was made for them."""
    migrate_sqlite(tmp_path / "made.db", service.migrations)

    assert list(useless_indexes(tmp_path / "made.db")) == []


def test_a_partial_index_that_no_query_can_use_is_seen(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "made.db")
    connection.execute("CREATE TABLE lots (a INTEGER, b INTEGER, c INTEGER)")
    connection.execute("CREATE INDEX turned ON lots (a) WHERE a + b < c")
    connection.execute("CREATE INDEX straight ON lots (a) WHERE a + b - c < 0")
    connection.close()

    assert list(useless_indexes(tmp_path / "made.db")) == ["turned"]


def test_a_table_made_otherwise_is_seen(tmp_path: Path) -> None:
    for name, default in (("a", "0"), ("b", "1")):
        metadata = sa.MetaData()
        sa.Table("t", metadata, sa.Column("n", sa.BigInteger, server_default=default))
        create(metadata, tmp_path / f"{name}.db")

    assert schema(tmp_path / "a.db") != schema(tmp_path / "b.db")


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_migrations_make_the_tables_on_postgres(service: Service, postgres_server: PostgresServer) -> None:
    url = postgres_server.url(f"migrated_{service.name}")
    migrate_postgres(url, service.migrations)

    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, service.metadata)
        without_a_table = compare_metadata(context, sa.MetaData())

    assert differences == []
    assert without_a_table != []


def migrations_of(service: Service) -> str:
    return f"src/{service.migrations.replace('.', '/')}/"


def create(metadata: sa.MetaData, path: Path) -> None:
    connection = open_writer(path)
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.StaticPool)
    metadata.create_all(engine)
    connection.close()


def schema(path: Path) -> dict[str, list[str]]:
    """Everything that SQLite knows of its tables and indexes, each statement as a sorted list of its parts: the order
    of columns and constraints is nobody's concern."""
    connection = open_writer(path)
    try:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND tbl_name NOT IN ('alembic_version', 'sqlite_sequence')"
        ).fetchall()
    finally:
        connection.close()
    return {name: sorted(line.strip().rstrip(",").strip() for line in sql.splitlines()) for name, sql in rows}
