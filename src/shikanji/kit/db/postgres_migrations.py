"""Before a service works on a PostgreSQL database: it is there, it is one that we can use, and its schema is ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import sqlalchemy as sa
from psycopg import conninfo, sql

from shikanji.kit.clock import SECOND, Clock, SystemClock
from shikanji.kit.db.faults import Unfit
from shikanji.kit.db.migrations import head, require_known, upgrade
from shikanji.kit.db.postgres_connection import CONNECT_SECONDS_MAX

VERSION_MIN = 15
"""The oldest that its makers still mend."""
CLOCK_SECONDS_MAX = 3
"""What the clocks of two machines may differ: leases live ten seconds."""
_MIGRATING = 0x5348494B414E4A49
"""Of the lock that keeps two from migrating one database at once."""


def migrate_postgres(url: str, migrations: str, clock: Clock | None = None) -> bool:
    """Makes the database if it is not there and brings it to the newest revision; False when it was there already.
    Raises Unfit, having changed nothing."""
    with _said_plainly(url), _opened_or_made(url) as connection:
        _require_usable(connection, clock)
        connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATING,))
        stamped = _stamped(connection)
        if stamped == head(migrations):
            return False
        require_known(stamped, migrations)
        engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sa.NullPool)
        upgrade(engine, migrations)
        return True


def check_postgres(url: str, migrations: str, clock: Clock | None = None) -> None:
    """Changes nothing. Raises Unfit."""
    with _said_plainly(url), _opened(url) as connection:
        _require_usable(connection, clock)
        stamped = _stamped(connection)
    require_known(stamped, migrations)
    if stamped != head(migrations):
        raise Unfit("its schema is of an older release. Run: shikanji migrate")


@contextmanager
def _said_plainly(url: str) -> Iterator[None]:
    """What the server or its library refuses, as something to do."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.ProgrammingError, sa.exc.DBAPIError) as error:
        told = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(told, psycopg.errors.InsufficientPrivilege):
            raise Unfit(f"{_text(told, url)}. The user in SHIKANJI_DATABASE_URL must own the database.") from error
        if isinstance(told, psycopg.OperationalError) and "does not exist" in str(told):
            raise Unfit(f"{_text(told, url)}. Is SHIKANJI_DATABASE_URL right? Then run: shikanji migrate") from error
        if isinstance(told, psycopg.OperationalError):
            raise Unfit(
                f"{_text(told, url)}. Is SHIKANJI_DATABASE_URL right, and the server running? "
                "shikanji engines up starts one on this machine."
            ) from error
        if isinstance(told, psycopg.ProgrammingError) and told.sqlstate is None:
            raise Unfit(f"SHIKANJI_DATABASE_URL is not understood: {_text(error, url)}") from error
        raise


def _text(error: BaseException | None, url: str) -> str:
    """On one line, and without the password, which the library quotes when it cannot read a URL."""
    text = " ".join(str(error).split()).rstrip(".")
    try:
        password = urlsplit(url).password
    except ValueError as wrong:
        return str(wrong)
    return text.replace(password, "…") if password else text


def _opened(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX)


def _opened_or_made(url: str) -> psycopg.Connection[Any]:
    try:
        return _opened(url)
    except psycopg.OperationalError as error:
        # The library does not say which error it was: whether the database is missing is seen from another one.
        if not _made(url):
            raise error
    return _opened(url)


def _made(url: str) -> bool:
    """False when it was there already, so that something else is wrong. Two that make it at once both succeed."""
    name = str(conninfo.conninfo_to_dict(url).get("dbname", ""))
    with _opened(conninfo.make_conninfo(url, dbname="postgres")) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return False
        command = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
        try:
            connection.execute(command)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return True
        except psycopg.errors.InsufficientPrivilege as error:
            owner = sql.SQL(" OWNER {}").format(sql.Identifier(connection.info.user))
            raise Unfit(
                f"it is not there, and {connection.info.user} may not make it. As one who may: "
                f"{(command + owner).as_string(connection)};"
            ) from error
    return True


def _require_usable(connection: psycopg.Connection[Any], clock: Clock | None) -> None:
    version = connection.info.server_version // 10_000
    if version < VERSION_MIN:
        raise Unfit(f"the server is PostgreSQL {version}; {VERSION_MIN} or newer is needed")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Unfit(f"its encoding is {encoding}; make it anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0")
    if reason := skew(connection, clock or SystemClock()):
        raise Unfit(reason)


def skew(connection: psycopg.Connection[Any], clock: Clock) -> str:
    """What is wrong with this machine's clock or the server's; "" when they agree. Leases and deadlines are kept by the
    clocks of several machines."""
    before = clock.now()
    row = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").fetchone()
    after = clock.now()
    there = row[0] if row else 0
    ahead = before - there if before > there else min(after - there, 0)
    if abs(ahead) <= CLOCK_SECONDS_MAX * SECOND:
        return ""
    way = "ahead of" if ahead > 0 else "behind"
    return (
        f"this machine's clock is {abs(ahead) / SECOND:.1f} s {way} the server's; {CLOCK_SECONDS_MAX} s are the most. "
        "Set both by NTP, and start again"
    )


def _stamped(connection: psycopg.Connection[Any]) -> str | None:
    row = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None
