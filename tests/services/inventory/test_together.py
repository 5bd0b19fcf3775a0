"""What two people do to suppliers and the catalogue at the same moment; only PostgreSQL lets them."""

import msgspec
import pytest

from shikanji.kit.errors import Invalid
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import CategoryInUse, GstinTaken, SkuTaken, SlugTaken
from shikanji.services.inventory.model.purchase import PurchaseDraft
from shikanji.services.inventory.model.supplier import SupplierDraft
from tests.kit.databases import OpenDatabase
from tests.kit.turns import one_waits_for_the_other
from tests.services.inventory.makers import SHIKANJI, STORE, category, draft
from tests.services.inventory.purchasing import GSTIN, supplier

ENGINES = ["postgres"]


async def test_nothing_is_ordered_of_a_supplier_who_is_just_being_removed(shelf: OpenDatabase) -> None:
    gone = await supplier(shelf, (SHIKANJI, 500))
    lines = [{"productId": SHIKANJI, "quantity": 1}]
    wanted = msgspec.convert({"storeId": STORE, "supplierId": gone.id, "lines": lines}, PurchaseDraft)

    with pytest.raises(Invalid, match="supplierId"):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.delete_supplier(tx, gone.id),
            lambda tx: actions.create_purchase(tx, wanted, "ravi"),
        )


async def test_a_gstin_that_two_suppliers_are_given_at_once_is_the_first_ones(shelf: OpenDatabase) -> None:
    one, other = await supplier(shelf), await supplier(shelf, name="Other")
    wanted = msgspec.convert({"name": "Other", "gstin": GSTIN}, SupplierDraft)

    with pytest.raises(GstinTaken):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.change_supplier(tx, one.id, wanted, None),
            lambda tx: actions.change_supplier(tx, other.id, wanted, None),
        )


async def test_a_category_that_is_just_being_removed_takes_no_product(shelf: OpenDatabase) -> None:
    gone = await shelf.write(actions.create_category, category())

    with pytest.raises(Invalid, match="categoryId"):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.delete_category(tx, gone.id),
            lambda tx: actions.create_product(tx, draft(name="New", sku="NEW", categoryId=gone.id)),
        )


async def test_a_category_that_is_just_taking_a_product_is_not_removed(shelf: OpenDatabase) -> None:
    full = await shelf.write(actions.create_category, category())

    with pytest.raises(CategoryInUse):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.create_product(tx, draft(name="New", sku="NEW", categoryId=full.id)),
            lambda tx: actions.delete_category(tx, full.id),
        )


async def test_a_slug_that_two_categories_are_given_at_once_is_the_first_ones(shelf: OpenDatabase) -> None:
    one, other = [await shelf.write(actions.create_category, category(name=name)) for name in ("One", "Other")]

    with pytest.raises(SlugTaken):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.change_category(tx, one.id, category(name="One", slug="cold"), None),
            lambda tx: actions.change_category(tx, other.id, category(name="Other", slug="cold"), None),
        )


async def test_a_sku_that_two_products_are_given_at_once_is_the_first_ones(shelf: OpenDatabase) -> None:
    one, other = [await shelf.write(actions.create_product, draft(name=name, sku=name)) for name in ("ONE", "OTHER")]

    with pytest.raises(SkuTaken):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.change_product(tx, one.id, draft(name="ONE", sku="COLD"), None),
            lambda tx: actions.change_product(tx, other.id, draft(name="OTHER", sku="COLD"), None),
        )
