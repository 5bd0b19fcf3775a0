"""The demonstration's data: whole, true to the rules of the services, made once whatever happens."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shikanji.kit.calls_local import LocalCalls
from shikanji.kit.clock import from_rfc3339
from shikanji.kit.db.port import Database
from shikanji.kit.service import Room, Service
from shikanji.seed import seed
from shikanji.services.customer import service as customer_service
from shikanji.services.customer.identity import parse_email
from shikanji.services.customer.passwords import verify_password
from shikanji.services.customer.repository import accounts
from shikanji.services.inventory import actions as inventory
from shikanji.services.inventory import service as inventory_service
from shikanji.services.inventory.model.card import Wanted
from shikanji.services.inventory.model.product import Product
from shikanji.services.loyalty import service as loyalty_service
from shikanji.services.loyalty.repository import campaigns
from shikanji.services.store import actions as store
from shikanji.services.store import repository as stores
from shikanji.services.store import service as store_service
from shikanji.services.store.model.store import Store
from tests.kit.databases import OpenDatabase, open_on
from tests.makers import make_room_of
from tests.services.store.makers import make_particulars

SERVICES: tuple[Service, ...] = (store_service, customer_service, loyalty_service, inventory_service)
ROLES = ("manager", "chef", "cashier", "delivery")
ACCOUNTS = [
    "customer@demo.test",
    *(
        f"{role}.{place}@demo.test"
        for place in ("mgroad", "koramangala")
        for role in ("manager", "chef", "cashier", "delivery")
    ),
    "admin@demo.test",
]


class Killed(Exception):
    """The process is gone at this point."""


class Dying:
    """A database whose process is killed at the n-th write: before it is committed, or just after."""

    def __init__(self, db: Database, deaths: "Deaths") -> None:
        self.service = db.service
        self._db = db
        self._deaths = deaths

    async def read(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await self._db.read(fn, *args, **kwargs)

    async def write(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self._deaths.due() and not self._deaths.after_commit:
            raise Killed
        answer = await self._db.write(fn, *args, **kwargs)
        if self._deaths.left == 0:
            raise Killed
        return answer

    def subscribe_commits(self, wake: Any, kinds: int = 0) -> None:
        self._db.subscribe_commits(wake, kinds)


class Deaths:
    def __init__(self, at: int, after_commit: bool) -> None:
        self.left = at
        self.after_commit = after_commit

    def due(self) -> bool:
        self.left -= 1
        return self.left == 0


class Platform:
    def __init__(self, databases: Mapping[str, OpenDatabase]) -> None:
        self.databases = databases

    def rooms(self, deaths: Deaths | None = None) -> dict[str, Room]:
        return {name: _room(database, deaths) for name, database in self.databases.items()}

    def counts(self) -> dict[str, int]:
        """Rows of every table and events of every kind."""
        tables = {
            "store": ("stores", "staff", "store_postal_codes"),
            "customer": ("customers", "customer_addresses"),
            "inventory": (
                "categories",
                "products",
                "stock",
                "movements",
                "tax_rates",
                "suppliers",
                "supplier_products",
            ),
            "loyalty": ("campaigns",),
        }
        counted: dict[str, int] = {}
        for name, database in self.databases.items():
            for table in tables[name]:
                counted[table] = int(database.query(f"SELECT count(*) FROM {table}")[0][0])
            for event in database.events():
                counted[event.type] = counted.get(event.type, 0) + 1
        return counted

    async def stores(self) -> list[Store]:
        return await self.databases["store"].read(stores.list_stores, "all", None, None, 10)

    async def products(self) -> dict[str, Product]:
        found = await self.databases["inventory"].read(inventory.list_products, None, None, Wanted(limit=100))
        return {shown.product.slug: shown.product for shown in found}


def _room(database: OpenDatabase, deaths: Deaths | None) -> Room:
    db = database.db if deaths is None else Dying(database.db, deaths)
    return make_room_of(database, db=db, calls=LocalCalls())


@pytest.fixture
async def platform(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """On SQLite, or where its writing is what is tested on each engine."""
    engine = getattr(request, "param", "sqlite")
    async with AsyncExitStack() as stack:
        opened = {
            one.name: await stack.enter_async_context(open_on(engine, one, tmp_path, request)) for one in SERVICES
        }
        yield Platform(opened)


on_each_engine = pytest.mark.parametrize("platform", ["sqlite", "postgres"], indirect=True)


@on_each_engine
async def test_an_empty_platform_gets_stores_people_and_a_card(platform: Platform) -> None:
    lines: list[str] = []

    made = await seed(platform.rooms(), tell=lines.append)

    assert [address for address, _ in made] == ACCOUNTS
    assert dict(made)["chef.mgroad@demo.test"] == "chef, mg-road"
    assert lines == ["2 stores", "10 accounts", "4 campaigns", "45 products in every store"]
    counted = platform.counts()
    assert (counted["stores"], counted["staff"], counted["customers"]) == (2, 8, 10)
    assert (counted["products"], counted["stock"], counted["StockAdjusted"]) == (45, 90, 90)
    assert counted.get("LowStockAlert", 0) == 0


async def test_campaigns_of_the_demo_want_a_code_and_one_waits_to_be_switched_on(platform: Platform) -> None:
    """What applies by itself would change every order."""
    await seed(platform.rooms())

    loyalty = platform.databases["loyalty"]
    shown = await loyalty.read(campaigns.listed, everything=False, before=None, limit=10, at=loyalty.clock.now())
    assert {each.draft.code for each in shown} == {"WELCOME50", "THIRDFREE", "FREEDELIVERY"}
    assert await loyalty.read(campaigns.automatic, loyalty.clock.now()) == []


@on_each_engine
async def test_a_second_start_touches_nothing(platform: Platform) -> None:
    made = await seed(platform.rooms())
    counted = platform.counts()

    again = await seed(platform.rooms())

    assert again == made
    assert platform.counts() == counted


@on_each_engine
async def test_what_was_taken_away_later_stays_away(platform: Platform) -> None:
    await seed(platform.rooms())
    place = await platform.databases["store"].read(store.staff_of, (await platform.stores())[0].id, None, 10)
    await platform.databases["store"].write(store.remove_staff, place[0].store_id, place[0].id, head_office=True)
    counted = platform.counts()

    await seed(platform.rooms())

    assert platform.counts() == counted


@on_each_engine
async def test_a_platform_with_a_store_of_its_own_is_left_alone(platform: Platform) -> None:
    await platform.databases["store"].write(store.create_store, make_particulars(slug="our-own"))

    assert await seed(platform.rooms()) == []

    assert [one.slug for one in await platform.stores()] == ["our-own"]


async def test_in_production_nothing_is_made(platform: Platform) -> None:
    rooms = {name: replace(room, production=True) for name, room in platform.rooms().items()}

    assert await seed(rooms) == []

    assert sum(platform.counts().values()) == 0


KILLS = [
    *(("sqlite", at, after_commit) for at in (1, 2, 3, 4, 5) for after_commit in (False, True)),
    ("postgres", 1, True),
    ("postgres", 3, False),
]


@pytest.mark.parametrize(("platform", "at", "after_commit"), KILLS, indirect=["platform"])
async def test_a_start_after_a_kill_completes_it_once(platform: Platform, at: int, after_commit: bool) -> None:
    with pytest.raises(Killed):
        await seed(platform.rooms(Deaths(at, after_commit)))

    await seed(platform.rooms())

    counted = platform.counts()
    assert (counted["stores"], counted["StoreCreated"], counted["DeliveryZoneUpdated"]) == (2, 2, 5)
    assert (counted["customers"], counted["CustomerRegistered"], counted["customer_addresses"]) == (10, 10, 1)
    assert (counted["staff"], counted["StaffAdded"]) == (8, 8)
    assert (counted["products"], counted["movements"], counted["tax_rates"]) == (45, 90, 4)
    assert (counted["campaigns"], counted["suppliers"], counted["supplier_products"]) == (4, 3, 45)


async def test_everyone_signs_in_with_the_same_password_and_a_proved_address(platform: Platform) -> None:
    await seed(platform.rooms())

    hashes = set()
    for address in ACCOUNTS:
        account = await platform.databases["customer"].read(accounts.find_verified, parse_email(address))
        assert account is not None
        assert account.admin is (address == "admin@demo.test")
        hashes.add(account.password_hash)
    assert [verify_password("shikanji-demo", stored) for stored in hashes] == [True]


async def test_roles_are_those_of_the_addresses(platform: Platform) -> None:
    await seed(platform.rooms())
    by_slug = {one.slug: one.id for one in await platform.stores()}

    chef = await platform.databases["customer"].read(accounts.find_verified, parse_email("chef.koramangala@demo.test"))

    assert chef is not None
    assert await platform.databases["store"].read(stores.roles_of, chef.id) == {by_slug["koramangala"]: "chef"}


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-23T03:00:00+05:30", {"mg-road"}),
        ("2026-11-23T22:59:00+05:30", {"mg-road", "koramangala"}),
        ("2026-11-23T23:15:00+05:30", {"mg-road"}),
        ("2026-11-28T23:15:00+05:30", {"mg-road", "koramangala"}),
        ("2026-11-29T10:59:00+05:30", {"mg-road"}),
    ],
)
async def test_one_store_is_open_at_any_hour_and_the_other_by_day(platform: Platform, at: str, open_: set[str]) -> None:
    await seed(platform.rooms())

    assert {one.slug for one in await platform.stores() if one.is_open(from_rfc3339(at))} == open_


async def test_stores_are_as_the_facts_have_them(platform: Platform) -> None:
    await seed(platform.rooms())

    for one, place, code in zip(await platform.stores(), ("560001", "560034"), ("MGR1", "KOR1"), strict=True):
        assert (one.address.postal_code, one.code, one.time_zone) == (place, code, "Asia/Kolkata")
        assert (one.minimum_order, one.round_to, one.capacity_per_slot) == (10_000, 0, None)
        assert place in one.postal_codes()


async def test_every_product_is_there_in_both_stores_in_plenty(platform: Platform) -> None:
    await seed(platform.rooms())

    products = await platform.products()
    for product in products.values():
        rows = await platform.databases["inventory"].read(inventory.stock_of_product, product.id)
        assert len(rows) == 2
        assert all(row.available >= 200 for row in rows)


async def test_labels_follow_from_what_is_in_it(platform: Platform) -> None:
    await seed(platform.rooms())
    products = await platform.products()

    jain = {slug for slug, product in products.items() if "jain" in product.labels}
    assert products.keys() - jain == {
        "samosa-2-pcs",
        "aloo-tikki-chaat",
        "rajma-chawal",
        "masala-dosa",
        "shikanji-samosa-combo",
    }
    assert all("vegetarian" in product.labels for product in products.values())
    assert "nuts" in products["kesar-badam-milk"].allergens


async def test_the_card_is_complete(platform: Platform) -> None:
    await seed(platform.rooms())
    products = await platform.products()

    prices = {
        slug: products[slug].price for slug in ("traditional-shikanji", "masala-chaas", "sweet-lassi", "mango-lassi")
    }
    assert prices == {
        "traditional-shikanji": 8_000,
        "masala-chaas": 6_000,
        "sweet-lassi": 9_000,
        "mango-lassi": 11_000,
    }
    assert {product.kind for product in products.values()} == {
        "made_to_order",
        "ready_to_drink",
        "instant",
        "masala_mix",
    }
    for product in products.values():
        assert product.name_hi
        assert product.description_hi
        assert product.ingredients
        assert product.nutrition is not None
