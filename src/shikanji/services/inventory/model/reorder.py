"""What a store should order again: all that is at its reorder point or below, with what is on its way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shikanji.kit.money import divide_half_up
from shikanji.services.inventory.model.purchase import QUANTITY_MAX

LOOKED_BACK_DAYS = 28
COVER_DAYS = 7
"""Beyond the days until the delivery, for how long the sales should be covered where the store has set no maximum."""


class Short(NamedTuple):
    """A stock that is at its reorder point or below."""

    stock_id: str
    product_id: str
    available: int
    on_order: int
    reorder_point: int
    maximum: int | None
    unit_cost: int | None


class Source(NamedTuple):
    """Who supplies a product, and for how much."""

    product_id: str
    supplier_id: str
    supplier_name: str
    lead_days: int
    unit_cost: int


class Suggested(NamedTuple):
    """`sold`: in the last LOOKED_BACK_DAYS days, less what came back."""

    short: Short
    sold: int
    quantity: int
    unit_cost: int | None

    @property
    def days_left(self) -> int | None:
        """How long what is there will do at this pace; None: nothing of it was sold."""
        return max(self.short.available, 0) * LOOKED_BACK_DAYS // self.sold if self.sold > 0 else None


class Suggestion(NamedTuple):
    """For one supplier; None: what nobody supplies."""

    source: Source | None
    lines: list[Suggested]

    @property
    def total(self) -> int:
        return sum(line.quantity * (line.unit_cost or 0) for line in self.lines)


def suggest(shorts: Iterable[Short], sold: Mapping[str, int], sources: Sequence[Source]) -> list[Suggestion]:
    """By supplier in the order of their names, what nobody supplies last. `sold`: by stock. `sources`: of each product
    the first counts."""
    best: dict[str, Source] = {}
    for source in sources:
        best.setdefault(source.product_id, source)
    groups: dict[str | None, Suggestion] = {}
    for short in shorts:
        found = best.get(short.product_id)
        line = _line(short, sold.get(short.stock_id, 0), found)
        if line.quantity > 0:
            key = None if found is None else found.supplier_id
            groups.setdefault(key, Suggestion(found, [])).lines.append(line)
    return sorted(groups.values(), key=_by_name)


def up_to(short: Short, sold: int, lead_days: int) -> int:
    """How much there should be: the store's maximum, else the reorder point and what will be sold until after the
    delivery, and at least twice the reorder point."""
    if short.maximum is not None:
        return short.maximum
    expected = divide_half_up(max(sold, 0) * (lead_days + COVER_DAYS), LOOKED_BACK_DAYS)
    return max(short.reorder_point + expected, 2 * short.reorder_point)


def _line(short: Short, sold: int, source: Source | None) -> Suggested:
    wanted = up_to(short, sold, 0 if source is None else source.lead_days)
    cost = short.unit_cost if source is None else source.unit_cost
    return Suggested(short, sold, min(wanted - short.available - short.on_order, QUANTITY_MAX), cost)


def _by_name(suggestion: Suggestion) -> tuple[bool, str, str]:
    source = suggestion.source
    return (True, "", "") if source is None else (False, source.supplier_name, source.supplier_id)
