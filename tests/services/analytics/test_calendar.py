"""Days and hours of stores whose clocks are not India's, and of those whose clocks are turned."""

import pytest

from shikanji.kit.clock import from_rfc3339, to_rfc3339
from shikanji.services.analytics.model.calendar import (
    Moment,
    Span,
    day_before,
    hour_began,
    local,
    month_began,
    month_of,
    starts_at,
    zone_of,
)


@pytest.mark.parametrize(
    ("zone", "at", "began"),
    [
        ("Asia/Kolkata", "2026-11-22T06:45:10Z", "2026-11-22T06:30:00Z"),
        ("Asia/Kathmandu", "2026-11-22T06:45:10Z", "2026-11-22T06:15:00Z"),
        ("Europe/Berlin", "2026-10-25T01:20:00Z", "2026-10-25T00:00:00Z"),
        ("Europe/Berlin", "2026-10-25T00:20:00Z", "2026-10-25T00:00:00Z"),
        ("Europe/Berlin", "2026-03-29T01:20:00Z", "2026-03-29T01:00:00Z"),
    ],
)
def test_an_hour_begins_when_the_wall_shows_it_first(zone: str, at: str, began: str) -> None:
    assert hour_began(from_rfc3339(at), zone_of(zone)) == from_rfc3339(began)


@pytest.mark.parametrize(
    ("zone", "at", "before"),
    [
        ("Asia/Kolkata", "2026-11-22T06:45:10.5Z", "2026-11-21T06:45:10.500000Z"),
        ("Europe/Berlin", "2026-10-26T12:00:00Z", "2026-10-25T12:00:00.000000Z"),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T11:00:00.000000Z"),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T13:00:00.000000Z"),
    ],
)
def test_the_same_time_of_the_day_before_is_what_the_wall_showed(zone: str, at: str, before: str) -> None:
    assert to_rfc3339(day_before(from_rfc3339(at), zone_of(zone))) == before


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Pacific/Apia", "Pacific/Niue", "Asia/Kathmandu", "UTC"])
def test_a_day_begins_at_its_own_midnight(zone: str) -> None:
    began = starts_at(739_942, zone_of(zone))

    assert local(began, zone_of(zone)) == Moment(739_942, 0)
    assert local(began - 1, zone_of(zone)) == Moment(739_941, 23)


@pytest.mark.parametrize("days", [1, 2, 27, 28, 29, 30, 31, 32, 59, 60, 61, 62, 365, 366, 400])
def test_whole_months_and_the_days_around_them_are_the_days_asked_for(days: int) -> None:
    for first in range(738_900, 738_900 + 366):
        span = Span(first, first + days - 1)

        head, whole, tail = span.by_months

        within = [day for month in range(whole.first, whole.last + 1) for day in _days_of(month)]
        assert [*_all(head), *within, *_all(tail)] == list(_all(span))
        assert len({month_of(day) for day in _all(head)}) <= 1
        assert len({month_of(day) for day in _all(tail)}) <= 1


def _all(span: Span) -> range:
    return range(span.first, span.last + 1)


def _days_of(month: int) -> range:
    return range(month_began(month), month_began(month + 1))
