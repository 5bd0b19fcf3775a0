"""The database as the edge of a service sees it."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from shikanji.kit.db.tx import PLANNED, RECORDED, Tx

P = ParamSpec("P")
T = TypeVar("T")


class Load(msgspec.Struct):
    """What a database has done since it was opened, and what waits at this moment."""

    units_waiting: int = 0
    units: int = 0
    commits: int = 0
    refused: int = 0
    """Units that found the queue full."""


class Database(Protocol):
    """One service's database. Both methods run `fn` on a thread in one transaction; what it returns is handed out only
    after COMMIT returned. Unavailable (503) when the bounded queue is full, the disk is, or the connection broke."""

    service: str
    load: Load
    lanes: int
    """How many units of background work may wait at once whose parts do not belong together (events of an aggregate
    that went wrong, timers). 1: they share one, which costs one commit. Where rows are locked they do not: what others
    wait for would be kept until the last part is done."""

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...

    async def write_patiently(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, for what no client waits for: of those for which one does, those that stand in the
        queue just then go first."""
        ...

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, but on a snapshot and without the right to change anything."""
        ...

    def subscribe_commits(self, wake: Callable[[], Any], kinds: int = RECORDED | PLANNED) -> None:
        """`wake` is called on the event loop after a commit that recorded an event (RECORDED) or scheduled a job
        (PLANNED)."""
        ...

    async def start(self) -> None:
        """On the event loop that will use it, after the migrations."""
        ...

    async def close(self) -> None:
        """What was begun is finished first."""
        ...


class DirectDatabase(Protocol):
    """The same functions without an event loop, one at a time in the calling thread: for commands."""

    service: str

    def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...

    def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...

    def close(self) -> None: ...
