"""Tax classes: a rate and its HSN or SAC, each true from a moment on. History is never rewritten."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from shikanji.kit.clock import from_rfc3339
from shikanji.kit.errors import Invalid
from shikanji.services.inventory.model.product import Name, TaxClass


class TaxRateDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A rate as head office puts it. `rateBp`: basis points of the whole GST, 500 is 5 %."""

    tax_class: TaxClass
    name: Name
    rate_bp: Annotated[int, Meta(ge=0, le=10_000)]
    hsn: Annotated[str, Meta(pattern=r"^[0-9]{4,8}$(?!\n)", extra={"form": "an HSN or SAC: 4 to 8 digits"})]
    """HSN of goods, SAC of services."""
    included: bool = False
    """Whether prices of this class include the tax."""
    effective_from: Annotated[str, Meta(max_length=40)] | None = None
    """RFC 3339; absent: from now on."""

    def starts_at(self, now: int) -> int:
        if self.effective_from is None:
            return now
        try:
            return from_rfc3339(self.effective_from)
        except (ValueError, OverflowError):
            raise Invalid.field("effectiveFrom", "is no RFC 3339 time with a zone") from None


class TaxRate(msgspec.Struct, frozen=True):
    """In the order of its table's columns."""

    tax_class: str
    effective_from: int
    name: str
    rate_bp: int
    hsn: str
    included: int


def check_start(effective_from: int, now: int, first: bool) -> None:
    """Raises Invalid for a rate that would rewrite history; the first of a class may begin in the past."""
    if effective_from < 0 or (not first and effective_from < now):
        raise Invalid.field("effectiveFrom", "a class that is in use changes from now on, or later")


def rates_at(rates: Iterable[TaxRate], at: int) -> dict[str, TaxRate]:
    """By class, the rate that counts at `at`. `rates` come in the order of their effective dates."""
    return {rate.tax_class: rate for rate in rates if rate.effective_from <= at}
