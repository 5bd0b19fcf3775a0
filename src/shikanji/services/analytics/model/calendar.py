"""Days and hours as a store's clock shows them. A day is the number that `date.toordinal` gives it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from shikanji.kit.clock import SECOND

Grain = Literal["hour", "day", "week", "month"]

HOURS = 24


class Moment(NamedTuple):
    day: int
    hour: int


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(at: int, zone: ZoneInfo) -> Moment:
    """The day and hour on the store's wall at `at` (µs). The hour that comes twice in autumn is one."""
    then = datetime.fromtimestamp(at // SECOND, zone)
    return Moment(then.toordinal(), then.hour)


def hour_began(at: int, zone: ZoneInfo) -> int:
    """When the hour on that wall began that `at` is in (µs); the one that comes twice, with its first coming."""
    then = datetime.fromtimestamp(at // SECOND, zone)
    return int(then.replace(minute=0, second=0, fold=0).timestamp()) * SECOND


def day_before(at: int, zone: ZoneInfo) -> int:
    """When that wall showed the same time a day earlier (µs): that is not 24 hours where its clock was turned."""
    then = datetime.fromtimestamp(at // SECOND, zone)
    return int((then - timedelta(days=1)).timestamp()) * SECOND + at % SECOND


def starts_at(day: int, zone: ZoneInfo) -> int:
    """When the day begins there (µs)."""
    return int(datetime.combine(date.fromordinal(day), datetime.min.time(), zone).timestamp()) * SECOND


def month_of(day: int) -> int:
    """Months since the year 0."""
    then = date.fromordinal(day)
    return then.year * 12 + then.month - 1


def month_began(month: int) -> int:
    """Its first day."""
    return date(month // 12, month % 12 + 1, 1).toordinal()


def month_name(month: int) -> str:
    """`2026-11`."""
    return f"{month // 12:04}-{month % 12 + 1:02}"


def day_name(day: int) -> str:
    """`2026-11-22`."""
    return date.fromordinal(day).isoformat()


def period_of(grain: Grain, day: int, hour: int = 0) -> str:
    """What a row of a report is called: `2026-11-22T14`, `2026-11-22`, the Monday that a week begins with,
    `2026-11`."""
    if grain == "hour":
        return f"{day_name(day)}T{hour:02}"
    if grain == "week":
        return day_name(day - date.fromordinal(day).weekday())
    return month_name(month_of(day)) if grain == "month" else day_name(day)


def periods(grain: Grain, first: int, last: int) -> Iterator[str]:
    """All there are from the first to the last day, in their order."""
    told = ""
    for day in range(first, last + 1):
        for hour in range(HOURS if grain == "hour" else 1):
            period = period_of(grain, day, hour)
            if period != told:
                told = period
                yield period


class Span(NamedTuple):
    """Days from the first to the last, both included."""

    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def before(self) -> "Span":
        """As many days right before it."""
        return Span(self.first - self.days, self.first - 1)

    @property
    def by_months(self) -> "ByMonths":
        """The same days. Raises ValueError before the year 1 and after 9999."""
        whole = month_of(self.first - 1) + 1
        after = max(whole, month_of(self.last + 1))
        return ByMonths(
            head=Span(self.first, min(self.last, month_began(whole) - 1)),
            whole=Span(whole, after - 1),
            tail=Span(month_began(after), self.last),
        )

    @classmethod
    def of(cls, first: date, last: date) -> "Span":
        return cls(first.toordinal(), last.toordinal())

    @classmethod
    def until(cls, last: int, days: int) -> "Span":
        return cls((date.fromordinal(last) - timedelta(days=days - 1)).toordinal(), last)


class ByMonths(NamedTuple):
    """Whole months, and the days before and after them; any of the three may be empty: its last before its first."""

    head: Span
    whole: Span
    tail: Span
