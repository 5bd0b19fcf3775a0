"""What campaigns take off, why they do not, and how they stack."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shikanji.kit.clock import DAY
from shikanji.kit.errors import Invalid
from shikanji.services.loyalty.errors import (
    CouponBelowMinimum,
    CouponElsewhere,
    CouponNotForThis,
    CouponNotForYou,
    CouponNotYet,
    CouponOver,
    TooManyPoints,
)
from shikanji.services.loyalty.model.campaign import benefit, check_draft, refusal_of
from shikanji.services.loyalty.model.stacking import check_points, choose
from tests.services.loyalty.makers import DRINKS, NOON, SAMOSA, SHIKANJI, SNACKS, basket, campaign, draft, line

OTHER_STORE = "0190a000-0000-7000-8000-000000000002"


def test_a_percentage_is_shared_over_the_lines_and_sums_exactly() -> None:
    lines = (line(3_333), line(3_333), line(3_335))

    given_ = benefit(campaign(value=10), basket(*lines))

    assert (given_.discounts, given_.discount) == ([333, 333, 334], 1_000)


def test_a_percentage_takes_no_more_than_the_maximum() -> None:
    assert benefit(campaign(value=50, maximum_discount=2_000), basket(line(10_000))).discount == 2_000


def test_a_fixed_discount_takes_no_more_than_there_is() -> None:
    fixed = campaign(discount_type="fixed", value=50_000)

    assert benefit(fixed, basket(line(10_000), line(5_000))).discounts == [10_000, 5_000]


def test_only_the_products_and_categories_of_a_campaign_cost_less() -> None:
    lines = (line(10_000, product=SHIKANJI, category=DRINKS), line(8_000, product=SAMOSA, category=SNACKS))

    assert benefit(campaign(product_ids=[SAMOSA]), basket(*lines)).discounts == [0, 800]
    assert benefit(campaign(category_ids=[DRINKS]), basket(*lines)).discounts == [1_000, 0]


def test_of_two_for_one_the_cheapest_are_free() -> None:
    bogo = campaign(type="bogo", discount_type="free_item", product_ids=[SHIKANJI, SAMOSA])
    lines = (line(10_000, 3, product=SHIKANJI), line(8_000, 2, product=SAMOSA), line(1_000, product="other"))

    assert benefit(bogo, basket(*lines)).discounts == [0, 16_000, 0]


def test_two_for_one_can_be_half_of_the_second() -> None:
    bogo = campaign(type="bogo", discount_type="percentage", value=50)

    assert benefit(bogo, basket(line(10_000, 2))).discounts == [5_000]


def test_a_free_item_is_the_cheapest_of_those_named_once() -> None:
    free = campaign(discount_type="free_item", category_ids=[DRINKS])

    assert benefit(free, basket(line(10_000, 2), line(8_000, 3))).discounts == [0, 8_000]


def test_a_free_delivery_takes_nothing_off_the_goods() -> None:
    given_ = benefit(campaign(type="free_delivery", discount_type="free_delivery"), basket(delivery_fee=3_000))

    assert (given_.free_delivery, given_.discount, given_.worth) == (True, 0, 3_000)


def test_a_loyalty_bonus_gives_points_or_a_percentage_of_them() -> None:
    fixed = benefit(campaign(type="loyalty_bonus", discount_type="fixed", value=50), basket())
    double = benefit(campaign(type="loyalty_bonus", discount_type="percentage", value=100), basket())

    assert (fixed.bonus_points, double.bonus_percent, fixed.discount + double.discount) == (50, 100, 0)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"active": False}, CouponOver),
        ({"ends_at": NOON}, CouponOver),
        ({"starts_at": NOON + 1}, CouponNotYet),
        ({"store_ids": [OTHER_STORE]}, CouponElsewhere),
        ({"segments": ["gold"]}, CouponNotForYou),
        ({"minimum_order": 10_001}, CouponBelowMinimum),
        ({"product_ids": [SAMOSA]}, CouponNotForThis),
        ({"type": "bogo", "discount_type": "free_item", "product_ids": [SHIKANJI]}, CouponNotForThis),
    ],
)
def test_a_refusal_says_why(fields: dict[str, Any], refusal: type[Exception]) -> None:
    assert type(refusal_of(campaign(**fields), basket(line(10_000)))) is refusal


def test_a_campaign_counts_for_any_of_its_segments() -> None:
    assert refusal_of(campaign(segments=["gold", "new"]), basket()) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "bogo", "discount_type": "fixed", "value": 5}, "discountType"),
        ({"automatic": True, "code": "DIWALI"}, "code"),
        ({"code": None}, "code"),
        ({"type": "referral", "automatic": True}, "automatic"),
        ({"ends_at": NOON - 2 * DAY}, "endsAt"),
        # The edges of the calendar, as somebody east and somebody west of Greenwich writes them.
        ({"starts_at": -62_135_640_000_000_000}, "startsAt"),
        ({"ends_at": 253_402_343_999_000_000}, "endsAt"),
        ({"reward_points": 5}, "rewardPoints"),
        ({"value": 101}, "value"),
        ({"discount_type": "fixed", "value": 0}, "value"),
        ({"discount_type": "free_item"}, "productIds"),
        ({"type": "free_delivery", "discount_type": "free_delivery", "maximum_discount": 3_000}, "maximumDiscount"),
        ({"type": "loyalty_bonus", "discount_type": "fixed", "value": 5, "maximum_discount": 3}, "maximumDiscount"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_draft(draft(**fields))

    assert [error.field for error in refused.value.errors] == [field]


@given(
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 9)), min_size=1, max_size=8),
    st.sampled_from(
        [
            {"value": 33},
            {"value": 100, "maximum_discount": 777},
            {"discount_type": "fixed", "value": 12_345},
            {"type": "bogo", "discount_type": "percentage", "value": 50, "buy_quantity": 2},
        ]
    ),
)
def test_a_discount_is_never_more_than_its_line(goods: list[tuple[int, int]], fields: dict[str, Any]) -> None:
    lines = [line(price, quantity) for price, quantity in goods]
    one = campaign(**fields)
    if refusal_of(one, basket(*lines)) is not None:
        return

    discounts = benefit(one, basket(*lines)).discounts

    assert all(0 <= less <= each.unit_price * each.quantity for less, each in zip(discounts, lines, strict=True))


GOODS = {"value": 10, "automatic": True}
MORE_GOODS = {"value": 20, "automatic": True}
BOGO = {"type": "bogo", "discount_type": "free_item", "product_ids": [SHIKANJI], "automatic": True}
DELIVERY = {"type": "free_delivery", "discount_type": "free_delivery", "automatic": True}
BONUS = {"type": "loyalty_bonus", "discount_type": "fixed", "value": 50, "automatic": True}
ALONE = {"value": 5, "automatic": True, "combinable": False}
COUPON = {"value": 1, "code": "SMALL"}
COUPON_ALONE = {"value": 1, "code": "SMALL", "combinable": False}
DELIVERY_COUPON = {"type": "free_delivery", "discount_type": "free_delivery", "code": "NEAR"}
Fields = dict[str, Any]

# The coupon, what applies by itself, and which of them count.
STACKS: list[tuple[Fields | None, list[Fields], list[Fields]]] = [
    (None, [], []),
    (COUPON, [], [COUPON]),
    (None, [GOODS, MORE_GOODS], [MORE_GOODS]),
    (None, [GOODS, BOGO], [BOGO]),
    (COUPON, [MORE_GOODS], [COUPON]),
    (COUPON, [DELIVERY, BONUS], [COUPON, DELIVERY, BONUS]),
    (DELIVERY_COUPON, [GOODS, DELIVERY], [DELIVERY_COUPON, GOODS]),
    (COUPON_ALONE, [DELIVERY, BONUS], [COUPON_ALONE]),
    (None, [ALONE, MORE_GOODS, DELIVERY], [MORE_GOODS, DELIVERY]),
    (None, [ALONE], [ALONE]),
    (None, [BONUS, DELIVERY, GOODS], [DELIVERY, GOODS, BONUS]),
    (None, [BONUS, BONUS], [BONUS]),
]


@pytest.mark.parametrize(("coupon", "automatic", "counting"), STACKS)
def test_campaigns_stack_as_the_table_says(
    coupon: Fields | None, automatic: list[Fields], counting: list[Fields]
) -> None:
    cart = basket(line(10_000, 2))
    chosen = choose(
        None if coupon is None else benefit(campaign(**coupon), cart),
        [benefit(campaign(**fields), cart) for fields in automatic],
    )

    assert sorted(_same(each.campaign.draft) for each in chosen) == sorted(_same(draft(**each)) for each in counting)
    assert coupon is None or chosen[0].campaign.draft.code == coupon["code"]


def _same(one: Any) -> str:
    return repr(one)


@pytest.mark.parametrize(
    ("points", "discount", "allowed"),
    [(50, 0, True), (51, 0, False), (50, 5_000, True), (40, 6_001, False), (39, 6_001, True)],
)
def test_points_pay_half_the_subtotal_at_most_and_never_more_than_is_left(
    points: int, discount: int, allowed: bool
) -> None:
    asked = {"value": 100, "percent": 50, "subtotal": 10_000, "discount": discount}
    if allowed:
        assert check_points(points, **asked) == points * 100
    else:
        with pytest.raises(TooManyPoints):
            check_points(points, **asked)
