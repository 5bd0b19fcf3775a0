"""Dietary labels follow from the ingredients; nobody types them.

A label stands only when every ingredient is understood and none contradicts it. An ingredient that the kitchen's table
does not know takes every label away (none can be proved), and a claim made over it is refused naming it: a customer
who asks for the Jain menu must be able to trust it."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from shikanji.kit.errors import FieldError
from shikanji.services.inventory.errors import LabelContradicted
from shikanji.services.inventory.model.ingredients import Trait, read

Label = Literal["vegetarian", "vegan", "jain", "gluten-free", "nut-free"]
LABELS: tuple[Label, ...] = get_args(Label)

Allergen = Literal["milk", "egg", "fish", "gluten", "nuts", "peanuts", "soy", "sesame", "mustard"]

_MEAT: tuple[Trait, ...] = ("egg", "meat", "fish")
_EXCLUDES: Mapping[Label, frozenset[Trait]] = {
    "vegetarian": frozenset(_MEAT),
    "vegan": frozenset((*_MEAT, "dairy", "honey")),
    "jain": frozenset((*_MEAT, "root", "fungus", "honey", "alcohol")),
    "gluten-free": frozenset(("gluten",)),
    "nut-free": frozenset(("nut", "peanut")),
}
_ALLERGENS: Mapping[Trait, Allergen] = {
    "dairy": "milk",
    "egg": "egg",
    "fish": "fish",
    "gluten": "gluten",
    "nut": "nuts",
    "peanut": "peanuts",
    "soy": "soy",
    "sesame": "sesame",
    "mustard": "mustard",
}
_ALLERGEN_TRAITS: Mapping[Allergen, Trait] = {allergen: trait for trait, allergen in _ALLERGENS.items()}
_WORDING: Mapping[Trait, str] = {
    "root": "is or contains a root vegetable",
    "fungus": "is a fungus",
    "honey": "is honey",
    "egg": "contains egg",
    "meat": "is or comes from meat",
    "fish": "is or comes from fish or shellfish",
    "dairy": "is or contains milk",
    "alcohol": "contains alcohol",
    "gluten": "contains gluten",
    "nut": "is or contains a tree nut",
    "peanut": "is or contains peanut",
}


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever typed the product believes of it; None: says nothing."""

    is_vegetarian: bool | None = None
    is_vegan: bool | None = None
    is_jain: bool | None = None
    is_gluten_free: bool | None = None
    is_nut_free: bool | None = None

    def of(self, label: Label) -> bool | None:
        claim: bool | None = getattr(self, f"is_{label.replace('-', '_')}")
        return claim


def labels(ingredients: Iterable[str], may_contain: Iterable[Allergen] = ()) -> frozenset[Label]:
    """The labels that the ingredients prove; none where the list is empty."""
    named, traces = list(ingredients), list(may_contain)
    return frozenset(label for label in LABELS if objection(label, named, traces) is None)


def allergens(ingredients: Iterable[str], may_contain: Iterable[Allergen] = ()) -> list[Allergen]:
    """What the ingredients bring, and what the kitchen cannot keep out, by name."""
    traits = (trait for name in ingredients for trait in read(name).traits)
    found = {_ALLERGENS[trait] for trait in traits if trait in _ALLERGENS}
    return sorted(found.union(may_contain))


def taken_away(ingredients: Iterable[str]) -> list[Label]:
    """The labels that adding these ingredients ends; none where nothing is added."""
    named = list(ingredients)
    return [label for label in LABELS if objection(label, named)] if named else []


def check_claims(claims: Claims, ingredients: Iterable[str], may_contain: Iterable[Allergen] = ()) -> None:
    """Raises LabelContradicted naming the ingredient for every claim that differs from what the list proves."""
    named, traces = list(ingredients), list(may_contain)
    wrong = [fault for label in LABELS if (fault := _fault(claims.of(label), label, named, traces)) is not None]
    if wrong:
        raise LabelContradicted("; ".join(fault.message for fault in wrong), errors=wrong)


def objection(label: Label, ingredients: list[str], may_contain: Iterable[Allergen] = ()) -> str | None:
    """Why the label cannot stand, naming the ingredient; None when it can."""
    if not ingredients:
        return "no ingredients are named"
    readings = [(name, read(name)) for name in ingredients]
    for name, reading in readings:
        for trait in sorted(reading.traits & _EXCLUDES[label]):
            return f"{name!r} {_WORDING[trait]}"
    for allergen in may_contain:
        if label in ("gluten-free", "nut-free") and _ALLERGEN_TRAITS[allergen] in _EXCLUDES[label]:
            return f"it may contain {allergen}"
    for name, reading in readings:
        if not reading.understood:
            return f"{name!r} is no ingredient that the kitchen's table knows"
    return None


def _fault(claim: bool | None, label: Label, ingredients: list[str], traces: list[Allergen]) -> FieldError | None:
    if claim is None:
        return None
    first, _, rest = label.partition("-")
    field = f"is{first.capitalize()}{rest.capitalize()}"
    reason = objection(label, ingredients, traces)
    if claim and reason is not None:
        return FieldError(field, f"not {label}: {reason}")
    if not claim and reason is None:
        return FieldError(field, f"the ingredients make it {label}: leave the field out, or name what is missing")
    return None
