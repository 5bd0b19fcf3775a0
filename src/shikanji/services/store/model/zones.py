"""Where a store delivers, for what fee and how fast: zones of PIN codes, zones drawn on the map, or the radius."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import asin, cos, hypot, radians, sin

import msgspec

EARTH_RADIUS_M = 6_371_009

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order is to go, as far as the customer told."""

    postal_code: str | None = None
    point: Point | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """PIN codes, or a polygon of at least three corners; `fee` in paise, `minutes` from the kitchen to the door."""

    id: str
    name: str
    postal_codes: tuple[str, ...] = ()
    polygon: tuple[Point, ...] = ()
    fee: int
    minutes: int

    def covers(self, place: Place) -> bool:
        if place.postal_code is not None and place.postal_code in self.postal_codes:
            return True
        return place.point is not None and len(self.polygon) > 2 and inside(place.point, self.polygon)


def best(zones: Iterable[Zone], place: Place) -> Zone | None:
    """The zone that serves the place: where zones overlap, the cheapest, then the quickest."""
    covering = [zone for zone in zones if zone.covers(place)]
    return min(covering, key=lambda zone: (zone.fee, zone.minutes, zone.id)) if covering else None


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether the point lies in the polygon (even-odd rule); a store's zones are small enough for a flat map."""
    latitude, longitude = point
    within = False
    previous = polygon[-1]
    for corner in polygon:
        if (corner[0] > latitude) != (previous[0] > latitude):
            share = (latitude - corner[0]) / (previous[0] - corner[0])
            if longitude < corner[1] + share * (previous[1] - corner[1]):
                within = not within
        previous = corner
    return within


def encloses_area(polygon: Sequence[Point]) -> bool:
    """Whether the corners span an area and do not all lie on one line."""
    if len(polygon) < 3:
        return False
    (y0, x0) = polygon[0]
    return any(abs((b[1] - x0) * (c[0] - y0) - (c[1] - x0) * (b[0] - y0)) > 1e-12 for b, c in pairwise(polygon[1:]))


def distance_m(here: Point, there: Point) -> float:
    """Metres between two points on the globe (haversine)."""
    latitude, longitude = radians(there[0] - here[0]), radians(there[1] - here[1])
    middle = cos(radians(here[0])) * cos(radians(there[0]))
    chord = hypot(sin(latitude / 2), middle**0.5 * sin(longitude / 2))
    return 2 * EARTH_RADIUS_M * asin(min(1.0, chord))
