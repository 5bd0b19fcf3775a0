"""The demonstration's data: made once, on an empty platform, through the services' own actions.

Every step is one transaction that does nothing where its effect is there already, and the card comes last: a process
that dies in between is made good by the next start, and once there is a card nothing is touched again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import asdict, replace

from shikanji.contracts.customer import VerifiedAccount
from shikanji.contracts.store import Fulfilment
from shikanji.kit.auth import Role
from shikanji.kit.clock import from_rfc3339
from shikanji.kit.db.tx import Tx
from shikanji.kit.service import Room
from shikanji.services.customer.actions import create_account
from shikanji.services.customer.actions import keeping as customer_keeping
from shikanji.services.customer.identity import parse_email, parse_phone
from shikanji.services.customer.model.keeping import AddressDetails, AddressLabel
from shikanji.services.customer.passwords import hash_password
from shikanji.services.customer.repository import accounts as customer_accounts
from shikanji.services.inventory import actions as inventory
from shikanji.services.inventory.model.category import CategoryDraft
from shikanji.services.inventory.model.product import CustomizationDraft, ProductDraft
from shikanji.services.inventory.model.stock import Levels
from shikanji.services.inventory.model.supplier import Supplied, SupplierDraft
from shikanji.services.inventory.model.tax import TaxRateDraft
from shikanji.services.loyalty.actions.campaigns import create_campaign
from shikanji.services.loyalty.model.campaign import CampaignDraft
from shikanji.services.loyalty.repository import campaigns as loyalty_campaigns
from shikanji.services.store import actions as store
from shikanji.services.store import repository as store_repository
from shikanji.services.store.errors import AlreadyStaff
from shikanji.services.store.model.hours import DAY_MINUTES, Hours
from shikanji.services.store.model.store import FULFILMENTS, Address, Particulars
from shikanji.services.store.model.zones import Zone

FOLDER = Path(__file__).parents[2] / "seeds"
SATURDAY = 5
CAMPAIGNS_SINCE = from_rfc3339("2026-01-01T00:00:00+05:30")

T = TypeVar("T", bound=msgspec.Struct)


class _Seed(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One table of a file in `seeds`."""


class Day(_Seed, frozen=True, kw_only=True):
    opens: str
    closes: str


class SeedZone(_Seed, frozen=True, kw_only=True):
    name: str
    postal_codes: tuple[str, ...]
    fee: int
    minutes: int


class SeedPlace(_Seed, frozen=True, kw_only=True):
    line1: str
    line2: str | None = None
    city: str
    state: str
    postal_code: str


class SeedStore(_Seed, frozen=True, kw_only=True):
    name: str
    slug: str
    code: str
    phone: str
    email: str
    address: SeedPlace
    latitude: float
    longitude: float
    delivery_radius_km: int
    legal_name: str
    gstin: str
    fssai: str
    minimum_order: int
    delivery_fee: int
    free_delivery_above: int
    prep_minutes: int
    delivery_minutes: int
    weekdays: Day
    weekend: Day
    zones: tuple[SeedZone, ...]
    opening_stock: int
    reorder_point: int


class Stores(_Seed, frozen=True, kw_only=True):
    stores: tuple[SeedStore, ...]


class SeedAddress(SeedPlace, frozen=True, kw_only=True):
    label: AddressLabel
    landmark: str | None = None
    latitude: float
    longitude: float


class SeedAccount(_Seed, frozen=True, kw_only=True):
    email: str
    name: str
    phone: str | None = None
    store: str | None = None
    role: Role | None = None
    admin: bool = False
    addresses: tuple[SeedAddress, ...] = ()

    @property
    def who(self) -> str:
        if self.admin:
            return "head office"
        return f"{self.role}, {self.store}" if self.role else "customer"


class Accounts(_Seed, frozen=True, kw_only=True):
    password: str
    accounts: tuple[SeedAccount, ...]


class Catalogue(_Seed, frozen=True, kw_only=True):
    tax_rates: tuple[TaxRateDraft, ...]
    categories: tuple[dict[str, Any], ...]
    groups: dict[str, CustomizationDraft]


class Products(_Seed, frozen=True, kw_only=True):
    products: tuple[dict[str, Any], ...]


class SeedSupplier(_Seed, frozen=True, kw_only=True):
    name: str
    contact_name: str
    email: str | None = None
    phone: str
    gstin: str | None = None
    lead_days: int
    categories: tuple[str, ...]


class Suppliers(_Seed, frozen=True, kw_only=True):
    suppliers: tuple[SeedSupplier, ...] = ()


class Campaigns(_Seed, frozen=True, kw_only=True):
    campaigns: tuple[dict[str, Any], ...] = ()


async def seed(
    rooms: Mapping[str, Room], *, tell: Callable[[str], None] = lambda line: None, folder: Path = FOLDER
) -> list[tuple[str, str]]:
    """Fills an empty platform, or one whose filling was broken off. Returns the demo accounts that are there: address
    and whose it is. In production there are none, whoever asks: everyone knows their password."""
    if rooms["customer"].production:
        return []
    people = _load(folder / "accounts.toml", Accounts)
    if not await obstacle(rooms, folder=folder):
        await _fill(rooms, people, folder, tell)
    return await rooms["customer"].db.read(_known, people)


async def obstacle(rooms: Mapping[str, Room], *, folder: Path = FOLDER) -> str:
    """Why `seed` would change nothing; empty when it would fill the platform."""
    if rooms["customer"].production:
        return "demo data is refused in production: everyone knows its passwords"
    if await rooms["inventory"].db.read(inventory.list_categories):
        return "there is a card already; demo data is made on an empty platform only"
    # Those of an earlier start that died before it had finished are no obstacle.
    there = await rooms["store"].db.read(store_repository.list_stores, "all", None, None, 100)
    strange = {one.slug for one in there} - {one.slug for one in _stores(folder)}
    if strange:
        return f"there are stores already ({', '.join(sorted(strange))}); demo data is made on an empty platform only"
    return ""


async def open_doors(rooms: Mapping[str, Room], *, folder: Path = FOLDER) -> list[str]:
    """Demo accounts into which everyone can sign in: there, and not disabled."""
    return await rooms["customer"].db.read(_enabled, _load(folder / "accounts.toml", Accounts))


async def _fill(rooms: Mapping[str, Room], people: Accounts, folder: Path, tell: Callable[[str], None]) -> None:
    stores = _stores(folder)
    password_hash = await rooms["customer"].compute.run(hash_password, people.password)
    ids = await rooms["store"].db.write(_open_stores, stores)
    tell(f"{len(ids)} stores")
    account_ids = await rooms["customer"].db.write(_register, people, password_hash)
    await rooms["store"].db.write(_hire, people, ids, account_ids)
    tell(f"{len(account_ids)} accounts")
    campaigns = await rooms["loyalty"].db.write(_start_campaigns, _load(folder / "campaigns.toml", Campaigns))
    tell(f"{campaigns} campaigns")
    products = await rooms["inventory"].db.write(_fill_card, _Card(folder), [(ids[one.slug], one) for one in stores])
    tell(f"{products} products in every store")


def _open_stores(tx: Tx, stores: tuple[SeedStore, ...]) -> dict[str, str]:
    """Ids by slug."""
    return {one.slug: _open_store(tx, one) for one in stores}


def _open_store(tx: Tx, wanted: SeedStore) -> str:
    found = store_repository.find_by_slug(tx, wanted.slug)
    if found is not None:
        return found.id
    opened = store.create_store(tx, _particulars(wanted))
    store.set_hours(tx, opened.id, _hours(wanted))
    for zone in wanted.zones:
        store.add_zone(tx, opened.id, Zone(id="", **asdict(zone)))
    return opened.id


def _register(tx: Tx, people: Accounts, password_hash: str) -> dict[str, str]:
    """Ids by email."""
    return {one.email: _account(tx, one, password_hash) for one in people.accounts}


def _account(tx: Tx, wanted: SeedAccount, password_hash: str) -> str:
    email = parse_email(wanted.email)
    found = customer_accounts.find_verified(tx, email)
    if found is not None:
        return found.id
    phone = parse_phone(wanted.phone) if wanted.phone else None
    made = create_account(
        tx,
        name=wanted.name,
        email=email,
        phone=phone,
        password_hash=password_hash,
        verified=True,
        admin=wanted.admin,
    )
    for place in wanted.addresses:
        customer_keeping.add_address(tx, made.id, AddressDetails(**asdict(place), is_default=True))
    return made.id


def _hire(tx: Tx, people: Accounts, store_ids: dict[str, str], account_ids: dict[str, str]) -> None:
    for one in people.accounts:
        if one.store is not None and one.role is not None:
            account = VerifiedAccount(account_id=account_ids[one.email], name=one.name, email=one.email, phone=None)
            _place(tx, store_ids[one.store], account, one.role)


def _place(tx: Tx, store_id: str, account: VerifiedAccount, role: Role) -> None:
    try:
        store.add_staff(tx, store_id, account, role, head_office=True)
    except AlreadyStaff:
        return


def _start_campaigns(tx: Tx, wanted: Campaigns) -> int:
    """Those that are not there yet are begun; the number of all."""
    there = {each.draft.name for each in loyalty_campaigns.listed(tx, everything=True, before=None, limit=100, at=0)}
    for fields in wanted.campaigns:
        if fields["name"] not in there:
            create_campaign(tx, msgspec.convert(fields | {"startsAt": CAMPAIGNS_SINCE}, CampaignDraft))
    return len(wanted.campaigns)


class _Card:
    """Tax classes, categories, products and who supplies them, as the files have them."""

    def __init__(self, folder: Path) -> None:
        self.catalogue = _load(folder / "catalogue.toml", Catalogue)
        self.products = _load(folder / "products.toml", Products).products
        self.suppliers = _load(folder / "suppliers.toml", Suppliers).suppliers


def _fill_card(tx: Tx, card: _Card, stores: list[tuple[str, SeedStore]]) -> int:
    """The number of products."""
    for rate in card.catalogue.tax_rates:
        inventory.add_tax_rate(tx, rate)
    category_ids: dict[str, str] = {}
    for category in card.catalogue.categories:
        category_ids[category["slug"]] = _add_category(tx, category, category_ids)
    supplied: dict[str, list[Supplied]] = {slug: [] for slug in category_ids}
    for product in card.products:
        draft = _product(product, category_ids, card.catalogue.groups)
        product_id = inventory.create_product(tx, draft).id
        supplied[product["category"]].append(Supplied(product_id=product_id, unit_cost=draft.cost or 0))
        for store_id, wanted in stores:
            _stock(tx, store_id, wanted, product_id, draft)
    for supplier in card.suppliers:
        inventory.create_supplier(tx, _supplier(supplier, supplied))
    return len(card.products)


def _supplier(wanted: SeedSupplier, supplied: Mapping[str, list[Supplied]]) -> SupplierDraft:
    fields = {name: value for name, value in asdict(wanted).items() if name != "categories"}
    return SupplierDraft(**fields, products=tuple(each for slug in wanted.categories for each in supplied[slug]))


def _add_category(tx: Tx, category: dict[str, Any], ids: dict[str, str]) -> str:
    fields = {name: value for name, value in category.items() if name != "parent"}
    parent = category.get("parent")
    return inventory.create_category(
        tx, msgspec.convert(fields | {"parentId": ids[parent] if parent else None}, CategoryDraft)
    ).id


def _product(
    product: dict[str, Any], category_ids: dict[str, str], groups: dict[str, CustomizationDraft]
) -> ProductDraft:
    fields = {name: value for name, value in product.items() if name not in ("category", "groups")}
    draft = msgspec.convert(fields | {"categoryId": category_ids[product["category"]]}, ProductDraft)
    return replace(draft, customizations=tuple(groups[name] for name in product.get("groups", ())))


def _stock(tx: Tx, store_id: str, wanted: SeedStore, product_id: str, draft: ProductDraft) -> None:
    levels = Levels(store_id=store_id, reorder_point=wanted.reorder_point, unit_cost=draft.cost)
    inventory.set_opening_stock(tx, store_id, product_id, wanted.opening_stock, levels=levels)


def _known(tx: Tx, people: Accounts) -> list[tuple[str, str]]:
    return [
        (one.email, one.who)
        for one in people.accounts
        if customer_accounts.find_verified(tx, parse_email(one.email)) is not None
    ]


def _enabled(tx: Tx, people: Accounts) -> list[str]:
    found = {one.email: customer_accounts.find_verified(tx, parse_email(one.email)) for one in people.accounts}
    return [email for email, account in found.items() if account is not None and account.disabled_at is None]


def _particulars(wanted: SeedStore) -> Particulars:
    fields = {name: getattr(wanted, name) for name in Particulars.__struct_fields__ if hasattr(wanted, name)}
    address = Address(**asdict(wanted.address))
    return Particulars(**(fields | {"address": address, "delivery_radius_m": wanted.delivery_radius_km * 1_000}))


def _hours(wanted: SeedStore) -> list[Hours]:
    return [
        _interval(fulfilment, day, wanted.weekend if day >= SATURDAY else wanted.weekdays)
        for fulfilment in FULFILMENTS
        for day in range(7)
    ]


def _interval(fulfilment: Fulfilment, day: int, told: Day) -> Hours:
    return Hours(fulfilment=fulfilment, day=day, opens=_minutes(told.opens), closes=_minutes(told.closes))


def _minutes(clock: str) -> int:
    return min(int(clock[:2]) * 60 + int(clock[3:]), DAY_MINUTES)


def _stores(folder: Path) -> tuple[SeedStore, ...]:
    return _load(folder / "stores.toml", Stores).stores


def _load(file: Path, kind: type[T]) -> T:
    return msgspec.toml.decode(file.read_bytes(), type=kind)
