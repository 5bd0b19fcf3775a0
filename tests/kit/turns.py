"""Two transactions on PostgreSQL in an order that a test decides: SQLite has one writer, and nothing to decide."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from shikanji.kit.db.tx import Tx
from tests.kit.databases import OpenDatabase
from tests.probing import PROBED_FOR_SECONDS, until

Unit = Callable[[Tx], Any]


async def one_waits_for_the_other(
    base: OpenDatabase, first: Unit, second: Unit, meanwhile: Callable[[], None] = lambda: None
) -> list[Any]:
    """Commits `first` only when `second`, begun after it, waits for its locks. `meanwhile` looks at what is committed
    just then."""
    done, may_commit = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> Any:
        value = first(tx)
        done.set()
        assert may_commit.wait(PROBED_FOR_SECONDS)
        return value

    one, other = base.direct(), base.direct()
    beginning = asyncio.create_task(asyncio.to_thread(one.write, slowly))
    await until(lambda: done.is_set() or beginning.done(), "the first is done but for its commit")
    following = asyncio.create_task(asyncio.to_thread(other.write, second))
    try:
        await until(lambda: _waits(base) or following.done(), "the second waits for the first")
        meanwhile()
    finally:
        may_commit.set()
    return list(await asyncio.gather(beginning, following))


def _waits(base: OpenDatabase) -> bool:
    rows = base.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    return bool(rows)
