"""What stores, categories and products are called in reports: as they are called now, whatever came first."""

import msgspec
import pytest

from shikanji.contracts.inventory import ProductUpdated
from shikanji.contracts.store import StoreUpdated
from shikanji.kit.events import Envelope
from tests.kit.databases import OpenDatabase
from tests.services.analytics.edge import Office, open_office
from tests.services.analytics.makers import (
    DRINKS,
    NOON,
    SHIKANJI,
    SNACKS,
    STORE,
    At,
    category_told,
    confirmed,
    created,
    envelopes,
    line,
    number,
    product_made,
    receive,
    tell,
)

ENGINES = ["sqlite", "postgres"]


@pytest.fixture
async def office(base: OpenDatabase) -> Office:
    return await open_office(base)


def at_version(version: int, event: At) -> Envelope:
    (made,) = envelopes([event])
    return msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, aggregate_version=version))


async def test_sales_by_category_say_what_it_is_called(office: Office) -> None:
    order = number()
    await tell(office.base, category_told(), created(order, line()), confirmed(order))

    (row,) = (await office.get("/sales?by=category&grain=month"))["rows"]
    (product,) = (await office.get("/products"))["best"]

    assert (row["key"], row["name"]) == (DRINKS, "Drinks")
    assert (product["categoryId"], product["categoryName"]) == (DRINKS, "Drinks")


@pytest.mark.parametrize("turned", [False, True])
async def test_what_is_renamed_has_its_last_name_in_whatever_order_that_is_told(office: Office, turned: bool) -> None:
    renamed = StoreUpdated(store_id=STORE, changed=["name"], name="Brigade Road")
    first = [at_version(2, category_told(name="Cold")), at_version(2, At(NOON, renamed))]
    last = [
        at_version(3, category_told(name="Cold drinks")),
        at_version(3, At(NOON, StoreUpdated(store_id=STORE, changed=["name"], name="Residency Road"))),
    ]

    await receive(office.base, *(last + first if turned else first + last))

    assert office.base.query("SELECT name FROM categories") == [("Cold drinks",)]
    assert [each["name"] for each in (await office.get("/dashboard", "manager"))["stores"]] == ["Residency Road"]


async def test_a_product_that_nobody_has_ordered_since_is_shown_by_its_new_name_and_place(office: Office) -> None:
    moved = ProductUpdated(product_id=SHIKANJI, changed=["name"], name="Shikanji Soda", category_id=SNACKS)

    await tell(office.base, category_told(SNACKS, "Snacks"), product_made(SHIKANJI, "Shikanji"), At(NOON, moved))

    (shown,) = (await office.get("/products"))["worst"]
    assert (shown["name"], shown["categoryName"]) == ("Shikanji Soda", "Snacks")
