"""The lines of an order and what else is frozen with it when it is placed."""

import hashlib

import msgspec

from shikanji.contracts.customer import Address
from shikanji.contracts.inventory import ChosenOption, TaxRate
from shikanji.contracts.loyalty import AppliedCampaign


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line with its price as it was at placement, in paise. `discount` and `points_discount` are its shares; `tax`
    is in `line_total` where `tax_included`, else on top of it; `paid` is what the customer pays for it in all."""

    id: str
    product_id: str
    name: str
    name_hi: str | None
    sku: str
    category_id: str
    quantity: int
    base_price: int
    unit_price: int
    options: list[ChosenOption]
    notes: str | None
    line_total: int
    discount: int
    points_discount: int
    tax_class: str
    tax_rate_bp: int
    tax_included: bool
    hsn: str
    tax: int
    paid: int


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the order is for and on what terms it was taken, as of its placement. `address` is there for deliveries
    only."""

    customer_name: str
    email: str | None
    phone: str | None
    language: str
    address: Address | None
    notes: str | None
    store_name: str
    store_state: str
    gstin: str | None
    time_zone: str
    zone_id: str | None
    fee_tax: TaxRate
    coupon_code: str | None = None
    points_redeemed: int = 0
    campaigns: list[AppliedCampaign] = []


_lines = msgspec.json.Decoder(list[Line])
_details = msgspec.json.Decoder(Details)


def encode_lines(lines: list[Line]) -> bytes:
    return msgspec.json.encode(lines)


def decode_lines(document: bytes) -> list[Line]:
    return _lines.decode(document)


def encode_details(details: Details) -> bytes:
    return msgspec.json.encode(details)


def decode_details(document: bytes) -> Details:
    return _details.decode(document)


def lines_hash(document: bytes) -> str:
    """Stored beside the lines, which never change after placement: what differs from it was tampered with."""
    return hashlib.blake2b(document, digest_size=16).hexdigest()
