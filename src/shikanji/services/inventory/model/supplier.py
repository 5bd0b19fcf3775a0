"""Those who supply a store, and what each of them takes for what."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import asdict, replace

from shikanji.kit.errors import Invalid
from shikanji.kit.india import gstin_fault
from shikanji.kit.web.fields import Id
from shikanji.services.inventory.model.product import Amount, Name

PRODUCTS_MAX = 500

Phone = Annotated[
    str, Meta(max_length=16, pattern=r"^\+[1-9][0-9]{6,14}$(?!\n)", extra={"form": "a number such as +919876543210"})
]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$(?!\n)",
        extra={"form": "an email address such as orders@example.in"},
    ),
]
Gstin = Annotated[str, Meta(min_length=15, max_length=15, extra={"form": "a GSTIN: 15 characters"})]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Written as in the API, with every limit of it."""


class Supplied(_Shape, frozen=True, kw_only=True):
    """One of the supplier's products; `unit_cost` in paise, without tax."""

    product_id: Id
    unit_cost: Amount


class SupplierFields(_Shape, frozen=True, kw_only=True):
    name: Name
    contact_name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    gstin: Gstin | None = None
    address: Annotated[str, Meta(max_length=500)] = ""
    lead_days: Annotated[int, Meta(ge=0, le=365)] = 1
    """How many days pass from an order to its delivery."""
    notes: Annotated[str, Meta(max_length=2_000)] = ""
    active: bool = True
    """Nothing new is ordered from one that is not."""
    products: Annotated[tuple[Supplied, ...], Meta(max_length=PRODUCTS_MAX)] = ()


class SupplierDraft(SupplierFields, frozen=True, kw_only=True):
    """A supplier as head office puts it."""


class Supplier(SupplierFields, frozen=True, kw_only=True):
    id: str
    version: int
    created_at: int
    updated_at: int


def create(draft: SupplierDraft, *, id: str, now: int) -> Supplier:
    """Raises Invalid naming what is wrong."""
    _check(draft)
    return Supplier(**_fields(draft), id=id, version=1, created_at=now, updated_at=now)


def change(before: Supplier, draft: SupplierDraft, now: int) -> Supplier:
    """The supplier as the draft wants it; the very same where it is so already."""
    _check(draft)
    after = replace(before, **_fields(draft))
    return before if after == before else replace(after, version=before.version + 1, updated_at=now)


def _fields(draft: SupplierDraft) -> dict[str, Any]:
    return asdict(draft) | {"products": tuple(sorted(draft.products, key=lambda each: each.product_id))}


def _check(draft: SupplierDraft) -> None:
    if draft.gstin is not None and (fault := gstin_fault(draft.gstin)):
        raise Invalid.field("gstin", fault)
    if len({each.product_id for each in draft.products}) < len(draft.products):
        raise Invalid.field("products", "names a product twice")
