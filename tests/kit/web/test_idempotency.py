"""One effect for one key, however often and however much at once the request comes."""

import asyncio
from collections import Counter

import msgspec
import pytest

from shikanji.kit.auth import Principal
from shikanji.kit.clock import SECOND
from shikanji.kit.db.tx import Tx
from shikanji.kit.errors import Conflict
from shikanji.kit.service import Room
from shikanji.kit.web.idempotency import (
    FORGOTTEN_AT_ONCE_MAX,
    KEPT,
    LEASE,
    Claim,
    ClaimLost,
    InFlight,
    KeyReused,
    Scope,
    StoredAnswer,
    abandon,
    claim,
    complete,
    forget_expired,
    once,
    settle,
    void_leases,
)
from shikanji.kit.web.routes import Incoming, Reply
from tests.kit.counters import add, value
from tests.kit.databases import OpenDatabase
from tests.kit.web.edge import make_teashop

SCOPE = Scope(principal="guest", route="POST /teas", key="k" * 16, body_hash="one")


class Brewed(msgspec.Struct):
    cups: int


class OutOfMilk(Conflict):
    type, title = "out-of-milk", "There is no milk left"


@pytest.fixture
def room(database: OpenDatabase) -> Room:
    return make_teashop(db=database.db, clock=database.clock)


def asking(
    key: str | None = "k" * 16, *, body: str = "one", who: str = "guest", route: str = "POST /teas"
) -> Incoming[None, None]:
    return Incoming(
        body=None,
        query=None,
        path={},
        principal=Principal(account_id=who),
        headers={},
        raw=b"",
        correlation_id="c",
        client_ip="",
        idempotency_key=key,
        route=route,
        body_hash=body,
    )


def brew_without_milk(tx: Tx, name: str) -> int:
    add(tx, name)
    raise OutOfMilk


def count_brews(tx: Tx) -> int:
    return value(tx, "masala") or 0


async def brew_once(room: Room, incoming: Incoming[None, None]) -> Reply:
    return await once(room, incoming, add, "masala", view=Brewed, status=201)


def wire(reply: Reply) -> tuple[int | None, bytes]:
    return reply.status, msgspec.json.encode(reply.data)


async def test_a_repeat_gets_the_first_answer_again_and_is_marked(room: Room, database: OpenDatabase) -> None:
    first = await brew_once(room, asking())
    again = await brew_once(room, asking())

    assert wire(first) == wire(again)
    assert (first.headers, again.headers) == (None, {"Idempotency-Replayed": "true"})
    assert await database.read(count_brews) == 1


async def test_one_key_a_hundred_times_at_once_makes_one_effect(room: Room, database: OpenDatabase) -> None:
    replies = await asyncio.gather(*(brew_once(room, asking()) for _ in range(100)))

    assert len({wire(reply) for reply in replies}) == 1
    assert Counter(reply.headers is None for reply in replies) == {True: 1, False: 99}
    assert await database.read(count_brews) == 1


@pytest.mark.parametrize("other", [asking("x" * 16), asking(who="cook"), asking(route="POST /coffees")])
async def test_another_key_caller_or_route_is_another_request(
    room: Room, database: OpenDatabase, other: Incoming[None, None]
) -> None:
    await brew_once(room, asking())

    await brew_once(room, other)

    assert await database.read(count_brews) == 2


async def test_another_body_under_the_same_key_is_refused(room: Room, database: OpenDatabase) -> None:
    await brew_once(room, asking())

    with pytest.raises(KeyReused):
        await brew_once(room, asking(body="two"))

    assert await database.read(count_brews) == 1


async def test_without_a_key_every_request_has_its_effect(room: Room, database: OpenDatabase) -> None:
    await brew_once(room, asking(None))
    await brew_once(room, asking(None))

    assert await database.read(count_brews) == 2


async def test_a_refusal_leaves_no_trace(room: Room, database: OpenDatabase) -> None:
    with pytest.raises(OutOfMilk):
        await once(room, asking(), brew_without_milk, "masala", view=Brewed)

    assert (await brew_once(room, asking(body="two"))).headers is None
    assert await database.read(count_brews) == 1


async def test_an_answer_is_kept_for_seven_days(room: Room, database: OpenDatabase) -> None:
    await brew_once(room, asking())

    database.clock.advance(LEASE + KEPT - 1)
    assert (await brew_once(room, asking())).headers is not None
    database.clock.advance(1)
    assert (await brew_once(room, asking(body="two"))).headers is None
    assert await database.read(count_brews) == 2


async def taken(database: OpenDatabase, scope: Scope = SCOPE) -> Claim:
    found = await database.write(claim, scope)
    assert isinstance(found, Claim)
    return found


async def test_a_live_claim_is_in_flight_for_everyone_else(database: OpenDatabase) -> None:
    outcomes = await asyncio.gather(*(database.write(claim, SCOPE) for _ in range(100)), return_exceptions=True)

    assert Counter(type(outcome) for outcome in outcomes) == {Claim: 1, InFlight: 99}


async def test_a_live_claim_with_another_body_is_a_reused_key(database: OpenDatabase) -> None:
    await taken(database)

    with pytest.raises(KeyReused):
        await database.write(claim, msgspec.structs.replace(SCOPE, body_hash="two"))


async def test_a_completed_claim_is_answered_from_store(database: OpenDatabase) -> None:
    mine = await taken(database)

    await database.write(complete, mine, 201, Brewed(3))

    stored = await database.write(claim, SCOPE)
    assert isinstance(stored, StoredAnswer)
    assert wire(stored.reply()) == (201, b'{"cups":3}')


async def test_an_abandoned_claim_frees_the_key(database: OpenDatabase) -> None:
    mine = await taken(database)

    await database.write(abandon, mine)

    other = await taken(database, msgspec.structs.replace(SCOPE, body_hash="two"))
    assert other.effect_id != mine.effect_id


async def test_abandoning_undoes_no_answer(database: OpenDatabase) -> None:
    mine = await taken(database)
    await database.write(complete, mine, 201, None)

    await database.write(abandon, mine)

    assert isinstance(await database.write(claim, SCOPE), StoredAnswer)


async def test_a_lapsed_claim_is_taken_over_under_a_new_effect_id_by_exactly_one(database: OpenDatabase) -> None:
    late = await taken(database)
    database.clock.advance(LEASE)

    outcomes = await asyncio.gather(*(database.write(claim, SCOPE) for _ in range(20)), return_exceptions=True)

    (heir,) = [outcome for outcome in outcomes if isinstance(outcome, Claim)]
    assert heir.effect_id != late.effect_id
    with pytest.raises(ClaimLost):
        await database.write(complete, late, 201, None)
    await database.write(abandon, late)
    await database.write(complete, heir, 201, Brewed(3))


async def test_a_start_that_is_alone_frees_the_keys_of_the_dead_and_leaves_answers(database: OpenDatabase) -> None:
    db, answered = database.db, Scope("guest", "POST /teas", "a" * 16, "one")
    dead = await db.write(claim, SCOPE)
    finished = await db.write(claim, answered)
    assert isinstance(dead, Claim)
    assert isinstance(finished, Claim)
    await db.write(complete, finished, 201, Brewed(1))

    assert await db.write(void_leases) == 1

    with pytest.raises(ClaimLost):
        await db.write(complete, dead, 201, Brewed(1))
    taken = await db.write(claim, SCOPE)
    assert isinstance(taken, Claim)
    assert taken.effect_id != dead.effect_id
    assert isinstance(await db.write(claim, answered), StoredAnswer)


async def test_nothing_is_written_after_the_lease_even_if_nobody_took_over(database: OpenDatabase) -> None:
    late = await taken(database)
    database.clock.advance(LEASE)

    with pytest.raises(ClaimLost):
        await database.write(complete, late, 201, None)


async def test_a_claim_is_completed_once(database: OpenDatabase) -> None:
    mine = await taken(database)
    await database.write(complete, mine, 201, "first")

    with pytest.raises(ClaimLost):
        await database.write(complete, mine, 201, "second")


async def test_settling_waits_for_the_lease_and_then_forbids_the_effect(database: OpenDatabase) -> None:
    late = await taken(database)

    assert await database.write(settle, late.effect_id) is False
    database.clock.advance(LEASE)
    assert await database.write(settle, late.effect_id) is True
    with pytest.raises(ClaimLost):
        await database.write(complete, late, 201, None)


async def test_a_finished_effect_is_settled(database: OpenDatabase) -> None:
    mine = await taken(database)
    await database.write(complete, mine, 201, None)

    assert await database.write(settle, mine.effect_id) is True
    assert isinstance(await database.write(claim, SCOPE), StoredAnswer)


async def test_only_what_was_kept_long_enough_is_forgotten(database: OpenDatabase) -> None:
    await taken(database)
    database.clock.advance(SECOND)
    await taken(database, msgspec.structs.replace(SCOPE, key="x" * 16))

    database.clock.advance(LEASE + KEPT - SECOND)

    assert await database.write(forget_expired) == 1
    assert await database.write(forget_expired) == 0


async def test_many_answers_are_forgotten_a_few_at_a_time(database: OpenDatabase) -> None:
    for number in range(FORGOTTEN_AT_ONCE_MAX + 2):
        await taken(database, msgspec.structs.replace(SCOPE, key=f"key-number-{number:08}"))
    database.clock.advance(LEASE + KEPT)

    forgotten = [await database.write(forget_expired) for _ in range(3)]

    assert forgotten == [FORGOTTEN_AT_ONCE_MAX, 2, 0]


async def test_a_request_without_a_key_has_no_scope() -> None:
    with pytest.raises(ValueError, match="no Idempotency-Key"):
        Scope.of(asking(None))
