"""The audit of a platform on PostgreSQL: clean after a day of everything, and as sharp as on files."""

import asyncio
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from shikanji import seed
from shikanji.audit.invariant import Report
from shikanji.kit.clock import DAY, HOUR
from shikanji.kit.db.faults import Unfit
from tests.engines.postgres import PostgresServer
from tests.harness import ALL, open_shop
from tests.scenarios.audited_day import audit_of, live_a_day, violated
from tests.scenarios.corruptions import PLANTED

numbers = count(1)


@dataclass(frozen=True)
class Lived:
    """Databases after a day of everything, at rest, and the server that they are on."""

    server: PostgresServer
    names: dict[str, str]

    def url(self, service: str) -> str:
        return self.server.url(self.names[service])

    def urls(self) -> dict[str, Path | str]:
        return {service: self.url(service) for service in self.names}

    def with_copy_of(self, service: str) -> "Lived":
        """The same, but for a copy of this one, which may be ruined."""
        copy = f"ruined_{service}_{next(numbers)}"
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(copy), sql.Identifier(self.names[service])
                )
            )
        return replace(self, names={**self.names, service: copy})


def audit(lived: Lived, *, ahead: int = HOUR, quiet: int = 0) -> Report:
    return audit_of(lived.urls(), ahead=ahead, quiet=quiet)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Lived:
    folder = tmp_path_factory.mktemp("lived") / "data"
    folder.mkdir()
    # Its tests need not run one after the other: pytest may make this again on the same server.
    day = f"lived_{next(numbers)}_"

    async def live() -> None:
        async with open_shop(folder, database_url=postgres_server.url(day + "{service}")) as shop:
            await seed.seed(shop.platform.rooms)
            await shop.settle()
            await live_a_day(shop)

    asyncio.run(live())
    return Lived(postgres_server, {service.name: day + service.name for service in ALL})


def test_the_audit_is_clean_after_a_day_of_everything(lived: Lived) -> None:
    report = audit(lived, ahead=0)

    assert [(finding.key, finding.violations) for finding in report.findings if finding.count] == []
    assert report.lacking == {}
    assert len(report.findings) > 80


SAMPLE = {key: (database, statement) for key, database, statement in reversed(PLANTED)}
"""The first of each invariant."""
ON_POSTGRES = {
    "7": "UPDATE orders SET lines_document = convert_to(replace(convert_from(lines_document, 'UTF8'), "
    "'Shikanji', 'Nimbu'), 'UTF8')",
    "17": "UPDATE payments SET order_id = 'nobody' || id WHERE captured > 0",
    "32a": "UPDATE outbox SET data = '{}'",
}
"""What PostgreSQL says in its own way."""


@pytest.mark.parametrize("key", ["1a", "4a", "7", "8", "10a", "14a", "17", "19a", "28", "30", "32a", "43", "44a", "48"])
def test_a_planted_corruption_is_found(lived: Lived, key: str) -> None:
    """One of every family at least, and each that computes over what was copied: texts, sums, hashes, JSON."""
    database, statement = SAMPLE[key]
    ruined = lived.with_copy_of(database)
    ruin(ruined.url(database), ON_POSTGRES.get(key, statement))

    assert key in {found.split()[0] for found in violated(audit(ruined))}


def test_what_a_subscriber_lacks_is_listed_for_repair(lived: Lived) -> None:
    ruined = lived.with_copy_of("customer")
    with psycopg.connect(ruined.url("customer")) as connection:
        (lost,) = connection.execute("SELECT max(event_id) FROM inbox WHERE type = 'OrderCreated'").fetchone() or ("",)
        connection.execute("DELETE FROM inbox WHERE event_id = %s", (lost,))

    assert audit(ruined).lacking == {"order": [lost]}


def test_what_is_too_young_to_have_settled_is_not_judged(lived: Lived) -> None:
    ruined = lived.with_copy_of("order")
    ruin(ruined.url("order"), "UPDATE outbox SET published_at = NULL")

    assert violated(audit(ruined, ahead=0, quiet=DAY)) == set()


def test_a_database_that_is_not_there_is_told(lived: Lived) -> None:
    with pytest.raises(Unfit, match=r"order: .*does not exist"):
        audit(replace(lived, names={**lived.names, "order": "nowhere"}))


def ruin(url: str, statement: str) -> None:
    """What no action of ours would do: constraints do not hinder it."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, constraint in connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u')"
        ).fetchall():
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"'.encode())
        for (index,) in connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND NOT indisprimary "
            "AND indrelid::regclass::text NOT LIKE 'pg_%'"
        ).fetchall():
            connection.execute(f"DROP INDEX {index}".encode())
        assert connection.execute(statement.encode()).rowcount > 0, "the statement found nothing to corrupt"
