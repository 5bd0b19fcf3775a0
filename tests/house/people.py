"""Everyone who may come to the door of two stores, and the things that they come for. The second store mirrors the
first: whose own the things of one are, is a stranger at the other."""

import asyncio
import base64
import itertools
import os
import re
import string
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from shikanji.kit import calls_credential
from shikanji.kit.auth import Principal
from shikanji.kit.auth_tokens import Claims, TokenSigner
from shikanji.kit.clock import DAY, HOUR, to_rfc3339
from shikanji.main import Beside
from shikanji.process import Process
from shikanji.services.customer import passwords, tokens
from shikanji.services.customer.actions import create_account
from shikanji.services.customer.identity import parse_email
from shikanji.services.customer.repository.access import current_key
from shikanji.services.payment.tables import webhooks
from shikanji.services.store.model.hours import WEEKDAYS
from tests.harness import ADDRESS, PASSWORD, Client, Counter, Response, configuration
from tests.house.matrix import ELSEWHERE, ENDED, ROLES
from tests.probing import until
from tests.scaled import ScaledShop, settings

MIRROR = {
    "owner": "customer",
    "customer": "owner",
    **dict(zip((*ROLES, *ELSEWHERE), (*ELSEWHERE, *ROLES), strict=True)),
}
SECRET_IDS = (
    *("order", "visit", "unpaid", "paid", "underway", "payment", "invoice", "refund", "address"),
    *("chef_staff", "manager_staff", "purchase", "received", "review", "photo"),
)
"""Things whose ids no stranger may read in any answer."""
GSTIN = "29AAAAA0000A1ZY"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGNoOOAARAwQCgArDgYBNmzqcQAAAABJRU5ErkJggg=="
)
"""Of four pixels, as PNG."""


@dataclass
class People:
    """Clients by the name that authorization.yaml gives them, as seen from one of two stores. `things`: ids, all of
    this store and of `owner`."""

    shop: Counter
    operator: Process
    """The platform's inside, for what cannot be had at its door: accounts of head office, forged tokens."""
    identifiers: Mapping[str, str]
    marks: tuple[str, str]
    """The first stands in whatever is written about this store's orders and people, the second at the other store."""
    things: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    """The same of the other store."""
    seen_as: Mapping[str, str] = field(default_factory=dict)
    """Principal here → principal at the first store, where the two differ."""
    clients: dict[str, Client] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        return self.marks[0]

    def mirrored(self) -> "People":
        """As seen from the second store."""
        return replace(self, marks=self.marks[::-1], things=self.others, others=self.things, seen_as=MIRROR)

    async def client(self, principal: str) -> Client:
        name = self.seen_as.get(principal, principal)
        if name not in self.clients:
            self.clients[name] = await self.new_session(principal)
        return self.clients[name]

    async def new_session(self, principal: str) -> Client:
        return await sign_in(self.shop, self.identifiers[self.seen_as.get(principal, principal)])

    def forget(self, principal: str) -> None:
        """The next call comes in a new session: this one has been ended."""
        if principal in self.identifiers and principal not in ENDED:
            self.clients.pop(self.seen_as.get(principal, principal), None)

    async def ask(self, principal: str, method: str, path: str, body: Any = None) -> Response:
        client = await self.client(principal)
        kind = {"Content-Type": "image/png" if isinstance(body, bytes) else "application/json"}
        if principal != "internal":
            if isinstance(body, bytes):
                return await client.request(method, path, data=body, headers=kind)
            return await client.request(method, path, json=body)
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        headers = self.credential(path, data) | (kind if data else {})
        return await client.request(method, path, data=data or None, headers=headers)

    def credential(self, path: str, body: bytes) -> dict[str, str]:
        """What the platform's processes say to each other, signed with the true key, and what else would be good to be
        believed."""
        room = self.operator.rooms["customer"]
        key = room.secrets.derive(calls_credential.PURPOSE)
        claimed = {"X-User-Id": self.things["owner"], "X-Store-Id": self.things["store"], "X-Roles": "admin"}
        return claimed | calls_credential.sign(key, path, body, now=room.clock.now(), nonce=uuid.uuid4().hex)

    async def as_admin(self, method: str, path: str, json: Any = None) -> Any:
        answer = await (await self.client("admin")).request(method, f"/api/v1{path}", json=json)
        return answer.data if answer.status != 204 else None

    async def order(self, **changes: Any) -> str:
        """A fresh order of the owner's: cod, so that it is confirmed at once. Returns its id."""
        return str((await self.placed("owner", notes=self.mark, **changes))["id"])

    async def placed(self, buyer: str, **changes: Any) -> dict[str, Any]:
        item = {"productId": self.things["product"], "quantity": 2}
        body = {"storeId": self.things["store"], "fulfilment": "pickup", "items": [item], "paymentMethod": "cod"}
        order: dict[str, Any] = (await (await self.client(buyer)).post("/api/v1/orders", {**body, **changes})).data
        return order

    async def advance(self, order_id: str, *statuses: str) -> None:
        manager = await self.client("manager")
        for status in statuses:
            answer = await manager.put(f"/api/v1/orders/{order_id}/status", {"status": status})
            assert answer.status == 200, answer.body

    async def received(self) -> str:
        """A fresh order of the owner's that was handed over. Returns its id."""
        order_id = await self.order()
        await self.advance(order_id, "preparing", "ready", "completed")
        return order_id

    async def review(self, *, waiting: bool = False) -> str:
        """A fresh review of the owner's; shown, or waiting to be looked at. Returns its id."""
        said = f"www.example.in says {self.mark}" if waiting else ""
        body = {"orderId": await self.received(), "productId": self.things["product"], "rating": 5, "text": said}
        return str((await (await self.client("owner")).post("/api/v1/reviews", body)).data["id"])

    async def code_sent_to(self, phone: str) -> str:
        await self.shop.settle()
        listed = await self.shop.anonymous.get("/dev/outbox", headers={"Accept": "application/json"})
        found = re.search(r"\b\d{6}\b", next(message["text"] for message in listed.data if message["to"] == phone))
        assert found is not None
        return found[0]

    def day(self, days: int) -> str:
        return to_rfc3339(self.operator.clock.now() + days * DAY)[:10]

    def secrets(self, stranger: str) -> set[str]:
        """What only the owner, the store's people and head office may read, and this stranger not."""
        own = {self.things["visit"]} if stranger == "customer" else set()
        return {self.mark, *(self.things[name] for name in SECRET_IDS)} - own

    async def kept(self) -> dict[str, Any]:
        """All that `again` needs, everyone signed in; to be written down."""
        for name in self.identifiers:
            if name not in ENDED:
                await self.client(name)
        await self.shop.settle()
        tokens = {name: [client.token, client.id] for name, client in self.clients.items()}
        return {
            "tokens": tokens,
            "identifiers": self.identifiers,
            "marks": self.marks,
            "things": self.things,
            "others": self.others,
        }


def again(kept: dict[str, Any], shop: Counter, operator: Process) -> People:
    """The same people before a platform with the same data."""
    clients = {name: Client(shop.http, shop.url, *known) for name, known in kept["tokens"].items()}
    first, second = kept["marks"]
    return People(shop, operator, kept["identifiers"], (first, second), kept["things"], kept["others"], clients=clients)


async def sign_in(shop: Counter, identifier: str) -> Client:
    answer = await shop.anonymous.post("/api/v1/auth/login", {"identifier": identifier, "password": PASSWORD})
    return Client(shop.http, shop.url, answer.data["accessToken"], answer.data["customer"]["id"])


@asynccontextmanager
async def beside(shop: ScaledShop) -> AsyncIterator[Process]:
    """The inside of a platform that runs in several processes."""
    operator = Beside(configuration(shop.folder, **settings(shop.urls)))
    await operator.start(migrates=False)
    try:
        yield operator
    finally:
        await operator.stop()


async def assemble(shop: Counter, operator: Process) -> People:
    """Everyone of authorization.yaml and two stores, seen from the first."""
    stem = uuid.uuid4().hex[:8]
    names = ("owner", "customer", *ROLES, *ELSEWHERE, "admin", *ENDED, "spare")
    identifiers = {name: f"{name.replace('_', '.')}.{stem}@shop.test" for name in names}
    people = People(shop, operator, identifiers, (f"peacock-{stem}", f"lotus-{stem}"))
    people.clients.update(anonymous=shop.anonymous, internal=shop.anonymous)
    await _open_accounts(people)
    await _end_sessions(people)
    mirror = people.mirrored()
    product = (await shop.products())[0]
    for each in (people, mirror):
        each.things |= {"product": product["id"], "category": product["categoryId"], "product_name": product["name"]}
        await _open_store(each)
        # From here on a token names the roles of who shows it.
        await shop.settle()
        await _fill(each)
    people.things["other_store"], mirror.things["other_store"] = mirror.things["store"], people.things["store"]
    return people


async def _open_accounts(people: People) -> None:
    """All at once; what is written of them carries the mark of their store."""
    room = people.operator.rooms["customer"]
    password_hash = await room.compute.run(passwords.hash_password, PASSWORD)

    async def opened(name: str) -> None:
        account = await room.db.write(
            create_account,
            name=" ".join(["Nisha", *(mark for mark, staff in marked if name in staff)]),
            email=parse_email(people.identifiers[name]),
            phone=None,
            password_hash=password_hash,
            verified=True,
            admin=name in ("admin", *ENDED),
        )
        ids[name] = account.id

    marked = tuple(zip(people.marks, (ROLES, ELSEWHERE), strict=True))
    ids: dict[str, str] = {}
    await asyncio.gather(*map(opened, people.identifiers))
    for things, owner, customer in ((people.things, "owner", "customer"), (people.others, "customer", "owner")):
        things |= {"owner": ids[owner], "customer": ids[customer], "spare": ids["spare"]}
        things |= {"owner_email": people.identifiers[owner], "spare_email": people.identifiers["spare"]}


async def _end_sessions(people: People) -> None:
    """Of head office, before whom everything else would open."""
    ended = {name: await people.client(name) for name in ENDED}
    people.clients["expired"] = replace(ended["expired"], token=await _outlived(people, str(ended["expired"].token)))
    await people.as_admin("PUT", f"/customers/{ended['disabled'].id}/access", {"disabled": True})
    await ended["revoked"].post("/api/v1/auth/logout")
    for name in ENDED:

        async def refused(name: str = name) -> bool:
            return (await (await people.client(name)).get("/api/v1/orders")).status == 401

        await until(refused, f"{name} is refused")


async def _outlived(people: People, token: str) -> str:
    """The same token, signed by the platform an hour ago for a minute."""
    room = people.operator.rooms["customer"]
    sealed = await room.db.read(current_key)
    assert sealed is not None
    key = tokens.unseal(room.secrets.derive(tokens.SIGNING_PURPOSE), sealed)
    payload = token.split(".")[1]
    claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=Claims)
    principal = Principal(
        account_id=claims.sub, session_id=claims.sid, version=claims.ver, admin=claims.adm, roles=claims.roles
    )
    return TokenSigner(key.kid, key.seed).sign(principal, now=room.clock.now() - HOUR, seconds=60)


async def _open_store(people: People) -> None:
    """Around the clock, with all its people, and plenty of one product."""
    things, name = people.things, fresh_name("store")
    place = {"address": ADDRESS, "latitude": 12.97, "longitude": 77.6, "deliveryRadiusKm": 10, "gstin": GSTIN}
    store = await people.as_admin("POST", "/stores", {"name": name, **place})
    things["store"] = store["id"]
    own = f"/stores/{store['id']}"
    around = {"opens": "00:00", "closes": "24:00"}
    ways = ("delivery", "pickup", "dine-in")
    hours = [{"fulfilment": way, "day": day, **around} for way in ways for day in WEEKDAYS]
    await people.as_admin("PUT", f"{own}/hours", {"hours": hours})
    await people.as_admin("POST", f"{own}/zones", {"name": "Near", "postalCodes": ["560001"], "fee": 0, "minutes": 25})
    closed = await people.as_admin("POST", "/stores", {"name": fresh_name("closed"), **place, "active": False})
    things["closed"] = closed["id"]
    for role in ROLES:
        place_of_work = {"identifier": people.identifiers[people.seen_as.get(role, role)], "role": role}
        hired = await people.as_admin("POST", f"{own}/staff", place_of_work)
        things |= {f"{role}_staff": hired["id"], role: hired["accountId"]}
        await people.as_admin("POST", f"/stores/{closed['id']}/staff", place_of_work)
    delivered = {"storeId": store["id"], "delta": 10_000, "reason": people.mark}
    await people.as_admin("PUT", f"/inventory/{things['product']}/adjust", delivered)
    supplier = await people.as_admin("POST", "/suppliers", {"name": fresh_name("supplier")})
    lines = [{"productId": things["product"], "quantity": 3, "unitCost": 500}]
    wanted = {"storeId": store["id"], "supplierId": supplier["id"], "lines": lines, "note": people.mark}
    things["purchase"] = (await people.as_admin("POST", "/purchase-orders", wanted))["id"]


async def _fill(people: People) -> None:
    """Something of every kind."""
    things, shop, owner = people.things, people.shop, await people.client("owner")
    order = await people.placed("owner", notes=people.mark)
    things |= {"order": order["id"], "number": order["orderNumber"]}
    things["visit"] = (await people.placed("customer"))["id"]
    things["unpaid"] = await people.order(paymentMethod="online")
    things["paid"] = await people.order(paymentMethod="online")
    things["underway"] = await people.order(fulfilment="delivery", deliveryAddress=ADDRESS)
    await shop.settle()
    await people.advance(things["underway"], "preparing", "ready", "dispatched")
    payment = await shop.initiate(things["paid"], owner)
    checked_out = (await shop.check_out(payment, webhook="none")).data
    things |= {"payment": payment["id"], "provider_payment": checked_out["providerPaymentId"]}
    things |= {"signature": checked_out["signature"], "provider_order": payment["checkout"]["providerOrderId"]}
    await owner.post("/api/v1/payments/verify", {"paymentId": payment["id"], **checked_out})
    await shop.settle()
    on_paper = f"/api/v1/payments/{payment['id']}/invoice"
    things["invoice"] = (await owner.get(on_paper, headers={"Accept": "application/json"})).data["id"]
    refund = await people.as_admin("POST", f"/payments/{payment['id']}/refund", {"amount": 100, "reason": people.mark})
    things["refund"] = refund["id"]
    told = (await owner.get(f"/api/v1/notifications/user/{owner.id}")).data
    things["notification"] = told[0]["id"]
    things["received"], things["review"] = await people.received(), await people.review(waiting=True)
    photo = await people.ask("owner", "POST", f"/api/v1/reviews/{things['review']}/photos", PICTURE)
    things["photo"] = photo.data["id"]
    address = await owner.post(f"/api/v1/customers/{owner.id}/addresses", {**ADDRESS, "line2": people.mark})
    things["address"] = address.data["id"]
    await shop.settle()
    told_of_the_refund = sa.select(webhooks.c.id).where(webhooks.c.type == "refund.processed")
    things["webhook"] = await people.operator.rooms["payment"].db.read(
        lambda tx: tx.execute(told_of_the_refund).scalar()
    )


def fresh_phone() -> str:
    return f"+9197{uuid.uuid4().int % 10**8:08d}"


_stores = itertools.count()


def fresh_store_code() -> str:
    """Four signs are few: those of one process are counted, from a place of its own."""
    number = (os.getpid() * 211 + next(_stores)) % 36**3
    return "B" + "".join((string.digits + string.ascii_uppercase)[number // 36**place % 36] for place in range(3))


def fresh_name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
