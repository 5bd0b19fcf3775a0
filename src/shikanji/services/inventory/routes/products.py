"""The card, and the products on it."""

from shikanji.kit.errors import Conflict, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.pages import decode_cursor, page
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.actions.catalogue import Shown, product_tag, rating_of
from shikanji.services.inventory.errors import LabelContradicted, ProductNotFound, SkuTaken, SlugTaken
from shikanji.services.inventory.model.card import Wanted
from shikanji.services.inventory.model.pricing import Offer
from shikanji.services.inventory.model.product import Product, ProductDraft
from shikanji.services.inventory.repository.ratings import Rating
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.schemas import (
    DefinitionView,
    ListProducts,
    OfStore,
    ProductView,
    definition_view,
    offer_view,
    product_view,
)
from shikanji.services.inventory.settings import InventorySettings


@routes.get(
    "/api/v1/products",
    query=ListProducts,
    returns=list[ProductView],
    who=Who.ANYONE,
    page=True,
    cache_seconds=5,
    raises=[Invalid],
)
async def list_products(room: Room, incoming: Incoming[None, ListProducts]) -> Reply:
    """The card, as one store has it where `storeId` is given.

    With `q`, the best matches first; else by category and place. A category or store that is not known has nothing."""
    query = incoming.query
    wanted = Wanted(
        dietary=query.dietary,
        text=query.q or "",
        after=decode_cursor(query.cursor, int, int, int, str, str),
        limit=query.limit,
    )
    found = await room.db.read(actions.list_products, query.store_id, query.category, wanted)
    return page(found, query.limit, key=lambda each: each.place, view=lambda each: _listed(room, query.store_id, each))


@routes.post(
    "/api/v1/products",
    body=ProductDraft,
    returns=DefinitionView,
    status=201,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, LabelContradicted, SlugTaken, SkuTaken, Conflict],
)
async def create_product(room: Room, incoming: Incoming[ProductDraft, None]) -> Reply:
    """Adds a product. Its dietary labels follow from its ingredients; a label that they contradict is refused."""
    return _defined(await room.db.write(actions.create_product, incoming.body))


@routes.get(
    "/api/v1/products/{id}",
    query=OfStore,
    returns=ProductView,
    who=Who.ANYONE,
    editable=True,
    cache_seconds=5,
    raises=[ProductNotFound],
)
async def get_product(room: Room, incoming: Incoming[None, OfStore]) -> Reply:
    """One product, as one store has it where `storeId` is given. The ETag to edit it by comes without a store."""
    store_id = incoming.query.store_id
    product, offer = await room.db.read(actions.get_product, incoming.path["id"], store_id)
    rating = await room.db.read(rating_of, product.id)
    if store_id is None:
        return Reply(data=_catalogued(product, rating), etag=product_tag(product, rating))
    return Reply(data=_in_store(room, product, offer, rating))


@routes.get(
    "/api/v1/products/{id}/definition",
    returns=DefinitionView,
    who=Who.ADMIN,
    editable=True,
    raises=[ProductNotFound],
)
async def get_definition(room: Room, incoming: Incoming[None, None]) -> Reply:
    """A product as PUT takes it, with its cost."""
    product, _ = await room.db.read(actions.get_product, incoming.path["id"], None)
    return _defined(product)


@routes.put(
    "/api/v1/products/{id}",
    body=ProductDraft,
    returns=DefinitionView,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, LabelContradicted, ProductNotFound, SlugTaken, SkuTaken, Conflict, PreconditionFailed],
)
async def change_product(room: Room, incoming: Incoming[ProductDraft, None]) -> Reply:
    """Puts a product anew: what is left out has its default, but for the slug.

    Customizations and options keep their ids by id, or else by name."""
    changed = await room.db.write(actions.change_product, incoming.path["id"], incoming.body, incoming.if_match)
    return _defined(changed)


def _listed(room: Room, store_id: str | None, shown: Shown) -> ProductView:
    if store_id is None:
        return _catalogued(shown.product, shown.rating)
    return _in_store(room, shown.product, shown.offer, shown.rating)


def _catalogued(product: Product, rating: Rating | None) -> ProductView:
    return product_view(product, rating, price=product.price, available=product.available)


def _in_store(room: Room, product: Product, offer: Offer | None, rating: Rating | None) -> ProductView:
    on_sale = offer is not None and offer.is_on_sale(room.clock.now(), room.settings(InventorySettings).zone)
    return offer_view(product, offer, rating, on_sale=on_sale)


def _defined(product: Product) -> Reply:
    return Reply(data=definition_view(product), etag=etag(product.version))
