"""What one types finds what one means."""

import pytest

from shikanji.services.inventory.model.card import Place, Wanted, page
from shikanji.services.inventory.model.folding import singular, sound, tokens
from shikanji.services.inventory.model.product import Product
from tests.services.inventory.makers import CATEGORY, number, product

CARD = [
    product(name="Traditional Shikanji", nameHi="पारंपरिक शिकंजी", tags=["nimbu pani", "cooler"]),
    product(name="Mango Lassi", nameHi="आम लस्सी", ingredients=["Mango", "Curd", "Sugar"]),
    product(name="Sweet Lassi", nameHi="मीठी लस्सी", ingredients=["Curd", "Sugar"]),
    product(name="Masala Chaas", ingredients=["Curd", "Water", "Mint"]),
    product(name="Café Frappé", ingredients=["Coffee", "Milk"]),
]


def found(text: str, **wanted: object) -> list[str]:
    return [each.name for _, each in page(CARD, {CATEGORY: 0}, Wanted(text=text, **wanted))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["shikanji", "SHIK", "shikanjee", "sikanji", "trad shik", "शिकंजी", "शिक", "neembu paani"]
)
def test_a_drink_is_found_by_any_of_its_names(text: str) -> None:
    assert found(text) == ["Traditional Shikanji"]


def test_accents_do_not_matter() -> None:
    assert found("cafe frappe") == ["Café Frappé"]


@pytest.mark.parametrize("text", ["zeera", "jeera", "zira", "z", "j", "zee", "jal", "zal"])
def test_a_word_is_found_by_how_it_sounds_and_by_how_it_begins(text: str) -> None:
    assert [each.name for _, each in page([product(name="Jal Zeera")], {CATEGORY: 0}, Wanted(text=text))]


@pytest.mark.parametrize(("text", "name"), [("aa", "Aaloo Tikki"), ("aloo", "Aaloo Tikki"), ("ph", "Fulka")])
def test_two_letters_of_one_sound_begin_a_word(text: str, name: str) -> None:
    assert [each.name for _, each in page([product(name=name)], {CATEGORY: 0}, Wanted(text=text))] == [name]


@pytest.mark.parametrize("text", ["zz", "zzzz", "jjj", "aaaa", "eeee", "uuuu", "vvww", "phph", "aaaa zzzz"])
def test_letters_that_spell_nothing_find_nothing(text: str) -> None:
    named = ("Jal Zeera", "Aaloo Tikki", "Imli Ice Tea", "Upma", "Vada Wrap", "Fulka")
    card = [product(name=name) for name in named]

    assert page(card, {CATEGORY: 0}, Wanted(text=text)) == []


def test_a_name_ranks_before_an_ingredient() -> None:
    assert found("mint")[0] == "Masala Chaas"
    assert found("mango") == ["Mango Lassi"]


def test_every_word_must_be_found() -> None:
    assert found("lassi") == ["Mango Lassi", "Sweet Lassi"]
    assert found("sweet lassi") == ["Sweet Lassi"]
    assert found("lassi pizza") == []


def test_signs_alone_find_nothing_and_blanks_find_all() -> None:
    assert found("?!") == []
    assert len(found("  ")) == len(CARD)


def test_the_card_is_in_the_order_of_categories_and_places() -> None:
    other = number()
    card = [product(name="B", position=2), product(name="A", position=2), product(name="Z", position=1)]
    last = product(name="AA", categoryId=other)

    shown = page([last, *card], {CATEGORY: 0, other: 1}, Wanted())

    assert [each.name for _, each in shown] == ["Z", "A", "B", "AA"]


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    card = [product(name=f"Drink {each}") for each in range(7)]
    after: Place | None = None
    seen: list[Product] = []
    while shown := page(card, {CATEGORY: 0}, Wanted(after=after, limit=3))[:3]:
        seen += [each for _, each in shown]
        after = shown[-1][0]

    assert [each.name for each in seen] == [f"Drink {each}" for each in range(7)]


def test_a_label_and_a_category_narrow_the_card() -> None:
    card = [product(name="Samosa", ingredients=["potato", "maida"]), product(name="Lemonade", ingredients=["lemon"])]

    jain = page(card, {CATEGORY: 0}, Wanted(dietary="jain"))
    nowhere = page(card, {CATEGORY: 0}, Wanted(categories=frozenset()))

    assert [each.name for _, each in jain] == ["Lemonade"]
    assert nowhere == []


def test_folding_keeps_hindi_vowel_signs_and_drops_latin_accents() -> None:
    assert tokens("Crème  शिकंजी, NIMBU-pani!") == ["creme", "शिकंजी", "nimbu", "pani"]
    assert sound("paani") == "pani"
    assert [singular(each) for each in ("leaves", "potatoes", "chillies", "chilli", "berries", "berry", "gas")] == [
        "leaf",
        "potato",
        "chilli",
        "chilli",
        "berri",
        "berri",
        "gas",
    ]
