"""Categories and their subcategories."""

from shikanji.kit.errors import Conflict, Invalid, PreconditionFailed
from shikanji.kit.service import Room
from shikanji.kit.web.etags import etag
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.inventory import actions
from shikanji.services.inventory.errors import CategoryInUse, CategoryNotFound, SlugTaken
from shikanji.services.inventory.model.category import Category, CategoryDraft
from shikanji.services.inventory.routes.declared import routes
from shikanji.services.inventory.schemas import CategoryTree, CategoryView, category_tree, category_view


@routes.get("/api/v1/categories", returns=list[CategoryTree], who=Who.ANYONE, cache_seconds=5)
async def list_categories(room: Room, incoming: Incoming[None, None]) -> list[CategoryTree]:
    """All categories with their subcategories, as on the card."""
    return category_tree(await room.db.read(actions.list_categories))


@routes.post(
    "/api/v1/categories",
    body=CategoryDraft,
    returns=CategoryView,
    status=201,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, SlugTaken],
)
async def create_category(room: Room, incoming: Incoming[CategoryDraft, None]) -> Reply:
    """Adds a category; without a slug it gets one from its name."""
    return _shown(await room.db.write(actions.create_category, incoming.body))


@routes.get("/api/v1/categories/{id}", returns=CategoryView, who=Who.ANYONE, editable=True, raises=[CategoryNotFound])
async def get_category(room: Room, incoming: Incoming[None, None]) -> Reply:
    """One category."""
    return _shown(await room.db.read(actions.get_category, incoming.path["id"]))


@routes.put(
    "/api/v1/categories/{id}",
    body=CategoryDraft,
    returns=CategoryView,
    who=Who.ADMIN,
    editable=True,
    raises=[Invalid, CategoryNotFound, SlugTaken, Conflict, PreconditionFailed],
)
async def change_category(room: Room, incoming: Incoming[CategoryDraft, None]) -> Reply:
    """Puts a category anew: what is left out has its default, but for the slug."""
    changed = await room.db.write(actions.change_category, incoming.path["id"], incoming.body, incoming.if_match)
    return _shown(changed)


@routes.delete("/api/v1/categories/{id}", status=204, who=Who.ADMIN, raises=[CategoryNotFound, CategoryInUse])
async def delete_category(room: Room, incoming: Incoming[None, None]) -> None:
    """Removes a category that holds nothing."""
    await room.db.write(actions.delete_category, incoming.path["id"])


def _shown(category: Category) -> Reply:
    return Reply(data=category_view(category), etag=etag(category.version))
