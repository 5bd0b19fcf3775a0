"""Suppliers: head office's to edit, the managers' to see."""

from shikanji.kit.errors import Forbidden, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.guards import require_role_somewhere
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import GstinTaken, SupplierInUse, SupplierNotFound
from shikanji.services.inventory.model.supplier import Supplier, SupplierDraft
from shikanji.services.inventory.repository import suppliers
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.routes.supply_views import ListSuppliers, SupplierView, supplier_view


@routes.get(
    "/api/v1/suppliers",
    query=ListSuppliers,
    returns=list[SupplierView],
    who=Who.STAFF,
    page=True,
    raises=[Forbidden, Invalid],
)
async def list_suppliers(room: Room, incoming: Incoming[None, ListSuppliers]) -> Reply:
    """Suppliers by name, for head office and managers; with `productId`, those of one product."""
    require_role_somewhere(incoming.principal, "manager")
    query = incoming.query
    after = decode_cursor(query.cursor, str, str)
    found = await room.db.read(suppliers.listed, after, query.limit + 1, query.active, query.product_id)
    return page(found, query.limit, key=lambda each: (each.name, each.id), view=supplier_view)


@routes.post(
    "/api/v1/suppliers",
    body=SupplierDraft,
    returns=SupplierView,
    status=201,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, GstinTaken],
)
async def create_supplier(room: Room, incoming: Incoming[SupplierDraft, None]) -> Reply:
    """Adds a supplier, with what he supplies and for how much."""
    return _shown(await room.db.write(actions.create_supplier, incoming.body))


@routes.get(
    "/api/v1/suppliers/{id}",
    returns=SupplierView,
    who=Who.STAFF,
    editable=True,
    raises=[Forbidden, SupplierNotFound],
)
async def get_supplier(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One supplier."""
    require_role_somewhere(incoming.principal, "manager")
    return _shown(await room.db.read(actions.get_supplier, incoming.path["id"]))


@routes.put(
    "/api/v1/suppliers/{id}",
    body=SupplierDraft,
    returns=SupplierView,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, SupplierNotFound, GstinTaken, PreconditionFailed],
)
async def change_supplier(room: Room, incoming: Incoming[SupplierDraft, None]) -> Reply:
    """Puts a supplier anew: what is left out has its default. Purchase orders that are there keep their costs."""
    changed = await room.db.write(actions.change_supplier, incoming.path["id"], incoming.body, incoming.if_match)
    return _shown(changed)


@routes.delete("/api/v1/suppliers/{id}", status=204, who=Who.ADMIN, raises=[SupplierNotFound, SupplierInUse])
async def delete_supplier(room: Room, incoming: Incoming[None, None]) -> None:
    """Removes a supplier of whom nothing was ever ordered; any other is retired by `active: false`."""
    await room.db.write(actions.delete_supplier, incoming.path["id"])


def _shown(supplier: Supplier) -> Reply:
    return Reply(data=supplier_view(supplier), etag=etag(supplier.version))
