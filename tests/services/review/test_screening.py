"""The first look at a text: what waits for somebody, and what does not."""

import msgspec
import pytest

from shikanji.kit.errors import Invalid
from shikanji.services.review.model.rating import Subject, nothing
from shikanji.services.review.model.screening import clean, fingerprint, look_at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Good.",
        "Best shikanji since Modinagar, 10/10! 2 glasses for ₹160 :-)",
        "बहुत स्वादिष्ट, मसाला एकदम सही था।",
        "Masala chai was classic; Assam tea, cocktail of spices, peacock on the cup.",
        "SO GOOD",
        "ORDERED AT 7.30, came at 8.15 in a box",
        "क्\u200dया स्वाद है",
        "Came on 22.11.2026 at 18.45, for 2 of us",
    ],
)
def test_what_people_say_of_food_is_shown(text: str) -> None:
    assert look_at(text) == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("see https://example.org", "link"),
        ("WWW.EXAMPLE", "link"),
        ("better at lassi-wala.in", "link"),
        ("ｗｗｗ．example．com", "link"),
        ("write to me@example.test", "contact"),
        ("call 98765 43210", "contact"),
        ("+91-98765-43210", "contact"),
        ("९८७६५ ४३२१०", "contact"),
        ("what a bastard", "language"),
        ("b@st@rd!!", "language"),
        ("fuuuuuck", "language"),
        ("f u c k", "language"),
        ("F.U.C.K", "language"),
        ("chutiya log", "language"),
        ("CHUTIYAA", "language"),
        ("yeh toh हरामज़ादा hai", "language"),
        # What is not seen does not hide: a soft hyphen, no blank at all, a turn of the writing's direction.
        ("what a bas\u00adtard", "language"),
        ("f\u200bu\u200bc\u200bk", "language"),
        ("better at lassi\u2060-wala.\u200bin", "link"),
        ("call 98\u202e76\u202c543210", "contact"),
        ("yeh toh हराम\u200dज़ादा hai", "language"),
        ("NEVER EVER ORDER FROM HERE AGAIN", "shouting"),
    ],
)
def test_what_somebody_should_see_first_waits(text: str, finding: str) -> None:
    assert look_at(text) == [finding]


def test_texts_that_differ_in_signs_only_have_one_fingerprint() -> None:
    one = fingerprint("The best shikanji in town!")

    assert one == fingerprint("the BEST shikanji -- in town") != fingerprint("The best lassi in town!")
    assert fingerprint("Very good") == fingerprint("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!") == ""


def test_a_text_is_kept_composed_and_without_blanks_around_it() -> None:
    assert clean("  cafe\u0301\n ") == "café"


@pytest.mark.parametrize(
    "text", ["4111 1111 1111 1111", "paid with 5500-0000-0000-0004", "4111\u200b1111\u200b1111\u200b1111"]
)
def test_a_card_number_is_kept_nowhere(text: str) -> None:
    with pytest.raises(Invalid):
        clean(text)
    clean(text.replace("11", "12", 1).replace("55", "56", 1))


@pytest.mark.parametrize(
    ("stars", "mean"),
    [
        ([], 0),
        ([5], 500),
        ([4, 5], 450),
        ([4, 5, 5], 467),
        ([1, 1, 2], 133),
        ([5] * 199 + [4], 500),
        ([3, 4] * 100, 350),
    ],
)
def test_a_mean_is_rounded_half_up_and_never_stored(stars: list[int], mean: int) -> None:
    rating = msgspec.structs.replace(nothing(Subject("product", "p")), count=len(stars), sum=sum(stars))

    assert rating.mean_hundredths == mean
