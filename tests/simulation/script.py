"""What clients do: at every moment something that makes sense to somebody, chosen by the seed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from shikanji.kit.clock import MINUTE, Clock, to_rfc3339
from shikanji.kit.secrets import DerivedSecrets
from shikanji.sandbox.settings import SandboxSettings
from shikanji.sandbox.signing import key_secret
from tests.harness import SECRET
from tests.simulation.book import ACCESS_LIFE, CARRIED_ON, CUSTOMERS, Book, KnownOrder, Person, Placing
from tests.simulation.template import Product
from tests.simulation.wire import Answer

ADDRESSES = {
    "corner": {"line1": "2 Residency Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560001"},
    "kiosk": {"line1": "81 Feet Road", "city": "Bengaluru", "state": "Karnataka", "postalCode": "560034"},
}
MERCHANT = {
    "x-client-id": SandboxSettings().key_id,
    "x-client-secret": key_secret(SandboxSettings(), DerivedSecrets(SECRET.encode())).decode(),
}
COUPONS = ("MINT", "MINT", "ONCE", "ONCE", "FREE", "DOUBLE", "NONE")
OPERATIONS = ("create-order", "fetch-order", "create-refund", "fetch-refund", "checkout")
NEXT = {
    "confirmed": ("preparing",),
    "preparing": ("ready",),
    "ready": ("dispatched", "completed"),
    "dispatched": ("delivered",),
    "delivered": ("completed",),
}
WHO_STEPS = {
    "preparing": ("chef", "manager"),
    "ready": ("chef", "manager"),
    "dispatched": ("delivery", "cashier", "manager"),
    "delivered": ("delivery", "manager"),
    "completed": ("cashier", "manager"),
}


def _unheard(answer: Answer) -> None:
    """Whatever it says, nobody counts on it."""


@dataclass(frozen=True)
class Asking:
    """One request. `heard` is called with its answer, unless a crash came first."""

    what: str
    method: str
    path: str
    body: Any = None
    person: Person | None = None
    key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    token: str = ""
    heard: Callable[[Answer], None] = _unheard


@dataclass
class Script:
    book: Book
    clock: Clock
    chance: Random
    weights: dict[str, float] = field(init=False)
    agenda: list[Callable[[], Asking | None]] = field(default_factory=list)
    """What those who got an answer have in mind next."""

    def __post_init__(self) -> None:
        # Not every day is like the others: on some there are many returns, on others nobody pays.
        self.weights = {name: weight * self.chance.choice((0, 0.5, 1, 1, 3)) for name, weight in WEIGHTS.items()}
        self.weights["place"] = self.weights["place"] or 1

    def next(self) -> Asking | None:
        """None where nobody has a reason to do what was chosen."""
        if self.agenda and self.chance.random() < 0.5:
            asking = self.agenda.pop(self.chance.randrange(len(self.agenda)))()
        else:
            name = self.chance.choices(list(self.weights), list(self.weights.values()))[0]
            asking = getattr(self, f"_{name}")()
        if asking is None or asking.person is None or asking.token:
            return asking
        person = asking.person
        if self.clock.now() < person.access_until and self.chance.random() < 0.99:
            return asking
        # With an outdated token one is sent away, and comes back.
        return self._sign_in(person) if person.access == "" or self.chance.random() < 0.8 else asking

    def _mean_to(self, how_likely: float, do: Callable[[], Asking | None]) -> None:
        if self.chance.random() < how_likely:
            self.agenda.append(do)

    # Ordering.

    def _place(self) -> Asking:
        chance, book = self.chance, self.book
        person = book.people[chance.choice(CUSTOMERS)]
        store = "kiosk" if chance.random() < 0.2 else "corner"
        fulfilment = chance.choice(("delivery", "pickup", "dine-in"))
        wanted = chance.sample(book.products, chance.randint(1, 3))
        body: dict[str, Any] = {
            "storeId": book.stores[store],
            "fulfilment": fulfilment,
            "items": [self._item(product) for product in wanted],
            "paymentMethod": chance.choice(("online", "online", "cod")),
        }
        if fulfilment == "delivery":
            body["deliveryAddress"] = ADDRESSES[store]
        if chance.random() < 0.1:
            at = self.clock.now() // (15 * MINUTE) * 15 * MINUTE + chance.randint(2, 100) * 15 * MINUTE
            body["scheduledFor"] = to_rfc3339(at)
        if chance.random() < 0.3:
            body["couponCode"] = chance.choice(COUPONS)
        customer_id = person.id
        if chance.random() < 0.3:
            body["redeemPoints"] = chance.choice((10, 30, 60, 300))
        elif chance.random() < 0.1:
            person = book.people[chance.choice(("cashier", "manager"))]
            body["customerId"] = customer_id
        placing = Placing(f"order-{len(book.placings):08d}-{chance.getrandbits(32):08x}", person, body, customer_id)
        book.placings.append(placing)
        return self._say(placing)

    def _item(self, product: Product) -> dict[str, Any]:
        chance = self.chance
        options: list[str] = []
        for required, choices in product.choices:
            options += chance.sample(choices, 1 if required else chance.randint(0, len(choices)))
        quantity = chance.choice((1, 1, 2, 3, 5, 12))
        return {"productId": product.id, "quantity": quantity, "options": options}

    def _place_again(self) -> Asking | None:
        return self._say(self.chance.choice(self.book.placings)) if self.book.placings else None

    def _say(self, placing: Placing) -> Asking:
        def heard(answer: Answer) -> None:
            if answer.status == 201:
                self.book.placed(placing, answer.data)
                order = self.book.orders[placing.order_id]
                self._mean_to(0.7, partial(self._initiate, order) if order.online else partial(self._step, order))

        return Asking("place", "POST", "/api/v1/orders", placing.body, placing.person, placing.key, heard=heard)

    def _abuse_key(self) -> Asking | None:
        """The key of one order with the body of another."""
        placed = [placing for placing in self.book.placings if placing.order_id]
        if not placed:
            return None
        placing = self.chance.choice(placed)
        body = {**placing.body, "notes": f"changed {self.chance.getrandbits(16)}"}
        return Asking("abuse-key", "POST", "/api/v1/orders", body, placing.person, placing.key)

    # Paying.

    def _initiate(self, order: KnownOrder | None = None) -> Asking | None:
        if order is None and self.chance.random() < 0.8:
            order = self._order(lambda order: order.declined)
        order = order or self._order(
            lambda order: order.online and (order.declined or not order.left or self._perhaps())
        )
        if order is None:
            return None
        number = self.chance.randint(0, 30 if order.declined else 3)

        def heard(answer: Answer) -> None:
            if answer.status == 201:
                is_second = bool(order.payments) and answer.data["id"] not in order.payments
                order.payments[answer.data["id"]] = answer.data["checkout"]["providerOrderId"]
                if is_second and self.chance.random() < 0.7:
                    # These pay at both.
                    for payment_id in order.payments:
                        self._mean_to(1, partial(self._pay_at, order, payment_id, "success"))
                elif order.declined and self.chance.random() < 0.7:
                    # That it was declined was not known yet: again, for another place to pay.
                    self._mean_to(1, partial(self._initiate, order))
                else:
                    self._mean_to(0.8, partial(self._check_out, order))

        path = "/api/v1/payments/initiate"
        return Asking(
            "initiate",
            "POST",
            path,
            {"orderId": order.id},
            self._customer(order),
            f"pay-{order.id}-{number}",
            heard=heard,
        )

    def _check_out(self, order: KnownOrder | None = None) -> Asking | None:
        order = order or self._order(lambda order: order.payments.keys() > order.left or self._perhaps())
        if order is None or not order.payments:
            return None
        chance = self.chance
        # Most do not try to pay twice in the same place.
        fresh = [each for each in order.payments if each not in order.left or self._perhaps()]
        if not fresh:
            return None
        return self._pay_at(order, chance.choice(fresh), chance.choice(("success", "success", "failure")))

    def _pay_at(self, order: KnownOrder, payment_id: str, outcome: str) -> Asking:
        chance, provider_order_id = self.chance, order.payments[payment_id]
        body = {
            "outcome": outcome,
            "webhook": chance.choice(("once", "twice", "none") if outcome == "success" else ("once", "twice")),
            "delaySeconds": chance.choice((0, 0, 0, 2, 30, 300, 1_500)) if outcome == "success" else 0,
        }
        order.paid = order.paid or outcome == "success"

        def heard(answer: Answer) -> None:
            if answer.status == 200 and outcome == "success":
                order.declined = False
                order.left.add(payment_id)
                order.receipts.append({"paymentId": payment_id, **answer.data})
                self._mean_to(0.5, partial(self._verify, order))
                self._mean_to(0.4, partial(self._step, order))
            elif answer.status == 200:
                order.declined = True
                self._mean_to(0.8, partial(self._initiate, order))
                if self.chance.random() < 0.7:
                    order.left.add(payment_id)

        return Asking(f"check-out-{outcome}", "POST", f"/sandbox/checkout/{provider_order_id}", body, heard=heard)

    def _verify(self, order: KnownOrder | None = None) -> Asking | None:
        order = order or self._order(lambda order: bool(order.receipts))
        if order is None:
            return None
        body = self.chance.choice(order.receipts)
        return Asking("verify", "POST", "/api/v1/payments/verify", body, self._customer(order))

    def _refund(self) -> Asking | None:
        order = self._order(lambda order: bool(order.payments) and order.paid)
        if order is None:
            return None
        chance = self.chance
        payment_id = chance.choice(list(order.payments))
        body: dict[str, Any] = {"reason": "it was cold"}
        if chance.random() < 0.5:
            body["amount"] = chance.randint(1, max(order.total, 1))
        else:
            line_id, quantity = chance.choice(order.lines)
            body["lines"] = [{"lineId": line_id, "quantity": chance.randint(1, quantity)}]
        key = f"refund-{order.id}-{chance.randint(0, 3)}"
        return Asking("refund", "POST", f"/api/v1/payments/{payment_id}/refund", body, self._manager(order), key)

    # Ending and moving on.

    def _cancel(self) -> Asking | None:
        order = self._order()
        if order is None:
            return None
        person = self.chance.choice((self._customer(order), self._customer(order), self._manager(order)))
        body: dict[str, Any] = {"reason": "changed my mind"}
        if person.id != order.placing.customer_id and self.chance.random() < 0.3:
            body["restock"] = [self.chance.choice(order.lines)[0]]
        order.asked.add("cancelled")

        def heard(answer: Answer) -> None:
            if answer.status == 200:
                order.reached.add("cancelled")
                self.book.read(order, answer.data, [])

        key = f"cancel-{order.id}-{self.chance.randint(0, 1)}"
        return Asking("cancel", "POST", f"/api/v1/orders/{order.id}/cancel", body, person, key, heard=heard)

    def _step(self, order: KnownOrder | None = None) -> Asking | None:
        """Mostly the next, now and then any."""
        order = order or self._order(lambda order: order.status != "cancelled")
        if order is None:
            return None
        chance = self.chance
        usual = NEXT.get(order.status, ("preparing",))
        status = chance.choice(usual if chance.random() < 0.9 else tuple(WHO_STEPS))
        name = chance.choice(WHO_STEPS[status]) if order.store == self.book.stores["corner"] else "kiosk"
        person = self.book.people[name if chance.random() < 0.9 else "admin"]
        order.asked.add(status)

        def heard(answer: Answer) -> None:
            if answer.status == 200:
                order.reached.add(status)
                self.book.read(order, answer.data, [])
                self._mean_to(0.9, partial(self._step, order))
                if status in ("delivered", "completed"):
                    self._mean_to(0.7, partial(self._review, order))

        return Asking("step", "PUT", f"/api/v1/orders/{order.id}/status", {"status": status}, person, heard=heard)

    def _adjust(self) -> Asking:
        """Goods that somebody has ordered, mostly."""
        chance, book = self.chance, self.book
        order = self._order(lambda order: order.status in ("pending", "confirmed"))
        if order is not None and chance.random() < 0.8:
            return self._count(order.store, chance.choice(order.placing.body["items"])["productId"])
        return self._count(chance.choice(list(book.stores.values())), chance.choice(book.products).id)

    def _count(self, store_id: str, product_id: str) -> Asking:
        """After a look: often down to nothing or next to nothing, whatever orders hold of it."""
        chance, book = self.chance, self.book
        person = book.people["manager" if store_id == book.stores["corner"] else "kiosk"]
        on_hand = book.stock.get((store_id, product_id))

        def heard(answer: Answer) -> None:
            if answer.status == 200:
                book.stock[store_id, product_id] = answer.data["onHand"]
                if on_hand is None:
                    self._mean_to(1, partial(self._count, store_id, product_id))

        path = f"/api/v1/inventory/{product_id}"
        if on_hand is None or chance.random() < 0.1:
            return Asking("look", "GET", f"{path}?storeId={store_id}", None, person, heard=heard)
        delta = chance.choice((-on_hand, 1 - on_hand, -1, 20)) or 5
        book.scarce = book.scarce or delta < 0
        body = {"storeId": store_id, "delta": delta, "reason": "counted"}
        key = f"adjust-{chance.getrandbits(64):016x}"
        return Asking("adjust", "PUT", f"{path}/adjust", body, person, key, heard=heard)

    def _store_status(self) -> Asking:
        name = self.chance.choice(("manager", "kiosk"))
        person = self.book.people[name]
        body = {"acceptingOrders": self.chance.random() < 0.7}
        return Asking("store-status", "PUT", f"/api/v1/stores/{self.book.stores[person.store]}/status", body, person)

    def _points(self) -> Asking:
        """By hand, from head office; now and then the same once more."""
        chance = self.chance
        what, points = chance.choice((("earn", 50), ("earn", 5), ("redeem", 20), ("adjust", -15), ("adjust", 40)))
        customer = self.book.people[chance.choice(CUSTOMERS)]
        body = {"customerId": customer.id, "points": points, "reason": "by hand"}
        key = f"{what}-{customer.name}-{points}-{chance.randint(0, 2)}-0000"
        return Asking(what, "POST", f"/api/v1/loyalty/{what}", body, self.book.people["admin"], key)

    # Looking.

    def _read(self) -> Asking | None:
        order = self._order()
        if order is None:
            return None
        known = list(order.timeline)

        def heard(answer: Answer) -> None:
            if answer.status == 200:
                self.book.read(order, answer.data, known)
            elif answer.status not in CARRIED_ON:
                self.book.wrong(f"order {order.id} was acknowledged and is {answer.status}: {answer.body!r}")

        return Asking("read", "GET", f"/api/v1/orders/{order.id}", None, self._customer(order), heard=heard)

    def _invoice(self) -> Asking | None:
        """Whoever has seen an invoice sees the same for ever; as figures, for a PDF takes longer than all else here."""
        order = self._order(lambda order: bool(order.payments) and order.paid)
        if order is None:
            return None
        payment_id = self.chance.choice(list(order.payments))
        path = f"/api/v1/payments/{payment_id}/invoice"

        def heard(answer: Answer) -> None:
            if answer.status == 200 and order.invoices.setdefault(payment_id, answer.data) != answer.data:
                self.book.wrong(f"the invoice of {payment_id} changed from {order.invoices[payment_id]}: {answer.data}")
            elif answer.status == 404 and payment_id in order.invoices:
                self.book.wrong(f"the invoice of {payment_id} is gone")

        figures = {"accept": "application/json"}
        return Asking("invoice", "GET", path, None, self._customer(order), headers=figures, heard=heard)

    def _review(self, order: KnownOrder | None = None) -> Asking | None:
        """Of what was received, or is not yet; now and then of what one has reviewed before."""
        chance = self.chance
        order = order or self._order(lambda order: order.status in ("delivered", "completed") or self._perhaps())
        if order is None:
            return None
        text = chance.choice(("", "Very good", "Better at www.example.in"))
        body: dict[str, Any] = {"orderId": order.id, "rating": chance.randint(1, 5), "text": text}
        if chance.random() < 0.8:
            body["productId"] = chance.choice(order.placing.body["items"])["productId"]

        def heard(answer: Answer) -> None:
            if answer.status == 201:
                order.reviews[answer.data["id"]] = "there"
                for _ in range(3):
                    self._mean_to(0.8, partial(self._handle_review, order))
                self._mean_to(0.2, partial(self._review, order))

        return Asking("review", "POST", "/api/v1/reviews", body, self._customer(order), heard=heard)

    def _handle_review(self, order: KnownOrder | None = None) -> Asking | None:
        """Its author says something else, takes it away or looks at it; the store lets it be shown or not."""
        order = order or self._order(lambda order: bool(order.reviews))
        if order is None:
            return None
        chance, author = self.chance, self._customer(order)
        review_id = chance.choice(list(order.reviews))
        path = f"/api/v1/reviews/{review_id}"
        if chance.random() < 0.4:
            rejected = {"status": "rejected", "reason": "spam"}
            body = chance.choice(({"status": "approved"}, {"status": "approved"}, rejected))
            return Asking("moderate", "PUT", f"{path}/moderation", body, self._manager(order))
        if chance.random() < 0.4:
            changed = {"rating": chance.randint(1, 5), "text": chance.choice(("Not bad", "www.example.in"))}
            return Asking("edit-review", "PUT", path, changed, author)
        if chance.random() < 0.2:
            order.reviews[review_id] = "perhaps"
            return Asking("delete-review", "DELETE", path, None, author)

        def heard(answer: Answer) -> None:
            if answer.status == 404 and order.reviews[review_id] == "there":
                self.book.wrong(f"the review {review_id} was acknowledged and is gone")

        return Asking("read-review", "GET", path, None, author, heard=heard)

    def _menu(self) -> Asking:
        return Asking("menu", "GET", f"/api/v1/products?storeId={self.book.stores['corner']}&limit=100")

    # Signing in and out.

    def _sign_in(self, person: Person) -> Asking | None:
        """By the session's own token, or by that of the next session where there is none, or it was lost."""
        token = person.refresh or next(iter(person.refresh_tokens), "")
        if not token:
            return None
        asked_at = self.clock.now()

        def heard(answer: Answer) -> None:
            if answer.status == 200:
                if not person.refresh and token in person.refresh_tokens:
                    person.refresh_tokens.remove(token)
                person.access, person.refresh = answer.data["accessToken"], answer.data["refreshToken"]
                person.access_until = asked_at + ACCESS_LIFE
            elif answer.status == 401:
                person.refresh = person.access = ""
                if token in person.refresh_tokens:
                    person.refresh_tokens.remove(token)

        return Asking("refresh", "POST", "/api/v1/auth/refresh", {"refreshToken": token}, heard=heard)

    def _logout(self) -> Asking | None:
        person = self.book.people[self.chance.choice(CUSTOMERS)]
        if not person.access or not person.refresh_tokens:
            return None
        token, until = person.access, person.access_until

        def heard(answer: Answer) -> None:
            if answer.status == 200:
                person.ended.append((token, until))
                if person.access == token:
                    person.access = person.refresh = ""
                    person.access_until = 0

        return Asking("logout", "POST", "/api/v1/auth/logout", None, person, token=token, heard=heard)

    def _use_ended(self) -> Asking | None:
        """What a logout has ended stays ended, also for the next life of the process."""
        found = [
            (person, token)
            for person in self.book.people.values()
            for token, until in person.ended
            if until > self.clock.now()
        ]
        if not found:
            return None
        person, token = self.chance.choice(found)

        def heard(answer: Answer) -> None:
            if answer.status not in CARRIED_ON:
                self.book.wrong(f"{person.name} had logged out, and the token is answered {answer.status}")

        return Asking("use-ended", "GET", "/api/v1/orders", None, person, token=token, heard=heard)

    # What goes wrong elsewhere.

    def _fault(self) -> Asking:
        chance = self.chance
        operation = chance.choice(OPERATIONS)
        kinds = (
            ("slow", "dead", "reset", "decline", "pend") if operation == "create-refund" else ("slow", "dead", "reset")
        )
        body = {
            "operation": operation,
            "kind": chance.choice(kinds),
            "count": chance.randint(1, 3),
            "delaySeconds": chance.choice((1, 4, 30)),
        }
        return Asking("fault", "PUT", "/sandbox/faults", body, headers=MERCHANT)

    def clear_faults(self) -> Asking:
        return Asking("clear-faults", "DELETE", "/sandbox/faults", headers=MERCHANT)

    # Whom it concerns.

    def _perhaps(self) -> bool:
        """What people do though it makes no sense."""
        return self.chance.random() < 0.1

    def _order(self, fits: Callable[[KnownOrder], bool] = lambda order: True) -> KnownOrder | None:
        found = [order for order in self.book.orders.values() if fits(order)]
        # The latest are the likeliest.
        return self.chance.choice(found[-4:] if self.chance.random() < 0.7 else found) if found else None

    def _customer(self, order: KnownOrder) -> Person:
        return next(person for person in self.book.people.values() if person.id == order.placing.customer_id)

    def _manager(self, order: KnownOrder) -> Person:
        return self.book.people["manager" if order.store == self.book.stores["corner"] else "kiosk"]


WEIGHTS: dict[str, float] = {
    "place": 6,
    "place_again": 2,
    "abuse_key": 0.3,
    "initiate": 5,
    "check_out": 5,
    "verify": 3,
    "refund": 1.5,
    "cancel": 1.5,
    "step": 5,
    "adjust": 2.5,
    "points": 1,
    "store_status": 0.3,
    "read": 2,
    "invoice": 3,
    "review": 2,
    "handle_review": 1.5,
    "menu": 0.5,
    "logout": 0.5,
    "use_ended": 0.5,
    "fault": 1,
}
