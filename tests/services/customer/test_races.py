"""What happens at the same moment: in any order, on both engines, the invariants hold."""

import asyncio
from random import Random

import pytest

from shikanji.kit.clock import DAY, SECOND
from shikanji.kit.errors import Problem
from shikanji.services.customer import tokens
from shikanji.services.customer.actions import access, accounts, codes, sessions, sign_in
from shikanji.services.customer.actions.sessions import SignedIn
from shikanji.services.customer.errors import IdentifierTaken, NothingToVerify, TooManyFailures
from tests.kit.databases import OpenDatabase
from tests.services.customer.makers import (
    ASHA_EMAIL,
    ASHA_PHONE,
    CALLER,
    DEVICE,
    RAVI_PHONE,
    code_sent,
    entropy,
    make_account,
    register,
    sign_in_as,
    wrong,
)

ENGINES = ["sqlite", "postgres"]

LIVE_SESSIONS_OF_DISABLED = """
    SELECT count(*) FROM sessions JOIN customers ON customers.id = sessions.customer_id
    WHERE customers.disabled_at IS NOT NULL AND sessions.revoked_at IS NULL
"""
GOOD_TOKENS_OF_REVOKED = """
    SELECT count(*) FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session_id
    WHERE sessions.revoked_at IS NOT NULL AND refresh_tokens.consumed_at IS NULL
"""
FAMILIES_WITH_TWO_GOOD_TOKENS = """
    SELECT count(*) FROM (
        SELECT session_id FROM refresh_tokens WHERE consumed_at IS NULL GROUP BY session_id HAVING count(*) > 1
    ) AS families
"""
LIVE_SESSIONS_WITHOUT_TOKEN = """
    SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id AND consumed_at IS NULL
    )
"""
REVOKED_WITHOUT_EVENT = """
    SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL AND 1 <> (
        SELECT count(*) FROM outbox WHERE type = 'SessionRevoked' AND aggregate_id = sessions.id
    )
"""
INVARIANTS = (
    LIVE_SESSIONS_OF_DISABLED,
    GOOD_TOKENS_OF_REVOKED,
    FAMILIES_WITH_TWO_GOOD_TOKENS,
    LIVE_SESSIONS_WITHOUT_TOKEN,
    REVOKED_WITHOUT_EVENT,
)


def check_invariants(database: OpenDatabase) -> None:
    for invariant in INVARIANTS:
        assert database.query(invariant) == [(0,)], invariant


async def enter(database: OpenDatabase, code: str, label: str) -> SignedIn | None:
    return await database.write(sign_in.sign_in_by_code, ASHA_PHONE, code, CALLER, entropy(label), DEVICE)


async def test_one_code_shown_many_times_at_once_opens_one_session(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    code = code_sent(database)

    answers = await asyncio.gather(
        *(enter(database, code, f"guess {number}") for number in range(8)), return_exceptions=True
    )

    assert len([answer for answer in answers if isinstance(answer, SignedIn)]) == 1
    assert database.query("SELECT count(*) FROM sessions") == [(1,)]
    assert database.query("SELECT count(*) FROM customers") == [(1,)]


async def test_of_many_guesses_at_once_five_count(database: OpenDatabase) -> None:
    await database.write(codes.request_sign_in, ASHA_PHONE, CALLER)
    bad = wrong(code_sent(database))

    answers = await asyncio.gather(
        *(enter(database, bad, f"guess {number}") for number in range(12)), return_exceptions=True
    )

    assert answers.count(None) == 5
    assert sum(isinstance(answer, TooManyFailures) for answer in answers) == 7
    assert database.query("SELECT guesses FROM challenges") == [(5,)]


async def test_no_session_begins_behind_the_back_of_a_disabling(database: OpenDatabase) -> None:
    customer = await make_account(database)
    attempt = await database.read(sign_in.begin_login, ASHA_EMAIL.key, ASHA_EMAIL, CALLER)

    def sign_in_now(number: int) -> "asyncio.Future[SignedIn]":
        claimant = attempt.claimants[0]
        return asyncio.ensure_future(
            database.write(sign_in.complete_login, attempt, claimant, entropy(f"device {number}"), DEVICE)
        )

    before = [sign_in_now(number) for number in range(4)]
    disabling = asyncio.ensure_future(database.write(accounts.set_disabled, customer.id, True, "head-office"))
    after = [sign_in_now(number) for number in range(4, 8)]
    await asyncio.gather(*before, disabling, *after, return_exceptions=True)

    assert disabling.exception() is None
    check_invariants(database)


async def test_no_token_survives_a_disabling_by_being_exchanged(database: OpenDatabase) -> None:
    signed_in = await register(database)

    await asyncio.gather(
        database.write(sessions.rotate, signed_in.refresh_token),
        database.write(accounts.set_disabled, signed_in.customer.id, True, "head-office"),
        database.write(sessions.rotate, signed_in.refresh_token),
    )

    check_invariants(database)


async def test_of_two_who_prove_one_email_at_once_one_has_it(database: OpenDatabase) -> None:
    claimants = [await register(database, "one"), await register(database, "two", phone=RAVI_PHONE)]
    proofs = []
    for claimant in claimants:
        await database.write(codes.request_verification, claimant.customer.id, "email", CALLER)
        proofs.append((claimant.customer.id, code_sent(database)))

    answers = await asyncio.gather(
        *(database.write(accounts.verify_identifier, asker, "email", code, CALLER) for asker, code in proofs),
        return_exceptions=True,
    )

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(answer) for answer in refused] in ([IdentifierTaken], [NothingToVerify])
    assert database.query("SELECT count(*) FROM customers WHERE email_verified_at IS NOT NULL") == [(1,)]


async def test_copies_that_start_at_once_sign_with_one_key(database: OpenDatabase) -> None:
    secret = database.ground.secrets.derive(tokens.SIGNING_PURPOSE)
    offers = [tokens.seal(secret, tokens.new_signing_key(f"key-{number}")) for number in range(5)]

    made = await asyncio.gather(*(database.write(access.make_first_key, offer, {"kid": offer.kid}) for offer in offers))

    assert len({key.kid for key in made}) == 1
    assert [key["kid"] for key in await database.read(access.accepted_keys)] == [made[0].kid]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_to_sessions_the_invariants_hold(database: OpenDatabase, seed: int) -> None:
    random = Random(seed)
    customer = await make_account(database)
    shown = [(await sign_in_as(database, label="first")).refresh_token]

    async def step(number: int) -> None:
        match random.randrange(8):
            case 0:
                shown.append((await sign_in_as(database, label=f"sign-in {number}")).refresh_token)
            case 1:
                live = await database.read(sessions.list_sessions, customer.id)
                await database.write(sessions.logout, customer.id, random.choice(live).id if live else "none")
            case 2:
                await database.write(accounts.set_disabled, customer.id, random.random() < 0.3, "head-office")
            case 3:
                database.clock.advance(random.choice([SECOND, 9 * SECOND, DAY]))
            case _:
                rotation = await database.write(sessions.rotate, random.choice(shown[-4:]))
                if rotation.signed_in is not None:
                    shown.append(rotation.signed_in.refresh_token)

    for number in range(0, 60, 3):
        outcomes = await asyncio.gather(*(step(number + offset) for offset in range(3)), return_exceptions=True)
        assert all(isinstance(outcome, Problem | None) for outcome in outcomes), outcomes
        check_invariants(database)
