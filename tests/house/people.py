"""Everyone who may come to the door of the demo shop, and the things that they come for."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from shikanji.commands import COMMANDS
from shikanji.kit.clock import DAY, to_rfc3339
from shikanji.kit.messages.outbox import OutboxMessages
from shikanji.services.payment.tables import webhooks
from tests.harness import ADDRESS, PASSWORD, Client, Shop

PRINCIPALS = (
    "anonymous",
    "owner",
    "customer",
    "manager",
    "chef",
    "cashier",
    "delivery",
    "support",
    "other_store_manager",
    "admin",
)
SUPPORT = "support.mgroad@demo.test"
SPARE = "spare@demo.test"
OWNER = "owner@demo.test"
SECOND_ADMIN = "second.admin@demo.test"


@dataclass
class People:
    """Clients by the name that authorization.yaml gives them. `things`: ids, all of MG Road and of `owner`."""

    shop: Shop
    things: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)

    async def client(self, principal: str) -> Client:
        if principal == "anonymous":
            return self.shop.anonymous
        if principal not in self._clients:
            self._clients[principal] = await self.new_session(principal)
        return self._clients[principal]

    async def new_session(self, principal: str) -> Client:
        return await sign_in(self.shop, IDENTIFIERS[principal])

    def forget(self, principal: str) -> None:
        """The next call comes in a new session: this one has been ended."""
        self._clients.pop(principal, None)

    async def as_admin(self, method: str, path: str, json: Any = None) -> Any:
        answer = await (await self.client("admin")).request(method, f"/api/v1{path}", json=json)
        return answer.data if answer.status != 204 else None

    async def order(self, **changes: Any) -> str:
        """A fresh order of the owner's: cod, so that it is confirmed at once."""
        item = {"productId": self.things["product"], "quantity": 2}
        body = {"storeId": self.things["store"], "fulfilment": "pickup", "items": [item], "paymentMethod": "cod"}
        placed = await (await self.client("owner")).post("/api/v1/orders", {**body, **changes})
        return str(placed.data["id"])

    async def code_sent_to(self, phone: str) -> str:
        await self.shop.settle()
        messages = self.shop.platform.messages
        assert isinstance(messages, OutboxMessages)
        newest = next(message for message in messages.newest() if message.to == phone)
        found = re.search(r"\b\d{6}\b", newest.text)
        assert found is not None
        return found[0]

    def day(self, days: int) -> str:
        return to_rfc3339(self.shop.clock.now() + days * DAY)[:10]


IDENTIFIERS = {
    "owner": OWNER,
    "customer": "customer@demo.test",
    **{role: f"{role}.mgroad@demo.test" for role in ("manager", "chef", "cashier", "delivery", "support")},
    "other_store_manager": "manager.koramangala@demo.test",
    "admin": "admin@demo.test",
}


async def sign_in(shop: Shop, identifier: str) -> Client:
    answer = await shop.anonymous.post("/api/v1/auth/login", {"identifier": identifier, "password": PASSWORD})
    return Client(shop.http, shop.platform.url, answer.data["accessToken"], answer.data["customer"]["id"])


async def assemble(shop: Shop) -> People:
    """The demo's people, and those it lacks: somebody at the support desk, one to be hired, and the owner of things."""
    people = People(shop)
    for identifier in (SUPPORT, SPARE, OWNER, SECOND_ADMIN):
        asked = {
            "identifier": identifier,
            "name": "Nisha Rao",
            "password": PASSWORD,
            "admin": identifier == SECOND_ADMIN,
        }
        await COMMANDS["user"](shop.platform, asked)
    store = await shop.store()
    people.things |= {"store": store["id"], "other_store": (await shop.store("Koramangala"))["id"]}
    await people.as_admin("POST", f"/stores/{store['id']}/staff", {"identifier": SUPPORT, "role": "support"})
    people.things["owner"] = (await people.client("owner")).id
    await _fill(people)
    return people


async def _fill(people: People) -> None:
    """Something of every kind."""
    things, shop, owner = people.things, people.shop, await people.client("owner")
    product = (await shop.products(things["store"]))[0]
    things |= {"product": product["id"], "category": product["categoryId"], "product_name": product["name"]}
    things["order"] = await people.order()
    things["unpaid"] = await people.order(paymentMethod="online")
    things["paid"] = await people.order(paymentMethod="online")
    things["spare"] = (await sign_in(shop, SPARE)).id
    things["underway"] = await people.order(fulfilment="delivery", deliveryAddress=ADDRESS)
    await shop.settle()
    await shop.advance_status(things["underway"], "preparing", "ready", "dispatched")
    payment = await shop.initiate(things["paid"], owner)
    checked_out = (await shop.check_out(payment, webhook="none")).data
    things |= {"payment": payment["id"], "provider_payment": checked_out["providerPaymentId"]}
    things |= {"signature": checked_out["signature"], "provider_order": payment["checkout"]["providerOrderId"]}
    await owner.post("/api/v1/payments/verify", {"paymentId": payment["id"], **checked_out})
    await shop.settle()
    refund = await people.as_admin("POST", f"/payments/{payment['id']}/refund", {"amount": 100, "reason": "spilt"})
    things["refund"] = refund["id"]
    address = await owner.post(f"/api/v1/customers/{owner.id}/addresses", ADDRESS)
    things["address"] = address.data["id"]
    staff = await people.as_admin("GET", f"/stores/{things['store']}/staff?limit=100")
    things["chef_staff"] = next(member["id"] for member in staff if member["role"] == "chef")
    await shop.settle()
    told_of_the_refund = sa.select(webhooks.c.id).where(webhooks.c.type == "refund.processed")
    things["webhook"] = await shop.platform.rooms["payment"].db.read(lambda tx: tx.execute(told_of_the_refund).scalar())


def fresh_phone() -> str:
    return f"+9197{uuid.uuid4().int % 10**8:08d}"


def fresh_name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
