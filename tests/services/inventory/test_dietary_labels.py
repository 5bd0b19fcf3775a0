"""A label is proved by the ingredients or it does not stand."""

import pytest

from shikanji.services.inventory.errors import LabelContradicted
from shikanji.services.inventory.model.dietary import Claims, allergens, check_claims, labels, taken_away
from shikanji.services.inventory.model.ingredients import read

SHIKANJI = ["Lemon", "Mint leaves", "Roasted cumin powder", "Black salt", "Sugar"]


def test_a_drink_of_fruit_and_spices_has_every_label() -> None:
    assert labels(SHIKANJI) == {"vegetarian", "vegan", "jain", "gluten-free", "nut-free"}


@pytest.mark.parametrize(
    "root",
    ["potato", "Onions", "garlic paste", "Carrots", "beetroot juice", "radish", "fresh ginger", "ginger", "aloo"],
)
def test_a_root_vegetable_ends_jain_and_nothing_else(root: str) -> None:
    assert labels([*SHIKANJI, root]) == {"vegetarian", "vegan", "gluten-free", "nut-free"}


@pytest.mark.parametrize(
    "dried", ["dry ginger", "dried ginger", "ginger powder", "sonth", "turmeric powder", "khus syrup"]
)
def test_what_is_dried_is_no_root_vegetable_any_more(dried: str) -> None:
    assert "jain" in labels([*SHIKANJI, dried])


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("honey", {"vegan", "jain"}),
        ("egg white", {"vegetarian", "vegan", "jain"}),
        ("chicken", {"vegetarian", "vegan", "jain"}),
        ("prawns", {"vegetarian", "vegan", "jain"}),
        ("gelatin", {"vegetarian", "vegan", "jain"}),
        ("mushrooms", {"jain"}),
        ("curd", {"vegan"}),
        ("ghee", {"vegan"}),
        ("refined flour (maida)", {"gluten-free"}),
        ("cashew nuts", {"nut-free"}),
        ("peanuts", {"nut-free"}),
        ("asafoetida (hing)", {"gluten-free"}),
    ],
)
def test_each_ingredient_takes_away_its_labels(name: str, lost: set[str]) -> None:
    assert labels(SHIKANJI) - labels([*SHIKANJI, name]) == lost


@pytest.mark.parametrize(
    "name",
    ["almond milk", "spring onion", "coconut milk", "raw banana", "sweet potato", "onion seed", "eggplant", "nutmeg"],
)
def test_the_longest_known_name_wins(name: str) -> None:
    """`almond milk` is no milk, `eggplant` no egg, `onion seed` no onion; `sweet potato` is a root all the same."""
    assert read(name).understood
    assert read(name).traits == {"almond milk": {"nut"}, "spring onion": {"root"}, "sweet potato": {"root"}}.get(
        name, set()
    )


def test_a_name_that_nobody_knows_proves_nothing() -> None:
    assert labels([*SHIKANJI, "moondust"]) == frozenset()


def test_nothing_named_proves_nothing() -> None:
    assert labels([]) == frozenset()


def test_what_is_known_in_a_half_known_name_still_counts() -> None:
    assert read("aloo tikki").traits == {"root"}
    assert not read("aloo tikki").understood


def test_traces_end_the_labels_of_allergies_only() -> None:
    assert labels(SHIKANJI, ["nuts", "gluten"]) == {"vegetarian", "vegan", "jain"}


def test_allergens_come_from_the_ingredients_and_from_traces() -> None:
    assert allergens(["milk", "cashews", "sesame seeds"], ["gluten"]) == ["gluten", "milk", "nuts", "sesame"]


def test_a_contradicted_claim_names_the_ingredient() -> None:
    with pytest.raises(LabelContradicted) as refused:
        check_claims(Claims(is_jain=True, is_vegan=True), ["Boiled potatoes", "Wheat flour"])

    assert [(error.field, error.message) for error in refused.value.errors] == [
        ("isJain", "not jain: 'Boiled potatoes' is or contains a root vegetable")
    ]
    assert refused.value.status == 422


def test_a_claim_over_an_unknown_ingredient_is_refused_naming_it() -> None:
    with pytest.raises(LabelContradicted, match="'moondust' is no ingredient that the kitchen's table knows"):
        check_claims(Claims(is_jain=True), ["lemon", "moondust"])


def test_denying_what_the_ingredients_prove_is_refused_too() -> None:
    with pytest.raises(LabelContradicted) as refused:
        check_claims(Claims(is_gluten_free=False), SHIKANJI)

    assert refused.value.errors[0].field == "isGlutenFree"


def test_claims_that_agree_pass() -> None:
    check_claims(Claims(is_jain=True, is_vegan=True, is_nut_free=True), SHIKANJI)
    check_claims(Claims(is_jain=False, is_vegetarian=True), ["potato"])
    check_claims(Claims(), ["moondust"])


def test_an_option_says_which_labels_go_with_it() -> None:
    assert taken_away(["honey"]) == ["vegan", "jain"]
    assert taken_away([]) == []
