"""Invoices of a history: numbered without a gap in the order of their issue, and chained, as the payment service does
it."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from bench.history.reading import Content
from bench.history.writing import Writer
from shikanji.contracts.payment import InvoiceKind
from shikanji.services.payment.model.invoice import Invoice, chained, fiscal_year, number_of

KINDS: tuple[InvoiceKind, InvoiceKind] = ("invoice", "credit_note")


class Issued(NamedTuple):
    """One that was issued for a lived order."""

    number: str
    kind: InvoiceKind
    series: str
    issued_at: int

    def copied(self, shift: int, serial: int) -> str:
        return number_of(self.series, fiscal_year(self.issued_at + shift), self.kind, serial)


def issued(payment: Content) -> dict[str, Issued]:
    """By number."""
    table, rows = payment["invoices"]
    places = [table.columns.index(column) for column in Issued._fields]
    found = (Issued(*(row[place] for place in places)) for row in rows.values())
    return {one.number: one for one in found}


class Serials:
    """The number of each copy's invoice and credit note."""

    def __init__(self, lived: Mapping[int, Sequence[Issued]], copies: Sequence[tuple[int, int]]) -> None:
        """`lived`: by day; `copies`: (lived day, shift) of each, in the order in which they will be asked for."""
        self._serials = array("q", bytes(8 * len(KINDS) * len(copies)))
        last: Counter[tuple[str, InvoiceKind]] = Counter(
            (fiscal_year(one.issued_at), one.kind) for some in lived.values() for one in some
        )
        for at, place in sorted(_issues(lived, copies)):
            series = fiscal_year(at), KINDS[place % len(KINDS)]
            last[series] += 1
            self._serials[place] = last[series]

    def of(self, copy: int) -> tuple[int, int]:
        place = copy * len(KINDS)
        return self._serials[place], self._serials[place + 1]


def _issues(lived: Mapping[int, Sequence[Issued]], copies: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for place, (day, shift) in enumerate(copies):
        for one in lived.get(day, ()):
            yield one.issued_at + shift, place * len(KINDS) + KINDS.index(one.kind)


def chain(writer: Writer) -> None:
    """Each invoice's hash over the one before it, and what each series says of its last."""
    ends: dict[tuple[Any, ...], Invoice] = {}
    rows = writer.query("SELECT * FROM invoices ORDER BY gstin, fiscal_year, series, kind, serial")
    changed: list[tuple[str, str]] = []
    for row in rows:
        invoice = Invoice(*row)
        series = row[2], row[3], row[4], row[1]
        before = ends[series].hash if series in ends else ""
        ends[series] = msgspec.structs.replace(invoice, hash=chained(before, invoice))
        changed.append((ends[series].hash, invoice.id))
    writer.run_each("UPDATE invoices SET hash = ? WHERE id = ?", changed)
    writer.run("DELETE FROM invoice_series")
    ended = [(*series, one.serial, one.issued_at, one.hash) for series, one in ends.items()]
    writer.run_each(
        "INSERT INTO invoice_series (gstin, fiscal_year, series, kind, last, last_issued_at, last_hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        ended,
    )
