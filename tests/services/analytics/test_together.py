"""What two processes do to the figures at the same moment; only PostgreSQL lets them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import msgspec
import pytest

from shikanji.contracts.store import StoreUpdated
from shikanji.kit.clock import HOUR
from shikanji.kit.db.faults import TransactionConflict
from shikanji.kit.db.port import DirectDatabase
from shikanji.kit.events import Envelope
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
    everything,
    figures,
    forget_all,
    lives,
    number,
    opened,
    receive,
    settle,
    tell,
)

ENGINES = ["postgres"]
TRIES_MAX = 100
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


def fold(database: DirectDatabase, batches: Sequence[Sequence[Envelope]]) -> None:
    """Each again where the other was first, as the platform's writer does."""
    for batch in batches:
        for _ in range(TRIES_MAX):
            with suppress(TransactionConflict):
                database.write(keeping.keep, batch)
                break
        else:
            raise AssertionError(f"no way through in {TRIES_MAX} tries")


@pytest.mark.parametrize("seed", range(2))
async def test_events_that_two_pullers_fold_at_once_make_the_same_figures(base: OpenDatabase, seed: int) -> None:
    """Each has every other batch, of the same few customers: none is folded twice or never."""
    sent, chance = envelopes(lives(25, seed)), Random(seed)
    await receive(base, *sent)
    await settle(base)
    straight = everything(base)
    await base.write(forget_all)
    chance.shuffle(sent)

    batches = [sent[first : first + 8] for first in range(0, len(sent), 8)]
    await asyncio.gather(*(asyncio.to_thread(fold, base.direct(), batches[first::2]) for first in range(2)))
    await settle(base)

    assert everything(base) == straight


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
