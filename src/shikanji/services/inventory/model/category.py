"""Categories: a tree of two levels, category and subcategory."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from shikanji.contracts.inventory import CategoryUpdated
from shikanji.kit.errors import Invalid
from shikanji.kit.web.fields import Id
from shikanji.services.inventory.model.product import Image, Name, Slug, Text, slug_of


class CategoryDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A category as head office puts it."""

    name: Name
    name_hi: Name | None = None
    slug: Slug | None = None
    description: Text = ""
    image: Image | None = None
    parent_id: Id | None = None
    """None: stands at the top."""
    position: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Category(CategoryDraft, frozen=True, kw_only=True):
    id: str
    slug: str
    version: int = 1
    created_at: int
    updated_at: int


def create(draft: CategoryDraft, *, id: str, now: int) -> Category:
    return _with(draft, id=id, slug=draft.slug or slug_of(draft.name, id), version=1, created_at=now, updated_at=now)


def change(category: Category, draft: CategoryDraft, now: int) -> Category:
    """The category as the draft wants it; the same object where it is so already."""
    slug = draft.slug or category.slug
    after = _with(
        draft,
        id=category.id,
        slug=slug,
        version=category.version,
        created_at=category.created_at,
        updated_at=category.updated_at,
    )
    return category if after == category else replace(after, version=category.version + 1, updated_at=now)


def updated(category: Category) -> CategoryUpdated:
    return CategoryUpdated(category_id=category.id, parent_id=category.parent_id, name=category.name)


def check_place(category: Category, parent: Category | None, has_children: bool) -> None:
    """Raises Invalid where the category cannot stand under its parent: the tree has two levels."""
    if category.parent_id is None:
        return
    if parent is None:
        raise Invalid.field("parentId", "there is no such category")
    if parent.id == category.id:
        raise Invalid.field("parentId", "a category cannot stand under itself")
    if parent.parent_id is not None:
        raise Invalid.field("parentId", "is a subcategory itself: the tree has two levels")
    if has_children:
        raise Invalid.field("parentId", "this category has subcategories: the tree has two levels")


def in_order(categories: Iterable[Category]) -> list[Category]:
    """As on the card: every category before its subcategories."""
    listed = sorted(categories, key=lambda each: (each.position, each.name, each.id))
    tops = [each for each in listed if each.parent_id is None]
    return [shown for top in tops for shown in (top, *(each for each in listed if each.parent_id == top.id))]


def with_children(categories: Iterable[Category], wanted: str) -> frozenset[str]:
    """Ids of the category with this id or slug and of all below it; none where there is no such category."""
    listed = list(categories)
    found = {each.id for each in listed if wanted in (each.id, each.slug)}
    return frozenset(found | {each.id for each in listed if each.parent_id in found})


def _with(draft: CategoryDraft, *, id: str, slug: str, version: int, created_at: int, updated_at: int) -> Category:
    fields = {name: getattr(draft, name) for name in CategoryDraft.__struct_fields__ if name != "slug"}
    return Category(**fields, id=id, slug=slug, version=version, created_at=created_at, updated_at=updated_at)
