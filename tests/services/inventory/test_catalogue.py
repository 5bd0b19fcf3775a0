"""The catalogue in its database: what refers to what, what is unique, what is told."""

from typing import Any

import pytest

from shikanji.kit.clock import DAY, to_rfc3339
from shikanji.kit.errors import Conflict, Invalid, PreconditionFailed
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import (
    CategoryInUse,
    CategoryNotFound,
    ProductNotFound,
    SkuTaken,
    SlugTaken,
    TaxRateExists,
)
from shikanji.services.inventory.model.card import Wanted
from tests.kit.databases import OpenDatabase
from tests.services.inventory.books import told
from tests.services.inventory.makers import CATEGORY, NOON, SHIKANJI, STORE, category, draft, number, tax_rate

ENGINES = ["sqlite", "postgres"]


async def names(base: OpenDatabase, in_category: str | None = None, **wanted: Any) -> list[str]:
    shown = await base.read(actions.list_products, STORE, in_category, Wanted(**wanted))
    return [each.product.name for each in shown]


async def test_a_category_stands_under_another_on_two_levels(shelf: OpenDatabase) -> None:
    cold = await shelf.write(actions.create_category, category(name="Cold", parentId=CATEGORY))

    for parent in (cold.id, number()):
        with pytest.raises(Invalid) as refused:
            await shelf.write(actions.create_category, category(name="Colder", parentId=parent))
        assert refused.value.errors[0].field == "parentId"
    with pytest.raises(Invalid):
        await shelf.write(actions.change_category, CATEGORY, category(name="Beverages", parentId=CATEGORY), None)


async def test_a_category_with_subcategories_stays_at_the_top(shelf: OpenDatabase) -> None:
    await shelf.write(actions.create_category, category(name="Cold", parentId=CATEGORY))
    other = await shelf.write(actions.create_category, category(name="Other"))

    with pytest.raises(Invalid):
        await shelf.write(actions.change_category, CATEGORY, category(name="Beverages", parentId=other.id), None)


async def test_categories_come_as_on_the_card(shelf: OpenDatabase) -> None:
    await shelf.write(actions.create_category, category(name="Snacks", position=1))
    await shelf.write(actions.create_category, category(name="Cold", parentId=CATEGORY))

    assert [each.name for each in await shelf.read(actions.list_categories)] == ["Beverages", "Cold", "Snacks"]


async def test_two_categories_have_two_slugs(shelf: OpenDatabase) -> None:
    await shelf.write(actions.create_category, category(name="Snacks"))

    with pytest.raises(SlugTaken):
        await shelf.write(actions.create_category, category(name="Snacks"))
    with pytest.raises(SlugTaken):
        await shelf.write(actions.change_category, CATEGORY, category(name="Beverages", slug="snacks"), None)


async def test_a_category_is_edited_by_its_version(shelf: OpenDatabase) -> None:
    changed = await shelf.write(actions.change_category, CATEGORY, category(name="Drinks"), '"1"')
    again = await shelf.write(actions.change_category, CATEGORY, category(name="Drinks"), None)

    assert (changed.name, changed.slug, changed.version, again.version) == ("Drinks", "beverages", 2, 2)
    told = [event.data for event in shelf.events() if event.type == "CategoryUpdated"]
    assert told[-1] == {"categoryId": CATEGORY, "parentId": None, "name": "Drinks"}
    assert [each["name"] for each in told if each["categoryId"] == CATEGORY] == ["Beverages", "Drinks"]
    with pytest.raises(PreconditionFailed):
        await shelf.write(actions.change_category, CATEGORY, category(name="Drinks"), '"1"')


async def test_only_an_empty_category_goes(shelf: OpenDatabase) -> None:
    empty = await shelf.write(actions.create_category, category())

    await shelf.write(actions.delete_category, empty.id)
    with pytest.raises(CategoryNotFound):
        await shelf.write(actions.delete_category, empty.id)
    with pytest.raises(CategoryInUse):
        await shelf.write(actions.delete_category, CATEGORY)


async def test_a_product_refers_to_what_is_there(shelf: OpenDatabase) -> None:
    for wrong, field in (({"categoryId": number()}, "categoryId"), ({"taxClass": "nothing"}, "taxClass")):
        with pytest.raises(Invalid) as refused:
            await shelf.write(actions.create_product, draft(**wrong))
        assert refused.value.errors[0].field == field


async def test_slug_sku_and_id_are_unique(shelf: OpenDatabase) -> None:
    first = await shelf.write(actions.create_product, draft(name="Jaljeera", sku="JAL"))

    with pytest.raises(SkuTaken):
        await shelf.write(actions.create_product, draft(name="Another", sku="JAL"))
    with pytest.raises(SlugTaken):
        await shelf.write(actions.create_product, draft(name="Jaljeera"))
    with pytest.raises(Conflict):
        await shelf.write(actions.create_product, draft(name="Third"), id=first.id)


async def test_a_change_is_told_once_and_by_version(shelf: OpenDatabase) -> None:
    before, _ = await shelf.read(actions.get_product, SHIKANJI, None)
    dearer = draft(name=before.name, sku=before.sku, price=8_500)

    after = await shelf.write(actions.change_product, SHIKANJI, dearer, '"1"')
    again = await shelf.write(actions.change_product, SHIKANJI, dearer, None)

    assert (after.price, after.version, again.version) == (8_500, 2, 2)
    (told,) = [event.data for event in shelf.events() if event.type == "ProductUpdated"]
    assert told == {"productId": SHIKANJI, "changed": ["price"], "name": after.name, "categoryId": after.category_id}
    with pytest.raises(PreconditionFailed):
        await shelf.write(actions.change_product, SHIKANJI, dearer, '"1"')
    with pytest.raises(ProductNotFound):
        await shelf.write(actions.change_product, number(), dearer, None)


async def test_a_new_product_is_told(base: OpenDatabase) -> None:
    await base.write(actions.add_tax_rate, tax_rate())
    await base.write(actions.create_category, category(), id=CATEGORY)
    await base.write(actions.create_product, draft())

    assert told(base) == ["CategoryUpdated", "ProductCreated"]


async def test_the_card_of_a_category_holds_its_subcategories(shelf: OpenDatabase) -> None:
    cold = await shelf.write(actions.create_category, category(name="Cold", parentId=CATEGORY))
    await shelf.write(actions.create_product, draft(name="Iced Tea", categoryId=cold.id))

    assert await names(shelf, "beverages") == ["Dhokla", "Samosa", "Traditional Shikanji", "Iced Tea"]
    assert await names(shelf, cold.id) == ["Iced Tea"]
    assert await names(shelf, "nothing") == []
    assert await names(shelf, text="iced") == ["Iced Tea"]


async def test_the_next_rate_of_a_class_counts_from_its_day(shelf: OpenDatabase) -> None:
    tomorrow = to_rfc3339(NOON + DAY)
    await shelf.write(actions.add_tax_rate, tax_rate(rateBp=1_200, effectiveFrom=tomorrow))

    rates = [(rate.rate_bp, rate.effective_from) for rate in await shelf.read(actions.list_tax_rates)]

    assert rates == [(500, NOON), (500, NOON), (1_200, NOON + DAY)]
    with pytest.raises(TaxRateExists):
        await shelf.write(actions.add_tax_rate, tax_rate(rateBp=1_800, effectiveFrom=tomorrow))
    with pytest.raises(Invalid):
        await shelf.write(actions.add_tax_rate, tax_rate(effectiveFrom=to_rfc3339(NOON - DAY)))
