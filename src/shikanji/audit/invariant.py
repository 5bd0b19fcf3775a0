"""What an invariant is, and what was found of it."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

Scope = Literal["live", "quiescent"]
Ask = Callable[[str], Any]
"""Has a statement answered: with a cursor, whose rows can be gone through."""
SHOWN_MAX = 20


class Invariant(msgspec.Struct, frozen=True):
    """`key` is its number, with a letter where several statements make one invariant. `sql` answers with the
    violations: (id, found, expected). A live one holds in every snapshot of one database; a quiescent one compares
    databases, and looks only at what is older than `:before` (µs). `:now` is the time of the audit; `needs` names a
    database without which it is left out."""

    key: str
    title: str
    scope: Scope
    sql: str = ""
    needs: str | None = None
    of_odd: bool = False
    """Asks only of orders that are not plain, by views of `audit.plain`: all others satisfy it."""
    judge: Callable[[Ask], Iterator[tuple[str, str, str]]] | None = None
    """Instead of `sql`, where one statement would read too much too often: what answers with the violations."""
    looks_in: tuple[str, tuple[Any, ...]] | None = None
    """For card numbers: the table and the columns whose texts the statement answers with."""


class Violation(msgspec.Struct, frozen=True):
    id: str
    found: str
    expected: str


class Finding(msgspec.Struct, frozen=True):
    """One invariant, checked. Of many violations the first SHOWN_MAX are kept; `count` has them all."""

    key: str
    title: str
    scope: Scope
    count: int
    violations: list[Violation]
    milliseconds: int


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """`open` counts what is no violation but waits for somebody: dead letters, parked aggregates."""

    checked_at: str
    settled_before: str
    findings: list[Finding]
    open: dict[str, int]
    lacking: dict[str, list[str]]
    """Service → its events that a subscriber lacks: what `--repair` publishes again."""
    since: str | None = None
    """Only what came or changed since then was looked at, and what is under way."""
    unseen: list[str] = []
    """Then: the invariants that cannot be asked so."""

    @property
    def violations(self) -> int:
        return sum(finding.count for finding in self.findings)
