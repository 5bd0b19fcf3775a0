"""A product: what it is, how it can be customised, and every rule of changing it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta
from msgspec.structs import asdict, replace

from shikanji.contracts.inventory import ProductCreated, ProductUpdated
from shikanji.kit.errors import FieldError, Invalid
from shikanji.kit.events import Event
from shikanji.kit.web.fields import Id
from shikanji.services.inventory.model.dietary import (
    LABELS,
    Allergen,
    Claims,
    Label,
    allergens,
    check_claims,
    labels,
    taken_away,
)
from shikanji.services.inventory.model.schedule import Window
from shikanji.services.inventory.model.search import Terms, terms

PRICE_MAX = 10_000_000
"""Paise: one lakh rupees."""

Kind = Literal["made_to_order", "ready_to_drink", "instant", "masala_mix"]
SpiceLevel = Literal["mild", "medium", "hot", "sweet"]
Unit = Literal["g", "kg", "ml", "l", "pcs"]
Choice = Literal["radio", "checkbox", "select"]

_SLUG = {"pattern": "small letters, digits and single hyphens, as in masala-chai"}
Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S", extra={"pattern": "more than blanks"})]
Text = Annotated[str, Meta(max_length=4_000)]
Slug = Annotated[str, Meta(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)", extra=_SLUG)]
Code = Annotated[
    str,
    Meta(
        max_length=40,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$(?!\n)",
        extra={"pattern": "letters, digits and . _ / - after the first"},
    ),
]
TaxClass = Annotated[str, Meta(max_length=40, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)", extra=_SLUG)]
Amount = Annotated[int, Meta(ge=0, le=PRICE_MAX)]
Delta = Annotated[int, Meta(ge=-PRICE_MAX, le=PRICE_MAX)]
Word = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S", extra={"pattern": "more than blanks"})]
Quantity = Annotated[float, Meta(ge=0, le=100_000)]
Image = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=r"^(https://[A-Za-z0-9]|[a-z0-9])[A-Za-z0-9._~/%?=&-]*$(?!\n)",
        extra={"pattern": "an https address or the key of a file"},
    ),
]
"""An https address, or the key of a file of ours."""


class _Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Written as in the API, with every limit of it."""


class Nutrition(_Shape, frozen=True, kw_only=True):
    """Per serving; grams, sodium in mg."""

    kcal: Quantity | None = None
    protein: Quantity | None = None
    carbs: Quantity | None = None
    fat: Quantity | None = None
    fibre: Quantity | None = None
    sodium: Quantity | None = None


class OptionDraft(_Shape, frozen=True, kw_only=True):
    """One choice. `ingredients`: what choosing it adds."""

    id: Id | None = None
    name: Name
    name_hi: Name | None = None
    price_delta: Delta = 0
    is_default: bool = False
    ingredients: Annotated[tuple[Word, ...], Meta(max_length=30)] = ()


class CustomizationDraft(_Shape, frozen=True, kw_only=True):
    """A group of choices: with any chosen, at least `min` and at most `max`; when required, some must be."""

    id: Id | None = None
    name: Name
    name_hi: Name | None = None
    kind: Choice = "radio"
    required: bool = False
    min: Annotated[int, Meta(ge=0, le=50)] = 0
    max: Annotated[int, Meta(ge=1, le=50)] = 1
    options: Annotated[tuple[OptionDraft, ...], Meta(min_length=1, max_length=50)]


class Option(OptionDraft, frozen=True, kw_only=True):
    id: str

    @property
    def excludes(self) -> list[Label]:
        """The labels that the product loses with this option."""
        return taken_away(self.ingredients)


class Customization(CustomizationDraft, frozen=True, kw_only=True):
    id: str
    options: tuple[Option, ...]

    @property
    def defaults(self) -> list[Option]:
        return [option for option in self.options if option.is_default]


class ProductFields(_Shape, frozen=True, kw_only=True):
    """What everyone may see of a product as it was typed. Amounts in paise, tax apart unless its class includes it."""

    name: Name
    name_hi: Name | None = None
    sku: Code
    description: Text = ""
    description_hi: Text = ""
    category_id: Id
    kind: Kind = "made_to_order"
    price: Amount
    original_price: Amount | None = None
    tags: Annotated[tuple[Word, ...], Meta(max_length=30)] = ()
    ingredients: Annotated[tuple[Word, ...], Meta(max_length=60)] = ()
    may_contain: Annotated[tuple[Allergen, ...], Meta(max_length=9)] = ()
    """What the kitchen cannot keep out (traces)."""
    spice_level: SpiceLevel | None = None
    prep_minutes: Annotated[int, Meta(ge=0, le=1_440)] = 0
    servings: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    weight: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    unit: Unit | None = None
    shelf_life_days: Annotated[int, Meta(ge=0, le=3_650)] | None = None
    storage: Annotated[str, Meta(max_length=200)] = ""
    nutrition: Nutrition | None = None
    images: Annotated[tuple[Image, ...], Meta(max_length=12)] = ()
    available: bool = True
    featured: bool = False
    position: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Its place within its category."""
    schedule: Annotated[tuple[Window, ...], Meta(max_length=30)] = ()
    tax_class: TaxClass


class ProductDraft(ProductFields, frozen=True, kw_only=True):
    """A product as head office puts it. The labels may be left out: they follow from the ingredients."""

    slug: Slug | None = None
    cost: Amount | None = None
    customizations: Annotated[tuple[CustomizationDraft, ...], Meta(max_length=20)] = ()
    is_vegetarian: bool | None = None
    is_vegan: bool | None = None
    is_jain: bool | None = None
    is_gluten_free: bool | None = None
    is_nut_free: bool | None = None

    @property
    def claims(self) -> Claims:
        return Claims(**{name: getattr(self, name) for name in Claims.__struct_fields__})


class Product(ProductFields, frozen=True, kw_only=True, dict=True):
    """A product whole, as it is stored. One version never changes, so what follows from it is worked out once."""

    id: str
    version: int = 1
    created_at: int
    updated_at: int
    slug: str
    cost: int | None = None
    customizations: tuple[Customization, ...] = ()

    def __hash__(self) -> int:
        """Cheap, for what is worked out once per product; a version never changes."""
        return hash((self.id, self.version))

    @property
    def by_default(self) -> list[str]:
        """The ingredients of the product with its default options."""
        defaults = (option for group in self.customizations for option in group.defaults)
        return [*self.ingredients, *(name for option in defaults for name in option.ingredients)]

    @cached_property
    def labels(self) -> frozenset[Label]:
        return labels(self.by_default, self.may_contain)

    @cached_property
    def allergens(self) -> list[Allergen]:
        return allergens(self.by_default, self.may_contain)

    @cached_property
    def terms(self) -> Terms:
        """What a search finds it by."""
        return terms((self.name, self.name_hi or "", self.sku), self.tags, self.ingredients)

    @cached_property
    def lowest_delta(self) -> int:
        """What the cheapest choice of options takes off the price, in paise (0 or less)."""
        return sum(
            min(delta, 0)
            for group in self.customizations
            for delta in sorted(option.price_delta for option in group.options)[: group.max]
        )


class Changed(NamedTuple):
    """A product after a change, and what is to be told."""

    product: Product
    events: tuple[Event, ...]


@lru_cache(maxsize=4_096)
def product_of(document: bytes) -> Product:
    """A stored product; the same bytes are parsed once."""
    return _DECODER.decode(document)


def create(draft: ProductDraft, *, id: str, new_id: Callable[[], str], now: int) -> Changed:
    """A new product; raises Invalid or LabelContradicted naming every wrong field."""
    product = _made(draft, _Ids({}, new_id), id=id, version=1, created_at=now, updated_at=now)
    created = ProductCreated(product_id=id, name=product.name, category_id=product.category_id, price=product.price)
    return Changed(product, (created,))


def change(product: Product, draft: ProductDraft, *, new_id: Callable[[], str], now: int) -> Changed:
    """The product as the draft wants it; nothing happens and nothing is told where it is so already."""
    kept = {name: getattr(product, name) for name in ("id", "slug", "version", "created_at", "updated_at")}
    after = _made(draft, _Ids(_known_ids(product), new_id), **kept)
    fields = Product.__struct_fields__
    changed = sorted(_camel(name) for name in fields if getattr(product, name) != getattr(after, name))
    if not changed:
        return Changed(product, ())
    after = replace(after, version=product.version + 1, updated_at=now)
    told = ProductUpdated(product_id=product.id, changed=changed, name=after.name, category_id=after.category_id)
    return Changed(after, (told,))


def slug_of(name: str, id: str) -> str:
    """`Mango Lassi` → `mango-lassi`; a name without Latin letters lends the end of its id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or f"p-{id[-12:]}"


def _made(draft: ProductDraft, ids: "_Ids", *, id: str, slug: str | None = None, **fixed: Any) -> Product:
    _refuse(_faults(draft))
    fields = {name: getattr(draft, name) for name in ProductFields.__struct_fields__}
    groups = tuple(_customization(group, ids) for group in draft.customizations)
    slug = draft.slug or slug or slug_of(draft.name, id)
    product = Product(id=id, slug=slug, cost=draft.cost, customizations=groups, **fixed, **fields)
    _refuse(_price_faults(product))
    check_claims(draft.claims, product.by_default, product.may_contain)
    return product


class _Ids(NamedTuple):
    """Whence groups and options without an id get one: what bears the same name keeps its own."""

    known: Mapping[tuple[str, ...], str]
    new_id: Callable[[], str]

    def of(self, given: str | None, *path: str) -> str:
        return given or self.known.get(path) or self.new_id()


def _known_ids(product: Product) -> dict[tuple[str, ...], str]:
    known: dict[tuple[str, ...], str] = {}
    for group in product.customizations:
        known[(group.name,)] = group.id
        known.update({(group.name, option.name): option.id for option in group.options})
    return known


def _customization(draft: CustomizationDraft, ids: _Ids) -> Customization:
    options = tuple(
        Option(**{**asdict(option), "id": ids.of(option.id, draft.name, option.name)}) for option in draft.options
    )
    return Customization(**{**asdict(draft), "id": ids.of(draft.id, draft.name), "options": options})


def _refuse(faults: Iterable[tuple[str, str]]) -> None:
    errors = [FieldError(field, message) for field, message in faults]
    if errors:
        raise Invalid("; ".join(f"{error.field}: {error.message}" for error in errors), errors=errors)


def _faults(draft: ProductDraft) -> Iterator[tuple[str, str]]:
    if draft.original_price is not None and draft.original_price < draft.price:
        yield "originalPrice", "must not be below the price"
    if (draft.weight is None) != (draft.unit is None):
        yield "unit", "weight and unit go together"
    for at, window in enumerate(draft.schedule):
        if window.opens == window.closes:
            yield f"schedule[{at}].closes", "must differ from opens"
    names = [group.name for group in draft.customizations]
    if len(names) != len(set(names)):
        yield "customizations", "two have the same name"
    ids = [group.id for group in draft.customizations if group.id]
    ids += [option.id for group in draft.customizations for option in group.options if option.id]
    if len(ids) != len(set(ids)):
        yield "customizations", "an id stands twice"
    for at, group in enumerate(draft.customizations):
        yield from ((f"customizations[{at}].{field}", message) for field, message in _group_faults(group))


def _group_faults(group: CustomizationDraft) -> Iterator[tuple[str, str]]:
    defaults = sum(option.is_default for option in group.options)
    if group.min > group.max:
        yield "min", "must not be above max"
    if group.max > len(group.options):
        yield "max", "there are not that many options"
    if group.kind != "checkbox" and group.max != 1:
        yield "max", f"a {group.kind} takes one choice"
    if group.required and group.min == 0:
        yield "min", "is at least 1 where a choice is required"
    if defaults > group.max or 0 < defaults < group.min:
        yield "options", f"defaults are between {group.min} and {group.max}"
    if len({option.name for option in group.options}) < len(group.options):
        yield "options", "two have the same name"


def _price_faults(product: Product) -> Iterator[tuple[str, str]]:
    if product.price + product.lowest_delta < 0:
        yield "price", "the cheapest options take it below zero"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


LABEL_FIELDS: tuple[tuple[str, Label], ...] = tuple((f"is_{label.replace('-', '_')}", label) for label in LABELS)

_DECODER = msgspec.json.Decoder(Product)
