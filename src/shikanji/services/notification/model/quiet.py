"""Quiet hours: from an evening to the morning after, on the clock of whoever would be woken."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from shikanji.kit.clock import from_datetime, to_datetime


class QuietHours(msgspec.Struct, frozen=True):
    """`begins` may be later in the day than `ends`: then they pass midnight. The same time twice: there are none."""

    begins: time
    ends: time

    def over_at(self, at: int, zone: ZoneInfo) -> int:
        """The first moment, not before `at` (µs), that is not quiet."""
        local = to_datetime(at).astimezone(zone)
        if not self._is_quiet(local.time()):
            return at
        morning = datetime.combine(local.date(), self.ends, zone)
        if morning <= local:
            morning = datetime.combine(local.date() + timedelta(days=1), self.ends, zone)
        return from_datetime(morning)

    def _is_quiet(self, now: time) -> bool:
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends
