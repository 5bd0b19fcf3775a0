"""Who supplies the stores: edited whole, kept while anything was ordered of them."""

from typing import Any

import msgspec
import pytest

from shikanji.kit.errors import Invalid, PreconditionFailed
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import (
    GstinTaken,
    SupplierInUse,
)
from shikanji.services.inventory.model.supplier import SupplierDraft
from tests.kit.databases import OpenDatabase
from tests.services.inventory.makers import (
    CUSTOMER,
    SAMOSA,
    SHIKANJI,
)
from tests.services.inventory.purchasing import GSTIN, order, supplier

ENGINES = ["sqlite", "postgres"]


async def test_a_supplier_is_changed_whole_and_his_orders_keep_their_costs(shelf: OpenDatabase) -> None:
    made = await supplier(shelf, (SHIKANJI, 500), (SAMOSA, 300), gstin=GSTIN)
    ordered = await order(shelf, made, (SHIKANJI, 2))
    draft = msgspec.convert({"name": "Anew", "products": [{"productId": SHIKANJI, "unitCost": 900}]}, SupplierDraft)

    changed = await shelf.write(actions.change_supplier, made.id, draft, '"1"')

    assert await shelf.read(actions.get_supplier, made.id) == changed
    assert (changed.gstin, changed.version, len(changed.products)) == (None, 2, 1)
    assert (await shelf.write(actions.change_supplier, made.id, draft, None)).version == 2
    assert (await shelf.read(actions.get_purchase, ordered.id)).total == 1_000
    with pytest.raises(PreconditionFailed):
        await shelf.write(actions.change_supplier, made.id, draft, '"1"')


async def test_a_gstin_is_one_suppliers(shelf: OpenDatabase) -> None:
    await supplier(shelf, gstin=GSTIN)
    other = await supplier(shelf, name="Other")

    with pytest.raises(GstinTaken):
        await supplier(shelf, gstin=GSTIN)
    with pytest.raises(GstinTaken):
        await shelf.write(
            actions.change_supplier, other.id, msgspec.convert({"name": "Other", "gstin": GSTIN}, SupplierDraft), None
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"gstin": "29AAGCB7383J1Z5"},
        {"gstin": "39AAGCB7383J1Z4"},
        {"products": [{"productId": SHIKANJI, "unitCost": 1}, {"productId": SHIKANJI, "unitCost": 2}]},
        {"products": [{"productId": CUSTOMER, "unitCost": 1}]},
    ],
)
async def test_a_supplier_with_a_wrong_field_is_refused(shelf: OpenDatabase, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await supplier(shelf, **fields)


async def test_only_a_supplier_without_orders_is_deleted(shelf: OpenDatabase) -> None:
    idle, busy = await supplier(shelf, (SHIKANJI, 500)), await supplier(shelf, (SHIKANJI, 500), name="Busy")
    await order(shelf, busy, (SHIKANJI, 1))

    await shelf.write(actions.delete_supplier, idle.id)
    with pytest.raises(SupplierInUse):
        await shelf.write(actions.delete_supplier, busy.id)

    assert [row[0] for row in shelf.query("SELECT id FROM suppliers")] == [busy.id]
