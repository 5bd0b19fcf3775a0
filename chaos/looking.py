"""What the platform shows at the end, read as head office reads it: over HTTP."""

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

from chaos.door import Door, Person, Request
from chaos.oracle import Order, Payment, Seen, Stock

T = TypeVar("T")

ADMIN = Person("admin@demo.test")


class _Meta(msgspec.Struct, rename="camel"):
    next_cursor: str | None = None


async def look(door: Door, store_id: str, products: list[str]) -> Seen:
    return Seen(
        orders=[order async for order in _pages(door, f"/api/v1/orders?storeId={store_id}", Order)],
        payments=[payment async for payment in _pages(door, f"/api/v1/payments?storeId={store_id}", Payment)],
        stock=await look_at_stock(door, store_id, products),
    )


async def look_at_stock(door: Door, store_id: str, products: list[str]) -> list[Stock]:
    return [await _read(door, f"/api/v1/inventory/{product}?storeId={store_id}", Stock) for product in products]


async def _read(door: Door, path: str, kind: type[T]) -> T:
    answer = await door.until_answered(ADMIN, Request("GET", path))
    return msgspec.convert(answer.data, kind)


async def _pages(door: Door, path: str, kind: type[T]) -> AsyncIterator[T]:
    cursor: str | None = ""
    while cursor is not None:
        at = f"&cursor={cursor}" if cursor else ""
        answer = await door.until_answered(ADMIN, Request("GET", f"{path}&limit=100{at}"))
        body = msgspec.json.decode(answer.body)
        for one in msgspec.convert(body["data"], list[kind]):  # type: ignore[valid-type]  # a type by name
            yield one
        cursor = msgspec.convert(body["meta"], _Meta).next_cursor
