"""The transaction as domain code sees it: plain, synchronous, and nothing in it but SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
import sqlalchemy as sa

from shikanji.kit.clock import SECOND

if TYPE_CHECKING:
    from shikanji.kit.events import Event

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


RECORDED, PLANNED = 1, 2
"""What a committed unit may have left for others to do: events to relay, jobs to run."""


WAKE_AHEAD = 10 * SECOND
"""A job that is due later wakes nobody when it is planned: the next poll will be early enough (`kit.drive`)."""


class Rows(msgspec.Struct, frozen=True):
    """All rows of one statement, read to the end. `count` is the number of rows that a write touched."""

    rows: list[tuple[Any, ...]]
    count: int

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self.rows[0][0] if self.rows else None

    def first(self) -> tuple[Any, ...] | None:
        return self.rows[0] if self.rows else None

    def one(self, kind: type[T]) -> T | None:
        """The first row as `kind(*columns)`, or None: the statement selects the columns in the order of the fields."""
        return kind(*self.rows[0]) if self.rows else None

    def all(self, kind: type[T]) -> list[T]:
        return [kind(*row) for row in self.rows]


class Tx(Protocol):
    """One unit of work in one service's database. It may be run again from its start after a conflict, so the
    function that uses it does nothing but SQL and pure computation."""

    service: str
    now: int
    """µs since 1970, the same throughout the unit."""
    correlation_id: str
    causation_id: str
    """Id of the request or event that made this unit run."""

    def new_id(self) -> str:
        """A new UUIDv7."""
        ...

    def settings(self, kind: type[S]) -> S:
        """The settings of this service."""
        ...

    def secret(self, purpose: str) -> bytes:
        """A 32-byte key derived from the platform's secret for `purpose`; the same on every start."""
        ...

    def run(self, statement: sa.Executable, /, **params: Any) -> Rows:
        """Runs a module-level Core statement on the driver, compiled once. Every bound name must be given. Refuses
        lists (use `json_each` / `= ANY`) and Python-side defaults."""
        ...

    def run_each(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]], /) -> int:
        """Runs a module-level write once for each row of parameters, at the cost of little more than one; says how many
        rows it touched in all."""
        ...

    def execute(self, statement: sa.Executable) -> Rows:
        """Runs a statement built for this one call (filtered lists, reports); lists are allowed."""
        ...

    def record(self, *events: Event) -> None:
        """Writes the events to the outbox: they leave only if this transaction commits. Several of one aggregate cost
        less together."""
        ...

    def schedule(self, kind: str, key: str, at: int, payload: msgspec.Struct | None = None) -> None:
        """A durable timer or piece of outside work, due at `at` (µs). One row per (kind, key): scheduling again
        moves the due time and the payload of one that has not been run."""
        ...

    def unschedule(self, kind: str, key: str) -> None:
        """Removes what `schedule` planned; nothing happens if it ran already."""
        ...

    def finish(self, job: Any) -> None:
        """Ends a leased job inside this transaction; raises LeaseLost if another worker has taken it over."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """What happens inside is undone alone when it raises."""
        ...
