"""The shapes of the history. Amounts in paise."""

from collections.abc import Sequence

import msgspec

from shikanji.kit.clock import to_rfc3339
from shikanji.services.analytics.history import HistoryGrain, HistoryRow
from shikanji.services.analytics.model.calendar import Span, day_name
from shikanji.services.analytics.schemas.shapes import OfDays, Out


class AskHistory(OfDays, frozen=True, kw_only=True):
    grain: HistoryGrain = "month"


class HistoryRowView(Out, frozen=True, kw_only=True):
    """`period`: its first day."""

    period: str
    store_id: str
    placed: int
    confirmed: int
    completed: int
    cancelled: int
    paid: int
    refunded: int
    revenue: int


class HistoryView(Out, frozen=True, kw_only=True):
    """`completeUntil`: what happened later is not in the history yet; null where there is none."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    complete_until: str | None
    rows: list[HistoryRowView]


def history_view(found: Sequence[HistoryRow], span: Span, complete_until: int | None) -> HistoryView:
    return HistoryView(
        first=day_name(span.first),
        last=day_name(span.last),
        complete_until=None if complete_until is None else to_rfc3339(complete_until),
        rows=[HistoryRowView(**row._asdict(), revenue=row.paid - row.refunded) for row in found],
    )
