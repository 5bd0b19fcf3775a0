"""What a wanted line costs: the chosen options checked, prices and tax class frozen into the answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from shikanji.contracts.inventory import ChosenOption, PricedLine, WantedLine
from shikanji.contracts.inventory import TaxRate as FeeTax
from shikanji.kit.errors import FieldError, Invalid
from shikanji.services.inventory.errors import InsufficientStock, ProductNotAvailable
from shikanji.services.inventory.model.product import Customization, Option, Product
from shikanji.services.inventory.model.schedule import is_on
from shikanji.services.inventory.model.tax import TaxRate

LINE_QUANTITY_MAX = 1_000_000


class Offer(NamedTuple):
    """One product in one store, as it can be sold there."""

    product: Product
    stock_id: str
    listed: bool
    """The store has it on its card."""
    store_price: int | None
    available: int

    @property
    def price(self) -> int:
        return self.product.price if self.store_price is None else self.store_price

    def is_on_sale(self, at: int, zone: tzinfo) -> bool:
        """Whether it can be ordered at `at`, stock apart."""
        return self.listed and self.product.available and is_on(self.product.schedule, at, zone)


class Needed(NamedTuple):
    """How much of one stock an order takes, all its lines together."""

    stock_id: str
    product_id: str
    quantity: int


def price_lines(
    lines: Sequence[WantedLine], offers: Mapping[str, Offer], rates: Mapping[str, TaxRate], at: int, zone: tzinfo
) -> list[PricedLine]:
    """Every line with its price. Raises ProductNotAvailable or Invalid naming every line that cannot be had so."""
    _refuse_unavailable(lines, offers, rates, at, zone)
    faults: list[FieldError] = []
    priced = [_priced(position, line, offers[line.product_id], rates, faults) for position, line in enumerate(lines)]
    if faults:
        raise Invalid("; ".join(f"{fault.field}: {fault.message}" for fault in faults), errors=faults)
    return priced


def fee_tax(rates: Mapping[str, TaxRate], tax_class: str) -> FeeTax:
    rate = rates.get(tax_class)
    if rate is None:
        raise Invalid.field("feeTaxClass", f"there is no tax class {tax_class}")
    return FeeTax(tax_class=tax_class, rate_bp=rate.rate_bp, hsn=rate.hsn, included=bool(rate.included))


def needed(lines: Iterable[WantedLine], offers: Mapping[str, Offer]) -> list[Needed]:
    """What the lines take, one row per stock, in the order in which stock is always touched."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.product_id] = sums.get(line.product_id, 0) + line.quantity
    return sorted(Needed(offers[product_id].stock_id, product_id, sums[product_id]) for product_id in sums)


def check_stock(lines: Sequence[WantedLine], offers: Mapping[str, Offer], wanted: Iterable[Needed]) -> None:
    """Raises InsufficientStock naming every line of a product of which there is not enough."""
    short = {need.product_id for need in wanted if offers[need.product_id].available < need.quantity}
    if short:
        raise insufficient(lines, offers, short)


def insufficient(lines: Sequence[WantedLine], offers: Mapping[str, Offer], short: set[str]) -> InsufficientStock:
    errors = [
        FieldError(f"items[{position}].quantity", _left(offers[line.product_id]))
        for position, line in enumerate(lines)
        if line.product_id in short
    ]
    names = sorted({offers[product_id].product.name for product_id in short})
    return InsufficientStock(f"Not enough in stock: {', '.join(names)}", errors=errors)


def _left(offer: Offer) -> str:
    return f"only {max(offer.available, 0)} of {offer.product.name} left"


def _refuse_unavailable(
    lines: Sequence[WantedLine], offers: Mapping[str, Offer], rates: Mapping[str, TaxRate], at: int, zone: tzinfo
) -> None:
    errors = []
    for position, line in enumerate(lines):
        offer = offers.get(line.product_id)
        if offer is None:
            errors.append(FieldError(f"items[{position}].productId", "this store does not have it"))
        elif not offer.is_on_sale(at, zone) or offer.product.tax_class not in rates:
            errors.append(FieldError(f"items[{position}].productId", f"{offer.product.name} is not on sale now"))
    if errors:
        raise ProductNotAvailable("; ".join(error.message for error in errors), errors=errors)


def _priced(
    position: int, line: WantedLine, offer: Offer, rates: Mapping[str, TaxRate], faults: list[FieldError]
) -> PricedLine:
    product, rate = offer.product, rates[offer.product.tax_class]
    if not 1 <= line.quantity <= LINE_QUANTITY_MAX:
        faults.append(FieldError(f"items[{position}].quantity", f"is between 1 and {LINE_QUANTITY_MAX}"))
    chosen = _chosen(product, line.options)
    faults.extend(FieldError(f"items[{position}].options", fault) for fault in _option_faults(product, line, chosen))
    return PricedLine(
        line_id=line.line_id,
        product_id=product.id,
        name=product.name,
        name_hi=product.name_hi,
        sku=product.sku,
        category_id=product.category_id,
        quantity=line.quantity,
        base_price=offer.price,
        # A store's own price may be below what the cheapest options take off: nothing is given besides.
        unit_price=max(0, offer.price + sum(option.price_delta for option in chosen)),
        options=[ChosenOption(id=each.id, name=each.name, price_delta=each.price_delta) for each in chosen],
        tax_class=product.tax_class,
        tax_rate_bp=rate.rate_bp,
        tax_included=bool(rate.included),
        hsn=rate.hsn,
    )


def _chosen(product: Product, wanted: Sequence[str]) -> list[Option]:
    """The options in the product's order. A required group in which nothing is chosen has its defaults; any other group
    left empty stays empty, for to take a default away is a choice too."""
    if not product.customizations:
        return []
    ids = set(wanted)
    return [option for group in product.customizations for option in _chosen_in(group, ids)]


def _chosen_in(group: Customization, ids: set[str]) -> list[Option]:
    picked = [option for option in group.options if option.id in ids]
    return picked or (group.defaults if group.required else [])


def _option_faults(product: Product, line: WantedLine, chosen: Sequence[Option]) -> Iterator[str]:
    if not line.options and not product.customizations:
        return
    if len(set(line.options)) < len(line.options):
        yield "an option is chosen twice"
    known = {option.id for group in product.customizations for option in group.options}
    for unknown in (each for each in line.options if each not in known):
        yield f"{product.name} has no option {unknown}"
    taken = {option.id for option in chosen}
    for group in product.customizations:
        count = sum(option.id in taken for option in group.options)
        if count < group.min and (count or group.required):
            yield f"choose at least {group.min} of {group.name}"
        if count > group.max:
            yield f"choose at most {group.max} of {group.name}"
