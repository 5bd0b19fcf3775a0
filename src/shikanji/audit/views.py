"""Temporary views and functions on which the invariants are written."""

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec

from shikanji.audit.facts import LEGAL_STEPS

VIEWS = (
    """CREATE TEMP VIEW lines AS
    SELECT o.id AS order_id, o.store_id, json_extract(l.value, '$.product_id') AS product_id,
           json_extract(l.value, '$.quantity') AS quantity
    FROM "order".orders o, json_each(CAST(o.lines_document AS TEXT)) l""",
    """CREATE TEMP VIEW held_lines AS
    SELECT h.order_id, h.attempt, h.store_id, h.state, json_extract(l.value, '$[0]') AS stock_id,
           json_extract(l.value, '$[1]') AS product_id, json_extract(l.value, '$[2]') AS quantity
    FROM inventory.holds h, json_each(CAST(h.lines AS TEXT)) l""",
    # What came and what went back, by order that is not plain. `kept` counts what is reserved for a refund as gone.
    """CREATE TEMP VIEW money AS
    SELECT order_id, sum(captured) - sum(reserved) AS kept, max(updated_at) AS changed_at FROM odd_payments
    GROUP BY order_id""",
    """CREATE TEMP VIEW asked_back AS
    SELECT order_id, sum(amount) AS amount FROM odd_refunds WHERE cause = 'requested' GROUP BY order_id""",
)

_YOUNG = """INSERT OR IGNORE INTO temp.young SELECT order_id FROM "order".order_timeline WHERE at > ?"""

PHONE_DIGITS_MAX = 15
"""By E.164."""
_CARD_LIKE = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])")
_ENOUGH_DIGITS = re.compile(r"\d(?:[ -]?\d){12}")
_JSON_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"')


def prepare(connection: Any, rewritten: Callable[[str], str] = str) -> None:
    """Views and functions. `rewritten` makes a statement ask other tables."""
    connection.create_function("blake2b_hex", 1, blake2b_hex, deterministic=True)
    connection.create_function("sha256_hex", 1, sha256_hex, deterministic=True)
    connection.create_function("line_sums", 1, line_sums, deterministic=True)
    connection.create_function("pieces_ordered", 1, pieces_ordered, deterministic=True)
    connection.create_function("pieces_held", 1, pieces_held, deterministic=True)
    connection.create_function("are_alike", 2, are_alike, deterministic=True)
    connection.create_function("are_legal", 2, are_legal, deterministic=True)
    for view in VIEWS:
        connection.execute(rewritten(view))
    connection.execute("CREATE TEMP TABLE young (order_id TEXT PRIMARY KEY) WITHOUT ROWID")


def mark_young(connection: Any, before: int, rewritten: Callable[[str], str] = str) -> None:
    """Orders with a step after `before` (µs): what others know of them need not have settled."""
    connection.execute("DELETE FROM temp.young")
    connection.execute(rewritten(_YOUNG), (before,))


@lru_cache(maxsize=1_000)
def are_legal(fulfilment: str, steps: str) -> bool:
    """`steps`: "1 pending,2 confirmed", in any order. Most orders go one of a few ways."""
    numbered = sorted((int(number), status) for number, status in (step.split(" ") for step in steps.split(",")))
    if [number for number, _ in numbered] != [*range(1, len(numbered) + 1)] or numbered[0][1] != "pending":
        return False
    return all(fulfilment in LEGAL_STEPS.get((old, new), "").split() for (_, old), (_, new) in pairwise(numbered))


class Line(msgspec.Struct, gc=False):
    """What the sums of an order are made of."""

    product_id: str
    quantity: int
    unit_price: int
    line_total: int
    discount: int
    points_discount: int
    tax: int
    tax_included: bool
    paid: int


class Pieces(msgspec.Struct, gc=False):
    """How many of what."""

    product_id: str
    quantity: int


ordered_lines = msgspec.json.Decoder(list[Line]).decode
_pieces_only = msgspec.json.Decoder(list[Pieces])
held_lines = msgspec.json.Decoder(list[tuple[str, str, int]]).decode
_UNREADABLE = "lines that cannot be read"


def line_sums(document: bytes | str) -> str:
    """Subtotal, both discounts, tax on top, what is paid for lines, and how many lines do not multiply out."""
    try:
        return " ".join(map(str, sums_of(ordered_lines(document))))
    except msgspec.DecodeError:
        return _UNREADABLE


def sums_of(lines: Iterable[Line]) -> tuple[int, int, int, int, int, int]:
    """The same in figures."""
    subtotal = discount = points = tax = paid = wrong = 0
    for line in lines:
        subtotal += line.line_total
        discount += line.discount
        points += line.points_discount
        paid += line.paid
        if not line.tax_included:
            tax += line.tax
        if line.line_total != line.unit_price * line.quantity:
            wrong += 1
    return subtotal, discount, points, tax, paid, wrong


def pieces_ordered(document: bytes | str) -> str:
    """How many of which product, in one text to compare."""
    try:
        return _pieces((line.product_id, line.quantity) for line in ordered_lines(document))
    except msgspec.DecodeError:
        return _UNREADABLE


def are_alike(held: bytes | str | None, ordered: bytes | str) -> bool:
    """Whether a hold has what an order has. Nearly always line by line, so that nothing need be added up."""
    try:
        lines = _pieces_only.decode(ordered)
        pieces = held_lines(held or b"[]")
    except msgspec.DecodeError:
        return False
    if [(line.product_id, line.quantity) for line in lines] == [(product, quantity) for _, product, quantity in pieces]:
        return True
    return pieces_held(held) == pieces_ordered(ordered)


def pieces_held(document: bytes | str | None) -> str:
    """The same of a hold."""
    try:
        return _pieces((product, quantity) for _, product, quantity in held_lines(document or b"[]"))
    except msgspec.DecodeError:
        return _UNREADABLE


def _pieces(pieces: Iterable[tuple[str, int]]) -> str:
    counted: dict[str, int] = {}
    for product, quantity in pieces:
        counted[product] = counted.get(product, 0) + quantity
    return ", ".join(f"{quantity} of {product}" for product, quantity in sorted(counted.items()))


def card_number(value: Any) -> str | None:
    """The end of the first run of 13 to 19 digits that is a card number by its check digit. In JSON only texts are
    looked at: its numbers are amounts and times. A phone number says that it is one by its plus sign."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    parts = _texts(text)
    # Almost no text has so many digits: looked for in all of them at once, that takes a quarter of the time.
    if not _ENOUGH_DIGITS.search("\n".join(parts)):
        return None
    for part in parts:
        for found in _CARD_LIKE.finditer(part):
            digits = re.sub(r"\D", "", found.group())
            is_phone = part[: found.start()].endswith("+") and len(digits) <= PHONE_DIGITS_MAX
            if _is_luhn(digits) and not is_phone:
                return f"…{digits[-4:]}"
    return None


def has_card(text: str) -> bool:
    """Whether a run of digits in it is a card number by its length and its check digit."""
    return any(_is_luhn(re.sub(r"\D", "", found.group())) for found in _CARD_LIKE.finditer(text))


def _texts(text: str) -> list[str]:
    return _JSON_STRING.findall(text) if text[:1] in "[{" else [text]


def _is_luhn(digits: str) -> bool:
    doubled = (2 * int(digit) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def blake2b_hex(data: bytes | str) -> str:
    return hashlib.blake2b(_bytes(data), digest_size=16).hexdigest()


def sha256_hex(data: bytes | str) -> str:
    return hashlib.sha256(_bytes(data)).hexdigest()


def _bytes(data: bytes | str) -> bytes:
    """A BLOB that was tampered with can have become text."""
    return data.encode() if isinstance(data, str) else data
