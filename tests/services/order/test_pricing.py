import pytest
from hypothesis import given
from hypothesis import strategies as st

from shikanji.contracts.inventory import PricedLine, TaxRate
from shikanji.contracts.loyalty import BenefitsHeld
from shikanji.contracts.store import Fulfilment
from shikanji.services.order.errors import AmountTooSmall, BelowMinimumOrder
from shikanji.services.order.model.pricing import Sums, price
from tests.services.order.makers import FEE_TAX, make_line, make_sums, make_terms

FULFILMENTS: st.SearchStrategy[Fulfilment] = st.sampled_from(["delivery", "pickup", "dine-in"])
RATES = st.sampled_from([0, 500, 1200, 1800])


@st.composite
def priced_lines(draw: st.DrawFn) -> list[PricedLine]:
    count = draw(st.integers(1, 8))
    return [
        make_line(
            f"line-{place}",
            quantity=draw(st.integers(1, 99)),
            unit_price=draw(st.integers(0, 100_000)),
            tax_rate_bp=draw(RATES),
            tax_included=draw(st.booleans()),
        )
        for place in range(count)
    ]


@st.composite
def any_sums(draw: st.DrawFn) -> Sums:
    lines = draw(priced_lines())
    subtotal = sum(line.unit_price * line.quantity for line in lines)
    discounts = {line.line_id: draw(st.integers(0, line.unit_price * line.quantity)) for line in lines}
    points_discount = draw(st.integers(0, subtotal - sum(discounts.values())))
    return price(
        lines,
        make_terms(
            delivery_fee=draw(st.integers(0, 10_000)),
            free_delivery_above=draw(st.none() | st.integers(0, 100_000)),
            minimum_order=0,
            round_to=draw(st.sampled_from([0, 5, 50, 100])),
        ),
        TaxRate(tax_class="delivery", rate_bp=draw(RATES), hsn="996813", included=draw(st.booleans())),
        draw(FULFILMENTS),
        online=False,
        notes={},
        benefits=BenefitsHeld(
            held=True, discounts=discounts, free_delivery=draw(st.booleans()), points_discount=points_discount
        ),
    )


@given(any_sums())
def test_the_total_is_exactly_its_parts(sums: Sums) -> None:
    parts = sums.subtotal - sums.discount - sums.points_discount + sums.delivery_fee + sums.tax + sums.round_off

    assert sums.total == parts >= 0


@given(any_sums())
def test_what_is_paid_for_lines_and_delivery_is_exactly_the_total(sums: Sums) -> None:
    assert sum(line.paid for line in sums.lines) + sums.delivery_paid == sums.total
    assert all(line.paid >= 0 for line in sums.lines)


@given(any_sums())
def test_shares_of_discounts_sum_exactly_and_never_exceed_a_line(sums: Sums) -> None:
    assert sum(line.discount for line in sums.lines) == sums.discount
    assert sum(line.points_discount for line in sums.lines) == sums.points_discount
    assert all(line.discount + line.points_discount <= line.line_total for line in sums.lines)


@given(any_sums())
def test_every_tax_is_two_equal_halves(sums: Sums) -> None:
    assert all(line.tax % 2 == 0 for line in sums.lines)
    assert sums.delivery_fee_tax % 2 == 0


@given(any_sums())
def test_without_round_off_a_line_is_paid_as_it_was_priced(sums: Sums) -> None:
    if sums.round_off == 0:
        for line in sums.lines:
            net = line.line_total - line.discount - line.points_discount
            assert line.paid == net + (0 if line.tax_included else line.tax)


def test_a_delivery_of_two_drinks() -> None:
    sums = make_sums()

    assert (sums.subtotal, sums.delivery_fee, sums.tax, sums.round_off, sums.total) == (16_000, 3_000, 950, 0, 19_950)
    assert (sums.lines[0].line_total, sums.lines[0].tax, sums.lines[0].paid) == (16_000, 800, 16_800)
    assert (sums.delivery_fee_tax, sums.delivery_paid) == (150, 3_150)
    assert sums.lines[0].notes == "no ice"


def test_tax_that_prices_contain_is_not_added() -> None:
    sums = make_sums(make_line(unit_price=8400, quantity=1, tax_included=True), fulfilment="pickup")

    assert (sums.subtotal, sums.tax, sums.total) == (8400, 0, 8400)
    assert sums.lines[0].tax == 400


@pytest.mark.parametrize(("unit_price", "fee"), [(24_999, 3_000), (25_000, 0)])
def test_delivery_is_free_from_a_subtotal_on(unit_price: int, fee: int) -> None:
    assert make_sums(make_line(unit_price=unit_price)).delivery_fee == fee


def test_without_such_a_subtotal_delivery_is_never_free() -> None:
    assert make_sums(make_line(unit_price=1_000_000), free_delivery_above=None).delivery_fee == 3_000


@pytest.mark.parametrize("fulfilment", ["pickup", "dine-in"])
def test_nothing_is_asked_for_a_delivery_that_is_none(fulfilment: str) -> None:
    sums = make_sums(make_line(unit_price=10), fulfilment=fulfilment)

    assert (sums.delivery_fee, sums.delivery_fee_tax, sums.delivery_paid) == (0, 0, 0)


def test_the_minimum_order_counts_for_deliveries_only() -> None:
    with pytest.raises(BelowMinimumOrder, match="10000 paise on; this is 9998"):
        make_sums(make_line(unit_price=4_999))
    assert make_sums(make_line(unit_price=5_000)).subtotal == 10_000
    assert make_sums(make_line(unit_price=4_999), fulfilment="pickup").subtotal == 9_998


@pytest.mark.parametrize(("unit_price", "total"), [(1, 1), (99, 99)])
def test_less_than_a_rupee_cannot_be_paid_online(unit_price: int, total: int) -> None:
    line = make_line(unit_price=unit_price, quantity=1, tax_rate_bp=0)

    with pytest.raises(AmountTooSmall, match=f"this is {total}"):
        price([line], make_terms(), FEE_TAX, "pickup", online=True, notes={})
    assert price([line], make_terms(), FEE_TAX, "pickup", online=False, notes={}).total == total


def test_nothing_at_all_and_a_whole_rupee_can() -> None:
    for unit_price in (0, 100):
        line = make_line(unit_price=unit_price, quantity=1, tax_rate_bp=0)
        assert price([line], make_terms(), FEE_TAX, "pickup", online=True, notes={}).total == unit_price


def test_the_round_off_is_shared_by_what_is_paid() -> None:
    sums = make_sums(
        make_line("line-1", unit_price=1_049, quantity=1, tax_rate_bp=0),
        make_line("line-2", unit_price=1_000, quantity=1, tax_rate_bp=0),
        fulfilment="pickup",
        round_to=100,
    )

    assert (sums.round_off, sums.total) == (-49, 2_000)
    assert [line.paid for line in sums.lines] == [1_024, 976]


def test_what_is_paid_for_goods_has_neither_tax_nor_delivery_in_it() -> None:
    lines = [make_line("a", unit_price=10_500, quantity=1, tax_included=True), make_line("b", unit_price=10_000)]
    off = BenefitsHeld(held=True, discounts={"b": 1_000}, points_discount=0)

    sums = price(lines, make_terms(), FEE_TAX, "delivery", online=False, notes={}, benefits=off)

    assert sums.goods == 10_000 + sums.lines[1].line_total - 1_000


def test_a_free_delivery_costs_nothing_and_is_taxed_with_nothing() -> None:
    off = BenefitsHeld(held=True, free_delivery=True)

    sums = price([make_line()], make_terms(), FEE_TAX, "delivery", online=False, notes={}, benefits=off)

    assert (sums.delivery_fee, sums.delivery_fee_tax, sums.delivery_paid) == (0, 0, 0)


def test_points_are_shared_by_what_is_left_after_the_discount() -> None:
    lines = [make_line("a", unit_price=100, quantity=1), make_line("b", unit_price=300, quantity=1)]
    off = BenefitsHeld(held=True, discounts={"a": 50, "b": 150}, points_discount=100)
    sums = price(lines, make_terms(), FEE_TAX, "pickup", online=False, notes={}, benefits=off)

    assert [line.discount for line in sums.lines] == [50, 150]
    assert [line.points_discount for line in sums.lines] == [25, 75]
    assert [line.tax for line in sums.lines] == [2, 4]
