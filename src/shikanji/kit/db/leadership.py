"""Who may do what only one of several processes does: relay a service's events, pull those that come to it."""

from collections.abc import Callable
from typing import Protocol

from shikanji.kit.db.tx import Tx


class Leadership(Protocol):
    """Whether this process is the one; two at once only cost duplicates."""

    async def held(self) -> bool: ...

    def require(self, tx: Tx) -> None:
        """Inside a transaction that writes as the leader: raises LeaseLost when another is, by now."""
        ...

    async def release(self) -> None:
        """Gives it up at once, so that the next one need not wait."""
        ...


class Alone:
    """The leadership of the one-process shape."""

    async def held(self) -> bool:
        return True

    def require(self, tx: Tx) -> None:
        """Nobody else is there."""

    async def release(self) -> None:
        """Nobody waits for it."""


Leads = Callable[[str], Leadership]
"""The leadership of this process for one kind of work, by its name: `relay`, `puller`."""


def alone(_: str) -> Leadership:
    return Alone()
