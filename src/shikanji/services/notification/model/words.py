"""The words of a message, and what may stand in them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Language = Literal["en", "hi"]
LANGUAGES: tuple[Language, ...] = ("en", "hi")

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Body = Annotated[str, Meta(min_length=1, max_length=4_000)]
Sms = Annotated[str, Meta(min_length=1, max_length=600)]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Jinja, but nothing than names of facts and `if`. `title` is also a mail's subject; `body` has a blank line
    between paragraphs; `sms` is what is registered for DLT, each fact of it standing for one `{#var#}`."""

    title: Title
    body: Body
    sms: Sms | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What words may name. Amounts are written out (`₹252.00`)."""

    name: str = ""
    """First name of whoever is told; may be empty."""
    order: str = ""
    """Its number."""
    store: str = ""
    total: str = ""
    amount: str = ""
    reason: str = ""
    product: str = ""
    available: str = ""
    points: str = ""
    tier: str = ""
    code: str = ""
    minutes: str = ""
    title: str = ""
    text: str = ""
    lines: tuple[tuple[str, int, str], ...] = ()
    """Of an order: name, quantity, amount."""
    sums: tuple[tuple[str, str], ...] = ()


NAMES: frozenset[str] = frozenset(Facts.__struct_fields__) - {"lines", "sums"}
"""What edited words may name."""

SAMPLE = Facts(
    name="Asha",
    order="MGR-261122-0042",
    store="Jain Shikanji – MG Road",
    total="₹252.00",
    amount="₹252.00",
    reason="out of stock",
    product="Masala Chaas",
    available="7",
    points="100",
    tier="Gold",
    code="123456",
    minutes="10",
    title="Mango week",
    text="All mango drinks are ₹20 less until Sunday.",
    lines=(("Traditional Shikanji", 2, "₹160.00"), ("Masala Chaas", 1, "₹60.00")),
    sums=(("GST", "₹11.00"), ("Delivery", "₹21.00")),
)
"""For previews."""
