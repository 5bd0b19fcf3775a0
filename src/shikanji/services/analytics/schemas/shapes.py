"""What all questions and answers of the analytics service have in common."""

from datetime import date

import msgspec

from shikanji.kit.web.fields import Id


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What comes in: unknown fields are refused."""


class Out(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What goes out."""


class OfStore(In, frozen=True, kw_only=True):
    """Without `storeId`: all that the caller may see."""

    store_id: Id | None = None


class OfDays(OfStore, frozen=True, kw_only=True):
    """Days by the clocks of the stores, both included; left out: the last 30 up to today."""

    first: date | None = msgspec.field(default=None, name="from")
    last: date | None = msgspec.field(default=None, name="to")
