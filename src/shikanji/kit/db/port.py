"""The database as the edge of a service sees it."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from shikanji.kit.db.tx import Tx

P = ParamSpec("P")
T = TypeVar("T")


class Database(Protocol):
    """One service's database. Both methods run `fn` on a thread in one transaction; what it returns is handed out only
    after COMMIT returned. Unavailable (503) when the bounded queue is full, the disk is, or the connection broke."""

    service: str

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, but on a snapshot and without the right to change anything."""
        ...

    def subscribe_commits(self, wake: Callable[[], Any]) -> None:
        """`wake` is called on the event loop after a commit that recorded an event or scheduled a job."""
        ...
