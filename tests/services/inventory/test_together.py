"""What two people do to suppliers at the same moment; only PostgreSQL lets them."""

import msgspec
import pytest

from shikanji.kit.errors import Invalid
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import GstinTaken
from shikanji.services.inventory.model.purchase import PurchaseDraft
from shikanji.services.inventory.model.supplier import SupplierDraft
from tests.kit.databases import OpenDatabase
from tests.kit.turns import one_waits_for_the_other
from tests.services.inventory.makers import SHIKANJI, STORE
from tests.services.inventory.purchasing import GSTIN, supplier

ENGINES = ["postgres"]


async def test_nothing_is_ordered_of_a_supplier_who_is_just_being_removed(shelf: OpenDatabase) -> None:
    gone = await supplier(shelf, (SHIKANJI, 500))
    lines = [{"productId": SHIKANJI, "quantity": 1}]
    draft = msgspec.convert({"storeId": STORE, "supplierId": gone.id, "lines": lines}, PurchaseDraft)

    with pytest.raises(Invalid, match="supplierId"):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.delete_supplier(tx, gone.id),
            lambda tx: actions.create_purchase(tx, draft, "ravi"),
        )


async def test_a_gstin_that_two_suppliers_are_given_at_once_is_the_first_ones(shelf: OpenDatabase) -> None:
    one, other = await supplier(shelf), await supplier(shelf, name="Other")
    draft = msgspec.convert({"name": "Other", "gstin": GSTIN}, SupplierDraft)

    with pytest.raises(GstinTaken):
        await one_waits_for_the_other(
            shelf,
            lambda tx: actions.change_supplier(tx, one.id, draft, None),
            lambda tx: actions.change_supplier(tx, other.id, draft, None),
        )
