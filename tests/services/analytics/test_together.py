"""What two processes do to the figures at the same moment; only PostgreSQL lets them."""

import msgspec

from shikanji.contracts.store import StoreUpdated
from shikanji.kit.clock import HOUR
from shikanji.services.analytics.actions import keeping
from shikanji.services.analytics.repository import rebuilds
from tests.kit.databases import OpenDatabase
from tests.kit.turns import one_waits_for_the_other
from tests.services.analytics.makers import (
    NOON,
    STORE,
    TODAY,
    At,
    created,
    envelopes,
    figures,
    number,
    opened,
    settle,
    tell,
)

ENGINES = ["postgres"]
NUMBERS = "SELECT last_value, is_called FROM analytics_events_seq_seq"


async def test_an_event_has_no_number_before_a_rebuild_lets_it_in(base: OpenDatabase) -> None:
    """Else a step could pass its number before it is there to be folded."""
    order = envelopes([created(number())])
    last, meanwhile = base.query(NUMBERS), list[object]()

    await one_waits_for_the_other(
        base,
        rebuilds.locked,
        lambda tx: keeping.keep(tx, order),
        lambda: meanwhile.extend(base.query(NUMBERS)),
    )

    assert meanwhile == last
    assert figures(base, "day") == {"placed": 1}


async def test_an_order_that_comes_while_its_store_changes_its_clock_counts_on_the_right_day(
    base: OpenDatabase,
) -> None:
    await tell(base, opened())
    (move,) = envelopes([At(NOON, StoreUpdated(store_id=STORE, changed=["timeZone"], time_zone="Asia/Dubai"))])
    moved = msgspec.structs.replace(move, metadata=msgspec.structs.replace(move.metadata, aggregate_version=2))
    order = envelopes([created(number(), at=NOON + 13 * HOUR)])

    planned = list[object]()
    await one_waits_for_the_other(
        base,
        lambda tx: keeping.keep(tx, order),
        lambda tx: keeping.keep(tx, [moved]),
        lambda: planned.extend(base.jobs()),
    )
    assert planned == []
    await settle(base)

    assert (figures(base, "day"), figures(base, "day", TODAY + 1)) == ({"placed": 1}, {})


async def test_an_order_that_comes_while_its_store_opens_counts_on_the_right_day(base: OpenDatabase) -> None:
    opening = envelopes([opened(time_zone="Asia/Dubai")])
    order = envelopes([created(number(), at=NOON + 13 * HOUR)])

    await one_waits_for_the_other(base, lambda tx: keeping.keep(tx, opening), lambda tx: keeping.keep(tx, order))

    assert (figures(base, "day"), figures(base, "day", TODAY + 1)) == ({"placed": 1}, {})
