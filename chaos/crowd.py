"""Customers and staff who go about their business while the platform is being broken."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bench.shop import Shop
from chaos.door import Door, NeverAnswered, Person, Request

MANAGER = Person("manager.mgroad@demo.test")
WEBHOOKS = ("once", "twice", "none")
"""How the company tells of a payment. With "none", one whose answer got lost is known when it is looked up."""
DELAYS_SECONDS = (0, 0, 0, 1, 2)
TO_THE_END = ("preparing", "ready", "completed")

# Shares of a hundred.
ADJUSTMENTS = 5
ONLINE = 55
WALKS_AWAY = 10
"""Of those who get no answer at first: they never learn whether they have an order."""
NEVER_PAYS = 6
FAILS_FIRST = 10
CANCELS = 25
FULFILLED = 60


@dataclass
class Crowd:
    """`wanted` says whether another errand is to be begun; those under way are finished."""

    door: Door
    shop: Shop
    wanted: Callable[[], bool]
    think_seconds: float
    webhooks: Sequence[str] = WEBHOOKS
    orders: int = 0
    """Acknowledged."""
    _to_fulfil: deque[str] = field(default_factory=deque)
    _busy: int = 0

    def __post_init__(self) -> None:
        self.chance = self.door.chance
        self.people = [Person(f"bench{number}@load.test", token) for number, token in enumerate(self.shop.tokens)]
        self._keys = iter(range(1 << 60))
        self._prefix = f"{self.chance.getrandbits(40):010x}"

    async def live(self, *, staff: int = 4) -> None:
        """Returns when nothing more is wanted and all that was begun is done."""
        async with asyncio.TaskGroup() as group:
            for person in self.people:
                group.create_task(self._customer(person))
            for _ in range(staff):
                group.create_task(self._staff())

    async def _customer(self, person: Person) -> None:
        self._busy += 1
        try:
            while self.wanted():
                with suppress(NeverAnswered):
                    await self._errand(person)
                await asyncio.sleep(self.chance.random() * 2 * self.think_seconds)
        finally:
            self._busy -= 1

    async def _errand(self, person: Person) -> None:
        drawn = self.chance.randrange(100)
        if drawn < ADJUSTMENTS:
            await self._adjust()
        elif drawn < ADJUSTMENTS + ONLINE:
            await self._buy_online(person)
        else:
            await self._buy_with_cash(person)

    async def _adjust(self) -> None:
        key, product = self._key(), self.chance.choice(self.shop.products)
        delta = self.chance.choice((-3, -1, 2, 5))
        body = {"storeId": self.shop.store_id, "delta": delta, "reason": key}
        request = Request("PUT", f"/api/v1/inventory/{product}/adjust", body, key)
        await self.door.ask("adjust", key, MANAGER, request, {"product": product, "delta": delta})

    async def _buy_with_cash(self, person: Person) -> None:
        order_id = await self._place(person, "cod")
        if order_id is not None:
            await self._go_on(person, order_id)

    async def _buy_online(self, person: Person) -> None:
        order_id = await self._place(person, "online")
        if order_id is None or self._drawn(NEVER_PAYS):
            return
        initiate = Request("POST", "/api/v1/payments/initiate", {"orderId": order_id}, self._key())
        answer = await self.door.ask("initiate", order_id, person, initiate, {})
        if answer.status != 201:
            # The window has closed over the faults.
            return
        await self._pay(person, order_id, answer.data)
        await self._go_on(person, order_id)

    async def _pay(self, person: Person, order_id: str, payment: dict[str, Any]) -> None:
        at = payment["checkout"]["providerOrderId"]
        if self._drawn(FAILS_FIRST):
            await self._check_out(order_id, at, "failure", "once")
        webhook = self.chance.choice(self.webhooks)
        paid = await self._check_out(order_id, at, "success", webhook)
        if paid is not None and (webhook == "none" or self._drawn(50)):
            verify = Request("POST", "/api/v1/payments/verify", {"paymentId": payment["id"], **paid})
            await self.door.ask("verify", order_id, person, verify, {})

    async def _check_out(self, order_id: str, at: str, outcome: str, webhook: str) -> dict[str, Any] | None:
        body = {"outcome": outcome, "webhook": webhook, "delaySeconds": self.chance.choice(DELAYS_SECONDS)}
        request = Request("POST", f"/sandbox/checkout/{at}", body)
        answer = await self.door.ask("check-out", order_id, None, request, {"outcome": outcome})
        paid: dict[str, Any] | None = answer.data if answer.status == 200 else None
        return paid

    async def _place(self, person: Person, method: str) -> str | None:
        """The order's id, when it was acknowledged."""
        key = self._key()
        chosen = self.chance.sample(self.shop.products, self.chance.choice((1, 2, 3)))
        body = {
            "storeId": self.shop.store_id,
            "fulfilment": "pickup",
            "items": [{"productId": product, "quantity": self.chance.choice((1, 2))} for product in chosen],
            "paymentMethod": method,
            "notes": key,
        }
        request = Request("POST", "/api/v1/orders", body, key)
        if self._drawn(WALKS_AWAY):
            answer = await self.door.ask_once("place", key, person, request)
        else:
            answer = await self.door.ask("place", key, person, request, {})
        if answer is None or answer.status != 201:
            return None
        self.orders += 1
        return str(answer.data["id"])

    async def _go_on(self, person: Person, order_id: str) -> None:
        if self._drawn(CANCELS):
            cancel = Request("POST", f"/api/v1/orders/{order_id}/cancel", {"reason": "changed my mind"}, self._key())
            await self.door.ask("cancel", order_id, person, cancel, {})
        elif self._drawn(FULFILLED):
            self._to_fulfil.append(order_id)

    async def _staff(self) -> None:
        while self._busy or self._to_fulfil:
            if not self._to_fulfil:
                await asyncio.sleep(0.1)
                continue
            order_id = self._to_fulfil.popleft()
            with suppress(NeverAnswered):
                await self._fulfil(order_id)

    async def _fulfil(self, order_id: str) -> None:
        """As far as it goes: one that is not paid yet is left where it is."""
        for status in TO_THE_END:
            move = Request("PUT", f"/api/v1/orders/{order_id}/status", {"status": status})
            answer = await self.door.ask("move", order_id, MANAGER, move, {"to": status})
            if answer.status != 200:
                return

    def _drawn(self, share: int) -> bool:
        return self.chance.randrange(100) < share

    def _key(self) -> str:
        return f"chaos-{self._prefix}-{next(self._keys):08d}"
