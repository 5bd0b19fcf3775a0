"""A product's own rules: what it may be, what changing it tells."""

from typing import Any

import msgspec
import pytest

from shikanji.kit.errors import Invalid
from shikanji.services.inventory.errors import LabelContradicted
from shikanji.services.inventory.model.product import Product, change, create, product_of, slug_of
from shikanji.services.inventory.model.schedule import Window, is_on
from shikanji.services.inventory.settings import InventorySettings
from tests.services.inventory.makers import EXTRAS, NOON, SIZE, draft, ids_of, number, product

INDIA = InventorySettings().zone
HOUR = 3_600_000_000


def refusal(**fields: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        product(**fields)
    return [error.field for error in refused.value.errors]


def group(**fields: Any) -> dict[str, Any]:
    options = [{"name": "One"}, {"name": "Two"}, {"name": "Three"}]
    return {"name": "Group", "kind": "checkbox", "max": 2, "options": options, **fields}


def changed(before: Product, **fields: Any) -> tuple[Product, list[str]]:
    given = {"sku": before.sku, **fields}
    after, events = change(before, draft(**given), new_id=ids_of("0190f100").__next__, now=NOON + 1)
    return after, [name for event in events for name in msgspec.to_builtins(event)["changed"]]


def test_a_new_product_tells_that_it_is_there() -> None:
    made, events = create(draft(name="Jaljeera"), id="p1", new_id=ids_of("0190f200").__next__, now=NOON)

    assert (made.slug, made.version) == ("jaljeera", 1)
    assert [type(event).__name__ for event in events] == ["ProductCreated"]


def test_a_name_without_latin_letters_gets_a_slug_from_its_id() -> None:
    assert slug_of("शिकंजी", "0190d000-0000-7000-8000-0000000000ab") == "p-0000000000ab"


def test_a_change_names_the_fields_that_changed() -> None:
    before = product(name="Jaljeera")

    after, fields = changed(before, name="Jaljeera", price=9_000, featured=True)

    assert fields == ["featured", "price"]
    assert (after.version, after.price) == (2, 9_000)


def test_putting_the_same_again_changes_nothing() -> None:
    before = product(name="Jaljeera", customizations=[SIZE, EXTRAS])

    after, fields = changed(before, name="Jaljeera", customizations=[SIZE, EXTRAS])

    assert after is before
    assert fields == []


def test_a_group_keeps_its_id_by_its_name() -> None:
    before = product(customizations=[SIZE])

    after, _ = changed(before, customizations=[{**SIZE, "options": [*SIZE["options"], {"name": "Jug"}]}])  # type: ignore[misc]

    kept = [option.id for option in before.customizations[0].options]
    assert after.customizations[0].id == before.customizations[0].id
    assert [option.id for option in after.customizations[0].options][:2] == kept


def test_a_product_is_the_same_after_storing() -> None:
    made = product(customizations=[SIZE, EXTRAS], nutrition={"kcal": 85.5})

    assert product_of(msgspec.json.encode(made)) == made


def test_labels_count_the_default_options() -> None:
    sweetener = {"name": "Sweetener", "options": [{"name": "Honey", "isDefault": True, "ingredients": ["honey"]}]}

    assert "jain" in product(customizations=[EXTRAS]).labels
    assert "jain" not in product(customizations=[sweetener]).labels
    with pytest.raises(LabelContradicted, match="honey"):
        product(customizations=[sweetener], isJain=True)


def test_an_option_shows_what_it_takes_away() -> None:
    _, honey, less_sugar = product(customizations=[EXTRAS]).customizations[0].options

    assert honey.excludes == ["vegan", "jain"]
    assert less_sugar.excludes == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"originalPrice": 7_000}, ["originalPrice"]),
        ({"weight": 100}, ["unit"]),
        ({"schedule": [{"days": [0], "opens": "10:00", "closes": "10:00"}]}, ["schedule[0].closes"]),
        ({"customizations": [group(min=3, max=2)]}, ["customizations[0].min"]),
        ({"customizations": [group(max=4)]}, ["customizations[0].max"]),
        ({"customizations": [group(kind="radio")]}, ["customizations[0].max"]),
        ({"customizations": [group(required=True)]}, ["customizations[0].min"]),
        ({"customizations": [group(options=[{"name": "A"}, {"name": "A"}])]}, ["customizations[0].options"]),
        ({"customizations": [group(), group()]}, ["customizations"]),
        (
            {"customizations": [group(max=1, options=[{"name": each, "isDefault": True} for each in "AB"])]},
            ["customizations[0].options"],
        ),
        ({"price": 400, "customizations": [EXTRAS]}, ["price"]),
    ],
)
def test_what_contradicts_itself_is_refused_naming_the_field(fields: dict[str, Any], named: list[str]) -> None:
    assert refusal(**fields) == named


def test_an_id_given_twice_is_refused() -> None:
    twice = number()

    assert refusal(customizations=[group(id=twice, options=[{"name": "A", "id": twice}], max=1)]) == ["customizations"]


@pytest.mark.parametrize(
    ("window", "hours_from_noon", "on"),
    [
        ({"days": [5], "opens": "11:00", "closes": "13:00"}, 0, True),
        ({"days": [5], "opens": "11:00", "closes": "12:00"}, 0, False),
        ({"days": [4], "opens": "11:00", "closes": "13:00"}, 0, False),
        ({"days": [5], "opens": "22:00", "closes": "02:00"}, 11, True),
        ({"days": [5], "opens": "22:00", "closes": "02:00"}, 13, True),
        ({"days": [5], "opens": "22:00", "closes": "02:00"}, 14, False),
        ({"days": [6], "opens": "22:00", "closes": "02:00"}, 13, False),
    ],
)
def test_a_schedule_counts_in_indian_time(window: dict[str, Any], hours_from_noon: int, on: bool) -> None:
    """Noon of the tests is a Saturday's."""
    at = NOON + hours_from_noon * HOUR

    assert is_on([msgspec.convert(window, Window)], at, INDIA) is on


def test_no_schedule_is_always_on() -> None:
    assert is_on([], NOON, INDIA)
