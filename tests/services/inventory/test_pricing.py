"""What a line costs, and why it is refused."""

from typing import Any

import msgspec
import pytest

from shikanji.contracts.inventory import PricedLine, WantedLine
from shikanji.kit.errors import Invalid
from shikanji.services.inventory.errors import InsufficientStock, ProductNotAvailable
from shikanji.services.inventory.model import pricing
from shikanji.services.inventory.model.pricing import Offer
from shikanji.services.inventory.model.product import Product
from shikanji.services.inventory.model.tax import TaxRate, check_start, rates_at
from shikanji.services.inventory.settings import InventorySettings
from tests.services.inventory.makers import EXTRAS, NOON, SIZE, number, product, tax_rate

RATES = {"food-5": TaxRate("food-5", 0, "Food", 500, "996331", 0)}


def offered(shown: Product, **terms: Any) -> dict[str, Offer]:
    given = {"stock_id": number(), "listed": True, "store_price": None, "available": 10, **terms}
    return {shown.id: Offer(product=shown, **given)}


def line(shown: Product, quantity: int = 1, options: list[str] | None = None) -> WantedLine:
    return WantedLine(line_id=number(), product_id=shown.id, quantity=quantity, options=options or [])


def priced(shown: Product, options: list[str] | None = None, **terms: Any) -> PricedLine:
    lines = [line(shown, options=options)]
    return pricing.price_lines(lines, offered(shown, **terms), RATES, NOON, InventorySettings().zone)[0]


def ids(shown: Product, *names: str) -> list[str]:
    return [option.id for group in shown.customizations for option in group.options if option.name in names]


def test_options_add_their_differences() -> None:
    shown = product(price=8_000, customizations=[SIZE, EXTRAS])

    answer = priced(shown, ids(shown, "Large", "Chia", "Less sugar"))

    assert (answer.base_price, answer.unit_price) == (8_000, 8_000 + 2_000 + 1_500 - 500)
    assert [option.name for option in answer.options] == ["Large", "Chia", "Less sugar"]
    assert (answer.tax_rate_bp, answer.hsn, answer.tax_included) == (500, "996331", False)


def test_a_required_group_left_empty_has_its_default() -> None:
    answer = priced(product(customizations=[SIZE]))

    assert [option.name for option in answer.options] == ["Regular"]


def test_an_optional_group_left_empty_stays_empty() -> None:
    ice = {"name": "Ice", "kind": "checkbox", "options": [{"name": "With ice", "isDefault": True}]}

    assert priced(product(customizations=[ice])).options == []


def test_the_store_price_wins_over_the_catalogue() -> None:
    assert priced(product(price=8_000), store_price=8_500).unit_price == 8_500


def test_no_price_falls_below_zero() -> None:
    shown = product(price=600, customizations=[EXTRAS])

    assert priced(shown, ids(shown, "Less sugar"), store_price=100).unit_price == 0


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("Chia", "Honey", "Less sugar"), "choose at most 2 of Extras"),
        (("Regular", "Large"), "choose at most 1 of Size"),
    ],
)
def test_too_many_of_a_group_are_refused(chosen: tuple[str, ...], message: str) -> None:
    shown = product(customizations=[SIZE, EXTRAS])

    with pytest.raises(Invalid) as refused:
        priced(shown, ids(shown, *chosen))

    assert [(error.field, error.message) for error in refused.value.errors] == [("items[0].options", message)]


def test_a_required_group_without_default_must_be_chosen() -> None:
    shown = product(customizations=[{**SIZE, "options": [{"name": "Small"}, {"name": "Big"}]}])

    with pytest.raises(Invalid, match="choose at least 1 of Size"):
        priced(shown)


def test_an_optional_group_has_its_minimum_once_it_is_used() -> None:
    pair = {"name": "Dips", "kind": "checkbox", "min": 2, "max": 2, "options": [{"name": "Mint"}, {"name": "Imli"}]}
    shown = product(customizations=[pair])

    assert priced(shown).options == []
    with pytest.raises(Invalid, match="choose at least 2 of Dips"):
        priced(shown, ids(shown, "Mint"))


def test_options_of_nobody_and_options_twice_are_refused() -> None:
    plain, shown = product(), product(customizations=[SIZE])
    large = ids(shown, "Large")[0]

    with pytest.raises(Invalid, match="has no option"):
        priced(plain, [large])
    with pytest.raises(Invalid, match="chosen twice"):
        priced(shown, [large, large])


def test_every_wrong_line_is_named() -> None:
    shown = product(customizations=[SIZE])
    wrong, right = line(shown, options=["nothing"]), line(shown)

    with pytest.raises(Invalid) as refused:
        pricing.price_lines([wrong, right, wrong], offered(shown), RATES, NOON, InventorySettings().zone)

    assert [error.field for error in refused.value.errors] == ["items[0].options", "items[2].options"]


@pytest.mark.parametrize(
    ("fields", "terms"),
    [
        ({"available": False}, {}),
        ({}, {"listed": False}),
        ({"schedule": [{"days": [0], "opens": "10:00", "closes": "11:00"}]}, {}),
        ({"taxClass": "unknown"}, {}),
    ],
)
def test_what_is_not_on_sale_cannot_be_ordered(fields: dict[str, Any], terms: dict[str, Any]) -> None:
    with pytest.raises(ProductNotAvailable) as refused:
        priced(product(**fields), **terms)

    assert refused.value.errors[0].field == "items[0].productId"


def test_a_product_that_the_store_does_not_have_cannot_be_ordered() -> None:
    with pytest.raises(ProductNotAvailable):
        pricing.price_lines([line(product())], {}, RATES, NOON, InventorySettings().zone)


@pytest.mark.parametrize("quantity", [0, -1, pricing.LINE_QUANTITY_MAX + 1])
def test_a_quantity_is_a_positive_number(quantity: int) -> None:
    shown = product()

    with pytest.raises(Invalid) as refused:
        pricing.price_lines([line(shown, quantity)], offered(shown), RATES, NOON, InventorySettings().zone)

    assert refused.value.errors[0].field == "items[0].quantity"


def test_lines_of_one_product_are_taken_together() -> None:
    shown = product()
    lines, offers = [line(shown, 6), line(shown, 5)], offered(shown, available=10)
    wanted = pricing.needed(lines, offers)

    assert [need.quantity for need in wanted] == [11]
    with pytest.raises(InsufficientStock) as refused:
        pricing.check_stock(lines, offers, wanted)
    assert [error.field for error in refused.value.errors] == ["items[0].quantity", "items[1].quantity"]
    assert refused.value.errors[0].message == "only 10 of Traditional Shikanji left"


def test_the_rate_is_the_one_of_the_moment() -> None:
    old, new = TaxRate("food-5", 0, "Food", 500, "996331", 0), TaxRate("food-5", NOON, "Food", 1_200, "996331", 0)

    assert rates_at([old, new], NOON - 1)["food-5"].rate_bp == 500
    assert rates_at([old, new], NOON)["food-5"].rate_bp == 1_200


def test_a_rate_in_use_changes_from_now_on_only() -> None:
    check_start(0, NOON, first=True)
    check_start(NOON, NOON, first=False)
    with pytest.raises(Invalid):
        check_start(NOON - 1, NOON, first=False)


@pytest.mark.parametrize("text", ["yesterday", "2026-01-01", "2026-01-01T00:00:00"])
def test_an_effective_date_has_a_zone(text: str) -> None:
    with pytest.raises(Invalid):
        tax_rate(effectiveFrom=text).starts_at(NOON)


def test_an_hsn_is_four_to_eight_digits() -> None:
    with pytest.raises(msgspec.ValidationError):
        tax_rate(hsn="12a4")
