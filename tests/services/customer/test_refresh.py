"""Refresh tokens: good once, one chain per session, and what happens when one is shown twice."""

import asyncio

from shikanji.kit.clock import DAY, SECOND
from shikanji.services.customer.actions import sessions
from shikanji.services.customer.actions.sessions import Rotation
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import register

ENGINES = ["sqlite", "postgres"]


def good_tokens(database: OpenDatabase) -> int:
    return int(database.query("SELECT count(*) FROM refresh_tokens WHERE consumed_at IS NULL")[0][0])


def revoked(database: OpenDatabase) -> list[str]:
    return [event.data["reason"] for event in database.events() if event.type == "SessionRevoked"]


def next_token(rotation: Rotation) -> str:
    assert rotation.signed_in is not None
    return rotation.signed_in.refresh_token


async def test_a_refresh_token_is_exchanged_for_another_of_the_same_session(database: OpenDatabase) -> None:
    first = await register(database)

    rotation = await database.write(sessions.rotate, first.refresh_token)

    assert rotation.signed_in is not None
    assert rotation.signed_in.session_id == first.session_id
    assert rotation.signed_in.refresh_token != first.refresh_token
    assert good_tokens(database) == 1


async def test_only_hashes_of_tokens_are_stored(database: OpenDatabase) -> None:
    signed_in = await register(database)

    stored = str(database.query("SELECT * FROM refresh_tokens")) + str(database.query("SELECT * FROM sessions"))

    assert signed_in.refresh_token not in stored


async def test_within_the_grace_the_previous_token_gets_the_same_successor(database: OpenDatabase) -> None:
    first = (await register(database)).refresh_token
    second = next_token(await database.write(sessions.rotate, first))

    database.clock.advance(10 * SECOND)
    again = await database.write(sessions.rotate, first)

    assert next_token(again) == second
    assert good_tokens(database) == 1
    assert revoked(database) == []


async def test_after_the_grace_a_used_token_ends_the_session_for_both_who_hold_it(database: OpenDatabase) -> None:
    first = (await register(database)).refresh_token
    second = next_token(await database.write(sessions.rotate, first))

    database.clock.advance(10 * SECOND + 1)
    again = await database.write(sessions.rotate, first)

    assert again.signed_in is None
    assert [notice.session_id for notice in again.notices] != [None]
    assert (await database.write(sessions.rotate, second)).signed_in is None
    assert good_tokens(database) == 0
    assert revoked(database) == ["token-reused"]


async def test_the_token_before_the_previous_is_a_reuse_even_within_the_grace(database: OpenDatabase) -> None:
    first = (await register(database)).refresh_token
    second = next_token(await database.write(sessions.rotate, first))
    await database.write(sessions.rotate, second)

    again = await database.write(sessions.rotate, first)

    assert again.signed_in is None
    assert revoked(database) == ["token-reused"]


async def test_a_reused_token_is_reported_once(database: OpenDatabase) -> None:
    first = (await register(database)).refresh_token
    await database.write(sessions.rotate, first)
    database.clock.advance(11 * SECOND)

    for _ in range(3):
        await database.write(sessions.rotate, first)

    assert revoked(database) == ["token-reused"]


async def test_two_rotations_at_once_give_one_successor(database: OpenDatabase) -> None:
    first = (await register(database)).refresh_token

    rotations = await asyncio.gather(*(database.write(sessions.rotate, first) for _ in range(10)))

    assert len({next_token(rotation) for rotation in rotations}) == 1
    assert good_tokens(database) == 1
    assert revoked(database) == []


async def test_a_token_lapses_after_thirty_days_without_use(database: OpenDatabase) -> None:
    first = (await register(database)).refresh_token

    database.clock.advance(30 * DAY)
    rotation = await database.write(sessions.rotate, first)

    assert rotation.signed_in is None
    assert rotation.notices == []


async def test_each_use_keeps_the_session_for_thirty_more_days(database: OpenDatabase) -> None:
    token = (await register(database)).refresh_token

    for _ in range(3):
        database.clock.advance(29 * DAY)
        token = next_token(await database.write(sessions.rotate, token))

    assert good_tokens(database) == 1


async def test_an_unknown_token_is_refused(database: OpenDatabase) -> None:
    await register(database)

    assert (await database.write(sessions.rotate, "x" * 43)).signed_in is None
    assert (await database.write(sessions.rotate, "")).signed_in is None


async def test_a_session_that_was_logged_out_has_no_good_token(database: OpenDatabase) -> None:
    signed_in = await register(database)

    notices = await database.write(sessions.logout, signed_in.customer.id, signed_in.session_id)

    assert [notice.session_id for notice in notices] == [signed_in.session_id]
    assert good_tokens(database) == 0
    assert (await database.write(sessions.rotate, signed_in.refresh_token)).signed_in is None
    assert revoked(database) == ["logout"]
