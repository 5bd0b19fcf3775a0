"""When a product is offered: weekly windows in the platform's zone; none means always."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated

import msgspec

from shikanji.kit.clock import SECOND

TimeOfDay = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)",
        examples=["07:30"],
        extra={"form": "a time of day such as 07:30"},
    ),
]


class Window(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """On each of `days` (0 is Monday) from `opens` to `closes`; past midnight when it closes before it opens."""

    days: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...], msgspec.Meta(min_length=1, max_length=7)]
    opens: TimeOfDay
    closes: TimeOfDay

    def covers(self, day: int, minute: int) -> bool:
        opens, closes = _minutes(self.opens), _minutes(self.closes)
        if opens < closes:
            return day in self.days and opens <= minute < closes
        return (day in self.days and minute >= opens) or ((day - 1) % 7 in self.days and minute < closes)


def is_on(schedule: Sequence[Window], at: int, zone: tzinfo) -> bool:
    """Whether the schedule offers the product at `at` (µs)."""
    if not schedule:
        return True
    local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone)
    day, minute = local.weekday(), local.hour * 60 + local.minute
    return any(window.covers(day, minute) for window in schedule)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
