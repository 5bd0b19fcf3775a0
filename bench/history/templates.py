"""Rows as patterns: what is the same in every copy, and what is made anew for each of them."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any

from bench.history.invoices import KINDS, Issued
from bench.history.living import EMAIL, PHONE, Lived
from bench.history.reading import NAMES, Row, Table
from shikanji.kit.clock import DAY, from_rfc3339, to_datetime, to_rfc3339
from shikanji.services.payment.model.invoice import fiscal_year

SALT = 0x9E3779B97F4A7C15
TAIL = (1 << 48) - 1
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
OPAQUE_LETTERS = 5

Make = Callable[["Copy", list[Any]], Any]


@dataclass(slots=True)
class Copy:
    """One order of one customer to come. `shifts`: how much later (µs) each of the customer's orders is than the one
    that was lived, `serials` the numbers of its invoice and its credit note."""

    customer: int
    shifts: Sequence[int]
    serials: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Names:
    """What is a name or a time in a text, and on which of the lived days it came to be."""

    lived: Lived
    opaque: frozenset[str] = frozenset()
    """Unique texts that tell nothing of themselves: codes."""
    invoices: Mapping[str, Issued] = field(default_factory=dict)

    @property
    def pattern(self) -> re.Pattern[str]:
        listed = {"opaque": self.opaque, "invoice": self.invoices}
        told = [f"(?P<{kind}>{'|'.join(map(re.escape, sorted(texts)))})" for kind, texts in listed.items() if texts]
        return re.compile("|".join([*told, *(f"(?P<{name}>{one.pattern})" for name, one in NAMES.items())]))

    def day(self, kind: str, text: str) -> int | None:
        """None: it was there before, or is of no lived day."""
        try:
            at = self._at(kind, text)
        except ValueError:
            return None
        return None if at is None else self.day_of(at)

    def day_of(self, at: int) -> int | None:
        day = (at - self.lived.opened) // DAY
        return day if 0 <= day < self.lived.days else None

    def _at(self, kind: str, text: str) -> int | None:
        match kind:
            case "uuid":
                return int(text.replace("-", "")[:12], 16) * 1_000
            case "moment":
                return from_rfc3339(text)
            case "microseconds":
                return int(text)
            case "date":
                return from_rfc3339(f"{text}T12:00:00Z")
            case "number":
                year, month, day = text.split("-")[1][:2], text.split("-")[1][2:4], text.split("-")[1][4:]
                return from_rfc3339(f"20{year}-{month}-{day}T12:00:00Z")
            case "invoice":
                return self.invoices[text].issued_at
            case "person":
                customer = int(re.sub(r"\D", "", text)[-8:] if text[0] == "+" else text.split(".")[1].split("@")[0])
                return self.lived.opened + customer * self.lived.orders_each * DAY
        return None


@dataclass
class Values:
    """What the rows of one lived order are put together from: constants, and what is made for each copy, in the order
    in which one is made from others. Those after `lasting` are needed only where the passing rows are made too."""

    names: Names
    pattern: re.Pattern[str]
    day: int
    documents: Mapping[str, str | bytes]
    """Digest → what it is the digest of."""
    makers: list[Make] = field(default_factory=list)
    lasting: int = 0
    _places: dict[Any, int] = field(default_factory=dict)
    _from: dict[int, Sequence[int]] = field(default_factory=dict)
    _constants: dict[Any, int] = field(default_factory=dict)

    @property
    def customer(self) -> int:
        return self.day // self.names.lived.orders_each

    @property
    def constants(self) -> list[Any]:
        return [value for _, value in self._constants]

    def cell(self, value: Any) -> tuple[bool, int]:
        """Whether it is made, and its place among the made or the constant ones."""
        if isinstance(value, int) and self._own(self.names.day_of(value)) is not None:
            return True, self._time(value)
        if isinstance(value, str | bytes) and (made := self._text(value)) is not None:
            return True, made
        if isinstance(value, int) and value >= self.names.lived.closed:
            return True, self._put(("int", value), _later(value, self._order(self.day)))
        return False, self._constants.setdefault((type(value), value), len(self._constants))

    def needed(self, patterns: Iterable["Pattern"]) -> list[tuple[int, Make]]:
        """What is to be made for these rows, in the order of the making."""
        wanted: set[int] = set()
        waiting = [place for pattern in patterns for is_made, place in pattern.cells if is_made]
        while waiting:
            place = waiting.pop()
            if place not in wanted:
                wanted.add(place)
                waiting += self._from.get(place, ())
        return [(place, self.makers[place]) for place in sorted(wanted)]

    def ordinal(self, value: int) -> tuple[bool, int]:
        """A cell with a day as a number, or with one of its hours."""
        first = to_datetime(self.names.lived.opened).toordinal()
        hours = 24 if value // 24 >= first else 1
        day = self._own(value // hours - first)
        if day is None:
            return self.cell(value)
        order = self._order(day)
        return True, self._put(("ordinal", value), lambda copy, _: value + copy.shifts[order] // (DAY // hours))

    def serial(self, kind: str, order: int) -> tuple[bool, int]:
        place = KINDS.index(kind)
        return True, self._put(("serial", kind, order), lambda copy, _: copy.serials[place])

    def fiscal_year(self, issued_at: int, order: int) -> tuple[bool, int]:
        key = ("fiscal year", issued_at)
        return True, self._put(key, lambda copy, _: fiscal_year(issued_at + copy.shifts[order]))

    def forgotten(self, days: Sequence[int], cut: int) -> int:
        """How many of an aggregate's events, recorded on these lived days, are older than `cut`."""
        opened, pairs = self.names.lived.opened, [(day, self._order(day)) for day in days]

        def make(copy: Copy, _: list[Any]) -> int:
            return sum(opened + day * DAY + copy.shifts[order] <= cut for day, order in pairs)

        return self._put(("forgotten", tuple(days)), make)

    def _text(self, value: str | bytes) -> int | None:
        if isinstance(value, str) and value in self.documents:
            return self._digest(value)
        try:
            text = value.decode() if isinstance(value, bytes) else value
        except UnicodeDecodeError:
            return None
        constants, places = [], []
        last = 0
        for found in self.pattern.finditer(text):
            place = self._name(str(found.lastgroup), found.group())
            if place is not None:
                constants.append(text[last : found.start()])
                places.append(place)
                last = found.end()
        if not places:
            return None
        if len(places) == 1 and constants == [""] and last == len(text) and isinstance(value, str):
            return places[0]
        form = "%s".join(constant.replace("%", "%%") for constant in [*constants, text[last:]])
        return self._put(("text", value), _formatted(form, places, as_bytes=isinstance(value, bytes)), places)

    def _digest(self, digest: str) -> int | None:
        document = self.documents[digest]
        place = self._text(document)
        if place is None:
            return None
        return self._put(("digest", digest), _digested(place, sha=len(digest) == 64), [place])

    def _name(self, kind: str, text: str) -> int | None:
        if kind == "opaque":
            return self._put(text, _other_code(text))
        day = self._own(self.names.day(kind, text))
        if day is None:
            return None
        order = self._order(day)
        match kind:
            case "uuid":
                return self._put(text, _other_id(text, order))
            case "moment":
                return self._put(text, _later_moment(from_rfc3339(text), order))
            case "microseconds":
                return self._put(("digits", text), _later_digits(int(text), order))
            case "date":
                return self._put(text, _later_date(text, order))
            case "number":
                return self._put(text, _other_number(text, order))
            case "invoice":
                return self._put(text, _other_invoice(self.names.invoices[text], order))
        return self._put(text, _other_phone if text[0] == "+" else _other_email)

    def _time(self, value: int) -> int:
        day = self.names.day_of(value)
        assert day is not None
        return self._put(("int", value), _later(value, self._order(day)))

    def _own(self, day: int | None) -> int | None:
        """Only what came to be with the same customer."""
        return day if day is not None and day // self.names.lived.orders_each == self.customer else None

    def _order(self, day: int) -> int:
        return day % self.names.lived.orders_each

    def _put(self, key: Any, make: Make, made_from: Sequence[int] = ()) -> int:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.makers)
            self.makers.append(make)
            self._from[place] = made_from
        return place


@dataclass
class Pattern:
    table: Table
    cells: list[tuple[bool, int]]

    def getter(self, made: int) -> Callable[[list[Any]], Row]:
        """Of a list that has the made values first, then the constants."""
        picked = itemgetter(*(place if is_made else made + place for is_made, place in self.cells))
        return picked if len(self.cells) > 1 else lambda values: (picked(values),)


def digests(rows: Iterator[Row]) -> dict[str, str | bytes]:
    """Of every document in the rows, by both of the platform's hashes."""
    found: dict[str, str | bytes] = {}
    for value in chain.from_iterable(rows):
        if isinstance(value, bytes) or (isinstance(value, str) and len(value) > 64):
            content = value.encode() if isinstance(value, str) else value
            found[hashlib.blake2b(content, digest_size=16).hexdigest()] = value
            found[hashlib.sha256(content).hexdigest()] = value
    return found


def days_by_aggregate(events: Iterator[tuple[tuple[str, str], int]]) -> dict[tuple[str, str], list[int]]:
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for aggregate, day in events:
        found[aggregate].append(day)
    return dict(found)


def _later(value: int, order: int) -> Make:
    return lambda copy, _: value + copy.shifts[order]


def _later_digits(value: int, order: int) -> Make:
    return lambda copy, _: str(value + copy.shifts[order])


def _later_moment(value: int, order: int) -> Make:
    return lambda copy, _: to_rfc3339(value + copy.shifts[order])


def _later_date(text: str, order: int) -> Make:
    day = date.fromisoformat(text)
    return lambda copy, _: (day + timedelta(days=copy.shifts[order] // DAY)).isoformat()


def _other_number(text: str, order: int) -> Make:
    code, day, _ = text.split("-")
    lived = date.fromisoformat(f"20{day[:2]}-{day[2:4]}-{day[4:]}")

    def make(copy: Copy, _: list[Any]) -> str:
        return f"{code}-{lived + timedelta(days=copy.shifts[order] // DAY):%y%m%d}-{copy.customer:04d}"

    return make


def _other_invoice(one: Issued, order: int) -> Make:
    place = KINDS.index(one.kind)
    return lambda copy, _: one.copied(copy.shifts[order], copy.serials[place])


def _other_id(text: str, order: int) -> Make:
    digits = text.replace("-", "")
    ms, middle, tail = int(digits[:12], 16), digits[12:20], int(digits[20:], 16)
    if "-" not in text:

        def make_plain(copy: Copy, _: list[Any]) -> str:
            tail_of = tail + copy.customer * SALT & TAIL
            return f"{ms + copy.shifts[order] // 1_000:012x}{middle}{tail_of:012x}"

        return make_plain
    between = f"-{middle[:4]}-{middle[4:]}-"

    def make(copy: Copy, _: list[Any]) -> str:
        time = f"{ms + copy.shifts[order] // 1_000:012x}"
        return f"{time[:8]}-{time[8:]}{between}{tail + copy.customer * SALT & TAIL:012x}"

    return make


def _other_code(text: str) -> Make:
    """The customer's number in letters at its end."""

    def make(copy: Copy, _: list[Any]) -> str:
        rest, code = copy.customer, ""
        for _place in range(OPAQUE_LETTERS):
            rest, letter = divmod(rest, len(LETTERS))
            code += LETTERS[letter]
        return text[:-OPAQUE_LETTERS] + (code if text.isupper() or text.isdigit() else code.lower())

    return make


def _other_email(copy: Copy, _: list[Any]) -> str:
    return EMAIL.format(copy.customer)


def _other_phone(copy: Copy, _: list[Any]) -> str:
    return PHONE.format(copy.customer)


def _formatted(form: str, places: list[int], *, as_bytes: bool) -> Make:
    pick = itemgetter(*places)
    if as_bytes:
        return lambda _, values: (form % pick(values)).encode()
    return lambda _, values: form % pick(values)


def _digested(place: int, *, sha: bool) -> Make:
    def make(_: Copy, values: list[Any]) -> str:
        content = values[place]
        content = content if isinstance(content, bytes) else content.encode()
        return hashlib.sha256(content).hexdigest() if sha else hashlib.blake2b(content, digest_size=16).hexdigest()

    return make
