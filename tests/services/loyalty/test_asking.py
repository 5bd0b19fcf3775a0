"""What a customer is told of a code before the order, and points that other services give and spend."""

from typing import Any

import pytest

from shikanji.contracts.inventory import AskProductNames, ProductName, ProductNames
from shikanji.contracts.loyalty import EarnPoints, RedeemPoints
from shikanji.kit.calls import Call
from shikanji.kit.web.app import service_app
from shikanji.services.loyalty import service
from shikanji.services.loyalty.answers import earn_points, redeem_points
from shikanji.services.loyalty.errors import InsufficientPoints
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import Client
from tests.makers import SpokenTokens, make_room_of
from tests.services.loyalty.makers import (
    ASHA,
    DRINKS,
    SAMOSA,
    SHIKANJI,
    SNACKS,
    STORE,
    balances,
    check_books,
    number,
    start,
)

ENGINES = ["sqlite", "postgres"]
CARD = {SHIKANJI: DRINKS, SAMOSA: SNACKS}


class Inventory:
    """It names what is on the card."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def ask(self, call: Call[Any]) -> ProductNames:
        assert isinstance(call, AskProductNames)
        self.asked.append(call.product_ids)
        found = [each for each in call.product_ids if each in CARD]
        return ProductNames(
            [ProductName(product_id=each, name="Some", name_hi=None, category_id=CARD[each]) for each in found]
        )


async def validate(base: OpenDatabase, *product_ids: str, inventory: Inventory | None = None) -> Any:
    room = make_room_of(base, calls=inventory or Inventory(), verifier=SpokenTokens(STORE, STORE))
    query = "&".join(f"productIds={each}" for each in product_ids)
    path = f"/api/v1/campaigns/DIWALI/validate?{query}"
    return (await Client(service_app(room, service)).ask("GET", path, None, token="customer", headers={})).data


@pytest.mark.parametrize(
    ("cart", "valid"),
    [((), True), ((SAMOSA,), True), ((SHIKANJI,), False), ((SHIKANJI, SAMOSA), True), ((number(),), False)],
)
async def test_a_code_for_a_category_counts_for_a_cart_with_something_of_it(
    base: OpenDatabase, cart: tuple[str, ...], valid: bool
) -> None:
    await start(base, category_ids=[SNACKS])

    told = await validate(base, *cart)

    assert (told["valid"], told["reason"]) == (valid, None if valid else "coupon-not-for-this")


async def test_a_code_for_a_product_or_a_category_counts_for_either(base: OpenDatabase) -> None:
    await start(base, category_ids=[SNACKS], product_ids=[SHIKANJI])

    assert (await validate(base, SHIKANJI))["valid"]
    assert (await validate(base, SAMOSA))["valid"]


async def test_nobody_is_asked_about_a_cart_that_was_not_told(base: OpenDatabase) -> None:
    await start(base, category_ids=[SNACKS])
    inventory = Inventory()

    await validate(base, inventory=inventory)
    await validate(base, SAMOSA, inventory=inventory)

    assert inventory.asked == [[SAMOSA]]


async def test_points_of_another_service_are_moved_once_for_its_key(base: OpenDatabase) -> None:
    room = make_room_of(base)
    given = EarnPoints(customer_id=ASHA, points=40, reason="a review", key="review-1", by="review")
    spent = RedeemPoints(customer_id=ASHA, points=15, reason="a voucher", key="review-1", by="review")

    earned = [(await earn_points(room, given)).balance for _ in range(2)]
    left = [(await redeem_points(room, spent)).balance for _ in range(2)]

    assert (earned, left, balances(base)) == ([40, 40], [25, 25], (0, 25, 0, 0))
    with pytest.raises(InsufficientPoints):
        await redeem_points(room, RedeemPoints(customer_id=ASHA, points=26, reason="more", key="2", by="review"))
    check_books(base)
