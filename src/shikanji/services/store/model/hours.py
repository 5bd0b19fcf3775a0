"""When a store is open: weekly hours and dated closures, told in the store's own time zone.

Hours are wall-clock times of a weekday; moments are µs since 1970. A business day belongs to the date on which it
began: hours of Friday that pass midnight are Friday's, and a closure of Saturday leaves them alone."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from shikanji.contracts.store import Fulfilment
from shikanji.kit.clock import DAY, MINUTE, SECOND

DAY_MINUTES = 24 * 60
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
A_DAY, A_MICROSECOND, NONE = timedelta(days=1), timedelta(microseconds=1), timedelta()
OPENING_DAYS_MAX = 92
"""How far ahead the next opening is looked for."""
CLOSING_DAYS_MAX = 14
"""How far ahead the next closing is looked for."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """One interval of one weekday. Minutes since midnight; `closes` at or before `opens` means the next day."""

    fulfilment: Fulfilment
    day: int
    """0 is Monday."""
    opens: int
    closes: int

    @property
    def end(self) -> int:
        """Minutes since the midnight before `opens`, at most two days' worth."""
        return self.closes if self.closes > self.opens else self.closes + DAY_MINUTES


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """No hours begin on these dates, both included; for one fulfilment method or for all."""

    id: str
    first: date
    last: date
    fulfilment: Fulfilment | None = None
    reason: str = ""

    def covers(self, day: date, fulfilment: Fulfilment) -> bool:
        return self.first <= day <= self.last and self.fulfilment in (None, fulfilment)


class Opening(msgspec.Struct, frozen=True):
    """One stretch of being open: from `start` up to, not with, `end`."""

    start: int
    end: int


class Calendar(msgspec.Struct, frozen=True):
    """Hours and closures of one store, and the zone in which they are told."""

    time_zone: str
    hours: tuple[Hours, ...]
    closures: tuple[Closure, ...]

    def offers(self, fulfilment: Fulfilment) -> bool:
        return any(hours.fulfilment == fulfilment for hours in self.hours)

    def is_open(self, fulfilment: Fulfilment, at: int) -> bool:
        today = self.local_date(at)
        return self._opening_at(fulfilment, at, today) or self._opening_at(fulfilment, at, today - A_DAY)

    def _opening_at(self, fulfilment: Fulfilment, at: int, day: date) -> bool:
        return any(opening.start <= at < opening.end for opening in self.openings(fulfilment, day))

    def closes_at(self, fulfilment: Fulfilment, at: int) -> int | None:
        """When the stretch that holds `at` ends; None when it is closed, or open as far as one can see."""
        end: int | None = None
        for opening in self._from_yesterday(fulfilment, at, CLOSING_DAYS_MAX):
            if end is None:
                if opening.start <= at < opening.end:
                    end = opening.end
            elif opening.start > end:
                return end
            else:
                end = max(end, opening.end)
        return None if end is None or end > at + (CLOSING_DAYS_MAX - 2) * DAY else end

    def opens_at(self, fulfilment: Fulfilment, at: int) -> int | None:
        """The first moment from `at` on at which it is open; None when there is none in sight."""
        for opening in self._from_yesterday(fulfilment, at, OPENING_DAYS_MAX):
            if opening.end > at:
                return max(opening.start, at)
        return None

    def openings(self, fulfilment: Fulfilment, day: date) -> Iterable[Opening]:
        """The stretches that begin on `day`, in the order of the hours."""
        weekday = day.weekday()
        hours = tuple(each for each in self.hours if each.day == weekday and each.fulfilment == fulfilment)
        if not hours or any(closure.covers(day, fulfilment) for closure in self.closures):
            return ()
        return _stretches(self.time_zone, hours, day)

    def local_date(self, at: int) -> date:
        return datetime.fromtimestamp(at // SECOND, ZoneInfo(self.time_zone)).date()

    def _from_yesterday(self, fulfilment: Fulfilment, at: int, days: int) -> Iterator[Opening]:
        yesterday = self.local_date(at) - A_DAY
        for ahead in range(days):
            openings = self.openings(fulfilment, yesterday + A_DAY * ahead)
            yield from sorted(openings, key=lambda opening: opening.start)


@lru_cache(maxsize=4_096)
def _stretches(time_zone: str, hours: tuple[Hours, ...], day: date) -> tuple[Opening, ...]:
    """Remembered, since every order of a day asks for the same."""
    zone = ZoneInfo(time_zone)
    stretches = (Opening(moment(zone, day, each.opens), moment(zone, day, each.end)) for each in hours)
    return tuple(each for each in stretches if each.start < each.end)


def moment(zone: ZoneInfo, day: date, minutes: int) -> int:
    """The moment at which a clock on the wall shows `minutes` after the midnight that begins `day`. A time that a clock
    change skips is the change itself; one that comes twice is the first."""
    days, minute = divmod(minutes, DAY_MINUTES)
    day += A_DAY * days
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    offset = wall.utcoffset() or NONE
    at = ((day.toordinal() - EPOCH_ORDINAL) * DAY_MINUTES + minute) * MINUTE - offset // A_MICROSECOND
    if offset == wall.replace(fold=1).utcoffset():
        return at
    return _change_before(zone, at) if _skipped(wall) else at


def _skipped(wall: datetime) -> bool:
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) != wall.replace(tzinfo=None)


def _change_before(zone: ZoneInfo, at: int) -> int:
    """The first minute, less than a day before `at`, from which the zone's offset is that at `at`."""
    offset = datetime.fromtimestamp(at // SECOND, zone).utcoffset()
    before, after = at // MINUTE - DAY_MINUTES, at // MINUTE
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle * 60, zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after * MINUTE


def overlap(hours: Sequence[Hours]) -> bool:
    """Whether two intervals of one fulfilment method share a minute of the week."""
    return any(_overlap([each for each in hours if each.fulfilment == method]) for method in get_args(Fulfilment))


def _overlap(hours: list[Hours]) -> bool:
    if len(hours) < 2:
        return False
    spans = sorted((each.day * DAY_MINUTES + each.opens, each.day * DAY_MINUTES + each.end) for each in hours)
    next_week = (spans[0][0] + 7 * DAY_MINUTES, 0)
    return any(end > following for (_, end), (following, _) in pairwise([*spans, next_week]))
