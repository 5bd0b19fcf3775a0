"""A start on a PostgreSQL database that cannot be used says what is wrong and what to do, and leaves nothing behind."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from shikanji.kit.clock import SECOND, ManualClock, SystemClock
from shikanji.kit.db.opening import DatabaseUnusable, check, migrate
from shikanji.kit.db.postgres_migrations import CLOCK_SECONDS_MAX, skew
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        yield connection


def names(server: psycopg.Connection[Any]) -> list[str]:
    return [row[0] for row in server.execute("SELECT datname FROM pg_database")]


@pytest.mark.parametrize("way", [migrate, check])
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:secret@127.0.0.1:1/{service}", "refused.*engines up starts one"),
        ("postgresql://me:secret@nowhere.invalid/{service}", "SHIKANJI_DATABASE_URL right"),
        (
            "postgresql://me:secret@127.0.0.1:port/{service}",
            'invalid integer value "port".*SHIKANJI_DATABASE_URL right',
        ),
        ("postgresql://me:sec%ret@127.0.0.1/{service}", "not understood"),
        ("postgresql://127.0.0.1/{service}?sslmoda=1", "not understood.*sslmoda"),
        ("postgresql://[::1/{service}", "not understood"),
    ],
)
def test_a_url_that_leads_nowhere(url: str, says: str, way: Any) -> None:
    with pytest.raises(DatabaseUnusable, match=f"database of counters cannot be used: .*{says}") as told:
        way(url, SERVICE)

    assert "sec" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_user_who_may_not_make_databases_is_told_the_command_that_makes_it(
    server: psycopg.Connection[Any], postgres_server: PostgresServer
) -> None:
    server.execute("CREATE ROLE clerk LOGIN")
    url = postgres_server.url("{service}_of_clerk").replace("postgres@", "clerk@")

    with pytest.raises(
        DatabaseUnusable, match=r'CREATE DATABASE "counters_of_clerk" ENCODING .* OWNER "clerk";'
    ) as told:
        migrate(url, SERVICE)
    assert "counters_of_clerk" not in names(server)

    server.execute(str(told.value).rpartition("As one who may: ")[2].encode())
    assert migrate(url, SERVICE)


def test_a_user_who_may_not_make_tables_is_told_so(
    server: psycopg.Connection[Any], postgres_server: PostgresServer
) -> None:
    server.execute("CREATE ROLE visitor LOGIN")
    server.execute("CREATE DATABASE counters_of_visitor TEMPLATE template0")
    url = postgres_server.url("{service}_of_visitor").replace("postgres@", "visitor@")

    with pytest.raises(DatabaseUnusable, match="must own the database"):
        migrate(url, SERVICE)


def test_a_database_in_another_encoding_is_refused(
    server: psycopg.Connection[Any], postgres_server: PostgresServer
) -> None:
    server.execute("CREATE DATABASE counters_in_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")

    with pytest.raises(DatabaseUnusable, match="encoding is LATIN1"):
        migrate(postgres_server.url("{service}_in_latin"), SERVICE)


@pytest.mark.parametrize(("seconds", "way"), [(60, "ahead of"), (-60, "behind")])
def test_a_clock_that_is_off_is_told(postgres_server: PostgresServer, seconds: int, way: str) -> None:
    wrong = ManualClock(SystemClock().now() + seconds * SECOND)

    with pytest.raises(
        DatabaseUnusable, match=rf"clock is (59|60)\.\d s {way} the server's; 3 s are the most\. Set both by NTP"
    ):
        migrate(postgres_server.url("{service}_of_another_time"), SERVICE, wrong)

    url = postgres_server.url("counters_of_another_time")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_clock_that_is_a_little_off_is_right_enough(server: psycopg.Connection[Any]) -> None:
    for seconds in (CLOCK_SECONDS_MAX - 1, 1 - CLOCK_SECONDS_MAX):
        assert skew(server, ManualClock(SystemClock().now() + seconds * SECOND)) == ""


def test_two_that_migrate_at_once_both_succeed(postgres_server: PostgresServer) -> None:
    both = threading.Barrier(2)

    def start() -> bool:
        both.wait()
        return migrate(postgres_server.url("{service}_of_two"), SERVICE)

    with ThreadPoolExecutor(2) as processes:
        changed = [processes.submit(start) for _ in range(2)]

    assert sorted(each.result() for each in changed) == [False, True]
