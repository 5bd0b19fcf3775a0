"""What an order's tax invoice says of it."""

from shikanji.contracts.customer import Address
from shikanji.contracts.order import Bill, BillLine
from shikanji.services.order.model.lines import Line
from shikanji.services.order.model.order import Order


def bill_of(order: Order) -> Bill:
    details = order.details
    return Bill(
        order_id=order.id,
        order_number=order.order_number,
        customer_id=order.customer_id,
        store_id=order.store_id,
        status=order.status,
        fulfilment=order.fulfilment,
        payment_method=order.payment_method,
        placed_at=order.placed_at,
        customer_name=details.customer_name,
        address=_lines_of(details.address),
        lines=[_line(line) for line in order.lines],
        delivery_fee=order.delivery_fee,
        delivery_fee_tax=order.delivery_fee_tax,
        delivery_fee_rate_bp=details.fee_tax.rate_bp,
        delivery_fee_included=details.fee_tax.included,
        delivery_fee_hsn=details.fee_tax.hsn,
        delivery_paid=order.delivery_paid,
        round_off=order.round_off,
        total=order.total,
    )


def _line(line: Line) -> BillLine:
    return BillLine(
        line_id=line.id,
        name=line.name,
        name_hi=line.name_hi,
        options=[option.name for option in line.options],
        hsn=line.hsn,
        quantity=line.quantity,
        unit_price=line.unit_price,
        line_total=line.line_total,
        discount=line.discount,
        points_discount=line.points_discount,
        tax=line.tax,
        tax_rate_bp=line.tax_rate_bp,
        tax_included=line.tax_included,
        paid=line.paid,
    )


def _lines_of(address: Address | None) -> list[str]:
    if address is None:
        return []
    place = f"{address.city}, {address.state} {address.postal_code}"
    return [line for line in (address.line1, address.line2, address.landmark, place) if line]
