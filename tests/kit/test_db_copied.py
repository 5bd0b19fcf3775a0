"""PostgreSQL databases copied beside each other: the same rows under their names, or a word of what is wrong."""

import psycopg
import pytest

from shikanji.kit.db.copied import copy_together
from shikanji.kit.db.faults import Unfit
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE, add_and_tell
from tests.kit.databases import OpenDatabase, open_postgres


def url_of(base: OpenDatabase, server: PostgresServer) -> str:
    return server.url(base.query("SELECT current_database()")[0][0])


async def test_what_is_committed_is_copied_under_the_names_of_its_databases(postgres_server: PostgresServer) -> None:
    async with open_postgres(SERVICE, postgres_server) as base:
        await base.write(add_and_tell, "a")
        columns = "type, aggregate_id, aggregate_version, data"
        there = base.query(f"SELECT {columns} FROM outbox")
        url = url_of(base, postgres_server)
        copy = copy_together({"one": url, "another": url})
        try:
            copies = [copy.execute(f"SELECT {columns} FROM {name}.outbox").fetchall() for name in ("one", "another")]
            indexes = copy.execute("SELECT count(*) FROM one.sqlite_master WHERE type = 'index'").fetchone()[0]
        finally:
            copy.close()

    assert copies == [there, there] != [[], []]
    assert indexes > 0


async def test_a_column_that_is_none_of_ours_is_named(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE strange")
    with psycopg.connect(postgres_server.url("strange")) as connection:
        connection.execute("CREATE TABLE heights (metres double precision)")

    with pytest.raises(Unfit, match=r"heights\.metres is double precision"):
        copy_together({"strange": postgres_server.url("strange")})


async def test_a_database_that_is_not_there_is_named(postgres_server: PostgresServer) -> None:
    with pytest.raises(Unfit, match=r"lost: .*nowhere"):
        copy_together({"lost": postgres_server.url("nowhere")})
