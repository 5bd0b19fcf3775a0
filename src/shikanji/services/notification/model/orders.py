"""What messages say of an order."""

import msgspec


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts in paise; `lines`: (name, quantity, amount)."""

    lines: list[tuple[str, int, int]]
    fulfilment: str
    payment_method: str
    subtotal: int
    discount: int
    delivery_fee: int
    tax: int
    round_off: int
    total: int


class KnownOrder(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    customer_id: str
    store_id: str
    number: str
    confirmed: int
    document: bytes

    @property
    def details(self) -> OrderDocument:
        return msgspec.json.decode(self.document, type=OrderDocument)
