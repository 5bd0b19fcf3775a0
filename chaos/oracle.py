"""Judges a run by what its clients were told: nothing that was acknowledged is missing, nothing was done twice.

Pure: entries of the log and what the platform shows at the end go in, sentences come out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from chaos.log import Entry

RANKS = ("pending", "confirmed", "preparing", "ready", "dispatched", "delivered", "completed")


class Line(msgspec.Struct, frozen=True, rename="camel"):
    product_id: str
    quantity: int


class Cancellation(msgspec.Struct, frozen=True, rename="camel"):
    cause: str


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """As the platform shows it. `notes` is the key under which the client placed it."""

    id: str
    status: str
    payment_method: str
    total: int
    items: tuple[Line, ...]
    notes: str | None = None
    cancellation: Cancellation | None = None


class Payment(msgspec.Struct, frozen=True, rename="camel"):
    order_id: str
    captured: int
    refunded: int
    refunding: int


class Stock(msgspec.Struct, frozen=True, rename="camel"):
    product_id: str
    on_hand: int
    held: int


class Seen(msgspec.Struct, frozen=True):
    """What the platform shows when everything is settled."""

    orders: Sequence[Order]
    payments: Sequence[Payment]
    stock: Sequence[Stock]


class Verdict(msgspec.Struct, frozen=True):
    lost: list[str]
    """Acknowledged, and not there."""
    doubled: list[str]
    """Said once, done twice."""
    wrong: list[str]
    """Neither, and still not as it should be."""
    untied: int = 0
    """Pieces that are held though no order is there for them: of placements that died. They lapse by the clock."""

    @property
    def complaints(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.wrong]

    @property
    def clean(self) -> bool:
        return not self.complaints


def judge(entries: Iterable[Entry], stock_before: Mapping[str, int], seen: Seen) -> Verdict:
    told = _Told(entries)
    by_id = {order.id: order for order in seen.orders}
    paid = _money(seen.payments)
    return Verdict(
        lost=[*_absent(told, by_id), *_undone(told, by_id), *_money_lost(told, by_id, paid)],
        doubled=[*_doubled(told, seen.orders), *_overpaid(by_id, paid)],
        wrong=[
            *_unheard_of(told, seen.orders),
            *_ended_for_no_reason(told, seen.orders),
            *_wrong_money(seen.orders, paid),
            *_wrong_stock(told, stock_before, seen),
        ],
        untied=sum(stock.held for stock in seen.stock) - _pieces(seen.orders, held=True).total(),
    )


class _Told:
    """The log, by what the rules ask for."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.keys: set[str] = set()
        self.placed: defaultdict[str, set[str]] = defaultdict(set)
        self.moved: dict[str, str] = {}
        self.cancelled: set[str] = set()
        self.cancel_asked: set[str] = set()
        self.paid: set[str] = set()
        self.adjusted: Counter[str] = Counter()
        self.perhaps_adjusted: defaultdict[str, list[int]] = defaultdict(list)
        asked: dict[int, Entry] = {}
        for entry in entries:
            if entry.status is None:
                asked[entry.number] = entry
                self._hear_request(entry)
            else:
                self._hear_answer(asked.pop(entry.number), entry)
        for request in asked.values():
            if request.act == "adjust":
                self.perhaps_adjusted[request.facts["product"]].append(request.facts["delta"])

    def _hear_request(self, request: Entry) -> None:
        match request.act:
            case "place":
                self.keys.add(request.subject)
            case "cancel":
                self.cancel_asked.add(request.subject)

    def _hear_answer(self, request: Entry, answer: Entry) -> None:
        match request.act, answer.status:
            case "place", 201:
                self.placed[request.subject].add(answer.facts["id"])
            case "move", 200:
                self.moved[request.subject] = request.facts["to"]
            case "cancel", 200:
                self.cancelled.add(request.subject)
            case "check-out", 200 | 409 if request.facts["outcome"] == "success":
                # 409: the answer to the success got lost, and the company knows that it was paid.
                self.paid.add(request.subject)
            case "adjust", 200:
                self.adjusted[request.facts["product"]] += request.facts["delta"]


def _absent(told: _Told, by_id: Mapping[str, Order]) -> Iterator[str]:
    for key, ids in told.placed.items():
        yield from (f"order {order_id} ({key}) was acknowledged and is not there" for order_id in ids - by_id.keys())


def _undone(told: _Told, by_id: Mapping[str, Order]) -> Iterator[str]:
    for order_id, status in told.moved.items():
        found = by_id.get(order_id)
        if found and (found.status == "cancelled" or RANKS.index(found.status) < RANKS.index(status)):
            yield f"order {order_id} was moved to {status} and is {found.status}"
    for order_id in told.cancelled:
        found = by_id.get(order_id)
        if found and found.status != "cancelled":
            yield f"order {order_id} was cancelled and is {found.status}"


def _money_lost(told: _Told, by_id: Mapping[str, Order], paid: Mapping[str, "_Money"]) -> Iterator[str]:
    for order_id in told.paid:
        found = by_id.get(order_id)
        if found and paid[order_id].captured < found.total:
            yield f"order {order_id} was paid and only {paid[order_id].captured} of {found.total} is known"


def _doubled(told: _Told, orders: Sequence[Order]) -> Iterator[str]:
    yield from (f"{key} was answered with {len(ids)} orders" for key, ids in told.placed.items() if len(ids) > 1)
    counts = Counter(order.notes for order in orders)
    yield from (f"{key} has {count} orders" for key, count in counts.items() if key in told.keys and count > 1)


def _overpaid(by_id: Mapping[str, Order], paid: Mapping[str, "_Money"]) -> Iterator[str]:
    for order_id, money in paid.items():
        found = by_id.get(order_id)
        if found and money.kept > found.total:
            yield f"order {order_id} costs {found.total} and {money.kept} was kept"
        elif money.kept < 0:
            yield f"order {order_id} was given back {-money.kept} more than was paid"


def _unheard_of(told: _Told, orders: Sequence[Order]) -> Iterator[str]:
    yield from (
        f"nobody asked for order {order.id} ({order.notes})" for order in orders if order.notes not in told.keys
    )


def _ended_for_no_reason(told: _Told, orders: Sequence[Order]) -> Iterator[str]:
    for order in orders:
        if order.cancellation is None:
            continue
        cause = order.cancellation.cause
        timed_out = cause == "payment_timeout" and order.payment_method == "online"
        if not timed_out and not (cause == "customer" and order.id in told.cancel_asked):
            yield f"order {order.id} was cancelled ({cause}) though nobody asked for it"


class _Money(msgspec.Struct):
    captured: int = 0
    refunded: int = 0
    refunding: int = 0

    @property
    def kept(self) -> int:
        return self.captured - self.refunded


def _money(payments: Sequence[Payment]) -> defaultdict[str, _Money]:
    of_orders: defaultdict[str, _Money] = defaultdict(_Money)
    for payment in payments:
        money = of_orders[payment.order_id]
        money.captured += payment.captured
        money.refunded += payment.refunded
        money.refunding += payment.refunding
    return of_orders


def _wrong_money(orders: Sequence[Order], paid: Mapping[str, _Money]) -> Iterator[str]:
    for order in orders:
        money = paid[order.id]
        if money.refunding:
            yield f"order {order.id}: {money.refunding} is still on its way back"
        elif money.kept != (due := _due(order)):
            yield f"order {order.id} is {order.status} ({order.payment_method}): {money.kept} was kept, not {due}"


def _due(order: Order) -> int:
    """What the chain keeps of it. Cash comes at the hand-over."""
    if order.status in ("pending", "cancelled"):
        return 0
    if order.payment_method == "cod" and order.status not in ("delivered", "completed"):
        return 0
    return order.total


def _wrong_stock(told: _Told, before: Mapping[str, int], seen: Seen) -> Iterator[str]:
    sold, held = _pieces(seen.orders, held=False), _pieces(seen.orders, held=True)
    for stock in seen.stock:
        product = stock.product_id
        on_hand = before[product] + told.adjusted[product] - sold[product]
        possible = {on_hand + some for some in _sums(told.perhaps_adjusted[product])}
        if stock.on_hand not in possible or stock.held < held[product]:
            yield (
                f"product {product}: {stock.on_hand} on hand and {stock.held} held; "
                f"by what clients know {possible} and {held[product]}"
            )


def _pieces(orders: Sequence[Order], *, held: bool) -> Counter[str]:
    """Of each product, what pending orders hold, or what the others have bought."""
    pieces: Counter[str] = Counter()
    for order in orders:
        if order.status != "cancelled" and (order.status == "pending") == held:
            for line in order.items:
                pieces[line.product_id] += line.quantity
    return pieces


def _sums(deltas: Sequence[int]) -> set[int]:
    """Of any of them: requests without an answer were done or not."""
    sums = {0}
    for delta in deltas:
        sums |= {one + delta for one in sums}
    return sums
