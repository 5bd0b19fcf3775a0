"""The folder that every run begins with a copy of: a small shop, and people who have signed in before."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from shikanji import seed
from shikanji.kit.clock import ManualClock, to_rfc3339
from tests.simulation.machine import Life, Machine, Temper
from tests.simulation.wire import Answer, send

MORNING = 1_795_413_600_000_000
"""2026-11-23 06:00 UTC, half past eleven in Bengaluru, a Monday."""
SHOP = Path(__file__).parent / "shop"
MEMORY = Path("/dev/shm")
"""Where the files lie in memory, where there is such a place: nothing here depends on a disk."""
SESSIONS = {"asha": 4, "bela": 4, "chetan": 3, "manager": 3}
SESSIONS_OTHERS = 2
CAMPAIGNS: tuple[dict[str, Any], ...] = (
    {"type": "discount", "discountType": "percentage", "value": 10, "code": "MINT", "usageLimit": 1},
    {"type": "discount", "discountType": "fixed", "value": 3_000, "code": "ONCE", "usageLimitPerCustomer": 1},
    {"type": "free_delivery", "discountType": "free_delivery", "code": "FREE", "minimumOrder": 15_000},
    {"type": "discount", "discountType": "percentage", "value": 5, "automatic": True, "minimumOrder": 40_000},
    {"type": "loyalty_bonus", "discountType": "percentage", "value": 100, "code": "DOUBLE"},
)
GIFTS = {"asha": 300, "bela": 60}
"""Points at the beginning."""


@dataclass(frozen=True)
class Product:
    id: str
    price: int
    choices: tuple[tuple[bool, tuple[str, ...]], ...]
    """For each customization: whether it is required, and its options."""


@dataclass(frozen=True)
class Account:
    id: str
    access_token: str
    """Of the first session, as of MORNING."""
    refresh_tokens: tuple[str, ...]
    """One for each session."""


@dataclass(frozen=True)
class Template:
    folder: Path
    people: dict[str, Account]
    """By the first part of their address."""
    stores: dict[str, str]
    products: tuple[Product, ...]

    def copy_to(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for file in sorted(self.folder.iterdir()):
            if file.suffix == ".db":
                shutil.copyfile(file, folder / file.name)


@contextmanager
def work_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="shikanji-sim-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


def make_template(root: Path) -> Template:
    """The same to the last id, wherever and whenever it is made."""
    machine = Machine(root, ManualClock(MORNING), Temper(), Random("the template"))
    machine.start()
    life = machine.life
    made = life.finish(_fill(life))
    life.stop()
    return Template(machine.folder, *made)


async def _fill(life: Life) -> tuple[Any, Any, Any]:
    await seed.seed(life.platform.rooms, folder=SHOP)
    await life.platform.settle()
    accounts = msgspec.toml.decode((SHOP / "accounts.toml").read_bytes())
    people = {}
    for account in accounts["accounts"]:
        name = account["email"].partition("@")[0]
        told = {"identifier": account["email"], "password": accounts["password"]}
        grants = [await _ask(life, "POST", "/api/v1/auth/login", told) for _ in range(_sessions(name))]
        people[name] = Account(
            grants[0].data["customer"]["id"],
            grants[0].data["accessToken"],
            tuple(grant.data["refreshToken"] for grant in grants),
        )
    stores = {store["slug"]: store["id"] for store in (await _ask(life, "GET", "/api/v1/stores")).data}
    await _limit_the_kiosk(life, people["kiosk"].access_token, stores["kiosk"])
    await _be_generous(life, people)
    listed = (await _ask(life, "GET", f"/api/v1/products?storeId={stores['corner']}&limit=100")).data
    await life.platform.settle()
    return people, stores, tuple(map(_product, listed))


def _sessions(name: str) -> int:
    return SESSIONS.get(name, SESSIONS_OTHERS)


async def _limit_the_kiosk(life: Life, access_token: str, store_id: str) -> None:
    """To two orders in half an hour."""
    token = {"authorization": f"Bearer {access_token}"}
    answer = await _ask(life, "PUT", f"/api/v1/stores/{store_id}/settings", {"capacityPerSlot": 2}, token)
    assert answer.status == 200, answer.body


async def _be_generous(life: Life, people: dict[str, Account]) -> None:
    """Campaigns with limits that are soon reached, and points for some."""
    token = {"authorization": f"Bearer {people['admin'].access_token}"}
    for campaign in CAMPAIGNS:
        given = {"name": campaign.get("code", "For all"), "startsAt": to_rfc3339(MORNING), **campaign}
        await _ask(life, "POST", "/api/v1/campaigns", given, token)
    for name, points in GIFTS.items():
        gift = {"customerId": people[name].id, "points": points, "reason": "welcome"}
        key = {"idempotency-key": f"welcome-{name}-0000000000"}
        await _ask(life, "POST", "/api/v1/loyalty/earn", gift, token | key)


def _product(listed: dict[str, Any]) -> Product:
    choices = tuple(
        (choice["required"], tuple(option["id"] for option in choice["options"])) for choice in listed["customizations"]
    )
    return Product(listed["id"], listed["price"], choices)


async def _ask(life: Life, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    given = {"content-type": "application/json", **(headers or {})}
    raw = b"" if body is None else msgspec.json.encode(body)
    answer = await send(life.platform.gateway, method, path, given, raw)
    assert answer.status < 400, (path, answer.body)
    return answer
