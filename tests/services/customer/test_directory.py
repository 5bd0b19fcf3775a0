"""Looking people up, and the totals that events keep."""

import pytest

from shikanji.contracts.order import OrderCreated
from shikanji.contracts.payment import PaymentCompleted
from shikanji.kit.clock import DAY
from shikanji.services.customer.actions import accounts, codes, directory, keeping, sessions
from shikanji.services.customer.actions.counting import count_orders, count_payments
from shikanji.services.customer.errors import AccountNotVerified, AddressNotFound, CustomerNotFound
from shikanji.services.customer.model.account import Customer
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import (
    ASHA_EMAIL,
    ASHA_PHONE,
    CALLER,
    RAVI_EMAIL,
    RAVI_PHONE,
    address,
    make_account,
    register,
)

ENGINES = ["sqlite", "postgres"]


def order_created(customer_id: str, order_id: str = "order-1") -> OrderCreated:
    return OrderCreated(
        order_id=order_id,
        order_number="MGRD-1",
        customer_id=customer_id,
        store_id="store-1",
        fulfilment="pickup",
        payment_method="cod",
        lines=[],
        subtotal=8000,
        discount=0,
        points_discount=0,
        delivery_fee=0,
        delivery_fee_tax=0,
        tax=400,
        round_off=0,
        total=8400,
        attempt=1,
        scheduled_for=None,
        payment_deadline=None,
        placed_at=1,
    )


def payment_completed(customer_id: str, payment_id: str = "payment-1") -> PaymentCompleted:
    return PaymentCompleted(
        payment_id=payment_id,
        order_id="order-1",
        customer_id=customer_id,
        store_id="store-1",
        amount=8400,
        provider="sandbox",
        method="upi",
        captured_at=1,
    )


async def totals(database: OpenDatabase, customer: Customer) -> tuple[int, int]:
    found, _ = await database.read(accounts.get_with_roles, customer.id)
    return found.order_count, found.total_spent


async def test_an_order_is_counted_once_however_often_it_is_told(database: OpenDatabase) -> None:
    customer = await make_account(database)

    for order_id in ("order-1", "order-1", "order-2"):
        await database.write(count_orders, [order_created(customer.id, order_id)])

    assert await totals(database, customer) == (2, 0)


async def test_a_payment_is_counted_once_however_often_it_is_told(database: OpenDatabase) -> None:
    customer = await make_account(database)

    for payment_id in ("payment-1", "payment-1", "payment-2"):
        await database.write(count_payments, [payment_completed(customer.id, payment_id)])

    assert await totals(database, customer) == (0, 16800)


async def test_editing_a_profile_does_not_disturb_the_totals(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(count_orders, [order_created(customer.id)])

    await database.write(accounts.set_admin, customer.id, True)

    assert await totals(database, customer) == (1, 0)


async def test_an_order_asks_for_contact_and_address(database: OpenDatabase) -> None:
    customer = await make_account(database)
    saved = await database.write(keeping.add_address, customer.id, address())

    found = await database.read(directory.ordering_customer, customer.id, saved.id)

    assert (found.name, found.email, found.phone, found.language) == (
        "Asha Jain",
        "asha@demo.test",
        "+919876543210",
        "en",
    )
    assert found.address is not None
    assert (found.address.postal_code, found.address.latitude) == ("560001", 12.9716)
    assert (await database.read(directory.ordering_customer, customer.id, None)).address is None


async def test_nobody_orders_to_an_address_of_somebody_else(database: OpenDatabase) -> None:
    asha = await make_account(database)
    ravi = await make_account(database, email=RAVI_EMAIL, phone=RAVI_PHONE)
    saved = await database.write(keeping.add_address, asha.id, address())

    with pytest.raises(AddressNotFound):
        await database.read(directory.ordering_customer, ravi.id, saved.id)


async def test_a_disabled_customer_does_not_order(database: OpenDatabase) -> None:
    customer = await make_account(database)
    await database.write(accounts.set_disabled, customer.id, True, "head-office")

    for who in (customer.id, "nobody"):
        with pytest.raises(CustomerNotFound):
            await database.read(directory.ordering_customer, who, None)


async def test_staff_are_found_by_what_they_proved(database: OpenDatabase) -> None:
    customer = await make_account(database)

    for identifier in (ASHA_EMAIL, ASHA_PHONE):
        assert (await database.read(directory.find_verified, identifier)).account_id == customer.id


async def test_an_unproved_or_disabled_account_is_not_found(database: OpenDatabase) -> None:
    await register(database, email=RAVI_EMAIL, phone=RAVI_PHONE)
    disabled = await make_account(database)
    await database.write(accounts.set_disabled, disabled.id, True, "head-office")

    for identifier in (RAVI_EMAIL, ASHA_EMAIL):
        with pytest.raises(AccountNotVerified):
            await database.read(directory.find_verified, identifier)


async def test_lists_of_staff_show_contacts_that_are_proved(database: OpenDatabase) -> None:
    asha = await make_account(database)
    ravi = (await register(database, email=RAVI_EMAIL, phone=RAVI_PHONE, name="Ravi")).customer

    found = await database.read(directory.find_accounts, [asha.id, ravi.id, "nobody"])

    assert {(one.account_id, one.email) for one in found} == {(asha.id, "asha@demo.test"), (ravi.id, None)}


async def test_head_office_finds_people_by_email_phone_and_part_of_a_name(database: OpenDatabase) -> None:
    asha = await make_account(database)
    ravi = await make_account(database, email=RAVI_EMAIL, phone=RAVI_PHONE, name="Ravi 100% शर्मा")

    async def search(text: str | None, disabled: bool | None = None) -> list[str]:
        found = await database.read(directory.search, text, disabled=disabled, after=None, limit=10)
        return [customer.id for customer in found]

    assert await search(None) == [ravi.id, asha.id]
    assert await search("ASHA@demo.test") == [asha.id]
    assert await search("98123 45678") == [ravi.id]
    assert await search("jaIN") == [asha.id]
    assert await search("शर्मा") == [ravi.id]
    assert await search("100%") == [ravi.id]
    assert await search("_") == []
    assert await search(None, disabled=True) == []
    assert await search(None, disabled=False) == [ravi.id, asha.id]


async def test_pages_of_customers_follow_each_other(database: OpenDatabase) -> None:
    made = [(await register(database, f"customer {number}", email=None, phone=None)).customer.id for number in range(5)]

    first = await database.read(directory.search, None, disabled=None, after=None, limit=3)
    second = await database.read(directory.search, None, disabled=None, after=first[-1].id, limit=3)

    assert [customer.id for customer in first + second] == made[::-1]


async def test_what_lapsed_long_ago_is_forgotten(database: OpenDatabase) -> None:
    signed_in = await register(database)
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    await database.write(sessions.rotate, signed_in.refresh_token)

    database.clock.advance(61 * DAY)
    gone = 0
    while batch := await database.write(directory.forget, database.clock.now() - 30 * DAY):
        gone += batch

    assert gone == 2 + 1 + 1 + 4
    for table in ("refresh_tokens", "sessions", "challenges", "counters"):
        assert database.query(f"SELECT count(*) FROM {table}") == [(0,)]
