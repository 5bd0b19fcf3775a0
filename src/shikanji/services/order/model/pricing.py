"""What an order costs. Sums and shares are made once, when it is placed, and frozen."""

from collections.abc import Mapping, Sequence

import msgspec

from shikanji.contracts.inventory import PricedLine, TaxRate
from shikanji.contracts.loyalty import BenefitsHeld
from shikanji.contracts.store import Fulfilment, ServingTerms
from shikanji.kit.money import gst, round_off, shares
from shikanji.services.order.errors import AmountTooSmall, BelowMinimumOrder
from shikanji.services.order.model.lines import Line

ONLINE_LEAST = 100
"""Paise: providers take no less."""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """In paise. total = subtotal - discount - points_discount + delivery_fee + tax + round_off, where `tax` is what is
    added to prices and fee (what they contain already stands in the lines and in `delivery_fee_tax`). The lines' `paid`
    and `delivery_paid` sum exactly to the total."""

    lines: list[Line]
    subtotal: int
    discount: int
    points_discount: int
    delivery_fee: int
    delivery_fee_tax: int
    delivery_paid: int
    tax: int
    round_off: int
    total: int
    goods: int
    """What is paid for goods alone: after discounts and points, without tax and delivery."""
    benefits: bool
    """Whether anything is held for it in loyalty."""


NOTHING_OFF = BenefitsHeld(held=False)


def price(
    priced: Sequence[PricedLine],
    terms: ServingTerms,
    fee_tax: TaxRate,
    fulfilment: Fulfilment,
    *,
    online: bool,
    notes: Mapping[str, str | None],
    benefits: BenefitsHeld = NOTHING_OFF,
) -> Sums:
    """The sums of one order. `notes` by line id. Points are shared over the lines by what each still costs after its
    discount; each line is taxed after both. GST is that of the store's own state: food and drink are
    served where they are made. Raises BelowMinimumOrder, and AmountTooSmall for an `online` order."""
    totals = [line.unit_price * line.quantity for line in priced]
    discounts = [benefits.discounts.get(line.line_id, 0) for line in priced]
    points = shares(benefits.points_discount, [whole - less for whole, less in zip(totals, discounts, strict=True)])
    nets = [whole - less - more for whole, less, more in zip(totals, discounts, points, strict=True)]
    taxes = [gst(net, line.tax_rate_bp, included=line.tax_included).tax for net, line in zip(nets, priced, strict=True)]
    on_top = [0 if line.tax_included else tax for line, tax in zip(priced, taxes, strict=True)]
    subtotal = sum(totals)
    _check_minimum(subtotal, terms, fulfilment)
    fee = 0 if benefits.free_delivery else delivery_fee(subtotal, terms, fulfilment)
    fee_gst = gst(fee, fee_tax.rate_bp, included=fee_tax.included)
    unrounded = sum(nets) + sum(on_top) + fee_gst.gross
    added = round_off(unrounded, terms.round_to)
    _check_payable(unrounded + added, online=online)
    *paid, delivery_paid = shares(
        unrounded + added, [*(net + tax for net, tax in zip(nets, on_top, strict=True)), fee_gst.gross]
    )
    return Sums(
        lines=[
            _line(line, notes.get(line.line_id), totals[at], discounts[at], points[at], taxes[at], paid[at])
            for at, line in enumerate(priced)
        ],
        subtotal=subtotal,
        discount=sum(discounts),
        points_discount=benefits.points_discount,
        delivery_fee=fee,
        delivery_fee_tax=fee_gst.tax,
        delivery_paid=delivery_paid,
        tax=sum(on_top) + fee_gst.gross - fee,
        round_off=added,
        total=unrounded + added,
        goods=sum(nets) + sum(on_top) - sum(taxes),
        benefits=benefits.held,
    )


def subtotal_of(priced: Sequence[PricedLine]) -> int:
    return sum(line.unit_price * line.quantity for line in priced)


def delivery_fee(subtotal: int, terms: ServingTerms, fulfilment: Fulfilment) -> int:
    """Nothing where nothing is delivered, and from `free_delivery_above` on."""
    if fulfilment != "delivery":
        return 0
    if terms.free_delivery_above is not None and subtotal >= terms.free_delivery_above:
        return 0
    return terms.delivery_fee


def _check_minimum(subtotal: int, terms: ServingTerms, fulfilment: Fulfilment) -> None:
    """The least subtotal, which counts for deliveries only."""
    if fulfilment == "delivery" and subtotal < terms.minimum_order:
        raise BelowMinimumOrder(f"This store delivers from {terms.minimum_order} paise on; this is {subtotal}.")


def _check_payable(total: int, *, online: bool) -> None:
    if online and 0 < total < ONLINE_LEAST:
        raise AmountTooSmall(f"Online payment needs {ONLINE_LEAST} paise or more; this is {total}.")


def _line(
    line: PricedLine, notes: str | None, line_total: int, discount: int, points_discount: int, tax: int, paid: int
) -> Line:
    return Line(
        id=line.line_id,
        product_id=line.product_id,
        name=line.name,
        name_hi=line.name_hi,
        sku=line.sku,
        category_id=line.category_id,
        quantity=line.quantity,
        base_price=line.base_price,
        unit_price=line.unit_price,
        options=line.options,
        notes=notes,
        line_total=line_total,
        discount=discount,
        points_discount=points_discount,
        tax_class=line.tax_class,
        tax_rate_bp=line.tax_rate_bp,
        tax_included=line.tax_included,
        hsn=line.hsn,
        tax=tax,
        paid=paid,
    )
