from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shikanji.kit.money import divide_half_up, gst, round_off, shares

PAISE = st.integers(0, 10**12)
RATES = st.sampled_from([0, 25, 300, 500, 1200, 1800, 2800, 4000])


def test_five_percent_on_top_of_eighty_rupees_is_four_in_two_equal_halves() -> None:
    tax = gst(8000, 500)

    assert (tax.taxable, tax.cgst, tax.sgst, tax.igst, tax.gross) == (8000, 200, 200, 0, 8400)


def test_five_percent_inside_of_eighty_four_rupees_is_the_same_four() -> None:
    tax = gst(8400, 500, included=True)

    assert (tax.taxable, tax.cgst, tax.sgst, tax.gross) == (8000, 200, 200, 8400)


def test_half_a_paisa_goes_up_in_each_half_alike() -> None:
    assert (gst(20, 500).cgst, gst(20, 500).sgst) == (1, 1)
    assert gst(19, 500).tax == 0


def test_between_states_the_whole_tax_is_rounded_once() -> None:
    within, between = gst(30, 500), gst(30, 500, interstate=True)

    assert (within.cgst, within.sgst, within.igst) == (1, 1, 0)
    assert (between.cgst, between.sgst, between.igst) == (0, 0, 2)
    assert gst(10, 500, interstate=True).igst == 1


@given(amount=PAISE, rate=RATES, included=st.booleans())
def test_halves_are_always_equal_and_within_half_a_paisa_of_exact(amount: int, rate: int, included: bool) -> None:
    tax = gst(amount, rate, included=included)

    assert tax.cgst == tax.sgst
    exact = Fraction(amount * rate, 2 * (10_000 + (rate if included else 0)))
    assert abs(tax.cgst - exact) <= Fraction(1, 2)


@given(amount=PAISE, rate=RATES, interstate=st.booleans())
def test_included_tax_never_changes_what_is_paid(amount: int, rate: int, interstate: bool) -> None:
    assert gst(amount, rate, included=True, interstate=interstate).gross == amount


@given(amount=PAISE, rate=RATES)
def test_between_states_differs_from_within_by_a_paisa_at_most(amount: int, rate: int) -> None:
    assert abs(gst(amount, rate).tax - gst(amount, rate, interstate=True).tax) <= 1


def test_a_paisa_that_cannot_be_split_goes_to_the_largest_remainder() -> None:
    assert shares(100, [1, 1, 1]) == [34, 33, 33]
    assert shares(10, [1, 2, 4]) == [1, 3, 6]


@given(amount=PAISE, weights=st.lists(PAISE, min_size=1, max_size=50).filter(any))
def test_shares_sum_exactly_and_none_is_a_paisa_off(amount: int, weights: list[int]) -> None:
    split = shares(amount, weights)

    assert sum(split) == amount
    for share, weight in zip(split, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1
        assert weight or not share


@given(weights=st.lists(PAISE, min_size=1, max_size=20), part=st.fractions(0, 1))
def test_a_share_of_no_more_than_all_is_no_more_than_the_weight(weights: list[int], part: Fraction) -> None:
    split = shares(int(sum(weights) * part), weights)

    assert all(share <= weight for share, weight in zip(split, weights, strict=True))


def test_nothing_can_be_shared_among_nobody_but_nothing() -> None:
    assert shares(0, []) == []
    assert shares(0, [0, 0]) == [0, 0]
    with pytest.raises(ValueError, match="nobody"):
        shares(1, [0, 0])


@pytest.mark.parametrize(
    ("amount", "multiple", "added"),
    [(8449, 100, -49), (8450, 100, 50), (8500, 100, 0), (8449, 0, 0), (3, 5, 2), (2, 5, -2), (0, 100, 0)],
)
def test_totals_are_rounded_to_the_nearest_multiple(amount: int, multiple: int, added: int) -> None:
    assert round_off(amount, multiple) == added


@given(amount=PAISE, multiple=st.integers(1, 1000))
def test_a_rounded_total_is_a_multiple_and_at_most_half_of_one_away(amount: int, multiple: int) -> None:
    added = round_off(amount, multiple)

    assert (amount + added) % multiple == 0
    assert 2 * abs(added) <= multiple


@given(numerator=PAISE, denominator=st.integers(1, 10**6))
def test_division_goes_to_the_nearest(numerator: int, denominator: int) -> None:
    quotient = divide_half_up(numerator, denominator)

    assert Fraction(-1, 2) < quotient - Fraction(numerator, denominator) <= Fraction(1, 2)


@pytest.mark.parametrize("amount", [-1, -100])
def test_negative_amounts_are_refused(amount: int) -> None:
    for refuse in (lambda: gst(amount, 500), lambda: shares(amount, [1]), lambda: round_off(amount, 100)):
        with pytest.raises(ValueError, match="negative"):
            refuse()


def test_negative_weights_and_absurd_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        shares(1, [2, -1])
    with pytest.raises(ValueError, match="rate"):
        gst(1, -1)
    with pytest.raises(ValueError, match="rate"):
        gst(1, 100_001)
