"""What clients tell of visits, and the funnel of any days."""

from collections.abc import Sequence

import msgspec

from shikanji.kit.clock import DAY
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Invalid
from shikanji.services.analytics.actions.reports import scope
from shikanji.services.analytics.model.calendar import Span, local, zone_of
from shikanji.services.analytics.model.customer import EVERYWHERE
from shikanji.services.analytics.model.funnel import Count, EventName, Stage, bit_of, funnel
from shikanji.services.analytics.repository import names, visits
from shikanji.services.analytics.settings import AnalyticsSettings

VISIT_DAYS = 2
"""A visit is remembered until its day is over everywhere."""


class ClientEvent(msgspec.Struct, frozen=True, kw_only=True):
    name: EventName
    store_id: str | None
    product_id: str | None
    order_id: str | None


def tell(tx: Tx, visit_id: str, account_id: str, told: Sequence[ClientEvent]) -> None:
    """It happened now: clients' clocks say anything. Raises Invalid for a store that is none."""
    known = names.stores_of(tx, {each.store_id for each in told if each.store_id})
    default = tx.settings(AnalyticsSettings).time_zone
    counts: dict[tuple[str, int, str], Count] = {}
    for place, each in enumerate(told):
        if each.store_id and each.store_id not in known:
            raise Invalid.field(f"events[{place}].storeId", "is no store's")
        store_id = each.store_id or EVERYWHERE
        day = local(tx.now, zone_of(known[store_id].time_zone if each.store_id else default)).day
        new = visits.reach(tx, day, store_id, visit_id, bit_of(each.name))
        before = counts.get((store_id, day, each.name), Count(0, 0))
        counts[store_id, day, each.name] = Count(before.visits + new, before.events + 1)
    visits.add(tx, counts)
    visits.keep(tx, [_row(tx, visit_id, account_id, each) for each in told])


def report(tx: Tx, store_ids: Sequence[str] | None, span: Span) -> Sequence[Stage]:
    """What was told without a store is in the funnel of all stores only."""
    asked = scope(tx, store_ids)
    return funnel(visits.counts(tx, [*asked.ids, EVERYWHERE] if asked.everywhere else asked.ids, span))


def forget(tx: Tx) -> int:
    """Visits whose day is over, and events after their time; how many events."""
    settings = tx.settings(AnalyticsSettings)
    visits.forget_visits(tx, local(tx.now, zone_of(settings.time_zone)).day - VISIT_DAYS)
    return visits.forget_events(tx, tx.now - settings.client_event_days * DAY)


def _row(tx: Tx, visit_id: str, account_id: str, event: ClientEvent) -> dict[str, str | int | None]:
    return {
        "at": tx.now,
        "visit_id": visit_id,
        "name": event.name,
        "store_id": event.store_id,
        "product_id": event.product_id,
        "order_id": event.order_id,
        "account_id": account_id or None,
    }
