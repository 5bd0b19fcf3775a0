"""What every report asks: which stores, and which days."""

from collections.abc import Sequence

from shikanji.kit.auth import Principal
from shikanji.kit.errors import Forbidden, Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.guards import require_role
from shikanji.services.analytics.actions import reports
from shikanji.services.analytics.errors import RangeTooLong, StoreNotFound
from shikanji.services.analytics.model.calendar import Span
from shikanji.services.analytics.schemas.shapes import OfDays

DAYS_DEFAULT, DAYS_MAX = 30, 400
FIRST_YEAR, LAST_YEAR = 2000, 2100

REFUSALS = (Forbidden, StoreNotFound, Invalid)


def stores_for(principal: Principal, store_id: str | None) -> Sequence[str] | None:
    """The store that is asked for, else all where the caller is manager; None: all there are, for head office."""
    if store_id is not None:
        require_role(principal, store_id, "manager")
        return [store_id]
    if principal.admin:
        return None
    own = [store for store, role in principal.roles.items() if role == "manager"]
    if not own:
        raise Forbidden("only for the store's manager")
    return own


async def days_of(room: Room, stores: Sequence[str] | None, query: OfDays, *, days_max: int = DAYS_MAX) -> Span:
    """Raises Invalid for days that are none, RangeTooLong for too many."""
    for field, given in (("from", query.first), ("to", query.last)):
        if given is not None and not FIRST_YEAR <= given.year < LAST_YEAR:
            raise Invalid.field(field, f"is a day from {FIRST_YEAR} to {LAST_YEAR - 1}")
    last = query.last.toordinal() if query.last else await room.db.read(reports.today_of, stores)
    span = Span(query.first.toordinal(), last) if query.first else Span.until(last, DAYS_DEFAULT)
    if span.days < 1:
        raise Invalid.field("to", "is not before from")
    if span.days > days_max:
        raise RangeTooLong.field("from", f"makes {span.days} days: at most {days_max} at a time")
    return span
