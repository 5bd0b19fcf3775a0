"""Copies of what was lived, into the databases of one folder, in the order of time."""

import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain as joined
from pathlib import Path
from typing import Any

from bench.history.invoices import Issued, Serials, chain, issued
from bench.history.living import Lived
from bench.history.reading import NAMES, Content, Row, Table, changed
from bench.history.rules import (
    ADDED_UP,
    AS_LIVED,
    DAYS_KEPT,
    DAYS_KEPT_IF,
    LEFT_OUT,
    MONTHS,
    NAMED_BY,
    ORDINAL_DAYS,
    OVER,
    SUMS,
)
from bench.history.templates import Copy, Names, Pattern, Values, days_by_aggregate, digests
from bench.history.writing import Writer, writing
from shikanji.kit.clock import DAY, HOUR, SECOND, to_datetime

ROWS_AT_ONCE = 2_000
HOURS = 24
JITTER_HOURS, JITTER_SECONDS = 6, 1_500
"""Orders of a day are spread over so many hours, and in each over so long: date and hour stay what they are."""
NAME_MAX = 200
CODE = re.compile(r"(?=.*[A-Z])[0-9A-Z-]{6,16}")
"""What a customer is told to hand on: a referral's code."""
PLAIN = re.compile("|".join(f"(?P<{name}>{one.pattern})" for name, one in NAMES.items()))


class NotKnown(RuntimeError):
    """A table that sums over customers, and no rule for it."""


@dataclass(frozen=True)
class Plan:
    """Which order of whom on which day: `orders` has (time, customer, order) in the order of time."""

    lived: Lived
    now: int
    orders: list[tuple[int, int, int]]
    shifts: dict[int, tuple[int, ...]]
    serials: Serials
    moves: dict[int, Counter[int]]
    """Lived day → how many hours later → how many copies."""


def plan(lived: Lived, payment: Content, *, orders: int, now: int, seed_number: int) -> Plan:
    """Customers in full: as many orders as asked for, or a few more."""
    chosen = random.Random(seed_number)
    each, first, last = lived.orders_each, lived.days, (now - lived.opened) // DAY - 1
    shifts, planned = {}, []
    for customer in range(lived.customers, lived.customers - (-orders // each)):
        begun = customer % lived.customers * each
        days = sorted(chosen.sample(range(first, last), each))
        moved = tuple(
            (day - begun - order) * DAY
            + chosen.randrange(JITTER_HOURS) * HOUR
            + chosen.randrange(JITTER_SECONDS) * SECOND
            for order, day in enumerate(days)
        )
        shifts[customer] = moved
        planned += [(lived.opened + (begun + order) * DAY + moved[order], customer, order) for order in range(each)]
    planned.sort()
    lived_days = [customer % lived.customers * each + order for _, customer, order in planned]
    serials = Serials(
        _invoices_by_day(lived, payment),
        [(day, shifts[customer][order]) for day, (_, customer, order) in zip(lived_days, planned, strict=True)],
    )
    moves: dict[int, Counter[int]] = {day: Counter() for day in range(lived.days)}
    for day, (_, customer, order) in zip(lived_days, planned, strict=True):
        moves[day][shifts[customer][order] // HOUR] += 1
    return Plan(lived, now, planned, shifts, serials, moves)


def _invoices_by_day(lived: Lived, payment: Content) -> dict[int, list[Issued]]:
    found: dict[int, list[Issued]] = {}
    for one in issued(payment).values():
        found.setdefault((one.issued_at - lived.opened) // DAY, []).append(one)
    return found


@dataclass
class Rows:
    """All patterns of one lived order: the lasting ones, and those of tables that forget, with the days they keep."""

    values: Values
    lasting: list[tuple[str, Pattern]] = field(default_factory=list)
    passing: list[tuple[str, Pattern, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """A row that came to be with the order of one day."""

    service: str
    table: Table
    row: Row
    day: int

    def cell(self, column: str) -> Any:
        return self.row[self.table.columns.index(column)]

    @property
    def aggregate(self) -> tuple[str, str]:
        """By the service too: the same id is counted in several."""
        return self.service, self.cell("aggregate_id")


def patterns(lived: Lived, before: Mapping[str, Content], after: Mapping[str, Content], cut: int) -> list[Rows]:
    """For each lived day; events are kept from `cut` on. Raises NotKnown."""
    names = Names(lived, frozenset(_codes(lived, before, after)), issued(after["payment"]))
    found = [one for service in after for one in _found(service, names, before[service], after[service])]
    recorded = {one.cell("event_id"): one for one in found if one.table.name == "outbox"}
    found = [one for one in found if _is_whole(one, recorded)]
    documents, pattern = digests(one.row for one in found), names.pattern
    days = [Rows(Values(names, pattern, day, documents)) for day in range(lived.days)]
    events = days_by_aggregate((one.aggregate, one.day) for one in recorded.values())
    for one in found:
        if one.table.name not in DAYS_KEPT:
            days[one.day].lasting.append((one.service, _pattern(one, days[one.day].values, events, cut)))
    for rows in days:
        rows.values.lasting = len(rows.values.makers)
    for one in found:
        if one.table.name in DAYS_KEPT:
            pattern_of = _pattern(one, days[one.day].values, events, cut)
            days[one.day].passing.append((one.service, pattern_of, _days_kept(one)))
    return days


def _days_kept(one: Found) -> int:
    column, value, days = DAYS_KEPT_IF.get(one.table.name, ("", "", 0))
    return days if column and one.cell(column) == value else DAYS_KEPT[one.table.name]


def _found(service: str, names: Names, before: Content, after: Content) -> Iterator[Found]:
    for table, row, is_new in changed(before, after):
        if table.name in LEFT_OUT:
            continue
        day = _day(names, table, row) if is_new else None
        if day is not None:
            yield Found(service, table, row, day)
        elif table.name not in SUMS.get(service, {}) and not _is_of_all(table):
            raise NotKnown(
                f"{service}.{table.name} has {row[:4]}, which is no customer's: rules.py must say how it sums"
            )


def _is_of_all(table: Table) -> bool:
    """Events of what all share (a product, a store) are told of no copy, and neither is how many there were."""
    return table.name in AS_LIVED or table.name in ADDED_UP or table.name in DAYS_KEPT or table.name == "aggregates"


def _day(names: Names, table: Table, row: Row) -> int | None:
    """The last of the days of one customer that the row names; None: it names no customer in what is unique of it, or
    is about something that all share."""
    if table.name in ADDED_UP or table.name in AS_LIVED:
        return None
    if table.name in ("outbox", *NAMED_BY) and not _days(names, [row[table.columns.index("aggregate_id")]]):
        return None
    naming = {table.columns.index(NAMED_BY[table.name])} if table.name in NAMED_BY else {*table.key, *table.unique}
    named = _days(names, [row[place] for place in naming])
    if not named:
        return None
    each = names.lived.orders_each
    customer = max(named) // each
    return max(day for day in _days(names, row) if day // each == customer)


def _days(names: Names, cells: Sequence[Any]) -> set[int]:
    days = set()
    for cell in cells:
        if isinstance(cell, int):
            days.add(names.day_of(cell))
        elif isinstance(cell, str) and len(cell) < NAME_MAX:
            days |= {names.day(str(one.lastgroup), one.group()) for one in PLAIN.finditer(cell)}
    return {day for day in days if day is not None}


def _codes(lived: Lived, before: Mapping[str, Content], after: Mapping[str, Content]) -> Iterator[str]:
    """Unique texts of theirs in which nothing else can be told to be a name."""
    names = Names(lived)
    for service in after:
        for table, row, is_new in changed(before[service], after[service]):
            if is_new and table.name not in LEFT_OUT and _day(names, table, row) is not None:
                texts = (row[place] for place in table.alone if isinstance(row[place], str))
                yield from (text for text in texts if CODE.fullmatch(text) and not PLAIN.fullmatch(text))


def _is_whole(one: Found, recorded: Mapping[str, Found]) -> bool:
    return one.table.name != "inbox" or one.cell("event_id") in recorded


def _pattern(one: Found, values: Values, events: Mapping[tuple[str, str], Sequence[int]], cut: int) -> Pattern:
    cells = [
        values.ordinal(value) if column in ORDINAL_DAYS and isinstance(value, int) else values.cell(value)
        for column, value in zip(one.table.columns, one.row, strict=True)
    ]
    order = one.day % values.names.lived.orders_each
    if one.table.name == "invoices":
        cells[one.table.columns.index("serial")] = values.serial(one.cell("kind"), order)
        cells[one.table.columns.index("fiscal_year")] = values.fiscal_year(one.cell("issued_at"), order)
    if one.table.key == (0,) and isinstance(one.row[0], int):
        cells[0] = values.cell(None)
    if one.table.name == "aggregates":
        forgotten = values.forgotten(events.get(one.aggregate, ()), cut)
        cells[one.table.columns.index("forgotten")] = True, forgotten
    return Pattern(one.table, cells)


def copy(folder: Path, services: Sequence[str], days: list[Rows], plan: Plan, tell: Callable[[int], None]) -> None:
    """All orders of the plan into the databases of these services. `tell` is told how many more there are."""
    for service in services:
        with writing(folder / f"{service}.db") as writer:
            _copy_into(writer, service, days, plan, tell)
            for statement in SUMS.get(service, {}).values():
                writer.run(statement)
            for forget, days_kept in OVER.get(service, ()):
                writer.run_each(forget, [(plan.now - days_kept * DAY,)])
            if service == "payment":
                chain(writer)
            if service == "analytics":
                _add_up(writer, plan)
                for statement in MONTHS:
                    writer.run(statement)


def _add_up(writer: Writer, plan: Plan) -> None:
    """What all copies add to each sum. By its day is known which lived order a row of sums is of."""
    for table, keys in ADDED_UP.items():
        columns, rows = writer.rows(table)
        when = next(columns.index(column) for column in keys if column in ORDINAL_DAYS)
        named = {columns.index(column) for column in keys}
        sums: dict[Row, Row] = {row_key(row, named): row for row in rows}
        for row in rows:
            for later, count in _moves(plan, row[when]):
                moved = (*row[:when], row[when] + later, *row[when + 1 :])
                key = row_key(moved, named)
                there = sums.get(key)
                sums[key] = tuple(
                    value if place in named else value * count + (there[place] if there else 0)
                    for place, value in enumerate(moved)
                )
        writer.replace(table, columns, sums.values())


def row_key(row: Row, places: Collection[int]) -> Row:
    return tuple(row[place] for place in sorted(places))


def _moves(plan: Plan, period: int) -> Iterator[tuple[int, int]]:
    """By how much later than this day, or hour of a day, how many copies of its order are."""
    first = to_datetime(plan.lived.opened).toordinal()
    hours = HOURS if period // HOURS >= first else 1
    moves = plan.moves.get(period // hours - first, Counter())
    by_period: Counter[int] = Counter()
    for later, count in moves.items():
        by_period[later if hours == HOURS else later // HOURS] += count
    yield from by_period.items()


def _copy_into(writer: Writer, service: str, days: list[Rows], plan: Plan, tell: Callable[[int], None]) -> None:
    ready = [_Ready(one, service) for one in days]
    waiting: dict[str, tuple[Table, list[Row]]] = {}
    each = plan.lived.orders_each
    for done, (at, customer, order) in enumerate(plan.orders, start=1):
        one = ready[customer % plan.lived.customers * each + order]
        copied = Copy(customer, plan.shifts[customer], plan.serials.of(done - 1))
        for table, row in one.rows(copied, plan.now - at):
            rows = waiting.setdefault(table.name, (table, []))[1]
            rows.append(row)
        if done % ROWS_AT_ONCE == 0 or done == len(plan.orders):
            for table, rows in waiting.values():
                writer.insert(table, rows)
                rows.clear()
            tell((done - 1) % ROWS_AT_ONCE + 1)


class _Ready:
    """The rows of one lived order in one service, to be made again and again."""

    def __init__(self, rows: Rows, service: str) -> None:
        lasting = [one for of, one in rows.lasting if of == service]
        passing = [(one, days) for of, one, days in rows.passing if of == service]
        self._values = rows.values
        self._needed = rows.values.needed(joined(lasting, (one for one, _ in passing)))
        made = len(rows.values.makers)
        self._made: list[Any] = [None] * made + rows.values.constants
        self._lasting = [(one.table, one.getter(made)) for one in lasting]
        self._passing = [(one.table, one.getter(made), days * DAY) for one, days in passing]
        self._days_kept = max((days for _, days in passing), default=0) * DAY

    def rows(self, copy: Copy, age: int) -> Iterator[tuple[Table, Row]]:
        values = self._made
        recent = age < self._days_kept
        for place, make in self._needed:
            if place >= self._values.lasting and not recent:
                break
            values[place] = make(copy, values)
        for table, get in self._lasting:
            yield table, get(values)
        if recent:
            for table, get, kept in self._passing:
                if age < kept:
                    yield table, get(values)
