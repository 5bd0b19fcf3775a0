"""A day of two stores as customers, staff and head office live it, over HTTP, and what it comes to: recounted here from
the requests that were made and the answers that they got, without asking anybody who keeps figures."""

import asyncio
import random
import string
import uuid
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from shikanji.kit.clock import MINUTE
from shikanji.kit.india import gstin_check_digit
from shikanji.services.store.model.hours import WEEKDAYS
from tests.harness import ADDRESS, Client, Counter, Response, Shop

API = "/api/v1"
AT_ONCE = 8
"""Requests under way at the same moment."""
CUSTOMERS = 30
PRODUCTS = 8
OPENING_STOCK = 5_000
SCARCE = 6
"""Pieces of the product that runs out."""
COUPON_USES = 25
INDIA = ZoneInfo("Asia/Kolkata")
WORD = "correct horse battery"
ALWAYS = [
    {"fulfilment": fulfilment, "day": day, "opens": "00:00", "closes": "24:00"}
    for fulfilment in ("pickup", "dine-in", "delivery")
    for day in WEEKDAYS
]


@dataclass
class Lived:
    """One order, and what was done to it."""

    placed: dict[str, Any]
    buyer: Client
    way: str
    attempts: list[dict[str, Any]] = field(default_factory=list)
    status: str = ""
    captured: int = 0
    refunded: int = 0
    refunds: int = 0
    excess: int = 0
    """Of `refunded`: what was paid twice."""
    payments: int = 0
    """How often money came."""
    cancellations: int = 0
    gave_back: Tally[str] = field(default_factory=Tally)
    """Pieces that went back on the shelf, per product."""
    cancelled_for: str = ""

    @property
    def id(self) -> str:
        return str(self.placed["id"])

    @property
    def total(self) -> int:
        return int(self.placed["total"])

    @property
    def store_id(self) -> str:
        return str(self.placed["storeId"])

    @property
    def pieces(self) -> Tally[str]:
        found: Tally[str] = Tally()
        for item in self.placed["items"]:
            found[item["productId"]] += item["quantity"]
        return found

    @property
    def took_stock(self) -> bool:
        return self.counts or self.cancelled_for == "begun"

    @property
    def counts(self) -> bool:
        """It was confirmed, and stayed."""
        return self.status not in ("pending", "cancelled")

    @property
    def day(self) -> date:
        """By the stores' clocks."""
        return datetime.fromisoformat(self.placed["placedAt"]).astimezone(INDIA).date()

    @property
    def was_confirmed(self) -> bool:
        return self.placed["paymentMethod"] == "cod" or self.captured > 0

    def take_money(self) -> None:
        self.payments += 1
        self.captured += self.total

    def cancel(self, why: str) -> None:
        self.status, self.cancelled_for = "cancelled", why
        self.cancellations += 1

    def give_back(self, amount: int) -> None:
        self.refunds += amount > 0
        self.refunded += amount

    @property
    def kept(self) -> int:
        """What the store has of it in the end."""
        return self.captured - self.refunded

    @property
    def points(self) -> int:
        """One for every whole ₹10 of goods, net of tax and fee; what was given back takes its share of them."""
        points = (self.placed["subtotal"] - self.placed["discount"] - self.placed["pointsDiscount"]) // 1_000
        return int(points * self.kept // self.total) if self.status == "completed" else 0

    @property
    def points_spent(self) -> int:
        """What is given back brings its share of them back, in whole points."""
        if self.status == "cancelled":
            return 0
        redeemed, given_back = self.placed["pointsRedeemed"], self.total - self.kept if self.captured else 0
        return int(redeemed - redeemed * given_back // self.total)


Step = Callable[["Day", Lived], Awaitable[None]]


async def pay(day: "Day", order: Lived, *, webhook: str = "once", outcome: str = "success") -> None:
    payment = await day.counter.initiate(order.id, order.buyer)
    answer = await day.counter.check_out(payment, outcome, webhook=webhook)
    assert answer.status == 200, answer.body
    order.attempts.append(payment)
    if outcome == "success":
        order.take_money()
        order.status = "confirmed"


async def pays(day: "Day", order: Lived) -> None:
    await pay(day, order)


async def pays_and_is_told_twice(day: "Day", order: Lived) -> None:
    await pay(day, order, webhook="twice")


async def fails_to_pay(day: "Day", order: Lived) -> None:
    await pay(day, order, outcome="failure")


async def pays_the_first_attempt_too(day: "Day", order: Lived) -> None:
    """Both windows were open: what came too much goes back."""
    answer = await day.counter.check_out(order.attempts[0], webhook="once")
    assert answer.status == 200, answer.body
    order.take_money()
    order.give_back(order.total)
    order.excess = order.total


async def calls_off(day: "Day", order: Lived) -> None:
    answer = await order.buyer.post(f"{API}/orders/{order.id}/cancel", {"reason": "changed my mind"})
    assert answer.status == 200, answer.body
    order.cancel("customer")
    order.give_back(order.captured)


async def cook(day: "Day", order: Lived) -> None:
    await day.move(order, "preparing", "ready")


async def hand_over(day: "Day", order: Lived) -> None:
    """Cash is taken with it."""
    if order.placed["fulfilment"] == "delivery":
        await day.move(order, "dispatched", "delivered", "completed")
    else:
        await day.move(order, "completed")
    if order.placed["paymentMethod"] == "cod":
        order.take_money()


async def is_thrown_away(day: "Day", order: Lived) -> None:
    """Begun, and nobody wants it any more."""
    await day.cancel_begun(order, restock=False)


async def goes_back_on_the_shelf(day: "Day", order: Lived) -> None:
    await day.cancel_begun(order, restock=True)


async def gets_a_line_refunded(day: "Day", order: Lived) -> None:
    line = order.placed["items"][0]
    worth = line["lineTotal"] - line["discount"] - line["pointsDiscount"] + line["tax"]
    wanted = {"lines": [{"lineId": line["id"], "quantity": line["quantity"]}], "reason": "cold"}
    await day.refund(order, wanted, worth)


async def gets_some_money_back(day: "Day", order: Lived) -> None:
    for amount in (500, 700):
        await day.refund(order, {"amount": amount, "reason": "late"}, amount)


async def forgets_to_pay(day: "Day", order: Lived) -> None:
    """Time runs out for it, where time can be moved."""
    order.attempts.append(await day.counter.initiate(order.id, order.buyer))
    if day.clock_moves:
        order.cancel("payment_timeout")


async def pays_late(day: "Day", order: Lived) -> None:
    answer = await day.counter.check_out(order.attempts[0], webhook="once")
    assert answer.status == 200, answer.body
    order.take_money()
    order.status, order.cancelled_for = "confirmed", ""


CASH: Sequence[Step] = (cook, hand_over)
WAYS: dict[str, tuple[str, int, Sequence[Step]]] = {
    "cash": ("cod", 88, CASH),
    "cash, called off": ("cod", 16, (calls_off,)),
    "cash, thrown away": ("cod", 8, (cook, is_thrown_away)),
    "cash, back on the shelf": ("cod", 8, (cook, goes_back_on_the_shelf)),
    "paid": ("online", 60, (pays, cook, hand_over)),
    "paid, told twice": ("online", 24, (pays_and_is_told_twice, cook, hand_over)),
    "paid at the second try": ("online", 20, (fails_to_pay, pays, cook, hand_over)),
    "paid twice": ("online", 12, (fails_to_pay, pays, pays_the_first_attempt_too, cook, hand_over)),
    "paid and called off": ("online", 16, (pays, calls_off)),
    "a line refunded": ("online", 16, (pays, cook, hand_over, gets_a_line_refunded)),
    "some money refunded": ("online", 12, (pays, cook, hand_over, gets_some_money_back)),
    "never paid": ("online", 10, (forgets_to_pay,)),
    "paid late": ("online", 10, (forgets_to_pay,)),
}
"""Payment method, how many orders go this way, and what happens to each in time."""
AFTERWARDS: dict[str, Sequence[Step]] = {"paid late": (pays_late, cook, hand_over)}
"""What happens when time has run out."""
ORDERS = sum(count for _, count, _ in WAYS.values())


def figures(orders: Sequence[Lived]) -> dict[str, int]:
    """What reports say of these orders, under the reports' names."""
    counting = [order for order in orders if order.counts]

    def total(name: str) -> int:
        return sum(order.placed[name] for order in counting)

    return {
        "placed": len(orders),
        "orders": len(counting),
        "completed": sum(order.status == "completed" for order in orders),
        "cancelled": sum(order.status == "cancelled" for order in orders),
        "items": sum(order.pieces.total() for order in counting),
        "gross": total("subtotal"),
        "discount": total("discount"),
        "pointsDiscount": total("pointsDiscount"),
        "net": total("subtotal") - total("discount") - total("pointsDiscount"),
        "deliveryFee": total("deliveryFee"),
        "tax": total("tax"),
        "roundOff": total("roundOff"),
        "total": total("total"),
        "paid": sum(order.captured for order in orders),
        "refunds": sum(order.refunds for order in orders),
        "refunded": sum(order.refunded for order in orders),
        "revenue": sum(order.kept for order in orders),
    }


class Day:
    def __init__(self, counter: Counter, seed: int) -> None:
        self.counter = counter
        self.chance = random.Random(seed)
        self.orders: list[Lived] = []
        self.buyers: list[Client] = []
        self.stores: list[dict[str, Any]] = []
        self.products: list[dict[str, Any]] = []
        self.stocked: Tally[tuple[str, str]] = Tally()
        """Pieces that were counted in, per store and product."""
        self.coupon = f"DAY{uuid.uuid4().hex[:8].upper()}"
        self.refused: Tally[str] = Tally()
        self.ratings: dict[str, list[int]] = {}
        """Stars that were given on this day, per product and per store."""
        self.rated_before: dict[str, list[int]] = {}
        self._emails: dict[str, Client] = {}
        self._prefix = f"{uuid.uuid4().int % 10**6:06d}"

    @property
    def clock_moves(self) -> bool:
        return isinstance(self.counter, Shop)

    async def open(self) -> None:
        """Head office opens two stores, fills their shelves and begins a campaign; customers register."""
        self.admin = await self.counter.admin()
        for name in ("Day North", "Day South"):
            self.stores.append(await self._open_store(f"{name} {uuid.uuid4().hex[:6]}"))
        self.products = (await self.counter.products())[:PRODUCTS]
        for product in self.products:
            found = (await self.counter.anonymous.get(f"{API}/reviews/product/{product['id']}/summary")).data
            self.rated_before[product["id"]] = found["distribution"]
        for store in self.stores:
            for product in self.products:
                await self.count(store, product, SCARCE if product is self.products[-1] else OPENING_STOCK)
        campaign = {
            "name": "Two stores",
            "type": "discount",
            "discountType": "percentage",
            "value": 10,
            "code": self.coupon,
            "usageLimit": COUPON_USES,
            "startsAt": "2020-01-01T00:00:00Z",
            "storeIds": [store["id"] for store in self.stores],
        }
        self.campaign_id = (await self.admin.post(f"{API}/campaigns", campaign)).data["id"]
        self.buyers = [await self._register(number) for number in range(CUSTOMERS)]
        await self.counter.settle()

    async def _register(self, number: int) -> Client:
        email = f"day{number}-{uuid.uuid4().hex[:12]}@shop.test"
        person = {"name": "Asha Mehta", "email": email, "phone": f"+9197{self._prefix}{number:02d}", "password": WORD}
        granted = (await self.counter.anonymous.post(f"{API}/auth/register", person)).data
        buyer = Client(self.counter.http, self.counter.url, granted["accessToken"], granted["customer"]["id"])
        self._emails[email] = buyer
        return buyer

    def _gstin(self) -> str:
        """A firm of its own, in Karnataka."""
        letters = "".join(self.chance.choice(string.ascii_uppercase) for _ in range(5))
        first = f"29{letters}{uuid.uuid4().int % 10**4:04d}F1Z"
        return first + gstin_check_digit(first)

    def orders_of(self, store: dict[str, Any]) -> list[Lived]:
        return [order for order in self.orders if order.store_id == store["id"]]

    async def _open_store(self, name: str) -> dict[str, Any]:
        draft = {
            "name": name,
            "address": ADDRESS,
            "latitude": 12.9716,
            "longitude": 77.5946,
            "deliveryRadiusKm": 10,
            "deliveryFee": 3_000,
            "gstin": self._gstin(),
        }
        store: dict[str, Any] = (await self.admin.post(f"{API}/stores", draft)).data
        assert (await self.admin.put(f"{API}/stores/{store['id']}/hours", {"hours": ALWAYS})).status == 200
        return store

    async def count(self, store: dict[str, Any], product: dict[str, Any], pieces: int) -> None:
        change = {"storeId": store["id"], "delta": pieces, "reason": "counted in"}
        answer = await self.admin.put(f"{API}/inventory/{product['id']}/adjust", change)
        assert answer.status == 200, answer.body
        self.stocked[store["id"], product["id"]] += pieces

    async def live(self) -> None:
        """Every order goes its way, all side by side; in the middle of it time runs out for those that wait."""
        ways = [way for way, (_, count, _) in WAYS.items() for _ in range(count)]
        self.chance.shuffle(ways)
        half = len(ways) // 2
        await self._live(ways[:half])
        await self._live(ways[half:], with_benefits=True)

    async def _live(self, ways: Sequence[str], *, with_benefits: bool = False) -> None:
        placed = [order for order in await self._together(ways, lambda way: self.place(way, with_benefits)) if order]
        await self.counter.settle()
        await self._take(placed, {way: steps for way, (_, _, steps) in WAYS.items()})
        if isinstance(self.counter, Shop):
            await self._let_time_run_out(self.counter)
            await self._take(placed, AFTERWARDS)

    async def _take(self, orders: Sequence[Lived], ways: Mapping[str, Sequence[Step]]) -> None:
        for place in range(max(map(len, ways.values()))):
            due = [(order, steps[place]) for order in orders if place < len(steps := ways.get(order.way, ()))]
            await self._together(due, lambda one: one[1](self, one[0]))
            await self.counter.settle()

    async def _let_time_run_out(self, shop: Shop) -> None:
        """Everybody's token is old by then, too."""
        shop.clock.advance(16 * MINUTE)
        await shop.settle()
        shop.forget()
        self.admin = await shop.admin()
        for email, buyer in self._emails.items():
            buyer.token = (await shop.sign_in(email, WORD)).token

    async def place(self, way: str, with_benefits: bool) -> Lived | None:
        """None where it was refused for a reason that is one: the coupon's uses are up, or a product."""
        method, _, _ = WAYS[way]
        buyer, store = self.chance.choice(self.buyers), self.chance.choice(self.stores)
        chosen = self.chance.sample(self.products[:-1], self.chance.choice((1, 2, 3)))
        fulfilment = self.chance.choice(("pickup", "dine-in", "delivery"))
        body: dict[str, Any] = {
            "storeId": store["id"],
            "fulfilment": fulfilment,
            "items": [{"productId": each["id"], "quantity": self.chance.choice((1, 2, 3))} for each in chosen],
            "paymentMethod": method,
        }
        if fulfilment == "delivery":
            body["deliveryAddress"] = ADDRESS
        if with_benefits and self.chance.random() < 0.3:
            body["couponCode"] = self.coupon
        if with_benefits and self.chance.random() < 0.3:
            body["redeemPoints"] = self.chance.choice((1, 5))
        return await self.order(buyer, body, way)

    async def order(self, buyer: Client, body: dict[str, Any], way: str) -> Lived | None:
        answer = await buyer.post(f"{API}/orders", body)
        if answer.status != 201:
            self.refused[answer.type] += 1
            return None
        lived = Lived(answer.data, buyer, way, status=answer.data["status"])
        self.orders.append(lived)
        return lived

    async def move(self, order: Lived, *statuses: str) -> None:
        for status in statuses:
            answer = await self.admin.put(f"{API}/orders/{order.id}/status", {"status": status})
            assert answer.status == 200, answer.body
            order.status = status

    async def cancel_begun(self, order: Lived, *, restock: bool) -> None:
        back = order.placed["items"] if restock else []
        body = {"reason": "nobody came", "restock": [item["id"] for item in back]}
        answer = await self.admin.post(f"{API}/orders/{order.id}/cancel", body)
        assert answer.status == 200, answer.body
        order.cancel("begun")
        if restock:
            order.gave_back = order.pieces
        order.give_back(order.captured)

    async def refund(self, order: Lived, wanted: dict[str, Any], worth: int) -> None:
        paid = order.attempts[-1]["id"]
        answer = await self.admin.post(f"{API}/payments/{paid}/refund", wanted)
        assert answer.status == 201, answer.body
        assert answer.data["amount"] == worth
        order.give_back(worth)

    async def review(self) -> None:
        """Every third of those who received what they ordered says how it was: of a product, or of the whole order."""
        received = [order for order in self.orders if order.status == "completed"]
        await self._together(received[::3], self._review)

    async def _review(self, order: Lived) -> None:
        rating = self.chance.choice((1, 3, 4, 5, 5))
        body = {"orderId": order.id, "rating": rating, "text": "Just as we like it"}
        about = order.store_id
        if self.chance.random() < 0.8:
            about = body["productId"] = order.placed["items"][0]["productId"]
        answer = await order.buyer.post(f"{API}/reviews", body)
        assert answer.status == 201, answer.body
        assert answer.data["status"] == "approved", answer.body
        self.ratings.setdefault(about, []).append(rating)

    async def run_out(self) -> None:
        """Six people want the last six of a product at each store, two each; it comes in again, and is sold again."""
        scarce = self.products[-1]

        async def want(store: dict[str, Any], buyer: Client) -> Lived | None:
            item = {"productId": scarce["id"], "quantity": 2}
            body = {"storeId": store["id"], "fulfilment": "pickup", "items": [item], "paymentMethod": "cod"}
            return await self.order(buyer, body, "cash")

        for store in self.stores:
            served = await self._together(self.buyers[:6], partial(want, store))
            assert sum(order is not None for order in served) == SCARCE // 2
        await self.counter.settle()
        for store in self.stores:
            await self.count(store, scarce, 10)
            assert await want(store, self.buyers[6]) is not None
        await self.counter.settle()

    async def break_holds(self) -> None:
        """A shelf turns out to be empty: whoever waits for these goods, and has not paid, is told."""
        store, product = self.stores[0], self.products[0]
        body = {
            "storeId": store["id"],
            "fulfilment": "pickup",
            "items": [{"productId": product["id"], "quantity": 3}],
            "paymentMethod": "online",
        }
        order = await self.order(self.buyers[0], body, "never paid")
        assert order is not None
        await self.counter.settle()
        found = (await self.admin.get(f"{API}/inventory/{product['id']}?storeId={store['id']}")).data
        await self.count(store, product, -found["onHand"])
        await self.counter.settle()
        for each in self.orders:
            if each.status == "pending" and each.store_id == store["id"] and product["id"] in each.pieces:
                each.cancel("out_of_stock")
        assert order.status == "cancelled"
        await self.count(store, product, OPENING_STOCK)

    async def close_early(self) -> Response:
        """The second store takes no more orders; what it said to the next customer."""
        store = self.stores[1]
        answer = await self.admin.put(f"{API}/stores/{store['id']}/status", {"acceptingOrders": False})
        assert answer.status == 200, answer.body
        item = {"productId": self.products[0]["id"], "quantity": 1}
        body = {"storeId": store["id"], "fulfilment": "pickup", "items": [item], "paymentMethod": "cod"}
        return await self.buyers[0].post(f"{API}/orders", body)

    async def end(self) -> None:
        """What waits a little before it is done has been done."""
        if isinstance(self.counter, Shop):
            self.counter.clock.advance(5 * MINUTE)
        await self.counter.settle()

    async def _together(self, every: Sequence[Any], act: Callable[[Any], Awaitable[Any]]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(every), AT_ONCE):
            found += await asyncio.gather(*(act(one) for one in every[start : start + AT_ONCE]))
        return found
