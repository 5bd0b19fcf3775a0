"""Pure functions that take long (hashing a password takes 27 ms): on a few threads, so that the event loop goes on and
the other cores stay free."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from shikanji.kit.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


class Compute:
    """At most `threads` functions run at once and at most `waiting_max` wait: beyond that Unavailable (503)."""

    def __init__(self, *, threads: int = 2, waiting_max: int = 64) -> None:
        self._threads = threads
        self._pending_max = threads + waiting_max
        self._pending = 0
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pending >= self._pending_max:
            raise Unavailable("Too much is being computed just now.")
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor(), partial(fn, *args, **kwargs))
        finally:
            self._pending -= 1

    def _executor(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="compute")
        return self._pool
