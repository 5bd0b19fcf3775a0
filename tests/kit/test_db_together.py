"""Several databases on one connection: what cannot be read is named."""

from pathlib import Path

import pytest

from shikanji.kit.db.opening import is_at_work
from shikanji.kit.db.together import SqliteError, open_together
from tests.engines.postgres import PostgresServer
from tests.kit.counters import SERVICE
from tests.kit.databases import open_postgres


def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "absent.db"

    with pytest.raises(FileNotFoundError, match="absent"):
        open_together({"absent": path})

    assert not path.exists()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, this is no database. " * 100)

    with pytest.raises(SqliteError, match=r"letter\.db"):
        open_together({"letter": path})


async def test_a_database_is_at_work_as_long_as_a_process_has_it_open(postgres_server: PostgresServer) -> None:
    async with open_postgres(SERVICE, postgres_server) as opened:
        await opened.read(lambda tx: tx.now)
        url = postgres_server.url(opened.query("SELECT current_database()")[0][0])
        open_now = is_at_work([url])

    assert open_now
    assert not is_at_work([url])
    assert not is_at_work([])
