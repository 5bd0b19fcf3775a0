"""Who supplies the stores."""

from shikanji.kit.db.faults import ConstraintViolated
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid
from shikanji.kit.web.etags import etag, require_match
from shikanji.services.inventory.errors import GstinTaken, SupplierInUse, SupplierNotFound
from shikanji.services.inventory.model import supplier
from shikanji.services.inventory.model.supplier import Supplier, SupplierDraft
from shikanji.services.inventory.repository import catalogue, suppliers


def create_supplier(tx: Tx, draft: SupplierDraft) -> Supplier:
    added = supplier.create(draft, id=tx.new_id(), now=tx.now)
    _check_products(tx, added)
    if not suppliers.add(tx, added):
        raise GstinTaken(f"{added.gstin} is another's")
    return added


def change_supplier(tx: Tx, id: str, draft: SupplierDraft, if_match: str | None) -> Supplier:
    before = suppliers.locked(tx, id)
    if before is None:
        raise SupplierNotFound
    require_match(if_match, etag(before.version))
    after = supplier.change(before, draft, tx.now)
    if after is before:
        return before
    _check_products(tx, after)
    try:
        with tx.savepoint():
            suppliers.save(tx, after)
    except ConstraintViolated:
        raise GstinTaken(f"{after.gstin} is another's") from None
    return after


def delete_supplier(tx: Tx, id: str) -> None:
    """Only one of whom nothing was ever ordered."""
    if suppliers.locked(tx, id) is None:
        raise SupplierNotFound
    if suppliers.in_use(tx, id):
        raise SupplierInUse
    suppliers.delete(tx, id)


def get_supplier(tx: Tx, id: str) -> Supplier:
    found = suppliers.find(tx, id)
    if found is None:
        raise SupplierNotFound
    return found


def _check_products(tx: Tx, checked: Supplier) -> None:
    known = {product.id for product in catalogue.products_of(tx, [each.product_id for each in checked.products])}
    for place, supplied in enumerate(checked.products):
        if supplied.product_id not in known:
            raise Invalid.field(f"products[{place}].productId", "there is no such product")
