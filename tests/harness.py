"""The whole platform in this process, over real HTTP on loopback, on a clock that the test moves."""

import asyncio
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from shikanji import sandbox, seed
from shikanji.configuration import LOCAL_BUS, Configuration
from shikanji.house import SERVICES, settings_kinds
from shikanji.kit.bus.opening import backlog
from shikanji.kit.clock import SystemClock
from shikanji.kit.service import Service
from shikanji.main import Platform
from shikanji.world import World

PASSWORD = "shikanji-demo"
SECRET = "a secret for tests only, and 32 bytes at least"
CUSTOMER = "customer@demo.test"
ADMIN = "admin@demo.test"
ALL: tuple[Service, ...] = (*SERVICES, sandbox.service)
ADDRESS = {"line1": "1 Residency Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560001"}


class MovingClock:
    """The system's clock, and what the test added to it."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._ahead = 0

    def now(self) -> int:
        return self._system.now() + self._ahead

    def advance(self, by: int) -> None:
        self._ahead += by


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: Any
    """The decoded JSON, or the bytes of anything else."""

    @property
    def data(self) -> Any:
        """What a success carries; any other answer fails the test with its problem."""
        assert 200 <= self.status < 300, f"{self.status}: {self.body}"
        return self.body["data"]

    @property
    def problem(self) -> dict[str, Any]:
        """A refusal, checked to be problem+json in the envelope."""
        assert self.headers["Content-Type"] == "application/problem+json", self.headers
        assert isinstance(self.body, dict)
        assert self.body["success"] is False
        assert self.body["code"] == self.status
        return self.body

    @property
    def type(self) -> str:
        """The slug of the problem's type: `insufficient-stock`."""
        return str(self.problem["type"]).rpartition(":")[2]

    @property
    def cursor(self) -> str | None:
        found: str | None = self.body["meta"]["nextCursor"]
        return found


@dataclass
class Client:
    """One caller. Writes carry a fresh Idempotency-Key unless the test gives its own (None: none at all)."""

    http: aiohttp.ClientSession
    url: str
    token: str | None = None
    id: str = ""

    async def get(self, path: str, **options: Any) -> Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Response:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> Response:
        return await self.request("PUT", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Response:
        return await self.request("DELETE", path, **options)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = "fresh",
    ) -> Response:
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if key is not None and method != "GET":
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()) if key == "fresh" else key)
        body: dict[str, Any] = {"data": data} if data is not None else {"json": json} if json is not None else {}
        async with self.http.request(method, self.url + path, headers=sent, **body) as answer:
            kind = answer.headers.get("Content-Type", "")
            content = await answer.json(content_type=None) if "json" in kind else await answer.read()
            return Response(answer.status, answer.headers, content)


@dataclass
class Counter(ABC):
    """Where clients meet the platform, whatever its shape; it has the demo data."""

    http: aiohttp.ClientSession
    url: str
    anonymous: Client = field(init=False)
    _clients: dict[str, Client] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.anonymous = Client(self.http, self.url)

    @property
    @abstractmethod
    def databases(self) -> dict[str, Path | str]:
        """The file or the URL of each service's."""

    @abstractmethod
    async def settle(self) -> None:
        """Everything that is due by the clock is done: events handled, timers run, outside work finished."""

    async def sign_in(self, identifier: str, password: str = PASSWORD) -> Client:
        """The same client for the same account, until `forget`."""
        if identifier not in self._clients:
            answer = await self.anonymous.post("/api/v1/auth/login", {"identifier": identifier, "password": password})
            self._clients[identifier] = self._client(answer)
        return self._clients[identifier]

    async def customer(self) -> Client:
        return await self.sign_in(CUSTOMER)

    async def admin(self) -> Client:
        return await self.sign_in(ADMIN)

    async def staff(self, role: str, store: str = "mgroad") -> Client:
        return await self.sign_in(f"{role}.{store}@demo.test")

    async def register(self, name: str = "Asha Mehta") -> Client:
        """A customer of its own, whom nobody else uses."""
        number = uuid.uuid4().int % 10**8
        person = {
            "name": name,
            "email": f"c{uuid.uuid4().hex[:12]}@shop.test",
            "phone": f"+9198{number:08d}",
            "password": "correct horse battery",
        }
        return self._client(await self.anonymous.post("/api/v1/auth/register", person))

    async def crowd(self, size: int) -> list[Client]:
        """So many customers, a few at a time: more passwords at once than are hashed in a second are refused."""
        found: list[Client] = []
        while len(found) < size:
            found += await asyncio.gather(*(self.register() for _ in range(min(40, size - len(found)))))
        return found

    async def store(self, name: str = "MG Road") -> dict[str, Any]:
        stores = (await self.anonymous.get("/api/v1/stores")).data
        found: dict[str, Any] = next(store for store in stores if name in store["name"])
        return found

    async def products(self, store_id: str | None = None) -> list[dict[str, Any]]:
        """The card's products that ask for no choice; of a store, those that can be had there."""
        query = f"&storeId={store_id}" if store_id else ""
        listed = (await self.anonymous.get(f"/api/v1/products?limit=100{query}")).data
        return [
            product
            for product in listed
            if product["available"] and not any(choice["required"] for choice in product["customizations"])
        ]

    async def order_body(self, *, lines: int = 2, **changes: Any) -> dict[str, Any]:
        """A cod order for pickup at MG Road; `changes` replace fields, None takes them away."""
        store = await self.store()
        products = await self.products(store["id"])
        body = {
            "storeId": store["id"],
            "fulfilment": "pickup",
            "items": [{"productId": product["id"], "quantity": 2} for product in products[:lines]],
            "paymentMethod": "cod",
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    async def order(self, client: Client | None = None, **changes: Any) -> dict[str, Any]:
        """A placed order, settled."""
        buyer = client or await self.customer()
        placed: dict[str, Any] = (await buyer.post("/api/v1/orders", await self.order_body(**changes))).data
        await self.settle()
        return placed

    async def advance_status(self, order_id: str, *statuses: str) -> None:
        """MG Road's manager takes the order along these edges."""
        manager = await self.staff("manager")
        for status in statuses:
            answer = await manager.put(f"/api/v1/orders/{order_id}/status", {"status": status})
            assert answer.status == 200, answer.body
        await self.settle()

    async def status_of(self, order_id: str) -> str:
        admin = await self.admin()
        return str((await admin.get(f"/api/v1/orders/{order_id}")).data["status"])

    async def initiate(self, order_id: str, client: Client | None = None) -> dict[str, Any]:
        buyer = client or await self.customer()
        payment: dict[str, Any] = (await buyer.post("/api/v1/payments/initiate", {"orderId": order_id})).data
        return payment

    async def check_out(self, payment: dict[str, Any], outcome: str = "success", **options: Any) -> Response:
        """What the customer does at the sandbox company."""
        path = f"/sandbox/checkout/{payment['checkout']['providerOrderId']}"
        return await self.anonymous.post(path, {"outcome": outcome, **options})

    async def pay(self, order_id: str, client: Client | None = None) -> dict[str, Any]:
        """Pays online in full and settles; returns the payment."""
        payment = await self.initiate(order_id, client)
        paid = (await self.check_out(payment, webhook="none")).data
        await (client or await self.customer()).post("/api/v1/payments/verify", {"paymentId": payment["id"], **paid})
        await self.settle()
        return payment

    def forget(self) -> None:
        """Every account signs in anew at its next use."""
        self._clients.clear()

    def _client(self, answer: Response) -> Client:
        granted = answer.data
        return Client(self.http, self.url, granted["accessToken"], granted["customer"]["id"])


class Shop(Counter):
    """A running platform in this process. Nothing happens behind the requests until `settle`."""

    def __init__(self, platform: Platform, clock: MovingClock, http: aiohttp.ClientSession, folder: Path) -> None:
        super().__init__(http, platform.url)
        self.platform = platform
        self.clock = clock
        self.folder = folder

    @property
    def databases(self) -> dict[str, Path | str]:
        settings = self.platform.settings
        if settings.embedded:
            return {service.name: self.folder / f"{service.name}.db" for service in ALL}
        return {service.name: settings.database_template.replace("{service}", service.name) for service in ALL}

    async def settle(self) -> None:
        async with asyncio.timeout(60):
            await self.platform.settle()
            bus_url = self.platform.settings.bus_url
            # What a bus between processes still had may have come meanwhile, and have set something going.
            while bus_url != LOCAL_BUS and (await backlog(bus_url) or not await self.platform.is_settled()):
                await self.platform.settle()


def configuration(folder: Path, **settings: str) -> Configuration:
    """`rate_limits="on"` becomes SHIKANJI_RATE_LIMITS=on. Tests ask faster than any person, so limits are off."""
    given = {"data_dir": str(folder), "port": "0", "rate_limits": "off", "secret": SECRET, **settings}
    return Configuration({f"SHIKANJI_{name.upper()}": value for name, value in given.items()}, settings_kinds())


@asynccontextmanager
async def open_shop(folder: Path, *, driven: bool = True, **settings: str) -> AsyncIterator[Shop]:
    """The platform on a copy of the demo data in `folder` (on what is there, when there is something)."""
    if not await asyncio.to_thread(folder.exists):
        shutil.copytree(await template(), folder)
    async with open_platform(configuration(folder, **settings), MovingClock(), driven=driven) as shop:
        yield shop


@asynccontextmanager
async def open_platform(chosen: Configuration, clock: MovingClock, *, driven: bool = True) -> AsyncIterator[Shop]:
    """The platform on whatever data there is."""
    platform = Platform(chosen, world=World(clock=clock), driven=driven)
    await platform.start()
    platform.is_ready()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield Shop(platform, clock, http, chosen.platform.folder)
    finally:
        await platform.stop()


_templates = TemporaryDirectory(prefix="shikanji-demo-")


async def template() -> Path:
    """A data folder with the demo data, made once per process: copying it is a fiftieth of the work."""
    folder = Path(_templates.name) / "data"
    if not folder.exists():
        making = Path(_templates.name) / "making"
        platform = Platform(configuration(making), driven=True)
        await platform.start(serve=False)
        try:
            await seed.seed(platform.rooms)
            await platform.settle()
        finally:
            await platform.stop()
        making.rename(folder)
    return folder
