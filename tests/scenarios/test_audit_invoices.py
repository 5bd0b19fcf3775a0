"""Invoices of one series follow one another, in their hashes and in time."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from shikanji.audit.invoices import torn

SERIES = "29AAAAA0000A1ZY 2526 MGR1 invoice"


def chained(*issued_at: int, series: str = SERIES) -> Iterator[tuple[Any, ...]]:
    """Rows as they are asked for, each tied to the one before it."""
    before = b""
    for serial, at in enumerate(issued_at, start=1):
        content = f"{series} {serial} {at}".encode()
        found = sha256(before + b"|" + content).hexdigest()
        yield f"invoice {serial}", found, series, f"MGR1/2526/{serial:06}", at, content
        before = found.encode()


def test_invoices_that_follow_one_another_are_whole_and_several_may_be_of_one_moment() -> None:
    rows = [*chained(5, 5, 7), *chained(1, 2, series="another")]

    assert [*torn(lambda _: rows)] == []


def test_one_that_was_issued_before_its_number_is_found_although_the_chain_is_whole() -> None:
    assert [*torn(lambda _: chained(5, 7, 6, 8))] == [("invoice 3", "MGR1/2526/000003 at 6", "not before 7")]


def test_one_that_was_changed_or_taken_away_tears_the_chain() -> None:
    rows = [*chained(1, 2, 3, 4)]
    changed = [*rows[:1], (*rows[1][:5], b"another"), *rows[2:]]
    taken = [*rows[:1], *rows[2:]]

    assert [found[0] for found in torn(lambda _: changed)] == ["invoice 2"]
    assert [found[0] for found in torn(lambda _: taken)] == ["invoice 3"]
