"""What was committed is copied from the log into the file; a disk that does not take it is somebody's business."""

import asyncio
import gc
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from shikanji.kit.db.sqlite import SqliteDatabase
from tests.kit.counters import SERVICE, add, values
from tests.kit.databases import open_database
from tests.probing import until


async def test_a_log_that_cannot_be_copied_is_said_in_words_and_nothing_is_lost(tmp_path: Path) -> None:
    strays: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: strays.append(context))
    with capture_logs() as lines:
        async with open_database(SERVICE, tmp_path, checkpoint_seconds=0.0) as opened:
            assert isinstance(opened.db, SqliteDatabase)
            await break_the_copier(opened.db)
            await opened.write(add, "a")

            await until(lambda: bool(lines), "somebody says that the log is not copied")
            kept = await opened.read(values)
    gc.collect()

    assert kept == {"a": 1}
    assert (lines[0]["log_level"], lines[0]["service"]) == ("warning", SERVICE.name)
    assert strays == []


async def break_the_copier(db: SqliteDatabase) -> None:
    """As a full disk would: whatever its thread asks of SQLite fails."""
    await asyncio.get_running_loop().run_in_executor(db._copier, lambda: db._reader_of_thread().close())
