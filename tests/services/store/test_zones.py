"""Where a store delivers."""

import pytest

from shikanji.services.store.model.zones import Place, best, distance_m, encloses_area, inside
from tests.services.store.makers import make_zone

SQUARE = ((12.0, 77.0), (12.0, 78.0), (13.0, 78.0), (13.0, 77.0))
HORSESHOE = ((0.0, 0.0), (0.0, 3.0), (3.0, 3.0), (3.0, 2.0), (1.0, 2.0), (1.0, 1.0), (3.0, 1.0), (3.0, 0.0))


@pytest.mark.parametrize(("point", "within"), [((12.5, 77.5), True), ((13.5, 77.5), False), ((12.5, 76.9), False)])
def test_a_point_is_inside_or_outside_a_polygon(point: tuple[float, float], within: bool) -> None:
    assert inside(point, SQUARE) is within
    assert inside(point, tuple(reversed(SQUARE))) is within


@pytest.mark.parametrize(("point", "within"), [((2.0, 0.5), True), ((2.0, 1.5), False), ((2.0, 2.5), True)])
def test_a_hollow_of_the_polygon_is_outside(point: tuple[float, float], within: bool) -> None:
    assert inside(point, HORSESHOE) is within


def test_a_zone_covers_its_postal_codes_wherever_the_point_is() -> None:
    zone = make_zone(postal_codes=("560001",))

    assert zone.covers(Place(postal_code="560001", point=(0.0, 0.0)))
    assert not zone.covers(Place(postal_code="560002"))
    assert not zone.covers(Place())


def test_a_zone_on_the_map_needs_a_point() -> None:
    zone = make_zone(postal_codes=(), polygon=SQUARE)

    assert zone.covers(Place(postal_code="560001", point=(12.5, 77.5)))
    assert not zone.covers(Place(postal_code="560001"))


def test_where_zones_overlap_the_cheapest_then_the_quickest_serves() -> None:
    dear = make_zone(id="dear", fee=4_000, minutes=10)
    slow = make_zone(id="slow", fee=2_000, minutes=40)
    quick = make_zone(id="quick", fee=2_000, minutes=20)

    assert best([dear, slow, quick], Place(postal_code="560001")) == quick
    assert best([dear, slow, quick], Place(postal_code="110001")) is None


def test_distance_between_the_two_stores_is_some_six_kilometres() -> None:
    assert distance_m((12.9716, 77.5946), (12.9279, 77.6271)) == pytest.approx(6_000, rel=0.02)


def test_distance_to_the_other_side_of_the_world_is_half_its_girth() -> None:
    assert distance_m((0.0, 0.0), (0.0, 180.0)) == pytest.approx(20_015_000, rel=0.001)


@pytest.mark.parametrize(
    ("polygon", "encloses"),
    [
        (SQUARE, True),
        (((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)), False),
        (((0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), True),
        (((0.0, 0.0), (1.0, 1.0)), False),
        ((), False),
    ],
)
def test_a_polygon_encloses_an_area(polygon: tuple[tuple[float, float], ...], encloses: bool) -> None:
    assert encloses_area(polygon) is encloses
